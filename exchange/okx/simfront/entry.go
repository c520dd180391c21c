package simfront

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// codes are what refusals of the matching venue are called. 31 and 13 are the cancelSource
// of orders that are accepted all the same.
var codes = map[paper.Rule]simserver.Refusal{
	paper.RulePrice: {Code: 51000, Reason: "Parameter px  error"}, paper.RuleQty: {Code: 51121, Reason: "Order quantity must be a multiple of the lot size."},
	paper.RuleMinQty: {Code: 51020, Reason: "Your order should meet or exceed the minimum order amount."}, paper.RuleNotional: {Code: 51020, Reason: "Your order should meet or exceed the minimum order amount."},
	paper.RuleMaxQty: {Code: 51202, Reason: "Order amount exceeds the max order amount."}, paper.RuleMaxPrice: {Code: 51006, Reason: "Order price is not within the price limit."},
	paper.RuleMinPrice: {Code: 51006, Reason: "Order price is not within the price limit."}, paper.RuleCounterparty: {Code: 51006, Reason: "Order price is not within the price limit."},
	paper.RulePostOnly: {Code: 31, PostOnly: true}, paper.RuleFOK: {Code: 13}, paper.RuleReduceOnly: {Code: 51169, Reason: "Order failed because you don't have any positions in this direction for this contract to reduce or close."},
	paper.RuleFunds: {Code: 51008, Reason: "Order failed. Insufficient balance in account."}, paper.RuleMargin: {Code: 51008, Reason: "Order failed. Insufficient margin in account."},
	paper.RuleLeverage: {Code: 51004, Reason: "Order failed. The position exceeds the limit of the leverage."}, paper.RuleDelivered: {Code: 51028, Reason: "Contract under delivery."},
	paper.RuleBorrow: {Code: 51008, Reason: "Order failed. Insufficient balance in account, and no more can be borrowed."}, paper.RuleDuplicate: {Code: 51016, Reason: "Client order ID already exists."},
}

// Refuse implements simserver.Front.
func (d *dialect) Refuse(_ *simserver.Market, by paper.Rule, reason string) *simserver.Refusal {
	if r, ok := codes[by]; ok {
		return &r
	}
	return &simserver.Refusal{Code: 51000, Reason: "Parameter error: " + reason}
}

// Admit implements simserver.Admitter: a client id is one order's while it is open.
func (d *dialect) Admit(a *simserver.Account, t *simserver.Ticket) *simserver.Refusal {
	for _, seg := range d.s.Segments.All() {
		for _, o := range a.Orders.Open(seg, nil) {
			if o.Client == t.Client {
				r := codes[paper.RuleDuplicate]
				return &r
			}
		}
	}
	return nil
}

// ghost is an order that was accepted and canceled at once, which the matching venue never
// had.
type ghost struct {
	id     string
	client string
	market *simserver.Market
	row    reply.Object
}

// done is what came of one order of a request.
type done struct {
	id, client string
	code, msg  string
}

func (c *done) row(d *dialect) reply.Object {
	return reply.Object{{"clOrdId", c.client}, {"ordId", c.id}, {"sCode", c.code}, {"sMsg", c.msg}, {"subCode", ""}, {"tag", ""}, {"ts", ms(d.s.Clock.Wall())}}
}

// parts does each order of a request, and says how many succeeded.
func (c *call) parts(do func(f fields) done) (rows, *fault) {
	var list []fields
	body := bytes.TrimSpace(c.body)
	if len(body) > 0 && body[0] == '{' {
		body = append(append([]byte{'['}, body...), ']')
	}
	if err := json.Unmarshal(body, &list); err != nil || len(list) == 0 {
		return rows{}, &fault{400, "50002", "JSON syntax error"}
	}
	if len(list) > 20 {
		return rows{}, refuse("50025", "Parameter args count exceeds the limit 20")
	}
	if c.expires > 0 && c.d.s.Clock.Wall() > exchange.UnixMilli(c.expires) {
		return rows{}, refuse("50036", "The expTime can't be earlier than the current system time. Please adjust the expTime and try again.")
	}
	out, bad := rows{}, 0
	for _, f := range list {
		r := do(f)
		if r.client == "" {
			r.client = f.text("clOrdId")
		}
		if r.code == "" {
			r.code = "0"
		} else {
			bad++
		}
		out.list = append(out.list, r.row(c.d))
	}
	switch bad {
	case 0:
	case len(list):
		out.code = "1"
	default:
		out.code = "2"
	}
	return out, nil
}

