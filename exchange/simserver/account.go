package simserver

import (
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/paper"
)

// account is one customer: a paper venue, and what the exchange remembers of
// its orders beyond what the venue needs.
type account struct {
	s      *sim
	number int
	venue  *paper.Venue

	orders   []*order // by id
	live     []*order // those that may be open, by id
	byPaper  map[exchange.OrderID]*order
	byClient map[clientKey]*order // the latest that had the name
	trades   []*trade
	incomes  []incomeRow
	moves    []*move
	moving   map[uint64]*move // transfers that are under way
	closing  string           // why positions are closed at the mark now; empty: adl

	algos   []*algo  // by id
	waiting []*algo  // those that may trigger, by id
	parked  []*order // spot stop orders that have not triggered, by id
	// nextGoodTill is when the next date of a GTD order comes, in milliseconds of
	// the request clock; 0: none.
	nextGoodTill int64

	nextPaper  exchange.OrderID
	executions int64
	tran       int64
	orderCount [2]orderCount

	dual        bool // hedge mode
	multiAssets bool
	isolated    map[exchange.InstrumentID]bool

	outbox     []userEvent // made, not yet sent
	listenKeys [len(api.Markets) + 1]listenKey
	countdowns map[exchange.InstrumentID]exchange.Time
}

type clientKey struct {
	m      *market
	client string
}

func newAccount(s *sim, number int) *account {
	return &account{s: s, number: number, byPaper: map[exchange.OrderID]*order{}, byClient: map[clientKey]*order{}, moving: map[uint64]*move{}, isolated: map[exchange.InstrumentID]bool{},
		orderCount: newOrderCounts(), countdowns: map[exchange.InstrumentID]exchange.Time{}}
}

// order is an order as the exchange knows it. The paper venue has it under
// paper; a modified order has had several numbers there, and keeps its own id.
type order struct {
	id         int64
	m          *market
	client     string
	side       exchange.Side
	kind       exchange.OrderType
	typ, tif   string               // as the market writes them
	origType   string               // before a trigger; empty: typ
	stop       decimal.Decimal      // the price that triggered it, or is to
	policy     exchange.TimeInForce // of a stop order, when it is sent
	waits      bool                 // a spot stop order that has not triggered
	worked     exchange.Time        // when it triggered
	working    string               // of a trigger; empty: CONTRACT_PRICE
	matchWith  string
	goodTill   int64 // of GTD, in milliseconds
	algo       *algo // whose child it is
	reduceOnly bool
	price      exchange.Ticks
	qty        exchange.Lots
	quoteQty   decimal.Decimal // of a spot market order by value

	status      string
	filled      exchange.Lots
	worth       decimal.Decimal // of what is filled
	created     exchange.Time
	updated     exchange.Time
	fills       []*trade
	paper       exchange.OrderID
	cancelName  string // of the cancel that ended it
	expiry      string // why it expired: eR on spot, er on futures
	modifying   bool
	lapsing     bool // its date has come
	resubmitted bool
	refused     *fault
	amendments  []amendment // the last keepAmendments, oldest first
}

// Statuses as the exchange writes them.
const (
	statusNew      = "NEW"
	statusPartial  = "PARTIALLY_FILLED"
	statusFilled   = "FILLED"
	statusCanceled = "CANCELED"
	statusExpired  = "EXPIRED"
	statusMatched  = "EXPIRED_IN_MATCH"
)

func (o *order) open() bool { return o.status == statusNew || o.status == statusPartial }

// trade is one fill.
type trade struct {
	id       int64
	order    *order
	price    exchange.Ticks
	qty      exchange.Lots
	worth    decimal.Decimal
	fee      decimal.Decimal
	feeAsset string
	realised decimal.Decimal
	maker    bool
	at       exchange.Time
}

// incomeRow is one line of the income history.
type incomeRow struct {
	market api.Market
	symbol string
	kind   string
	amount decimal.Decimal
	asset  string
	info   string
	at     exchange.Time
	tran   int64
	trade  string
}

// drain takes what the venue has to say until now, and tells the subscribers.
func (a *account) drain() {
	a.collect()
	a.flush()
}

func (a *account) collect() {
	var ev exchange.Event
	a.venue.Settle(a.s.now)
	for t, ok := a.venue.NextTime(); ok && t <= a.s.now; t, ok = a.venue.NextTime() {
		a.venue.Pop(&ev)
		a.on(&ev)
	}
}

