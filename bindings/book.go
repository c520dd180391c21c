package bindings

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
)

// Book is an instrument's order book as a script sees it. It is a handle, not a
// copy: it reads the book as of the event being handled, so a script may keep
// it. There is one per instrument and state.
type Book struct {
	rt *Runtime
	in *exchange.Instrument
}

// Symbol is the instrument's key.
func (b *Book) Symbol() string { return b.in.Key() }

func (b *Book) book() *book.Book { return b.rt.env.Book(b.in.ID) }

// Book returns the handle of an instrument's book.
func (rt *Runtime) Book(id exchange.InstrumentID) *lua.LUserData {
	if int(id) < len(rt.books) && rt.books[id] != nil {
		return rt.books[id]
	}
	u := rt.env.Universe()
	if len(rt.books) < u.Len() {
		rt.books = append(rt.books, make([]*lua.LUserData, u.Len()-len(rt.books))...)
	}
	rt.books[id] = rt.NewObject(&BookType, &Book{rt: rt, in: u.Get(id)})
	return rt.books[id]
}

// BookType describes Book.
var BookType = Type{
	Name: "Book",
	Doc: "An order book, read as of the event being handled. It is a handle: keep it, it stays current.\n" +
		"Levels are counted from 1, the best. A level that does not exist is nil. Prices and quantities are numbers\n" +
		"for signals; quantities are in units of base, or in contracts for coinm.",
	Methods: []Func{
		{Spec: Spec{Name: "symbol", Doc: "The instrument's symbol, as in \"usdm:BTCUSDT\".",
			Returns: []Value{{Name: "symbol", Type: "string"}}}, Call: bookSymbol},
		{Spec: Spec{Name: "bid", Doc: "The n-th best bid: price and quantity. In an argument list write (book:bid(n)) to pass the price alone.", Args: []Value{levelArg},
			Returns: levelReturns, Example: "local price, qty = book:bid()"}, Call: bookBid},
		{Spec: Spec{Name: "ask", Doc: "The n-th best ask: price and quantity. In an argument list write (book:ask(n)) to pass the price alone.", Args: []Value{levelArg},
			Returns: levelReturns, Example: "local fifth = book:ask(5)"}, Call: bookAsk},
		{Spec: Spec{Name: "mid", Doc: "The middle of the best bid and ask.",
			Returns: []Value{{Name: "price", Type: "number?", Unit: "quote"}}}, Call: bookMid},
		{Spec: Spec{Name: "microprice", Doc: "The best bid and ask, each weighted by the quantity on the other side.",
			Returns: []Value{{Name: "price", Type: "number?", Unit: "quote"}}}, Call: bookMicroprice},
		{Spec: Spec{Name: "spread", Doc: "Best ask minus best bid.",
			Returns: []Value{{Name: "spread", Type: "number?", Unit: "quote"}}}, Call: bookSpread},
		{Spec: Spec{Name: "imbalance", Doc: "(bids - asks) / (bids + asks) of the quantities of the first n levels: 1 is all bids.",
			Args:    []Value{levelArg},
			Returns: []Value{{Name: "imbalance", Type: "number?", Unit: "-1 to 1"}}}, Call: bookImbalance},
		{Spec: Spec{Name: "walk", Doc: "What taking a quantity would cost now: a buy walks the asks, a sell the bids.",
			Args: []Value{{Name: "side", Type: "\"buy\"|\"sell\""}, {Name: "qty", Type: "number", Unit: "units of quantity"}},
			Returns: []Value{{Name: "average", Type: "number?", Unit: "quote", Doc: "average price; nil when there is nothing to take"},
				{Name: "filled", Type: "number", Doc: "at most qty, less when the book is thinner"},
				{Name: "worst", Type: "number?", Unit: "quote", Doc: "price of the last level taken"}},
			Example: "local average, filled = book:walk(\"buy\", 2)"}, Call: bookWalk},
		{Spec: Spec{Name: "age", Doc: "Time since the book last changed; nil before the first update.",
			Returns: []Value{{Name: "age", Type: "number?", Unit: "seconds"}}}, Call: bookAge},
		{Spec: Spec{Name: "ready", Doc: "Whether the book is complete and has both sides. If not, the second result says why.",
			Returns: []Value{{Name: "ready", Type: "boolean"}, {Name: "reason", Type: "string?"}}}, Call: bookReady},
		{Spec: Spec{Name: "integrity", Doc: "What the book can prove of itself: verified (each update names the one before, so that nothing is missing unseen),\n" +
			"forward-only (what comes late or twice is seen, not what is missing) or unverifiable (nothing is, as of a relay or of bars).",
			Returns: []Value{{Name: "integrity", Type: "\"verified\"|\"forward-only\"|\"unverifiable\""}}}, Call: bookIntegrity},
		{Spec: Spec{Name: "depth", Doc: "How many levels a side has.",
			Args:    []Value{{Name: "side", Type: "\"buy\"|\"sell\"", Doc: "buy is the bids"}},
			Returns: []Value{{Name: "levels", Type: "integer"}}}, Call: bookDepth},
	},
}

