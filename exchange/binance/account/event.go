package account

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/oms"
)

// event is a user event taken out of its envelopes.
type event struct {
	kind string
	body []byte
	at   exchange.Time // T, or E where there is no T
	key  string        // of listenKeyExpired
	o    []byte        // what ORDER_TRADE_UPDATE and ALGO_UPDATE are about
	a    []byte        // what ACCOUNT_UPDATE is about
	b    []byte        // the balances of outboundAccountPosition
}

// openEvent takes an event out of {"stream","data"} of a combined stream, or
// {"subscriptionId","event"} of spot. An answer to a request has no kind.
func openEvent(frame []byte) (ev event, err error) {
	var inner []byte
	var sent exchange.Time
	f := jsonscan.Object(frame)
	for f.Next() {
		switch string(f.Key()) {
		case "e":
			ev.kind = f.Text()
		case "E":
			sent = exchange.UnixMilli(f.Int())
		case "T", "u": // u: of outboundAccountPosition
			ev.at = exchange.UnixMilli(f.Int())
		case "listenKey":
			ev.key = f.Text()
		case "o":
			ev.o = f.Raw()
		case "a":
			ev.a = f.Raw()
		case "B":
			ev.b = f.Raw()
		case "data", "event":
			inner = f.Raw()
		}
	}
	if err := f.Err(); err != nil {
		return event{}, err
	}
	if inner != nil && ev.kind == "" && len(inner) > 0 && inner[0] == '{' {
		return openEvent(inner)
	}
	if ev.at == 0 {
		ev.at = sent
	}
	ev.body = frame
	return ev, nil
}

// accountEvents turns an event into what it means and passes that on, in order. What
// is only a hint or tells nothing new is passed over: balanceUpdate, which
// outboundAccountPosition follows; margin calls, grids and strategies.
func (ev *event) accountEvents(m api.Market, pass func(oms.AccountEvent)) error {
	var err error
	switch ev.kind {
	case "executionReport":
		err = ev.order(m, ev.body, pass)
	case "ORDER_TRADE_UPDATE":
		err = ev.order(m, ev.o, pass)
	case "TRADE_LITE":
		err = ev.tradeLite(m, pass)
	case "listStatus":
		err = ev.list(m, pass)
	case "outboundAccountPosition":
		err = ev.spotBalances(ev.b, pass)
	case "ACCOUNT_UPDATE":
		err = ev.account(m, ev.a, pass)
	case "ACCOUNT_CONFIG_UPDATE":
		err = ev.config(m, pass)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", ev.kind, err)
	}
	return nil
}

// orderMessage is an executionReport or ORDER_TRADE_UPDATE: what it says of the order,
// and of the execution that it may tell of.
type orderMessage struct {
	r        oms.Report
	x        oms.Execution
	original string // the order's client id, where c names the cancel or the amendment
	trade    bool   // it is about a trade: CALCULATED are trades of liquidation
}

// order reads executionReport and ORDER_TRADE_UPDATE, which have the same keys
// for the same things; spot alone has C and eR, futures ma, rp and er.
func (ev *event) order(m api.Market, raw []byte, pass func(oms.AccountEvent)) error {
	o := &orderMessage{}
	f := jsonscan.Object(raw)
	for f.Next() {
		if err := o.take(&f); err != nil {
			return err
		}
	}
	if err := f.Err(); err != nil {
		return err
	}
	r := &o.r
	if r.Symbol == "" || r.OrderID == "" || r.Status == 0 || r.Side == 0 {
		return fmt.Errorf("an order without symbol, id, side or status")
	}
	if o.original != "" {
		r.ClientID = o.original
	}
	r.Venue = m.Venue()
	settleStatus(r)
	if x := o.execution(); x != nil {
		r.Executions = []oms.Execution{*x}
	}
	pass(oms.AccountEvent{Venue: m.Venue(), Report: r, Time: ev.at})
	return nil
}

