package oms

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/goldentest"
)

// TestScenarios plays testdata/*.txt: what a trader would want to know of live
// orders before trusting them. See testdata/README.
func TestScenarios(t *testing.T) {
	goldentest.Play(t, "testdata/*.txt", func(s *goldentest.Scenario) goldentest.Player {
		p := &player{Scenario: s, u: universe(), now: start, beats: true}
		p.ledger = newLedger(p.u, start)
		return p
	})
}

// player runs one scenario.
type player struct {
	*goldentest.Scenario
	u       *exchange.Universe
	now     exchange.Time
	manager *Manager
	ledger  *ledger
	asked   []*Request
	rounds  exchange.Venue // whose comparisons are shown
	beats   bool
	since   exchange.Time // of the wait that runs; 0: none
}

// End tells what the ledger found wrong.
func (p *player) End() {
	for _, b := range p.ledger.bad {
		p.Errorf("%s: %s", p.Path, b)
	}
}

func (p *player) boot() {
	d, err := New(p.u, options(), p.ledger.opening(), p.now)
	if err != nil {
		p.Fatalf("%v", err)
	}
	p.manager, p.asked = d, nil
	d.Tick(p.now)
	p.drain()
}

// Command carries out a line.
func (p *player) Command(f []string) {
	if f[0] == "rounds" {
		p.rounds = p.venue(f[1])
		return
	}
	if p.manager == nil {
		p.boot()
	}
	switch f[0] {
	case "ledger":
		p.ledger.add(p.wallet(f[1]), f[2], dec(f[3]))
		p.boot()
	case "submit":
		p.submit(f[1:])
	case "cancel":
		p.manager.Cancel(p.order(f[1]).ID, p.now)
	case "transfer":
		id, _ := strconv.ParseUint(f[1], 10, 64)
		t := &exchange.Transfer{ID: id, Amount: dec(f[2]), Asset: f[3], From: p.wallet(f[4]).Within("house"), To: p.wallet(f[5]).Within("house")}
		p.ledger.depart(t, p.now)
		p.manager.Transfer(t, p.now)
	case "silent":
		p.beats = false
	case "answer":
		p.answer(f[1:])
	case "stream":
		p.stream(f[1:])
	case "restart":
		p.boot()
	case "health":
		h := p.manager.Health()
		p.say("%s", h.String())
	case "wait":
		d, err := time.ParseDuration(f[1])
		if err != nil {
			p.Fatalf("%v", err)
		}
		p.wait(p.now + exchange.Time(d))
	default:
		p.Fatalf("command %q", f[0])
	}
	if f[0] != "wait" {
		p.manager.Tick(p.now)
	}
	p.drain()
}

func (p *player) wait(end exchange.Time) {
	p.since = p.now
	for {
		at := max(p.now, min(p.manager.Next(), p.manager.ticked+exchange.Second))
		if at > end {
			break
		}
		p.now = at
		if p.beats {
			p.manager.Beat(p.now)
		}
		p.manager.Tick(p.now)
		p.drain()
	}
	p.now = end
	p.since = 0
}

// say adds an answer, with the time since the wait that runs.
func (p *player) say(format string, args ...any) {
	after := exchange.Time(0)
	if p.since != 0 {
		after = (p.now - p.since + exchange.Millisecond/2) / exchange.Millisecond * exchange.Millisecond
	}
	p.Say(after, format, args...)
}

func (p *player) drain() {
	p.manager.Events(func(ev *exchange.Event) {
		p.ledger.take(ev)
		p.say("%s", p.event(ev))
	})
	p.manager.Notes(func(n string) { p.say("note: %s", n) })
	p.manager.Requests(func(r *Request) {
		kept := *r
		if r.Kind >= ListOpenOrders && string(r.Venue)+string(r.Wallet) != string(p.rounds) {
			return
		}
		p.asked = append(p.asked, &kept)
		p.say("request %s", p.target(&kept))
	})
}