var (
	levelArg     = Value{Name: "n", Type: "integer", Optional: true, Doc: "level from 1, the best; 1 when left out"}
	levelReturns = []Value{{Name: "price", Type: "number?", Unit: "quote"}, {Name: "qty", Type: "number?", Unit: "units of quantity"}}
)

// maxLevel bounds the levels a script may ask for.
const maxLevel = 10000

func bookSymbol(rt *Runtime) int { return rt.Push(rt.Symbol(Self[*Book](rt).in)) }

func bookBid(rt *Runtime) int { return pushLevel(rt, exchange.Buy) }

func bookAsk(rt *Runtime) int { return pushLevel(rt, exchange.Sell) }

func pushLevel(rt *Runtime, side exchange.Side) int {
	b := Self[*Book](rt)
	l, ok := b.book().Level(side, rt.Arg(1).IntOr(1, 1, maxLevel))
	if !ok {
		return rt.PushNil()
	}
	rt.PushNumber(b.in.PriceFloat(l.Price))
	rt.PushNumber(b.in.QtyFloat(l.Qty))
	return 2
}

// top returns the best level of both sides.
func (b *Book) top() (bid, ask exchange.Level, ok bool) {
	bk := b.book()
	bid, hasBid := bk.Level(exchange.Buy, 1)
	ask, hasAsk := bk.Level(exchange.Sell, 1)
	return bid, ask, hasBid && hasAsk
}

func bookMid(rt *Runtime) int {
	b := Self[*Book](rt)
	bid, ask, ok := b.top()
	if !ok {
		return rt.PushNil()
	}
	return rt.PushNumber(b.in.PriceFloat(bid.Price+ask.Price) / 2)
}

func bookMicroprice(rt *Runtime) int {
	b := Self[*Book](rt)
	bid, ask, ok := b.top()
	if !ok {
		return rt.PushNil()
	}
	bq, aq := float64(bid.Qty), float64(ask.Qty)
	return rt.PushNumber((b.in.PriceFloat(bid.Price)*aq + b.in.PriceFloat(ask.Price)*bq) / (bq + aq))
}

func bookSpread(rt *Runtime) int {
	b := Self[*Book](rt)
	bid, ask, ok := b.top()
	if !ok {
		return rt.PushNil()
	}
	return rt.PushNumber(b.in.PriceFloat(ask.Price - bid.Price))
}

func bookImbalance(rt *Runtime) int {
	b := Self[*Book](rt)
	n := rt.Arg(1).IntOr(1, 1, maxLevel)
	bk := b.book()
	bids, asks := sumLevels(bk, exchange.Buy, n), sumLevels(bk, exchange.Sell, n)
	if bids+asks == 0 {
		return rt.PushNil()
	}
	rt.Charge(n >> 2)
	return rt.PushNumber(float64(bids-asks) / float64(bids+asks))
}

func sumLevels(bk *book.Book, side exchange.Side, n int) exchange.Lots {
	var sum exchange.Lots
	for i := 1; i <= n; i++ {
		l, ok := bk.Level(side, i)
		if !ok {
			break
		}
		sum += l.Qty
	}
	return sum
}

func bookWalk(rt *Runtime) int {
	b := Self[*Book](rt)
	side, want := rt.Arg(1).Side(), rt.Arg(2).Finite()
	if want <= 0 {
		rt.Arg(2).Fail("must be above 0, got %v", want)
	}
	average, filled, worst := b.Walk(side, want)
	if filled == 0 {
		rt.PushNil()
		rt.PushNumber(0)
		return 2
	}
	rt.PushNumber(average)
	rt.PushNumber(filled)
	rt.PushNumber(worst)
	return 3
}

// Walk returns the average and worst price of taking up to want units now, and
// how many units there are. A buy walks the asks.
func (b *Book) Walk(side exchange.Side, want float64) (average, filled, worst float64) {
	bk, cost := b.book(), 0.0
	for i := 1; filled < want; i++ {
		l, ok := bk.Level(side.Opposite(), i)
		if !ok {
			break
		}
		b.rt.Charge(1)
		take := min(b.in.QtyFloat(l.Qty), want-filled)
		worst = b.in.PriceFloat(l.Price)
		filled += take
		cost += take * worst
	}
	if filled == 0 {
		return 0, 0, 0
	}
	return cost / filled, filled, worst
}

func bookAge(rt *Runtime) int {
	updated := Self[*Book](rt).book().Updated()
	if updated == 0 {
		return rt.PushNil()
	}
	return rt.PushNumber(Seconds(rt.env.Now() - updated))
}

func bookIntegrity(rt *Runtime) int {
	return rt.PushString(string(Self[*Book](rt).book().Integrity()))
}

func bookReady(rt *Runtime) int {
	bk := Self[*Book](rt).book()
	if bk.Ready() {
		return rt.PushBool(true)
	}
	rt.PushBool(false)
	if reason := bk.Reason(); reason != "" {
		rt.PushString(bk.State().String() + ": " + reason)
	} else if bk.State() == book.Live {
		rt.PushString("one side is empty")
	} else {
		rt.PushString(bk.State().String())
	}
	return 2
}

func bookDepth(rt *Runtime) int {
	b := Self[*Book](rt)
	return rt.PushNumber(float64(b.book().Depth(rt.Arg(1).Side())))
}
