package paper

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/goldentest"
)

// TestScenarios plays testdata/*.txt: what the venue says because of orders and market
// data. See testdata/README.
func TestScenarios(t *testing.T) {
	goldentest.Play(t, "testdata/*.txt", func(s *goldentest.Scenario) goldentest.Player {
		return &player{Scenario: s, opt: Options{Latency: Latency{Model: "none"}, TransferLatency: Latency{Model: "none"}}}
	})
}

// player is a venue and its market.
type player struct {
	*goldentest.Scenario
	*bench
	opt   Options
	start exchange.Time
	told  int
}

// Command runs one line; the options end with the first one that is not "set".
func (p *player) Command(w []string) {
	if w[0] == "set" {
		p.set(w[1:])
		return
	}
	if p.bench == nil {
		p.bench = newBench(p.Scenario, btcUniverse(p.Scenario), p.opt)
		p.start = p.now
	}
	switch w[0] {
	case "wait":
		p.until(p.now + p.Duration(w[1]))
	case "buy", "sell":
		p.order(w)
	case "cancel":
		p.v.Cancel(exchange.OrderID(p.Number(w[1])), p.now)
	case "transfer":
		p.transfer(w[1:])
	case "show":
		p.show(w[1:])
	default:
		p.data(w[0], p.find(w[1]), w[2:])
	}
	if w[len(w)-1] != "+" {
		p.until(p.now)
	}
	for ; p.told < len(p.heard); p.told++ {
		p.say(p.tell(&p.heard[p.told]))
	}
}

// say adds an answer, with the time of the event that is told.
func (p *player) say(text string) {
	after := exchange.Time(0)
	if p.now > p.start && p.told < len(p.heard) {
		after = p.heard[p.told].Time - p.start
	}
	p.Say(after, "%s", text)
}

func (p *player) set(w []string) {
	switch w[0] {
	case "deposit":
		p.opt.Balances = append(p.opt.Balances, Deposit{p.wallet(w[1]), w[2], p.Decimal(w[3])})
	case "latency":
		p.opt.Latency = Latency{Model: "const", Median: p.Duration(w[1])}
	case "transit":
		p.opt.TransferLatency = Latency{Model: "const", Median: p.Duration(w[1])}
	case "queue":
		p.opt.Queue = Queue{Model: w[1]}
	case "participation":
		p.opt.Participation = exchange.Float(p.Decimal(w[1]))
	case "impact":
		p.opt.Impact = Impact{Model: w[1]}
	case "leverage":
		p.opt.Leverage = int(p.Number(w[1]))
	case "fees":
		if p.opt.Fees == nil {
			p.opt.Fees = map[exchange.Venue]FeeRate{}
		}
		p.opt.Fees[exchange.Venue(w[1])] = FeeRate{p.Decimal(w[2]), p.Decimal(w[3])}
	default:
		p.Unknown("set " + w[0])
	}
}

// order: buy 2 usdm:BTCUSDT at 100 [ioc|fok|post] [reduce], or ... market.
func (p *player) order(w []string) {
	in := p.find(w[2])
	o := exchange.Order{Instrument: in.ID, Side: p.Side(w[0]), Type: exchange.MarketOrder, TIF: exchange.IOC}
	o.Qty = p.level(in, "0", w[1]).Qty
	for i, word := range w[3:] {
		switch word {
		case "at":
			o.Type, o.TIF, o.Price = exchange.Limit, exchange.GTC, p.level(in, w[3+i+1], "0").Price
		case "ioc":
			o.TIF = exchange.IOC
		case "fok":
			o.TIF = exchange.FOK
		case "post":
			o.TIF = exchange.PostOnly
		case "reduce":
			o.ReduceOnly = true
		case "within":
			o.Within = p.level(in, w[3+i+1], "0").Price
		}
	}
	p.submit(o)
}

func (p *player) transfer(w []string) {
	p.moves++
	p.v.Transfer(&exchange.Transfer{ID: p.moves, Amount: p.Decimal(w[0]), Asset: w[1], From: p.wallet(w[2]), To: p.wallet(w[3])}, p.now)
}

func (p *player) data(kind string, in *exchange.Instrument, w []string) {
	var ev exchange.Event
	if n := len(w) - 1; n >= 0 && w[n] == "+" {
		ev.More, w = true, w[:n]
	}
	switch kind {
	case "book", "diff":
		ev.Kind = exchange.KindSnapshot
		if kind == "diff" {
			ev.Kind = exchange.KindDiff
		}
		ev.Bids, ev.Asks = p.levels(in, w, "bid"), p.levels(in, w, "ask")
	case "bars-book":
		ev.Kind, ev.Synthetic = exchange.KindSnapshot, true
		ev.Bids, ev.Asks = p.levels(in, w, "bid"), p.levels(in, w, "ask")
	case "ticker":
		bid, ask := p.levels(in, w, "bid")[0], p.levels(in, w, "ask")[0]
		ev.Kind, ev.Price, ev.Qty, ev.Price2, ev.Qty2 = exchange.KindTicker, bid.Price, bid.Qty, ask.Price, ask.Qty
	case "gap":
		ev.Kind, ev.Reason = exchange.KindGap, "lost"
	case "trade": // sell 3 at 99.9
		l := p.level(in, w[3], w[1])
		ev.Kind, ev.Side, ev.Price, ev.Qty = exchange.KindTrade, p.Side(w[0]), l.Price, l.Qty
	case "mark":
		ev.Kind, ev.Mark = exchange.KindMark, exchange.E8FromDecimal(p.Decimal(w[0]))
		if len(w) > 1 { // 100 of 1h open 99 low 98 high 101
			at := func(i int) exchange.E8 { return exchange.E8FromDecimal(p.Decimal(w[i])) }
			ev.Path = exchange.MarkPath{Interval: p.Duration(w[2]), Open: at(4), Low: at(6), High: at(8)}
		}
	case "funding": // 0.0001 mark 100
		ev.Kind, ev.Rate, ev.Mark = exchange.KindFunding, exchange.E8FromDecimal(p.Decimal(w[0])), exchange.E8FromDecimal(p.Decimal(w[2]))
		if len(w) > 3 { // settled 5s ago
			ev.VenueTime = p.now - p.Duration(w[4])
		}
	case "bar": // 1h open 100 low 99 high 101 close 100 volume 50
		ev.Kind = exchange.KindBar
		at := func(i int) exchange.Ticks { return p.level(in, w[i], "0").Price }
		ev.Bar = exchange.Bar{Interval: p.Duration(w[0]), Open: at(2), Low: at(4), High: at(6), Close: at(8), Volume: float64(p.Number(w[10]))}
	default:
		p.Unknown(kind)
	}
	p.market(in, ev)
}

