package simfront

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/fixed"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// market is an instrument with what the front keeps of it.
type market struct {
	*simserver.Market
	category api.Category
	u        int64         // of its book: it counts every change
	at       exchange.Time // of that change
	dirty    bool          // something in its ticker is new
	old      reply.Object  // the last answer to GET orderbook
}

// firstU is the id that books begin with.
const firstU = 100_000

func newMarket(m *simserver.Market) *market {
	own := &market{Market: m, category: api.Of(m.In.Venue), u: firstU}
	m.Note = own
	return own
}

func marketOf(m *simserver.Market) *market { return m.Note.(*market) }

func (m *market) spot() bool { return m.category == api.Spot }

// price and qty are texts as the venue writes them, without needless zeros.
func (m *market) price(p exchange.Ticks) string {
	return string(fixed.Append(nil, int64(p), m.In.Tick))
}

func (m *market) qty(q exchange.Lots) string { return string(fixed.Append(nil, int64(q), m.In.Lot)) }

// band is between which prices orders are taken: around the mark, or the last price of coins.
// Source: riskParameters, priceLimitRatioX.
func (m *market) band() (low, high decimal.Decimal) {
	ref := m.MarkPrice()
	one, x := decimal.NewFromInt(1), m.ratio()
	low, high = ref.Mul(one.Sub(x)), ref.Mul(one.Add(x))
	return m.In.PriceDecimal(exchange.Ticks(m.In.Tick.Ceil(low))), m.In.PriceDecimal(exchange.Ticks(m.In.Tick.Floor(high)))
}

func (m *market) ratio() decimal.Decimal {
	if m.In.Base == "BTC" || m.In.Base == "ETH" {
		return decimal.New(2, -2)
	}
	return decimal.New(5, -2)
}

// account is an account with what the front keeps of it.
type account struct {
	*simserver.Account
	clock  *simserver.Clock
	prefix uint32 // of ids that are its own
	// held is what fills have added up to, in order: an execution tells what it closed.
	held  map[exchange.InstrumentID]exchange.Lots
	moved map[exchange.InstrumentID]exchange.Time // when its position changed last
	// over are orders that were taken and canceled before they were orders here.
	over    []*simserver.Order
	forgot  int64                          // orders up to this id without a fill are not told of any more
	cash    bool                           // spot margin is switched off
	moves   map[api.Category]bool          // prices beyond the band are moved to it
	sent    map[string]*simserver.Transfer // by transferId
	funding []*exchange.FundingPayment     // what was paid, oldest first
	serial  int64                          // of what was told
	windows map[string]int64               // of disconnect cancel all, in seconds by product, that were set
}

func newAccount(a *simserver.Account, clock *simserver.Clock) *account {
	h := fnv.New32a()
	fmt.Fprintf(h, "account %d", a.Number)
	own := &account{Account: a, clock: clock, prefix: h.Sum32(), held: map[exchange.InstrumentID]exchange.Lots{}, moved: map[exchange.InstrumentID]exchange.Time{},
		moves: map[api.Category]bool{api.Linear: true, api.Inverse: true}, sent: map[string]*simserver.Transfer{}}
	a.Note = own
	return own
}

func accountOf(a *simserver.Account) *account { return a.Note.(*account) }

// uid is the account's number at the venue.
func (a *account) uid() int64 { return 100_000_000 + int64(a.Number) }

// note is what the front keeps of an order.
type note struct {
	closed map[int64]exchange.Lots // by fill: what of a position it closed
	reject string                  // why it was rejected or canceled
	failed bool                    // it was rejected
	exec   string                  // execType of a forced one
	create string                  // createType
}

// noteOf returns the front's side of an order, which one that nobody sent has none of at
// first.
func noteOf(o *simserver.Order) *note {
	n, ok := o.Note.(*note)
	if !ok {
		n = &note{create: "CreateByUser"}
		o.Note = n
	}
	return n
}

func forced(o *simserver.Order) string { return noteOf(o).exec }

// follow takes note of a fill: what it closed, in the order in which fills are told.
func (a *account) follow(t *simserver.Trade) {
	o := t.Order
	was, q := a.held[o.Market.In.ID], t.Qty*exchange.Lots(o.Side)
	a.held[o.Market.In.ID] = was + q
	a.moved[o.Market.In.ID] = t.Time
	if was*q < 0 && o.Market.In.Perp() {
		n := noteOf(o)
		if n.closed == nil {
			n.closed = map[int64]exchange.Lots{}
		}
		n.closed[t.ID] = min(was.Abs(), t.Qty)
	}
}

// idText is how an id is written: a UUID of contracts, a number of spot.
func (a *account) idText(spot bool, kind byte, id int64) string {
	if spot {
		return strconv.FormatInt(1_000_000_000_000_000_000+int64(kind)*10_000_000_000_000_000+int64(a.Number%1000)*10_000_000_000_000+id, 10)
	}
	return uuid(a.prefix^uint32(kind)<<24, id)
}

// uuid is an id of contracts.
func uuid(head uint32, id int64) string {
	return fmt.Sprintf("%08x-%04x-4000-8000-%012x", head, id>>48&0xffff, id&(1<<48-1))
}

// The kinds of ids.
const (
	orderID byte = 1 + iota
	tradeID
	logID
)

// idOf is the order that a text is the id of; 0: none.
func (a *account) idOf(text string) int64 {
	var n int64
	if i := strings.LastIndexByte(text, '-'); i >= 0 {
		n, _ = strconv.ParseInt(text[i+1:], 16, 64) // ids of orders fit into the last group
		if text == a.idText(false, orderID, n) {
			return n
		}
		return 0
	}
	n, _ = strconv.ParseInt(text, 10, 64)
	if n %= 10_000_000_000_000; text == a.idText(true, orderID, n) {
		return n
	}
	return 0
}

// firstOver is the first id of orders that were canceled before they were orders here.
const firstOver = 1 << 40

// bury keeps an order that was taken and is over before it was one.
func (a *account) bury(t *simserver.Ticket, reason string, failed bool) *simserver.Order {
	n := noteOf(&simserver.Order{Note: t.Note})
	n.reject, n.failed = reason, failed
	o := &simserver.Order{ID: firstOver + int64(len(a.over)), Market: t.Market, Client: t.Client, Side: t.Side, Kind: t.Kind, Type: t.Type, TIF: t.TIF, ReduceOnly: t.ReduceOnly,
		Price: t.Price, Qty: t.Qty, Status: simserver.StatusCanceled, Created: a.clock.Now(), Updated: a.clock.Now(), Note: n}
	a.over = append(a.over, o)
	return o
}

// orders are all orders of a category, oldest first.
func (a *account) orders(c api.Category) (out []*simserver.Order) {
	for _, list := range [][]*simserver.Order{a.Orders.All(), a.over} {
		for _, o := range list {
			if marketOf(o.Market).category == c {
				out = append(out, o)
			}
		}
	}
	return out
}

// order finds an order by one of its ids, nil when there is none.
func (a *account) order(m *market, id, client string) *simserver.Order {
	var o *simserver.Order
	switch n := a.idOf(id); {
	case id == "" && client != "":
		if o = a.Orders.Named(m.Market, client); o == nil {
			for _, g := range a.over {
				if g.Client == client {
					o = g
				}
			}
		}
	case n >= firstOver && n-firstOver < int64(len(a.over)):
		o = a.over[n-firstOver]
	default:
		o = a.Orders.Order(n)
	}
	if o == nil || o.Market != m.Market {
		return nil
	}
	return o
}
