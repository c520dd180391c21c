package simserver

import (
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
)

// Account is one customer: a paper venue, and what an exchange remembers of its
// orders beyond what the venue needs.
type Account struct {
	Number int
	// Hedge is hedge mode, MultiAsset multi-assets mode and Isolated what has isolated
	// margin. They can be set, so that a client can be seen to find them; a front
	// refuses to trade in them.
	Hedge      bool
	MultiAsset bool
	Isolated   map[exchange.InstrumentID]bool
	// Note is the front's.
	Note any

	s     *State
	paper *paper.Venue

	orders    []*Order // by id
	live      []*Order // those that may be open, by id
	byPaper   map[exchange.OrderID]*Order
	byClient  map[clientKey]*Order // the latest that had the name
	trades    []*Trade
	incomes   []Income
	transfers []*Transfer
	moving    map[uint64]*Transfer // those that are under way
	settling  bool                 // positions are closed because their symbol has ended

	conditionals []*Conditional // by id
	waiting      []*Conditional // those that may trigger, by id
	parked       []*Order       // stop orders that have not triggered, by id
	// nextGoodTill is when the next date of a GTD order comes, in milliseconds of
	// the wall clock; 0: none.
	nextGoodTill int64
	countdowns   map[exchange.InstrumentID]exchange.Time

	nextPaper exchange.OrderID
	nextEntry int64 // the last number of an income or transfer

	outbox []Message // made, not yet sent
}

type clientKey struct {
	m      *Market
	client string
}

func newAccount(s *State, number int) *Account {
	return &Account{s: s, Number: number, byPaper: map[exchange.OrderID]*Order{}, byClient: map[clientKey]*Order{}, moving: map[uint64]*Transfer{},
		Isolated: map[exchange.InstrumentID]bool{}, countdowns: map[exchange.InstrumentID]exchange.Time{}}
}

// Trade is one fill.
type Trade struct {
	ID       int64
	Order    *Order
	Price    exchange.Ticks
	Qty      exchange.Lots
	Worth    decimal.Decimal // as Market.Worth
	Fee      decimal.Decimal
	FeeAsset string
	Realised decimal.Decimal
	Maker    bool
	Time     exchange.Time
}

// Income is one line of the income history of a wallet of contracts.
type Income struct {
	Segment *Segment
	Symbol  string // empty: of no instrument
	Kind    string // one of those below
	Amount  decimal.Decimal
	Asset   string
	Time    exchange.Time
	ID      int64  // of the entry, or of the trade or transfer that it is of
	Trade   string // empty: of no trade
}

// Kinds of income, as the control door names them.
const (
	IncomeRealised  = "REALIZED_PNL"
	IncomeFee       = "COMMISSION"
	IncomeFunding   = "FUNDING_FEE"
	IncomeTransfer  = "TRANSFER"
	IncomeInsurance = "INSURANCE_CLEAR"
)

// Orders returns all orders by id. The slice must not be changed.
func (a *Account) Orders() []*Order { return a.orders }

// Trades returns all trades by id. The slice must not be changed.
func (a *Account) Trades() []*Trade { return a.trades }

// Incomes returns the income history, oldest first. The slice must not be changed.
func (a *Account) Incomes() []Income { return a.incomes }

// Transfers returns the transfers that were accepted, oldest first. The slice must not
// be changed.
func (a *Account) Transfers() []*Transfer { return a.transfers }

// Conditionals returns all conditional orders by id. The slice must not be changed.
func (a *Account) Conditionals() []*Conditional { return a.conditionals }

// Waiting returns the conditional orders that may trigger, by id. The slice must not
// be changed.
func (a *Account) Waiting() []*Conditional { return a.waiting }

// Parked returns the stop orders that have not triggered, by id. The slice must not be
// changed.
func (a *Account) Parked() []*Order { return a.parked }

