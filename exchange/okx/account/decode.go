package account

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/okx/api"
	"github.com/perilune/perilune/exchange/oms"
)

func unmarshal(raw []byte, to any) error { return json.Unmarshal(raw, to) }

// errOthers says that a row is of something that is not traded here: an option, a spread.
var errOthers = errors.New("it is of no instrument that is traded here")

// statuses are the states of orders. Source: the manual, "Order channel", state.
var statuses = map[string]exchange.OrderStatus{"live": exchange.StatusAccepted, "partially_filled": exchange.StatusPartial, "filled": exchange.StatusFilled,
	"canceled": exchange.StatusCanceled, "mmp_canceled": exchange.StatusCanceled}

// sources are why the venue canceled an order, by cancelSource. Whoever asked for a cancel
// is 1.
var sources = map[string]string{"0": "canceled by the system", "2": "the position was closed for want of margin", "3": "liquidation", "6": "auto-deleveraging", "7": "delivery",
	"9": "balance after funding", "13": "fill or kill: it could not be filled whole", "14": "immediate or cancel: the rest", "15": "beyond the price limit",
	"17": "its position was closed", "20": "cancel-all-after: nothing was heard of us", "22": "displaced by another order that reduces", "23": "displaced by another order that reduces",
	"27": "the price was over 5 % from the best", "31": "post-only: it would have taken", "32": "it met an order of ours", "33": "it met too many orders"}

// orderRow is an order, or an event of one, as it is read; sizes are the wire's.
type orderRow struct {
	report          oms.Report
	kind            api.Type
	state, source   string
	code, msg       string
	quoted, amended bool
	fill            fillRow
}

// fillRow is a trade: a row of a listing, or of an event.
type fillRow struct {
	exec   oms.Execution
	kind   api.Type
	bill   string
	at     exchange.Time // fillTime, where it is there
	reason string        // subType
}

// decodeOrder reads an order: a row of a listing, or an event. The trade of an event is
// among its executions.
func (w *reader) decodeOrder(raw []byte) (oms.Report, error) {
	var o orderRow
	r, e := &o.report, &o.fill.exec
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "instType":
			o.kind = api.Type(f.Text())
		case "instId":
			r.Symbol = f.Text()
		case "ordId":
			r.OrderID = f.Text()
		case "clOrdId":
			r.ClientID = ourID(f.Text())
		case "side":
			r.Side = api.SideOf(f.Word())
		case "state":
			o.state = f.Text()
		case "px":
			r.Price = f.Decimal()
		case "sz":
			r.Qty = f.Decimal()
		case "accFillSz":
			r.Filled = f.Decimal()
		case "tgtCcy":
			o.quoted = string(f.Word()) == "quote_ccy"
		case "cancelSource":
			o.source = f.Text()
		case "code":
			o.code = f.Text()
		case "msg":
			o.msg = f.Text()
		case "uTime":
			r.Time = exchange.UnixMilli(f.Int())
		case "tradeId":
			e.TradeID = f.Text()
		case "fillPx":
			e.Price = f.Decimal()
		case "fillSz":
			e.Qty = f.Decimal()
		case "fillFee":
			e.Fee = f.Decimal().Neg()
		case "fillFeeCcy":
			e.FeeAsset = f.Text()
		case "fillPnl":
			e.Realised = decimal.NewNullDecimal(f.Decimal())
		case "execType":
			e.Maker = string(f.Word()) == "M"
		case "fillTime":
			e.Time = exchange.UnixMilli(f.Int())
		case "category":
			o.fill.reason = f.Text()
		}
	}
	if f.Err() != nil {
		return *r, f.Err()
	}
	return w.settled(&o)
}