func (a *account) on(ev *exchange.Event) {
	switch ev.Kind {
	case exchange.KindOrder:
		a.onUpdate(&ev.Update, ev.VenueTime)
	case exchange.KindFill:
		a.onFill(ev.Fill, ev.VenueTime)
	case exchange.KindFundingPaid:
		a.onFunding(ev.Payment)
	case exchange.KindTransfer:
		a.onTransfer(ev.Transfer, ev.VenueTime)
	case exchange.KindBalance:
		a.addIncome(incomeRow{market: api.Of(ev.Wallet), kind: "INSURANCE_CLEAR", amount: ev.Amount, asset: ev.Asset, info: "INSURANCE_CLEAR", at: ev.VenueTime})
		a.tellAccount(api.Of(ev.Wallet), "INSURANCE_CLEAR", ev.Asset, ev.Amount, nil, ev.VenueTime)
	}
}

func (a *account) onUpdate(u *exchange.OrderUpdate, at exchange.Time) {
	o := a.byPaper[u.ID]
	if o == nil || u.CancelRejected {
		return
	}
	o.updated = at
	switch u.Status {
	case exchange.StatusAccepted:
		if !o.resubmitted {
			o.status = statusNew
			a.report(o, "NEW", nil)
		}
	case exchange.StatusCanceled:
		if !o.modifying {
			a.onCanceled(o)
		}
	case exchange.StatusRejected:
		o.refused = venueFault(api.Of(o.m.in.Venue), u.Code, u.Reason)
	case exchange.StatusExpired:
		a.onExpired(o, u)
	}
}

// onCanceled ends an order that its owner or its date has ended.
func (a *account) onCanceled(o *order) {
	if o.lapsing {
		o.status = statusExpired
		a.report(o, "EXPIRED", nil)
		return
	}
	o.status = statusCanceled
	a.report(o, "CANCELED", nil)
}

// onExpired ends an order that the exchange gave up. A futures FOK that cannot
// be filled was never there.
func (a *account) onExpired(o *order, u *exchange.OrderUpdate) {
	if u.Code != 0 {
		o.refused = venueFault(api.Of(o.m.in.Venue), u.Code, u.Reason)
		return
	}
	o.status = statusExpired
	if strings.HasPrefix(u.Reason, "self-trade") {
		o.status = statusMatched
	}
	o.expiry = expiryOf(o, u.Reason)
	exec := "EXPIRED"
	if o.status == statusMatched {
		exec = "TRADE_PREVENTION"
		if o.m.in.Perp() {
			exec = "EXPIRED"
		}
	}
	a.report(o, exec, nil)
}

// expiryOf names the reason as the market does: eR on spot, er on futures.
func expiryOf(o *order, reason string) string {
	if api.Of(o.m.in.Venue) == api.Spot {
		switch {
		case strings.HasPrefix(reason, "EXECUTION_RULE"):
			return "EXECUTION_RULE_PRICE_RANGE_EXCEEDED"
		case o.kind == exchange.MarketOrder:
			return "INSUFFICIENT_LIQUIDITY"
		case o.tif == "FOK":
			return "UNFILLED_FOK_ORDER_EXPIRED"
		case o.tif == "IOC":
			return "UNFILLED_IOC_QUANTITY_EXPIRED"
		}
		return ""
	}
	switch {
	case strings.HasPrefix(reason, "self-trade"):
		return "1"
	case strings.HasPrefix(reason, "reduce-only"):
		return "4"
	case strings.HasPrefix(reason, "the account"):
		return "5"
	case o.kind == exchange.MarketOrder:
		return "9"
	case o.tif == "IOC":
		return "2"
	}
	return "0"
}

func (a *account) onFill(f *exchange.Fill, at exchange.Time) {
	o := a.byPaper[f.Order]
	if f.Order == 0 || o == nil {
		o = a.forced(f, at)
	}
	id, _ := strconv.ParseInt(f.TradeID, 10, 64) // the venue counts from 1
	t := &trade{id: id, order: o, price: f.Price, qty: f.Qty, worth: o.m.worth(f.Price, f.Qty), fee: f.Fee, feeAsset: f.FeeAsset,
		realised: f.Realised, maker: f.Maker, at: at}
	a.trades = append(a.trades, t)
	o.fills = append(o.fills, t)
	o.filled += f.Qty
	o.worth = o.worth.Add(t.worth)
	o.updated = at
	o.status = statusPartial
	if o.filled >= o.qty {
		o.status = statusFilled
	}
	a.earn(t)
	a.report(o, "TRADE", t)
	if o.typ == "LIQUIDATION" {
		a.s.publishForced(t)
	}
}