// Balance returns what a wallet holds of an asset.
func (a *Account) Balance(w exchange.Wallet, asset string) exchange.Balance {
	return a.paper.Balance(w, asset)
}

// Balances returns all that is held, by wallet and asset.
func (a *Account) Balances() []paper.Deposit { return a.paper.Balances() }

// Margin returns how a wallet's positions in an asset are covered.
func (a *Account) Margin(w exchange.Wallet, asset string) paper.Margin {
	return a.paper.Margin(w, asset)
}

// Position returns the position in an instrument.
func (a *Account) Position(id exchange.InstrumentID) exchange.Position { return a.paper.Position(id) }

// PositionMargin returns the margin of a position and of the orders beside it.
func (a *Account) PositionMargin(id exchange.InstrumentID) paper.PositionMargin {
	return a.paper.PositionMargin(id)
}

// LiquidationPrice returns the price at which a position is closed by force; false when
// there is none.
func (a *Account) LiquidationPrice(id exchange.InstrumentID) (decimal.Decimal, bool) {
	return a.paper.LiquidationPrice(id)
}

// Leverage returns the leverage of a contract.
func (a *Account) Leverage(id exchange.InstrumentID) int { return a.paper.Leverage(id) }

// SetLeverage changes the leverage of a contract. It is refused when the margin does
// not suffice for it.
func (a *Account) SetLeverage(id exchange.InstrumentID, leverage int) error {
	return a.paper.SetLeverage(id, leverage)
}