// levels reads "bid 99.9x5 99.8x3": prices and quantities after a word.
func (p *player) levels(in *exchange.Instrument, w []string, side string) []exchange.Level {
	var out []exchange.Level
	on := false
	for _, word := range w {
		if word == "bid" || word == "ask" {
			on = word == side
			continue
		}
		if price, qty, ok := strings.Cut(word, "x"); on && ok {
			out = append(out, p.level(in, price, qty))
		}
	}
	return out
}

func (p *player) show(w []string) {
	switch w[0] {
	case "balance":
		b := p.v.Balance(p.wallet(w[1]), w[2])
		p.say(fmt.Sprintf("total %s free %s locked %s", b.Total, b.Free, b.Locked))
	case "position":
		in := p.find(w[1])
		pos := p.v.Position(in.ID)
		p.say(fmt.Sprintf("%s entry %s realised %s", in.QtyDecimal(pos.Qty), pos.Entry.Round(8), pos.Realised))
	case "margin":
		m := p.v.Margin(p.wallet(w[1]), w[2])
		p.say(fmt.Sprintf("balance %s initial %s maintenance %s available %s", m.Balance, m.Initial, m.Maintenance, m.Available))
	case "liquidation":
		price, ok := p.v.Leg(p.find(w[1]).ID, 0).LiquidationPrice()
		p.say(fmt.Sprintf("%s %v", price.Round(4), ok))
	case "queue":
		front, ok := p.v.QueueAhead(exchange.OrderID(p.Number(w[1])))
		p.say(fmt.Sprintf("%g lots ahead %v", front, ok))
	case "open":
		for _, o := range p.v.OpenOrders() {
			in := p.u.Get(o.Instrument)
			p.say(fmt.Sprintf("%d %s %s of %s at %s %s", o.ID, o.Side, in.QtyDecimal(o.Leaves()), in.QtyDecimal(o.Qty), in.PriceDecimal(o.Price), o.Status))
		}
	default:
		p.Unknown("show " + w[0])
	}
}

// tell puts an event into words.
func (p *player) tell(ev *exchange.Event) string {
	switch ev.Kind {
	case exchange.KindOrder:
		u := ev.Update
		text := fmt.Sprintf("%d %s", u.ID, u.Status)
		if u.CancelRejected {
			text = fmt.Sprintf("%d cancel rejected, it is %s", u.ID, u.Status)
		}
		if u.Code != 0 {
			text += fmt.Sprintf(" (%s)", Rule(u.Code))
		}
		if u.Reason != "" {
			text += ": " + u.Reason
		}
		return text
	case exchange.KindFill:
		f := ev.Fill
		in := p.u.Get(f.Instrument)
		role := "taker"
		if f.Maker {
			role = "maker"
		}
		text := fmt.Sprintf("%d fill %s %s at %s %s fee %s %s", f.Order, f.Side, in.QtyDecimal(f.Qty), in.PriceDecimal(f.Price), role, f.Fee, f.FeeAsset)
		if !f.Realised.IsZero() {
			text += " realised " + f.Realised.String()
		}
		return strings.TrimSpace(text + " " + f.Reason)
	case exchange.KindFundingPaid:
		f := ev.Payment
		return fmt.Sprintf("funding %s %s on %s", f.Amount, f.Asset, p.u.Get(f.Instrument).QtyDecimal(f.Position))
	case exchange.KindTransfer:
		x := ev.Transfer
		if x.Failed {
			return fmt.Sprintf("transfer %d failed: %s", x.ID, x.Reason)
		}
		return fmt.Sprintf("transfer %d done: %s %s from %s to %s", x.ID, x.Amount, x.Asset, x.From, x.To)
	case exchange.KindBalance:
		return fmt.Sprintf("balance %s %s %s: %s", ev.Wallet, ev.Asset, ev.Amount, ev.Reason)
	}
	return ev.Kind.String()
}

func (p *player) wallet(s string) exchange.Wallet {
	if !slices.Contains(walletNames, exchange.Wallet(s)) {
		p.Fatalf("no wallet %q", s)
	}
	return exchange.Wallet(s)
}