// settled puts an order into our words and units.
func (w *reader) settled(o *orderRow) (oms.Report, error) {
	r := o.report
	u, ok := w.unitOf(r.Symbol)
	if !ok {
		if !o.kind.Known() && o.kind != "MARGIN" {
			return r, errOthers
		}
		return r, fmt.Errorf("an order of %q, which was not listed", r.Symbol)
	}
	known := false
	if r.Status, known = statuses[o.state]; !known || r.OrderID == "" {
		return r, fmt.Errorf("an order %q in the state %q", r.OrderID, o.state)
	}
	r.Venue, r.Filled, r.Qty = u.venue, r.Filled.Mul(u.one), r.Qty.Mul(u.one)
	if o.quoted { // of somebody else: its size is money
		r.Qty = r.Filled
	}
	if r.Status == exchange.StatusCanceled {
		if r.Reason = sources[o.source]; o.msg != "" && r.Reason == "" {
			r.Reason = o.msg
		}
		switch {
		case o.source == "31" && r.Filled.IsZero():
			r.Status = exchange.StatusRejected
		case o.source == "13" || o.source == "14" || o.source == "3" || o.source == "7":
			r.Status = exchange.StatusExpired
		}
	}
	if e := o.fill.exec; e.TradeID != "" && e.Qty.IsPositive() {
		e.Venue, e.Symbol, e.OrderID, e.ClientID, e.Side = r.Venue, r.Symbol, r.OrderID, r.ClientID, r.Side
		e.Qty = e.Qty.Mul(u.one)
		e.Reason = categories[o.fill.reason]
		if u.venue == api.Spot.Venue() {
			e.Realised = decimal.NullDecimal{}
		}
		r.Executions = []oms.Execution{e}
	}
	return r, nil
}

// categories are the orders that nobody placed, by their category.
var categories = map[string]string{"full_liquidation": "liquidation", "partial_liquidation": "liquidation", "adl": "adl", "delivery": "settlement"}

// reasonOf is why there was a trade that nobody ordered, by its subType. Source: the manual,
// "Get transaction details" and "Bills details".
func reasonOf(subType string) string {
	switch n, err := strconv.Atoi(subType); {
	case err != nil:
		return ""
	case n >= 100 && n <= 111:
		return "liquidation"
	case n == 112, n == 113, n == 117:
		return "settlement"
	case n >= 125 && n <= 128:
		return "adl"
	}
	return ""
}

// decodeFill reads a row of fills; bill is its place in the listing. A fee is negative there
// when it was charged.
func (w *reader) decodeFill(raw []byte) (e oms.Execution, bill string, err error) {
	subType, at := "", exchange.Time(0)
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "instId":
			e.Symbol = f.Text()
		case "tradeId":
			e.TradeID = f.Text()
		case "ordId":
			e.OrderID = f.Text()
		case "clOrdId":
			e.ClientID = ourID(f.Text())
		case "billId":
			bill = f.Text()
		case "side":
			e.Side = api.SideOf(f.Word())
		case "fillPx":
			e.Price = f.Decimal()
		case "fillSz":
			e.Qty = f.Decimal()
		case "fee":
			e.Fee = f.Decimal().Neg()
		case "feeCcy":
			e.FeeAsset = f.Text()
		case "fillPnl":
			e.Realised = decimal.NewNullDecimal(f.Decimal())
		case "execType":
			e.Maker = string(f.Word()) == "M"
		case "subType":
			subType = f.Text()
		case "fillTime":
			e.Time = exchange.UnixMilli(f.Int())
		case "ts":
			at = exchange.UnixMilli(f.Int())
		}
	}
	if e.Time == 0 {
		e.Time = at
	}
	e.Reason = reasonOf(subType)
	u, ok := w.unitOf(e.Symbol)
	switch {
	case f.Err() != nil:
		return e, bill, f.Err()
	case e.TradeID == "" || e.Time == 0 || e.Side == 0:
		return e, bill, errors.New("an execution without its tradeId, its side or its time")
	case !ok:
		return e, bill, fmt.Errorf("an execution of %q, which was not listed", e.Symbol)
	}
	e.Venue, e.Qty = u.venue, e.Qty.Mul(u.one)
	if u.venue == api.Spot.Venue() {
		e.Realised = decimal.NullDecimal{}
	}
	return e, bill, nil
}

