package bindtest

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/bindings/std"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/exchange/intent/advice"
)

// Env is a market and an account made of plain fields. What is asked of it is
// recorded and otherwise without effect.
type Env struct {
	Time          exchange.Time
	U             *exchange.Universe
	Books         []*book.Book
	Marks         map[exchange.InstrumentID]exchange.MarkState
	Open          map[exchange.InstrumentID]exchange.OpenInterest
	Trades        map[exchange.InstrumentID]exchange.Trade
	SettledList   map[exchange.InstrumentID][]exchange.Settled
	NotReady      map[exchange.InstrumentID]string // why the past is not here
	BarList       map[exchange.InstrumentID][]exchange.Bar
	Day           intent.Ticker
	Scanned       *exchange.Scan
	Lengths       []exchange.Time // of bars, that the strategy declared
	FedEvery      exchange.Time
	Cautions      []string
	Quotes        map[exchange.InstrumentID][2]exchange.Level
	Positions     map[exchange.InstrumentID]exchange.Position
	Balances      map[string]exchange.Balance // by "wallet asset"
	Margins       map[string]exchange.Margin  // by "wallet asset"
	EquityValue   decimal.Decimal
	OrderList     []*exchange.Order
	PairList      []*intent.Pair
	ScheduleList  []*intent.Schedule
	ScheduleError error // what StartSchedule and CancelSchedule answer
	Curve         intent.Curve
	PairError     error // what OpenPair, ClosePair and Keep answer
	Maintained    []intent.MaintainRequest
	HeadroomNow   decimal.Decimal
	HeadroomSoon  decimal.Decimal

	ConditionalList []*intent.Conditional
	HoldError       error // what Hold, Amend and CloseOwn answer
	Held            []intent.ConditionalGroup
	Amended         []intent.ConditionalChange
	ClosedOwn       []exchange.InstrumentID
	HeadingTo       map[exchange.InstrumentID]exchange.Lots

	Submitted   []exchange.Order
	Canceled    []exchange.OrderID
	Opened      []intent.PairRequest
	Closed      []intent.CloseRequest
	Scheduled   []intent.ScheduleRequest
	Unscheduled []exchange.ScheduleID
	Paced       []float64
	Transfers   []exchange.Transfer
	Timers      map[string][2]exchange.Time // at, every
	Logged      []string                    // "info file:line message"
	Plotted     []string                    // "series value"
	Halted      string
	HaltedAll   string
	Notices     []string // "severity text"
	Silenced    bool     // what Notify answers is false

	AdvisorName string
	Asked       []advice.Question
	AskError    error
	Answers     map[string]*advice.Advice // by tag
}