// take takes one field.
func (o *orderMessage) take(f *jsonscan.Fields) (err error) {
	r := &o.r
	switch string(f.Key()) {
	case "s":
		r.Symbol = f.Text()
	case "c":
		r.ClientID = f.Text()
	case "C":
		o.original = f.Text()
	case "i":
		r.OrderID = idText(f.Int())
	case "S":
		r.Side, err = sideOf(f)
	case "X":
		r.Status, err = statusOf(f)
	case "p":
		r.Price = f.Decimal()
	case "q":
		r.Qty = f.Decimal()
	case "z":
		r.Filled = f.Decimal()
	case "r", "er", "eR":
		if word := string(f.Word()); word != "NONE" && word != "0" && word != "" {
			r.Reason = reasonWords(f.Text())
		}
	case "T":
		r.Time = exchange.UnixMilli(f.Int())
	default:
		o.takeTrade(f)
	}
	return err
}

// takeTrade takes one field of the execution.
func (o *orderMessage) takeTrade(f *jsonscan.Fields) {
	x := &o.x
	switch string(f.Key()) {
	case "x":
		word := f.Word()
		o.trade = string(word) == "TRADE" || string(word) == "CALCULATED"
	case "t":
		x.TradeID = idText(f.Int())
	case "l":
		x.Qty = f.Decimal()
	case "L":
		x.Price = f.Decimal()
	case "n":
		x.Fee = f.Decimal()
	case "N":
		x.FeeAsset = f.Text()
	case "m":
		x.Maker = f.Bool()
	case "ps":
		x.PositionSide = positionSide(string(f.Word()))
	case "rp":
		x.Realised = decimal.NewNullDecimal(f.Decimal())
	}
}

// execution is the trade that the message tells of, or nil. TRADE_PREVENTION has a
// quantity and is none. One without a price is not believed: the trades of the order are
// asked for then.
func (o *orderMessage) execution() *oms.Execution {
	x, r := &o.x, &o.r
	if !o.trade || x.TradeID == "" || !x.Qty.IsPositive() || !x.Price.IsPositive() {
		return nil
	}
	x.Venue, x.Symbol, x.OrderID, x.ClientID, x.Side, x.Time = r.Venue, r.Symbol, r.OrderID, r.ClientID, r.Side, r.Time
	x.Reason = forcedReason(r.ClientID)
	return x
}

// settleStatus makes the status say what the quantities do, where the venue's word
// does not: an order of its own that is filled, or a cancel that is pending.
func settleStatus(r *oms.Report) {
	switch {
	case r.Status.Terminal() || r.Filled.IsZero() || r.Qty.IsZero():
	case r.Filled.GreaterThanOrEqual(r.Qty):
		r.Status = exchange.StatusFilled
	default:
		r.Status = exchange.StatusPartial
	}
}

// forcedReason tells the orders that the venue makes by their client ids.
func forcedReason(clientID string) string {
	switch {
	case strings.HasPrefix(clientID, "autoclose-"):
		return "liquidation"
	case strings.HasPrefix(clientID, "adl_autoclose"):
		return "adl"
	case strings.HasPrefix(clientID, "settlement_autoclose-"), strings.HasPrefix(clientID, "delivery_autoclose-"):
		return "settlement"
	}
	return ""
}

// reasonWords puts r, eR and er in words.
func reasonWords(code string) string {
	if words, ok := rejections[code]; ok {
		return words
	}
	return expiryWords(code)
}

// rejections are r of executionReport.
var rejections = map[string]string{
	"INSUFFICIENT_BALANCES": "the balance is not sufficient", "WOULD_MATCH_IMMEDIATELY": "post-only would have taken",
	"STOP_PRICE_WOULD_TRIGGER_IMMEDIATELY": "the stop would be triggered at once", "OCO_BAD_PRICES": "the prices of the list do not fit",
}

func (ev *event) spotBalances(raw []byte, pass func(oms.AccountEvent)) error {
	all, err := list(raw, decodeSpotBalance)
	for i := range all {
		pass(oms.AccountEvent{Venue: api.Spot.Venue(), Balance: &all[i], Time: ev.at})
	}
	return err
}

// update is the substance of ACCOUNT_UPDATE.
type update struct {
	reason, symbol string
	balances       []change
	positions      []held
}

// change is a balance, and by how much it has changed other than by profit and
// fees.
type change struct {
	oms.Balance
	by decimal.Decimal
}

type held struct {
	oms.Position
	margin string
}