func (c *call) place() (rows, *fault)       { return c.parts(c.placeOne) }
func (c *call) placeBatch() (rows, *fault)  { return c.parts(c.placeOne) }
func (c *call) cancel() (rows, *fault)      { return c.parts(c.cancelOne) }
func (c *call) cancelBatch() (rows, *fault) { return c.parts(c.cancelOne) }
func (c *call) amend() (rows, *fault)       { return c.parts(c.amendOne) }
func (c *call) amendBatch() (rows, *fault)  { return c.parts(c.amendOne) }

func bad(code, msg string) done { return done{code: code, msg: msg} }

// named finds the instrument of an order: by its code on the private stream.
func (c *call) named(f fields) (*simserver.Market, *done) {
	if c.ws {
		code, err := strconv.ParseInt(f.text("instIdCode"), 10, 64)
		if err != nil {
			b := bad("50014", "Parameter instIdCode can not be empty")
			return nil, &b
		}
		if m := c.d.marketOf(code); m != nil {
			return m, nil
		}
	} else if m := c.d.market(f.text("instId")); m != nil {
		return m, nil
	}
	b := bad("51001", "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")
	return nil, &b
}

var clientIDs = regexp.MustCompile(`^[a-zA-Z0-9]{0,32}$`)

// policies are the orders that there are, by ordType.
var policies = map[string]exchange.TimeInForce{"limit": exchange.GTC, "market": exchange.IOC, "post_only": exchange.PostOnly, "ioc": exchange.IOC, "fok": exchange.FOK, "optimal_limit_ioc": exchange.IOC}

// lots reads a size; what is wrong with it is said as the venue says it.
func lots(m *simserver.Market, text string) (exchange.Lots, *done) {
	d, err := decimal.NewFromString(text)
	var b done
	switch qty := d.Mul(one(m.In)); {
	case err != nil || !d.IsPositive():
		b = bad("51000", "Parameter sz  error")
	case qty.LessThan(m.Rules.MinQty):
		b = bad("51020", "Your order should meet or exceed the minimum order amount.")
	case !qty.Mod(m.Rules.Step).IsZero():
		b = bad("51121", "Order quantity must be a multiple of the lot size.")
	case qty.GreaterThan(m.Rules.MaxQty):
		b = bad("51202", "Order amount exceeds the max order amount.")
	default:
		return exchange.Lots(m.In.Lot.Floor(qty)), nil
	}
	return 0, &b
}

func ticks(m *simserver.Market, text string) (exchange.Ticks, *done) {
	d, err := decimal.NewFromString(text)
	if err != nil || !d.IsPositive() || !d.Mod(m.Rules.Tick).IsZero() {
		b := bad("51000", "Parameter px  error")
		return 0, &b
	}
	return exchange.Ticks(m.In.Tick.Floor(d)), nil
}