// NewEnv returns a small market: BTC on spot, USD-M and COIN-M, and SHIB with
// its contract on a thousand coins. Each book has five levels. It is 2026-01-02
// 03:04:05 UTC.
func NewEnv() *Env {
	step, dec := exchange.MustStep, decimal.RequireFromString
	u, err := exchange.NewUniverse([]exchange.Instrument{
		{Venue: "spot", Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT", Tick: step("0.01"), Lot: step("0.00001"), MinNotional: dec("5")},
		{Venue: "spot", Symbol: "SHIBUSDT", Base: "SHIB", Quote: "USDT", Tick: step("0.00000001"), Lot: step("1")},
		{Venue: "usdm", Contract: exchange.Linear, Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT", Tick: step("0.1"), Lot: step("0.001"), MinNotional: dec("100"), FundingHours: 8},
		{Venue: "usdm", Contract: exchange.Linear, Symbol: "1000SHIBUSDT", Base: "SHIB", Quote: "USDT", Tick: step("0.000001"), Lot: step("1"), Multiplier: 1000, FundingHours: 4},
		{Venue: "usdm", Contract: exchange.Linear, Symbol: "BTCUSDT_260327", Base: "BTC", Quote: "USDT", Tick: step("0.1"), Lot: step("0.001"), Delivery: exchange.Date(2026, 3, 27) + 8*exchange.Hour},
		{Venue: "coinm", Contract: exchange.Inverse, Symbol: "BTCUSD_PERP", Base: "BTC", Quote: "USD", Tick: step("0.1"), Lot: step("1"), ContractSize: dec("100"), FundingHours: 8},
	})
	if err != nil {
		panic(err)
	}
	e := &Env{
		Time: exchange.Date(2026, 1, 2) + 3*exchange.Hour + 4*exchange.Minute + 5*exchange.Second,
		U:    u, EquityValue: dec("10000"),
		Marks:  make(map[exchange.InstrumentID]exchange.MarkState),
		Trades: make(map[exchange.InstrumentID]exchange.Trade), SettledList: make(map[exchange.InstrumentID][]exchange.Settled),
		BarList: make(map[exchange.InstrumentID][]exchange.Bar), Quotes: make(map[exchange.InstrumentID][2]exchange.Level),
		Positions: make(map[exchange.InstrumentID]exchange.Position), Balances: make(map[string]exchange.Balance),
		Margins: make(map[string]exchange.Margin), Timers: make(map[string][2]exchange.Time),
	}
	for _, in := range u.All() {
		e.Books = append(e.Books, book.New(in))
	}
	e.SetBook("spot:BTCUSDT", 100.00, 100.01)
	e.SetBook("usdm:BTCUSDT", 100.5, 100.6)
	e.SetBook("coinm:BTCUSD_PERP", 100.5, 100.6)
	e.SetBook("spot:SHIBUSDT", 0.00001000, 0.00001001)
	e.SetBook("usdm:1000SHIBUSDT", 0.010100, 0.010101)
	return e
}

// ID returns the number of an instrument. It panics on an unknown key.
func (e *Env) ID(key string) exchange.InstrumentID {
	in, err := e.U.Lookup(key)
	if err != nil {
		panic(err)
	}
	return in.ID
}

// SetBook gives a book five levels on each side, one tick apart, with 1, 2, 3, 4
// and 5 units of bids and twice that of asks.
func (e *Env) SetBook(key string, bid, ask float64) {
	in := e.U.Get(e.ID(key))
	ev := exchange.Event{Kind: exchange.KindSnapshot, Instrument: in.ID, Time: e.Time, LastID: 1}
	unit := exchange.Lots(in.Lot.Nearest(1))
	for i := range 5 {
		n, q := exchange.Ticks(i), exchange.Lots(i+1)*unit
		ev.Bids = append(ev.Bids, exchange.Level{Price: exchange.Ticks(in.Tick.Nearest(bid)) - n, Qty: q})
		ev.Asks = append(ev.Asks, exchange.Level{Price: exchange.Ticks(in.Tick.Nearest(ask)) + n, Qty: 2 * q})
	}
	e.Books[in.ID].Apply(&ev)
}

// The methods of std.Env that read.

func (e *Env) Now() exchange.Time                               { return e.Time }
func (e *Env) Universe() *exchange.Universe                     { return e.U }
func (e *Env) Book(id exchange.InstrumentID) *book.Book         { return e.Books[id] }
func (e *Env) Mark(id exchange.InstrumentID) exchange.MarkState { return e.Marks[id] }

// Ready implements market.Env: those of NotReady are not.
func (e *Env) Ready(id exchange.InstrumentID) (bool, string) {
	why := e.NotReady[id]
	return why == "", why
}

// Ticker implements market.Env.
func (e *Env) Ticker(exchange.InstrumentID) (intent.Ticker, string) {
	if e.Day.Source == "" {
		return e.Day, "nothing was counted"
	}
	return e.Day, ""
}

// Scan implements market.Env.
func (e *Env) Scan() (*exchange.Scan, exchange.Time, string) {
	if e.Scanned == nil {
		return nil, 0, "nobody was asked"
	}
	return e.Scanned, exchange.Second, ""
}

func (e *Env) OpenInterest(id exchange.InstrumentID) (exchange.OpenInterest, bool) {
	o, ok := e.Open[id]
	return o, ok
}
func (e *Env) Settled(id exchange.InstrumentID) []exchange.Settled { return e.SettledList[id] }
func (e *Env) Position(id exchange.InstrumentID) exchange.Position { return e.Positions[id] }
func (e *Env) Equity() decimal.Decimal                             { return e.EquityValue }
func (e *Env) Orders() []*exchange.Order                           { return e.OrderList }
func (e *Env) Pairs() []*intent.Pair                               { return e.PairList }
func (e *Env) Schedules() []*intent.Schedule                       { return e.ScheduleList }

// Bars returns the bars of BarList that have the length, which 0 leaves open.
func (e *Env) Bars(id exchange.InstrumentID, length exchange.Time) []exchange.Bar {
	var out []exchange.Bar
	for _, b := range e.BarList[id] {
		if length == 0 || b.Interval == length {
			out = append(out, b)
		}
	}
	return out
}

// Fed returns FedEvery, and Caution adds to Cautions.
func (e *Env) Fed() exchange.Time         { return e.FedEvery }
func (e *Env) Caution(where, text string) { e.Cautions = append(e.Cautions, where+" "+text) }

// BarLengths returns Lengths.
func (e *Env) BarLengths(exchange.InstrumentID) []exchange.Time { return e.Lengths }

func (e *Env) LastTrade(id exchange.InstrumentID) (exchange.Trade, bool) {
	t, ok := e.Trades[id]
	return t, ok
}

func (e *Env) Quote(id exchange.InstrumentID) (bid, ask exchange.Level, ok bool) {
	q, ok := e.Quotes[id]
	return q[0], q[1], ok
}

func (e *Env) Wallets() []exchange.Wallet { return e.Universe().Wallets() }

func (e *Env) Balance(wallet exchange.Wallet, asset string) exchange.Balance {
	return e.Balances[string(wallet)+" "+asset]
}

func (e *Env) Margin(wallet exchange.Wallet, asset string) exchange.Margin {
	return e.Margins[string(wallet)+" "+asset]
}

func (e *Env) PositionMargin(id exchange.InstrumentID) exchange.Margin {
	in := e.Universe().Get(id)
	return e.Margin(in.Wallet, in.Settle())
}

func (e *Env) Fees(id exchange.InstrumentID) (maker, taker decimal.Decimal) {
	return decimal.New(2, -4), decimal.New(5, -4)
}

func (e *Env) Order(id exchange.OrderID) (*exchange.Order, bool) {
	for _, o := range e.OrderList {
		if o.ID == id {
			return o, true
		}
	}
	return nil, false
}

func (e *Env) Pair(id exchange.PairID) (*intent.Pair, bool) {
	for _, p := range e.PairList {
		if p.ID == id {
			return p, true
		}
	}
	return nil, false
}

func (e *Env) Schedule(id exchange.ScheduleID) (*intent.Schedule, bool) {
	for _, s := range e.ScheduleList {
		if s.ID == id {
			return s, true
		}
	}
	return nil, false
}

// VolumeCurve returns Curve, or an even one when it has another length.
func (e *Env) VolumeCurve(_ exchange.InstrumentID, _, _ exchange.Time, slices int) intent.Curve {
	if len(e.Curve.Weights) != slices {
		return intent.UniformCurve(slices, "nothing was seen")
	}
	return e.Curve
}

// The methods of std.Env that ask.

func (e *Env) StartSchedule(r intent.ScheduleRequest) (exchange.ScheduleID, error) {
	if e.ScheduleError != nil {
		return 0, e.ScheduleError
	}
	e.Scheduled = append(e.Scheduled, r)
	return exchange.ScheduleID(len(e.Scheduled)), nil
}

func (e *Env) CancelSchedule(id exchange.ScheduleID) error {
	if e.ScheduleError == nil {
		e.Unscheduled = append(e.Unscheduled, id)
	}
	return e.ScheduleError
}

func (e *Env) PaceSchedule(id exchange.ScheduleID, x float64) error {
	if e.ScheduleError == nil {
		e.Paced = append(e.Paced, x)
	}
	return e.ScheduleError
}

func (e *Env) Submit(o exchange.Order) exchange.OrderID {
	e.Submitted = append(e.Submitted, o)
	return exchange.OrderID(len(e.Submitted))
}

func (e *Env) Cancel(id exchange.OrderID) { e.Canceled = append(e.Canceled, id) }

func (e *Env) OpenPair(r intent.PairRequest) (exchange.PairID, error) {
	if e.PairError != nil {
		return 0, e.PairError
	}
	e.Opened = append(e.Opened, r)
	return exchange.PairID(len(e.Opened)), nil
}

func (e *Env) ClosePair(r intent.CloseRequest) error {
	if e.PairError == nil {
		e.Closed = append(e.Closed, r)
	}
	return e.PairError
}

func (e *Env) MaintainMargin(r intent.MaintainRequest) error {
	if e.PairError == nil {
		e.Maintained = append(e.Maintained, r)
	}
	return e.PairError
}

func (e *Env) Headroom(exchange.Wallet) (now, soon decimal.Decimal, ok bool) {
	return e.HeadroomNow, e.HeadroomSoon, len(e.Maintained) > 0
}

func (e *Env) HaltReason() string { return e.Halted }

func (e *Env) Transfer(asset string, from, to exchange.Wallet, amount decimal.Decimal) {
	e.Transfers = append(e.Transfers, exchange.Transfer{Asset: asset, From: from, To: to, Amount: amount})
}

func (e *Env) SetTimer(name string, at, every exchange.Time) error {
	e.Timers[name] = [2]exchange.Time{at, every}
	return nil
}

func (e *Env) ClearTimer(name string) { delete(e.Timers, name) }

func (e *Env) Log(l intent.Level, where, message string) {
	e.Logged = append(e.Logged, fmt.Sprintf("%s %s %s", l, where, message))
}

func (e *Env) Chart(series string, v float64) {
	e.Plotted = append(e.Plotted, fmt.Sprintf("%s %v", series, v))
}

func (e *Env) Notify(s intent.Severity, text string) bool {
	if !e.Silenced {
		e.Notices = append(e.Notices, s.String()+" "+text)
	}
	return !e.Silenced
}

func (e *Env) Halt(reason string)    { e.Halted = reason }
func (e *Env) HaltAll(reason string) { e.HaltedAll = reason }

func (e *Env) Advisor() string { return e.AdvisorName }

func (e *Env) Ask(q advice.Question) (uint64, error) {
	if e.AskError != nil {
		return 0, e.AskError
	}
	e.Asked = append(e.Asked, q)
	return uint64(len(e.Asked)), q.Check()
}

func (e *Env) Advice(tag string) (*advice.Advice, bool) {
	a, ok := e.Answers[tag]
	return a, ok
}

var _ std.Env = (*Env)(nil)