// target describes a request; its first words name it for an answer.
func (p *player) target(r *Request) string {
	venue := string(r.Venue.Within("house"))
	key := venue + ":" + r.Symbol
	switch r.Kind {
	case PlaceOrder:
		text := fmt.Sprintf("place %s %s %s %s", r.Order.ClientID[2:], r.Order.Side, r.Order.Qty, key)
		if r.Order.Type == exchange.Limit {
			text += " at " + r.Order.Price.String()
		}
		return text
	case CancelOrder, QueryOrder:
		return r.Kind.String() + " " + r.ClientID[2:]
	case ListExecutions:
		return fmt.Sprintf("executions %s from %s", key, cmp.Or(strings.TrimLeft(string(r.From), "0"), "the start"))
	case ArmSwitch:
		return fmt.Sprintf("arm %s %s", key, time.Duration(r.Countdown))
	case MoveMoney:
		t := &r.Transfer
		return fmt.Sprintf("transfer %d: %s %s from %s to %s", r.ID, t.Amount, t.Asset, t.From.Within("house"), t.To.Within("house"))
	case ListTransfers:
		return fmt.Sprintf("transfers %d", r.ID)
	case ListOpenOrders:
		return "orders " + venue
	case ListIncome:
		return "income " + string(r.Wallet.Within("house"))
	case ListBalances:
		return "balances " + string(r.Wallet.Within("house"))
	}
	return r.Kind.String() + " " + venue
}

func (p *player) event(ev *exchange.Event) string {
	switch ev.Kind {
	case exchange.KindOrder:
		return p.update(&ev.Update)
	case exchange.KindFill:
		f := ev.Fill
		in := p.u.Get(f.Instrument)
		text := fmt.Sprintf("%d fill %s %s at %s, trade %s", f.Order, f.Side, in.QtyDecimal(f.Qty), in.PriceDecimal(f.Price), f.TradeID)
		if f.Order == 0 {
			text += " of " + in.Key() + " (" + f.Reason + ")"
		}
		return text
	case exchange.KindFundingPaid:
		pay := ev.Payment
		in := p.u.Get(pay.Instrument)
		return fmt.Sprintf("funding %s %s %s on %s at %s", in.Key(), pay.Amount, pay.Asset, in.QtyDecimal(pay.Position), pay.Settled.UTC().Format("15:04:05"))
	case exchange.KindTransfer:
		if ev.Transfer.Failed {
			return fmt.Sprintf("transfer %d failed: %s", ev.Transfer.ID, ev.Transfer.Reason)
		}
		return fmt.Sprintf("transfer %d done: %s %s", ev.Transfer.ID, ev.Transfer.Amount, ev.Transfer.Asset)
	case exchange.KindCommand:
		return strings.TrimSuffix(ev.Name+" "+p.u.Get(ev.Instrument).Key()+": "+ev.Reason, ": ")
	}
	return fmt.Sprintf("balance of %s: %s %s (%s)", ev.Wallet, ev.Amount, ev.Asset, ev.Reason)
}

func (p *player) update(u *exchange.OrderUpdate) string {
	text := fmt.Sprintf("%d %s", u.ID, u.Status)
	if u.CancelRejected {
		text = fmt.Sprintf("%d cancel rejected, it is %s", u.ID, u.Status)
	}
	if u.Code != 0 {
		text += fmt.Sprintf(" %d", u.Code)
	}
	if u.Reason != "" {
		text += ": " + u.Reason
	}
	return text
}

func (p *player) venue(s string) exchange.Venue {
	switch v := exchange.Venue("house." + s); v {
	case spot, usdm, coinm:
		return v
	}
	p.Fatalf("segment %q", s)
	return ""
}

func (p *player) wallet(s string) exchange.Wallet { return exchange.Wallet(p.venue(s)) }

func (p *player) instrument(s string) *exchange.Instrument {
	in, err := p.u.Lookup(s)
	if err != nil {
		p.Fatalf("%v", err)
	}
	return in
}

func (p *player) order(s string) *exchange.Order {
	id, err := strconv.Atoi(s)
	o := p.ledger.byID[exchange.OrderID(id)]
	if err != nil || o == nil {
		p.Fatalf("there is no order %s", s)
	}
	return o
}