// ticket checks an order at the door.
func (c *call) ticket(m *simserver.Market, f fields) (*simserver.Ticket, *done) {
	t := &simserver.Ticket{Market: m, Client: f.text("clOrdId"), Kind: exchange.Limit, Type: f.text("ordType"), ReduceOnly: f.text("reduceOnly") == "true" && m.In.Perp(),
		Note: &note{tag: f.text("tag"), mode: f.text("tdMode")}}
	known := false
	t.Policy, known = policies[t.Type]
	if f.text("side") == "buy" {
		t.Side = exchange.Buy
	} else {
		t.Side = exchange.Sell
	}
	var b done
	switch mode := f.text("tdMode"); {
	case m.Rules.Halted:
		b = bad("51022", "Contract suspended.")
	case c.a.Hedge && m.In.Perp() && f.text("posSide") != "long" && f.text("posSide") != "short":
		b = bad("51000", "Parameter posSide  error")
	case c.a.Hedge && m.In.Perp():
		b = bad("51010", "You can't complete this request under your current account mode.") // it is not traded in here
	case !known:
		b = bad("51000", "Parameter ordType  error")
	case mode != noteOf(c.a).spotMode() && !m.In.Perp(), mode != "cross" && m.In.Perp():
		b = bad("51010", "You can't complete this request under your current account mode.")
	case f.text("side") != "buy" && f.text("side") != "sell":
		b = bad("51000", "Parameter side  error")
	case !clientIDs.MatchString(t.Client):
		b = bad("51000", "Parameter clOrdId  error")
	case m.In.Perp() && !c.key.May(simserver.MayFutures):
		b = bad("50120", "This API key doesn't have permission to use this function")
	}
	if b.code != "" {
		return nil, &b
	}
	t.Borrow = noteOf(c.a).loans && t.Side == exchange.Sell && m.In.Lends()
	text := f.text("sz")
	if t.Type == "market" || t.Type == "optimal_limit_ioc" {
		t.Kind = exchange.MarketOrder
		if !m.In.Perp() && t.Side == exchange.Buy && f.text("tgtCcy") != "base_ccy" {
			text = inCoins(m, text)
		}
	} else if p, wrong := ticks(m, f.text("px")); wrong != nil {
		return nil, wrong
	} else {
		t.Price = p
	}
	qty, wrong := lots(m, text)
	if wrong != nil {
		return nil, wrong
	}
	if t.Qty = qty; t.Client == "" {
		t.Client = c.d.s.NewName("okx")
		t.Note.(*note).made = true
	}
	return t, nil
}

// inCoins is what a market buy for so much money is of coins, at the best price.
func inCoins(m *simserver.Market, text string) string {
	d, err := decimal.NewFromString(text)
	if err != nil || m.Touch[1].Price <= 0 {
		return text
	}
	return m.In.QtyDecimal(exchange.Lots(m.In.Lot.Floor(d.Div(m.In.PriceDecimal(m.Touch[1].Price))))).String()
}

func (c *call) placeOne(f fields) done {
	m, wrong := c.named(f)
	if wrong != nil {
		return *wrong
	}
	t, wrong := c.ticket(m, f)
	if wrong != nil {
		return *wrong
	}
	if t.ReduceOnly {
		if held := c.a.Funds.Position(m.In.ID).Qty; held == 0 || (held > 0) == (t.Side == exchange.Buy) {
			return bad("51169", codes[paper.RuleReduceOnly].Reason)
		} else if t.Qty > held.Abs() {
			return bad("51170", "Failed to place order: the reduce-only order exceeds the position.")
		}
	}
	o, r := c.a.Entry.Place(t)
	switch {
	case r == nil:
		return done{id: orderID(o)}
	case r.Code == 31 || r.Code == 13:
		return done{id: c.d.haunt(c.a, t, strconv.Itoa(r.Code))}
	}
	return bad(strconv.Itoa(r.Code), r.Reason)
}

// orderID is the venue's number of an order.
func orderID(o *simserver.Order) string { return strconv.FormatInt(700_000_000_000_000_000+o.ID, 10) }

// haunt accepts an order that is canceled at once.
func (d *dialect) haunt(a *simserver.Account, t *simserver.Ticket, source string) string {
	n := noteOf(a)
	now := d.s.Clock.Now()
	o := &simserver.Order{Market: t.Market, Client: t.Client, Side: t.Side, Kind: t.Kind, Type: t.Type, ReduceOnly: t.ReduceOnly, Price: t.Price, Qty: t.Qty, Created: now, Updated: now,
		Status: simserver.StatusNew, Note: t.Note}
	id := strconv.FormatInt(800_000_000_000_000_000+int64(len(n.ghosts))+1, 10)
	send := func() reply.Object {
		row := orderRow(o, nil)
		row = replace(row, "ordId", id)
		a.Outbox.Queue(simserver.Message{Segment: t.Market.Segment, Kind: "orders", Body: row})
		return row
	}
	send()
	o.Status = simserver.StatusCanceled
	orderNote(o).source = source
	n.ghosts = append(n.ghosts, &ghost{id: id, client: t.Client, market: t.Market, row: send()})
	a.Outbox.Flush()
	return id
}

func replace(o reply.Object, key string, v any) reply.Object {
	for i := range o {
		if o[i][0] == key {
			o[i][1] = v
		}
	}
	return o
}