// decodePosition reads a position. In one-way mode it is signed.
func (w *reader) decodePosition(raw []byte) (p oms.Position, at exchange.Time, err error) {
	side, kind := "", api.Type("")
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "instType":
			kind = api.Type(f.Text())
		case "instId":
			p.Symbol = f.Text()
		case "posSide":
			side = f.Text()
		case "pos":
			p.Qty = f.Decimal()
		case "avgPx":
			p.Entry = f.Decimal()
		case "markPx":
			p.Mark = f.Decimal()
		case "uTime":
			at = exchange.UnixMilli(f.Int())
		}
	}
	if f.Err() != nil {
		return p, at, f.Err()
	}
	u, ok := w.unitOf(p.Symbol)
	if !ok {
		if !kind.Known() {
			return p, at, errOthers
		}
		return p, at, fmt.Errorf("a position in %q, which was not listed", p.Symbol)
	}
	p.Venue, p.Qty = u.venue, p.Qty.Mul(u.one)
	if side == "short" {
		p.Qty = p.Qty.Neg()
	}
	return p, at, nil
}

// eachBalance hands on the currencies of the trading account.
func eachBalance(raw []byte, yield func(oms.Balance, exchange.Time)) error {
	f := jsonscan.Object(raw)
	for f.Next() {
		if string(f.Key()) != "details" {
			continue
		}
		list := jsonscan.Array(f.Raw())
		for list.Next() {
			b, at, err := decodeBalance(api.Trading, list.Raw())
			if err != nil {
				return err
			}
			yield(b, at)
		}
		if list.Err() != nil {
			return list.Err()
		}
	}
	return f.Err()
}

// decodeBalance reads one currency: cashBal and availBal of the trading account, bal and
// availBal of the funding account.
func decodeBalance(w exchange.Wallet, raw []byte) (b oms.Balance, at exchange.Time, err error) {
	b.Wallet = w
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "ccy":
			b.Asset = f.Text()
		case "cashBal", "bal":
			b.Total = f.Decimal()
		case "availBal":
			b.Free = decimal.Max(decimal.Zero, f.Decimal())
		case "uTime":
			at = exchange.UnixMilli(f.Int())
		}
	}
	if err = f.Err(); err == nil && b.Asset == "" {
		err = errors.New("a balance without its ccy")
	}
	return b, at, err
}

// kindOf is what a bill is for, by its type. Source: the manual, "Bills details": 8 is
// funding, with the subtypes 173 of what is paid and 174 of what is received.
func kindOf(t string) oms.IncomeKind {
	switch t {
	case "1":
		return oms.IncomeTransfer
	case "2", "3", "5", "9": // trade, delivery, liquidation, auto-deleveraging
		return oms.IncomeExecution
	case "7": // interest deduction
		return oms.IncomeInterest
	case "8":
		return oms.IncomeFunding
	case "10": // clawback
		return oms.IncomeInsurance
	}
	return oms.IncomeOther
}

func (w *reader) decodeBill(raw []byte) (i oms.Income, err error) {
	i.Wallet = api.Trading
	kind, sub := "", ""
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "billId":
			i.ID = f.Text()
		case "type":
			kind = f.Text()
		case "subType":
			sub = f.Text()
		case "instId":
			i.Symbol = f.Text()
		case "ccy":
			i.Asset = f.Text()
		case "balChg":
			i.Amount = f.Decimal()
		case "ts":
			i.Time = exchange.UnixMilli(f.Int())
		}
	}
	i.Kind, i.Name, i.Venue = kindOf(kind), "bill "+kind+"."+sub, api.Swap.Venue()
	if u, ok := w.unitOf(i.Symbol); ok {
		i.Venue = u.venue
	}
	if err = f.Err(); err == nil && (i.ID == "" || i.Time == 0 || kind == "") {
		err = errors.New("a bill without its billId, its type or its time")
	}
	return i, err
}

func decodeTransfer(raw []byte) (r oms.TransferRow, err error) {
	bill := ""
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "billId":
			bill = f.Text()
		case "clientId":
			r.Tag = f.Text()
		case "ccy":
			r.Asset = f.Text()
		case "balChg":
			r.Amount = f.Decimal().Abs()
		case "ts":
			r.Time = exchange.UnixMilli(f.Int())
		}
	}
	if r.ID, r.Done = r.Tag, true; r.ID == "" {
		r.ID = bill
	}
	return r, f.Err()
}