// submit is "submit 1 buy 0.01 usdm:BTCUSDT at 50000 ioc reduce".
func (p *player) submit(f []string) {
	id, _ := strconv.Atoi(f[0])
	in := p.instrument(f[3])
	o := &exchange.Order{ID: exchange.OrderID(id), ClientID: "t-" + f[0], Instrument: in.ID, Side: side(f[1]), Qty: lots(in, dec(f[2])),
		Type: exchange.MarketOrder, TIF: exchange.IOC, Created: p.now}
	if i := slices.Index(f, "at"); i > 0 {
		o.Type, o.TIF, o.Price = exchange.Limit, exchange.GTC, exchange.Ticks(in.Tick.Floor(dec(f[i+1])))
	}
	if slices.Contains(f, "ioc") {
		o.TIF = exchange.IOC
	}
	o.ReduceOnly = slices.Contains(f, "reduce")
	if slices.Contains(f, "pair") {
		o.Pair = 1
	}
	p.ledger.intend(o)
	p.manager.Submit(o, p.now)
}

func side(s string) exchange.Side {
	if s == "sell" {
		return exchange.Sell
	}
	return exchange.Buy
}

// answer is "answer place 1 accepted": the oldest such request is answered.
func (p *player) answer(f []string) {
	i := slices.IndexFunc(p.asked, func(r *Request) bool {
		words := strings.Fields(p.target(r))
		return words[0] == f[0] && strings.TrimSuffix(words[1], ":") == f[1]
	})
	if i < 0 {
		p.Fatalf("nobody asked %s %s", f[0], f[1])
	}
	r := p.asked[i]
	p.asked = slices.Delete(p.asked, i, i+1)
	a := &Answer{Request: r}
	p.outcome(a, f[1], f[2:])
	p.manager.Answer(a, p.now)
}

func (p *player) outcome(a *Answer, target string, f []string) {
	fault := &exchange.VenueError{Venue: a.Request.Venue, What: a.Request.Kind.String()}
	switch f[0] {
	case "lost":
		fault.Class, fault.Err = exchange.ErrUnknown, errors.New("connection reset by peer")
	case "refused", "duplicate", "final":
		fault.Class, fault.Code, fault.Message = exchange.ErrRefused, f[1], strings.Join(f[2:], " ")
		switch f[0] {
		case "duplicate":
			fault.Class = exchange.ErrDuplicate
		case "final":
			fault.Class = exchange.ErrAlreadyFinal
		}
	case "later":
		d, _ := time.ParseDuration(f[1])
		fault.Class, fault.Until, fault.Message = exchange.ErrUnavailable, p.now+exchange.Time(d), strings.Join(f[2:], " ")
	case "missing":
		fault.Class, fault.Message = exchange.ErrNotFound, "Order does not exist."
	}
	if fault.Class != 0 {
		a.Err = fault
		return
	}
	m := a.Request.Venue
	switch a.Request.Kind {
	case PlaceOrder, CancelOrder, QueryOrder:
		a.Report = p.report(p.order(target), f)
	case MoveMoney:
		a.TransferID = f[0]
	}
	for _, w := range f {
		part := strings.Split(w, ":")
		if w == "none" || w == "ok" {
			continue
		}
		switch a.Request.Kind {
		case ListExecutions: // 7:1:0.004@50000
			qty, price, _ := strings.Cut(part[2], "@")
			a.Executions = append(a.Executions, p.execution(p.instrument(target), part[0], part[1], dec(qty), dec(price)))
		case ListOpenOrders: // 1
			a.Reports = append(a.Reports, p.report(p.order(w), []string{"accepted"}))
		case ListIncome: // FUNDING_FEE:BTCUSDT:-0.5:USDT:9
			a.Incomes = append(a.Incomes, Income{Venue: exchange.Venue(a.Request.Wallet), Wallet: a.Request.Wallet, Kind: incomeKinds[part[0]], Name: part[0], Symbol: part[1], Amount: dec(part[2]), Asset: part[3], ID: part[4], Time: p.now})
		case ListBalances: // USDT:100.5
			a.Balances = append(a.Balances, Balance{Wallet: a.Request.Wallet, Asset: part[0], Total: dec(part[1])})
		case ListPositions: // BTCUSDT:-0.01@50000
			qty, price, _ := strings.Cut(part[1], "@")
			entry, mark, ok := strings.Cut(price, "/")
			if !ok {
				mark = "0"
			}
			a.Positions = append(a.Positions, Position{Venue: m, Symbol: part[0], Qty: dec(qty), Entry: dec(entry), Mark: dec(mark)})
		case ListTransfers: // 55:99.99999901:done
			t := &a.Request.Transfer
			a.Transfers = append(a.Transfers, TransferRow{ID: part[0], Asset: "USDT", From: t.From, To: t.To, Amount: dec(part[1]),
				Done: part[2] == "done", Failed: part[2] == "failed", Time: p.now})
		}
	}
}