// account reads ACCOUNT_UPDATE. Funding of a cross position names no position,
// and the symbol only since 2026-08.
func (ev *event) account(m api.Market, raw []byte, pass func(oms.AccountEvent)) error {
	u, err := decodeUpdate(m, raw)
	if err != nil {
		return err
	}
	if u.reason == "FUNDING_FEE" {
		ev.funding(m, u, pass)
	}
	for i := range u.balances {
		pass(oms.AccountEvent{Venue: m.Venue(), Balance: &u.balances[i].Balance, Time: ev.at})
	}
	for i := range u.positions {
		p := &u.positions[i]
		pass(oms.AccountEvent{Venue: m.Venue(), Position: &p.Position, Time: ev.at})
		if u.reason == "MARGIN_TYPE_CHANGE" {
			pass(oms.AccountEvent{Venue: m.Venue(), Setting: "margin type " + p.Symbol + " " + p.margin, Time: ev.at})
		}
	}
	return nil
}

func (ev *event) funding(m api.Market, u update, pass func(oms.AccountEvent)) {
	if u.symbol == "" && len(u.positions) == 1 {
		u.symbol = u.positions[0].Symbol
	}
	for i := range u.balances {
		if b := &u.balances[i]; !b.by.IsZero() {
			pass(oms.AccountEvent{Venue: m.Venue(), Funding: &oms.Income{Venue: m.Venue(), Wallet: m.Wallet(), Kind: oms.IncomeFunding, Name: "FUNDING_FEE", Symbol: u.symbol, Asset: b.Asset, Amount: b.by, Time: ev.at}, Time: ev.at})
		}
	}
}

func decodeUpdate(m api.Market, raw []byte) (u update, err error) {
	f := jsonscan.Object(raw)
	for f.Next() && err == nil {
		switch string(f.Key()) {
		case "m":
			u.reason = f.Text()
		case "S":
			u.symbol = f.Text()
		case "B":
			u.balances, err = list(f.Raw(), func(raw []byte) (change, error) { return decodeChange(m, raw) })
		case "P":
			u.positions, err = list(f.Raw(), func(raw []byte) (held, error) { return decodeHeld(m, raw) })
		}
	}
	if err == nil {
		err = f.Err()
	}
	return u, err
}

func decodeChange(m api.Market, raw []byte) (change, error) {
	b := change{Balance: oms.Balance{Wallet: m.Wallet()}}
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "a":
			b.Asset = f.Text()
		case "wb":
			b.Total = f.Decimal()
		case "bc":
			b.by = f.Decimal()
		}
	}
	return b, f.Err()
}

func decodeHeld(m api.Market, raw []byte) (held, error) {
	p := held{Position: oms.Position{Venue: m.Venue()}}
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "s":
			p.Symbol = f.Text()
		case "pa":
			p.Qty = f.Decimal()
		case "ep":
			p.Entry = f.Decimal()
		case "ps":
			p.Side = positionSide(string(f.Word()))
		case "mt":
			p.margin = f.Text()
		case "iw":
			p.Own.Decimal = f.Decimal()
		}
	}
	p.Own.Valid = p.margin == "isolated"
	return p, f.Err()
}

// config reads ACCOUNT_CONFIG_UPDATE: ac is a leverage, ai the multi-assets
// mode.
func (ev *event) config(m api.Market, pass func(oms.AccountEvent)) error {
	var symbol, leverage, multi string
	f := jsonscan.Object(ev.body)
	for f.Next() {
		key := string(f.Key())
		if key != "ac" && key != "ai" {
			continue
		}
		g := jsonscan.Object(f.Raw())
		for g.Next() {
			switch string(g.Key()) {
			case "s":
				symbol = g.Text()
			case "l":
				leverage = g.Text()
			case "j":
				multi = string(g.Raw())
			}
		}
		if g.Err() != nil {
			return g.Err()
		}
	}
	if symbol != "" {
		pass(oms.AccountEvent{Venue: m.Venue(), Setting: "leverage " + symbol + " " + leverage, Time: ev.at})
	}
	if multi != "" {
		pass(oms.AccountEvent{Venue: m.Venue(), Setting: "multi-assets mode " + multi, Time: ev.at})
	}
	return f.Err()
}