// forced makes the order that the exchange sends for a liquidation or an
// auto-deleveraging: one the customer never sent. Source: c of
// ORDER_TRADE_UPDATE.
func (a *account) forced(f *exchange.Fill, at exchange.Time) *order {
	m := a.s.markets[f.Instrument]
	o := &order{m: m, client: "autoclose-" + strconv.FormatInt(millis(at), 10), side: f.Side, kind: exchange.Limit, typ: "LIQUIDATION", tif: "IOC",
		price: f.Price, qty: f.Qty, created: at, updated: at, status: statusNew}
	if f.Reason == "adl" {
		o.client, o.typ = "adl_autoclose", "MARKET"
		if a.closing == "settlement" {
			o.client = "settlement_autoclose-" + strconv.FormatInt(millis(at), 10)
		}
	}
	a.register(o)
	return o
}

// earn books a fill's profit and fee in the income history of a futures wallet.
func (a *account) earn(t *trade) {
	in := t.order.m.in
	if !in.Perp() {
		return
	}
	row := incomeRow{market: api.Of(in.Venue), symbol: in.Symbol, asset: t.feeAsset, at: t.at, tran: t.id, trade: strconv.FormatInt(t.id, 10)}
	if !t.realised.IsZero() {
		pnl := row
		pnl.kind, pnl.info, pnl.amount = "REALIZED_PNL", "REALIZED_PNL", t.realised
		a.incomes = append(a.incomes, pnl)
	}
	row.kind, row.info, row.amount = "COMMISSION", "COMMISSION", t.fee.Neg()
	a.incomes = append(a.incomes, row)
}

func (a *account) addIncome(r incomeRow) {
	a.tran++
	r.tran = a.tran
	a.incomes = append(a.incomes, r)
}

func (a *account) onFunding(p *exchange.FundingPayment) {
	in := a.s.markets[p.Instrument].in
	a.addIncome(incomeRow{market: api.Of(in.Venue), symbol: in.Symbol, kind: "FUNDING_FEE", amount: p.Amount, asset: p.Asset, info: "FUNDING_FEE", at: p.Settled})
	a.tellFunding(in, p)
}

// register gives an order its id and makes it known.
func (a *account) register(o *order) {
	o.id = int64(len(a.orders)) + 1
	a.orders = append(a.orders, o)
	a.live = append(a.live, o)
	a.byClient[clientKey{o.m, o.client}] = o
	if o.paper != 0 {
		a.byPaper[o.paper] = o
	}
}

// forget removes the last registered order: it was refused and never existed.
func (a *account) forget(o *order, previous *order) {
	a.orders = a.orders[:len(a.orders)-1]
	a.live = slices.DeleteFunc(a.live, func(other *order) bool { return other == o })
	delete(a.byPaper, o.paper)
	delete(a.byClient, clientKey{o.m, o.client})
	if previous != nil {
		a.byClient[clientKey{o.m, o.client}] = previous
	}
}

// openOrders returns the open orders of a market, of one instrument or all, by
// id.
func (a *account) openOrders(mk api.Market, m *market) []*order {
	a.live = slices.DeleteFunc(a.live, func(o *order) bool { return !o.open() })
	var out []*order
	for _, o := range a.live {
		if api.Of(o.m.in.Venue) == mk && (m == nil || o.m == m) {
			out = append(out, o)
		}
	}
	return out
}

// lookup finds the order that orderId or origClientOrderId names. Both together
// must agree.
func (a *account) lookup(c *call, m *market, unknown *fault) (*order, *fault) {
	if !c.has("orderId") && !c.has("origClientOrderId") {
		return nil, bad(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!")
	}
	id, f := c.integer("orderId", 0)
	if f != nil {
		return nil, f
	}
	var o *order
	if id != 0 {
		if i := int(id) - 1; i >= 0 && i < len(a.orders) {
			o = a.orders[i]
		}
	} else {
		o = a.byClient[clientKey{m, c.get("origClientOrderId")}]
	}
	if o == nil || o.m != m || c.has("origClientOrderId") && o.client != c.get("origClientOrderId") {
		return nil, unknown
	}
	return o, nil
}

// assets lists what a wallet has ever held that is not zero, by name.
func (a *account) assets(mk api.Market) []string {
	var out []string
	for _, d := range a.venue.Balances() {
		if api.Of(d.Wallet) == mk {
			out = append(out, d.Asset)
		}
	}
	for _, m := range a.s.all(mk) {
		if mk != api.Spot {
			out = append(out, m.in.Settle())
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
