package simfront

import (
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/simserver"
)

// market is an instrument with what the front keeps of it.
type market struct {
	*simserver.Market
	snapshot    object // the last answer to GET depth
	pricePlaces int32
	forced      object        // the order of a liquidation that is to be told
	forcedAt    exchange.Time // not before
	qtyPlaces   int32
}

func newMarket(m *simserver.Market) *market {
	own := &market{Market: m, pricePlaces: 8, qtyPlaces: 8}
	if m.In.Perp() {
		// One more than the tick needs: clients that take a precision for the
		// tick are wrong at the exchange, and shall be wrong here.
		own.pricePlaces, own.qtyPlaces = int32(m.In.Tick.Scale)+1, int32(m.In.Lot.Scale)
	}
	m.Note = own
	return own
}

func marketOf(m *simserver.Market) *market { return m.Note.(*market) }

// pair is a COIN-M contract's underlying: BTCUSD of BTCUSD_PERP.
func (m *market) pair() string {
	if m.In.Inverse() {
		return m.In.Base + m.In.Quote
	}
	return m.In.Symbol
}

// account is an account with what the front keeps of it.
type account struct {
	*simserver.Account
	listing     *listing
	events      *userEvents
	marginMoves []*marginMove
	orderCount  [2]orderCount
	listenKeys  [len(api.Markets) + 1]listenKey
}

func newAccount(a *simserver.Account, l *listing, clock *simserver.Clock) *account {
	own := &account{Account: a, listing: l, orderCount: newOrderCounts()}
	own.events = &userEvents{account: own, clock: clock, segments: l.segments}
	a.Note = own
	return own
}

func accountOf(a *simserver.Account) *account { return a.Note.(*account) }

// order is an order with what the front keeps of it.
type order struct {
	*simserver.Order
	m          *market
	matchWith  string          // priceMatch; empty: none
	quoteQty   decimal.Decimal // of a spot market order by value
	amendments []amendment     // the last keepAmendments, oldest first
}

// orderOf returns the front's side of an order, which one that nobody sent has none of
// at first.
func orderOf(o *simserver.Order) *order {
	own, ok := o.Note.(*order)
	if !ok {
		own = &order{}
		o.Note = own
	}
	own.Order, own.m = o, marketOf(o.Market)
	return own
}

func ordersOf(list []*simserver.Order) []*order {
	out := make([]*order, len(list))
	for i, o := range list {
		out[i] = orderOf(o)
	}
	return out
}

func (a *account) orders() []*order { return ordersOf(a.Orders.All()) }

// openOrders returns the open orders of a market, of one instrument or all, by id.
func (a *account) openOrders(mk api.Market, m *market) []*order {
	var only *simserver.Market
	if m != nil {
		only = m.Market
	}
	return ordersOf(a.Orders.Open(a.listing.segments[mk], only))
}

// findOrder finds the order that orderId or origClientOrderId names. Both together
// must agree.
func (a *account) findOrder(c *call, m *market, unknown *fault) (*order, *fault) {
	if !c.has("orderId") && !c.has("origClientOrderId") {
		return nil, bad(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!")
	}
	id, f := c.integer("orderId", 0)
	if f != nil {
		return nil, f
	}
	o := a.Orders.Order(id)
	if id == 0 {
		o = a.Orders.Named(m.Market, c.get("origClientOrderId"))
	}
	if o == nil || o.Market != m.Market || c.has("origClientOrderId") && o.Client != c.get("origClientOrderId") {
		return nil, unknown
	}
	return orderOf(o), nil
}

// trade is a fill with its order as the front has it.
type trade struct {
	*simserver.Trade
	Order *order
}

func tradeOf(t *simserver.Trade) *trade {
	if t == nil {
		return nil
	}
	return &trade{t, orderOf(t.Order)}
}

func (a *account) trades() []*trade {
	out := make([]*trade, len(a.Ledger.Trades()))
	for i, t := range a.Ledger.Trades() {
		out[i] = tradeOf(t)
	}
	return out
}

// assets lists what a wallet has ever held that is not zero, by name.
func (a *account) assets(mk api.Market) []string { return a.Funds.Assets(a.listing.segments[mk]) }

// expiry names why the exchange ended an order, as the market does: eR on spot, er on
// futures; empty when it did not.
func (o *order) expiry() string {
	switch o.Ended {
	case simserver.EndedByDelist:
		return "7"
	case simserver.EndedByRefusal:
		return "REJECTED"
	case simserver.EndedByList:
		return "OCO_TRIGGER"
	case simserver.EndedByVenue:
		if o.m.In.Contract == exchange.Spot {
			return o.spotExpiry()
		}
		return o.futuresExpiry()
	}
	return ""
}

func (o *order) spotExpiry() string {
	switch {
	case strings.HasPrefix(o.Reason, "EXECUTION_RULE"):
		return "EXECUTION_RULE_PRICE_RANGE_EXCEEDED"
	case o.Kind == exchange.MarketOrder:
		return "INSUFFICIENT_LIQUIDITY"
	case o.TIF == "FOK":
		return "UNFILLED_FOK_ORDER_EXPIRED"
	case o.TIF == "IOC":
		return "UNFILLED_IOC_QUANTITY_EXPIRED"
	}
	return ""
}

func (o *order) futuresExpiry() string {
	switch {
	case strings.HasPrefix(o.Reason, "self-trade"):
		return "1"
	case strings.HasPrefix(o.Reason, "reduce-only"):
		return "4"
	case strings.HasPrefix(o.Reason, "the account"):
		return "5"
	case o.Kind == exchange.MarketOrder:
		return "9"
	case o.TIF == "IOC":
		return "2"
	}
	return "0"
}