var statuses = map[string]exchange.OrderStatus{"accepted": exchange.StatusAccepted, "partial": exchange.StatusPartial, "filled": exchange.StatusFilled,
	"canceled": exchange.StatusCanceled, "expired": exchange.StatusExpired, "rejected": exchange.StatusRejected}

// incomeKinds are the house's names for rows of income that mean something.
var incomeKinds = map[string]IncomeKind{"FUNDING_FEE": IncomeFunding, "INSURANCE_CLEAR": IncomeInsurance, "REALIZED_PNL": IncomeExecution,
	"COMMISSION": IncomeExecution, "TRANSFER": IncomeTransfer}

// report is "canceled 0.004": a status and how much is filled.
func (p *player) report(o *exchange.Order, f []string) Report {
	in := p.u.Get(o.Instrument)
	status, ok := statuses[f[0]]
	if !ok {
		p.Fatalf("status %q", f[0])
	}
	r := Report{Venue: in.Venue, Symbol: in.Symbol, ClientID: o.ClientID, OrderID: strconv.Itoa(100 + int(o.ID)), Side: o.Side, Status: status,
		Price: in.PriceDecimal(o.Price), Qty: in.QtyDecimal(o.Qty), Time: p.now}
	if status == exchange.StatusFilled {
		r.Filled = r.Qty
	}
	if len(f) > 1 {
		r.Filled = dec(f[1])
	}
	return r
}

// execution is a trade of an order; "0" is nobody's.
func (p *player) execution(in *exchange.Instrument, trade, order string, qty, price decimal.Decimal) Execution {
	e := Execution{Venue: in.Venue, Symbol: in.Symbol, TradeID: trade, OrderID: "999", Side: exchange.Sell, Qty: qty, Price: price,
		Fee: decimal.Zero, FeeAsset: in.Settle(), Time: p.now}
	if order != "0" {
		o := p.order(order)
		e.OrderID, e.Side = strconv.Itoa(100+int(o.ID)), o.Side
	}
	return e
}

// stream is an event: "stream 1 fill 0.004 at 50000 trade 7 of 0.004", "stream 1
// canceled 0.004", "stream usdm gap words", "stream usdm begins", "stream usdm funding", "stream
// usdm:BTCUSDT liquidation sell 0.01 at 49000 trade 9".
func (p *player) stream(f []string) {
	n := AccountEvent{Time: p.now}
	switch {
	case f[1] == "gap":
		n.Venue, n.Gap = p.venue(f[0]), strings.Join(f[2:], " ")
	case f[1] == "begins":
		n.Venue, n.Gap, n.Begins = p.venue(f[0]), "the stream begins", true
	case f[1] == "down":
		n.Venue, n.Down = p.venue(f[0]), strings.Join(f[2:], " ")
	case f[1] == "funding":
		n.Venue = p.venue(f[0])
		n.Funding = &Income{Venue: n.Venue, Kind: IncomeFunding, Asset: "USDT", Amount: dec(f[2]), Time: p.now}
	case strings.Contains(f[0], ":"):
		in := p.instrument(f[0])
		e := p.execution(in, f[7], "0", dec(f[3]), dec(f[5]))
		e.Side, e.Reason, e.ClientID = side(f[2]), strings.Replace(f[1], "hand", "", 1), "web_1"
		n.Venue = in.Venue
		n.Report = &Report{Venue: in.Venue, Symbol: in.Symbol, ClientID: "web_1", OrderID: "999", Side: e.Side, Status: exchange.StatusFilled,
			Qty: e.Qty, Filled: e.Qty, Executions: []Execution{e}}
	case f[1] == "fill":
		o := p.order(f[0])
		in := p.u.Get(o.Instrument)
		r := p.report(o, []string{"partial", f[8]})
		if r.Filled.Equal(r.Qty) {
			r.Status = exchange.StatusFilled
		}
		e := p.execution(in, f[6], f[0], dec(f[2]), dec(f[4]))
		e.ClientID = o.ClientID
		r.Executions = []Execution{e}
		n.Venue, n.Report = in.Venue, &r
	default:
		o := p.order(f[0])
		r := p.report(o, f[1:])
		n.Venue, n.Report = r.Venue, &r
	}
	p.manager.Event(&n, p.now)
}