// Assets lists what a segment's wallet has ever held that is not zero, and what its
// contracts settle in, by name.
func (a *Account) Assets(seg *Segment) []string {
	house := a.s.opt.Universe.House()
	var out []string
	for _, d := range a.paper.Balances() {
		if d.Wallet.Within(house) == seg.Wallet.Within(house) {
			out = append(out, d.Asset)
		}
	}
	for _, m := range a.s.markets {
		if m.Segment == seg && m.In.Perp() {
			out = append(out, m.In.Settle())
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// drain takes what the venue has to say until now, and tells the subscribers.
func (a *Account) drain() {
	a.collect()
	a.Flush()
}

func (a *Account) collect() {
	var ev exchange.Event
	a.paper.Settle(a.s.now)
	for t, ok := a.paper.NextTime(); ok && t <= a.s.now; t, ok = a.paper.NextTime() {
		a.paper.Pop(&ev)
		a.on(&ev)
	}
}

func (a *Account) on(ev *exchange.Event) {
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
		seg := a.s.backedBy(ev.Wallet)
		a.bookIncome(Income{Segment: seg, Kind: IncomeInsurance, Amount: ev.Amount, Asset: ev.Asset, Time: ev.VenueTime})
		a.tell(Event{Kind: LossCleared, Time: ev.VenueTime, Segment: seg, Asset: ev.Asset, Amount: ev.Amount})
	}
}

func (a *Account) onUpdate(u *exchange.OrderUpdate, at exchange.Time) {
	o := a.byPaper[u.ID]
	if o == nil || u.CancelRejected {
		return
	}
	o.Updated = at
	switch u.Status {
	case exchange.StatusAccepted:
		if !o.resubmitted {
			o.Status = StatusNew
			a.report(o, Opened, nil)
		}
	case exchange.StatusCanceled:
		if !o.modifying {
			a.onCancelled(o)
		}
	case exchange.StatusRejected:
		o.refused = a.s.refuse(o.Market, u.Code, u.Reason)
	case exchange.StatusExpired:
		a.onExpired(o, u)
	}
}

// refuse has a refusal of the venue worded.
func (s *State) refuse(m *Market, code int, reason string) *Refusal {
	if f := m.front(); f != nil {
		return f.Refuse(m, code, reason)
	}
	return &Refusal{Code: code, Reason: reason}
}

// onCancelled ends an order that its owner or its date has ended.
func (a *Account) onCancelled(o *Order) {
	if o.lapsing {
		o.Status = StatusExpired
		a.report(o, Expired, nil)
		return
	}
	o.Status = StatusCancelled
	a.report(o, Cancelled, nil)
}

// onExpired ends an order that the exchange gave up. One with a code is refused: a
// contract's FOK order that cannot be filled was never there.
func (a *Account) onExpired(o *Order, u *exchange.OrderUpdate) {
	if u.Code != 0 {
		o.refused = a.s.refuse(o.Market, u.Code, u.Reason)
		return
	}
	o.Status, o.Ended, o.Reason = StatusExpired, EndedByVenue, u.Reason
	change := Expired
	if strings.HasPrefix(u.Reason, "self-trade") {
		o.Status, change = StatusMatched, Prevented
	}
	a.report(o, change, nil)
}

func (a *Account) onFill(f *exchange.Fill, at exchange.Time) {
	o := a.byPaper[f.Order]
	if f.Order == 0 || o == nil {
		o = a.forced(f, at)
	}
	id, _ := strconv.ParseInt(f.TradeID, 10, 64) // the venue counts from 1
	t := &Trade{ID: id, Order: o, Price: f.Price, Qty: f.Qty, Worth: o.Market.Worth(f.Price, f.Qty), Fee: f.Fee, FeeAsset: f.FeeAsset,
		Realised: f.Realised, Maker: f.Maker, Time: at}
	a.trades = append(a.trades, t)
	o.Fills = append(o.Fills, t)
	o.Filled += f.Qty
	o.Worth = o.Worth.Add(t.Worth)
	o.Updated = at
	o.Status = StatusPartial
	if o.Filled >= o.Qty {
		o.Status = StatusFilled
	}
	a.bookTrade(t)
	a.report(o, Filled, t)
}

// forced makes the order that the exchange sends for a liquidation or an
// auto-deleveraging: one the customer never sent.
func (a *Account) forced(f *exchange.Fill, at exchange.Time) *Order {
	m := a.s.markets[f.Instrument]
	o := &Order{Market: m, Side: f.Side, Kind: exchange.Limit, Price: f.Price, Qty: f.Qty, Created: at, Updated: at, Status: StatusNew, Forced: true}
	why := Liquidation
	switch {
	case f.Reason == "adl" && a.settling:
		why = Settlement
	case f.Reason == "adl":
		why = Deleveraging
	}
	if n, ok := m.front().(Namer); ok { // without a front there is nobody to name it for
		n.Name(o, why)
	}
	a.register(o)
	return o
}

// bookTrade books a fill's profit and fee in the income history of a wallet of
// contracts.
func (a *Account) bookTrade(t *Trade) {
	m := t.Order.Market
	if !m.In.Perp() {
		return
	}
	row := Income{Segment: m.Segment, Symbol: m.In.Symbol, Asset: t.FeeAsset, Time: t.Time, ID: t.ID, Trade: strconv.FormatInt(t.ID, 10)}
	if !t.Realised.IsZero() {
		profit := row
		profit.Kind, profit.Amount = IncomeRealised, t.Realised
		a.incomes = append(a.incomes, profit)
	}
	row.Kind, row.Amount = IncomeFee, t.Fee.Neg()
	a.incomes = append(a.incomes, row)
}

// bookIncome books an entry under a number of its own.
func (a *Account) bookIncome(r Income) {
	a.nextEntry++
	r.ID = a.nextEntry
	a.incomes = append(a.incomes, r)
}

func (a *Account) onFunding(p *exchange.FundingPayment) {
	m := a.s.markets[p.Instrument]
	a.bookIncome(Income{Segment: m.Segment, Symbol: m.In.Symbol, Kind: IncomeFunding, Amount: p.Amount, Asset: p.Asset, Time: p.Settled})
	a.tell(Event{Kind: FundingPaid, Time: p.Settled, Segment: m.Segment, Payment: p})
}
