package host

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/ledger/journal"
)

// auditor watches a session from outside and keeps its own books, as simply as
// can be. It implements loop.Recorder; the first thing that does not hold ends
// the session.
type auditor struct {
	u     *exchange.Universe
	core  *core.Core
	venue *badVenue
	feed  *badFeed

	positions []exchange.Lots
	wallets   map[string]decimal.Decimal // "spot BTC"
	orders    map[exchange.OrderID]*auditedOrder
	trades    map[string]bool
	pairs     map[exchange.PairID]*auditedPair
	schedules map[exchange.ScheduleID]*auditedSchedule
	fills     int // of this run
	before    int // of those before it

	witness *witness
	reaper  *reaper

	rests, books int  // how often these were compared
	started      bool // the opening balances are in
	dirty        bool

	events   int       // of all runs
	deadline time.Time // in the real world, when the seed has taken too long

	keep     bool // everything, for a replay
	recorded []recorded
}

// recorded is one run's journal.
type recorded struct {
	restore *core.Restore
	state   string // that the script went on from
	events  [][]byte
	lines   []string
}

type auditedOrder struct {
	exchange.Order
	filled exchange.Lots
	status exchange.OrderStatus
}

type auditedPair struct {
	request intent.PairRequest
	state   intent.PairState
	reason  string
	spot    decimal.Decimal
	perp    exchange.Lots
	orders  []*auditedOrder // that may be live
	foreign bool            // the venue took a part of it away, or lied about its orders
	coin    auditedCoin
	times   auditedTimes
}

func newAuditor(u *exchange.Universe) *auditor {
	return &auditor{u: u, positions: make([]exchange.Lots, u.Len()), wallets: map[string]decimal.Decimal{},
		orders: map[exchange.OrderID]*auditedOrder{}, trades: map[string]bool{}, pairs: map[exchange.PairID]*auditedPair{},
		schedules: map[exchange.ScheduleID]*auditedSchedule{}, witness: newWitness(), recorded: make([]recorded, 1)}
}

// Before implements loop.Recorder.
func (a *auditor) Before(ev *exchange.Event) error {
	if err := a.limits(ev); err != nil {
		return err
	}
	// The event before this one is over: what it led to is with the venue. An answer
	// of the venue is not yet in the core's books.
	if a.dirty && a.started && a.venue.idle() && !answers(ev.Kind) {
		a.dirty = false
		if err := a.rest(); err != nil {
			return fmt.Errorf("audit: at rest before event %d (%s): %w", ev.Seq, ev.Kind, err)
		}
	}
	if a.started && a.events%64 == 0 {
		if err := a.alive(ev.Time); err != nil {
			return fmt.Errorf("audit: before event %d (%s): %w", ev.Seq, ev.Kind, err)
		}
	}
	if a.started && a.reaper.before(ev) {
		a.venue.count["killed before an event was written"]++
		a.venue.again(ev)
		return errKilled
	}
	if a.keep {
		r := &a.recorded[len(a.recorded)-1]
		r.events = append(r.events, journal.AppendEvent(nil, ev))
	}
	return nil
}

// limits ends a seed that goes on for ever, and says where it stands.
func (a *auditor) limits(ev *exchange.Event) error {
	a.events++
	late := a.events%1024 == 0 && time.Now().After(a.deadline)
	if a.events <= mostEvents && !late {
		return nil
	}
	return fmt.Errorf("over its limit of %d events or %s: it stands at event %d (%s) of %s; next is %s; under way: %s", mostEvents, mostWallTime,
		a.events, ev.Kind, ev.Time, a.core.DueTimer(), strings.Join(a.core.Unfinished(), "; "))
}

// answers reports whether events of a kind come from the venue.
func answers(k exchange.Kind) bool {
	switch k {
	case exchange.KindOrder, exchange.KindFill, exchange.KindFundingPaid, exchange.KindTransfer, exchange.KindBalance:
		return true
	}
	return false
}

// After implements loop.Recorder.
func (a *auditor) After(ev *exchange.Event, fx []core.Effect) error {
	for i := range fx {
		if *traceSeed {
			fmt.Printf("%s %s\n", ev.Time, fx[i].Append(nil, a.u))
		}
		if a.keep {
			r := &a.recorded[len(a.recorded)-1]
			r.lines = append(r.lines, string(fx[i].Append(nil, a.u)))
		}
		if err := errors.Join(a.witness.effect(&fx[i], a.u), a.effect(&fx[i])); err != nil {
			return fmt.Errorf("audit: event %d (%s): %w", ev.Seq, ev.Kind, err)
		}
	}
	if ev.Kind == exchange.KindTrade {
		a.traded(ev)
	}
	a.started = a.started || ev.Kind == exchange.KindCommand
	if ev.Kind == exchange.KindDiff && ev.Seq%16 == 0 {
		if err := a.book(ev.Instrument); err != nil {
			return fmt.Errorf("audit: event %d: %w", ev.Seq, err)
		}
	}
	if a.started && a.reaper.after(ev, fx) {
		a.venue.count["killed before orders were sent"]++
		return errKilled
	}
	return nil
}

func (a *auditor) effect(e *core.Effect) error {
	switch b := e.Body.(type) {
	case core.Submit:
		return a.submit(b.Order)
	case core.SendTransfer:
		if e.Strategy == 0 && b.Transfer.Amount.Exponent() < 0 { // the monkey moves whole numbers
			a.venue.count["money shared out"]++
		}
	case core.OrderChanged:
		return a.order(b.Order)
	case core.Cancel:
		return a.order(b.Order)
	case *core.Filled:
		return a.fill(b)
	case *core.LogLine:
		a.said(b.Text)
	case core.Booked:
		a.dirty = true
		return a.txn(b.Txn)
	case *core.FundingPaid:
		a.coinFunding(b)
	case core.PairChanged:
		return a.pair(&b.Pair, &b.Request)
	case core.ScheduleChanged:
		return a.schedule(b.Saved)
	}
	return nil
}

// said counts what a margin manager tells.
func (a *auditor) said(text string) {
	for words, what := range map[string]string{"become margin": "cash became margin", "gives up": "pair made smaller"} {
		if strings.Contains(text, words) { // order does not matter: a line says one of them
			a.venue.count[what]++
		}
	}
}

// submit checks an order before it goes: numbered anew, within the bound of its
// pair, and alone on its leg.
func (a *auditor) submit(o *exchange.Order) error {
	if a.orders[o.ID] != nil {
		return fmt.Errorf("order %d is sent twice", o.ID)
	}
	n := &auditedOrder{Order: *o, status: exchange.StatusNew}
	if p := a.pairs[o.Pair]; o.Pair != 0 {
		if p == nil {
			return fmt.Errorf("order %d is of pair %d, which nobody announced", o.ID, o.Pair)
		}
		if err := a.bound(p, n); err != nil {
			return err
		}
		a.coinPath(p, n)
		p.orders = append(slices.DeleteFunc(p.orders, func(o *auditedOrder) bool { return o.status.Terminal() }), n)
	}
	a.orders[o.ID] = n
	if o.Schedule != 0 {
		return a.scheduleOrder(n)
	}
	return nil
}

// bound checks what would be naked in the worst case: any of the live orders
// fills whole and the others do not. An order may not make that worse than the
// pair's bound, at the price it is sent for.
func (a *auditor) bound(p *auditedPair, o *auditedOrder) error {
	without, with := a.outcomes(p, o)
	now, worst := largest(without), largest(with)
	in := a.u.Get(o.Instrument)
	price := in.PriceDecimal(o.Price).DivRound(decimal.NewFromInt(in.Multiplier), 16)
	// A lot of the coarser leg, and the difference of the two markets' prices, are
	// beyond the machine's control.
	lot := a.tolerance(p).Mul(price)
	if limit := p.request.MaxUnhedged.Mul(decimal.RequireFromString("1.01")).Add(lot); worst.GreaterThan(now) && worst.Mul(price).GreaterThan(limit) {
		return fmt.Errorf("order %d: %s coins could be naked, worth %s: the bound of pair %d is %s", o.ID, worst, worst.Mul(price), o.Pair, p.request.MaxUnhedged)
	}
	return nil
}

// outcomes are the residuals of all the ways in which the live orders of a pair
// can end, without a new order and with it.
func (a *auditor) outcomes(p *auditedPair, o *auditedOrder) (without, with []decimal.Decimal) {
	coins := func(o *auditedOrder) decimal.Decimal {
		price := exchange.Ticks(1)
		if a.u.Get(o.Instrument).Inverse() {
			price = o.Price
		}
		return a.u.Get(o.Instrument).BaseQty(price, exchange.Lots(o.Side)*(o.Qty-o.filled))
	}
	without = append(without, a.residual(p))
	for _, other := range p.orders {
		if !other.status.Terminal() {
			for _, sum := range slices.Clone(without) {
				without = append(without, sum.Add(coins(other)))
			}
		}
	}
	with = slices.Clone(without)
	for _, sum := range without {
		with = append(with, sum.Add(coins(o)))
	}
	return without, with
}

func largest(sums []decimal.Decimal) decimal.Decimal {
	most := decimal.Zero
	for _, s := range sums {
		most = decimal.Max(most, s.Abs())
	}
	return most
}

func (a *auditor) residual(p *auditedPair) decimal.Decimal {
	if a.u.Get(p.request.Perp).Inverse() {
		return p.coinResidual()
	}
	return p.spot.Add(a.u.Get(p.request.Perp).BaseQty(1, p.perp))
}

// tolerance is one lot of the coarser leg, in coins.
func (a *auditor) tolerance(p *auditedPair) decimal.Decimal {
	if a.u.Get(p.request.Perp).Inverse() {
		return a.coinTolerance(p)
	}
	return decimal.Max(a.u.Get(p.request.Spot).QtyDecimal(1), a.u.Get(p.request.Perp).BaseQty(1, 1))
}

// order follows an order's life: it only moves forward.
func (a *auditor) order(o *exchange.Order) error {
	n := a.orders[o.ID]
	if n == nil {
		if o.Status != exchange.StatusDenied {
			return fmt.Errorf("order %d is %s and was never sent", o.ID, o.Status)
		}
		a.orders[o.ID] = &auditedOrder{Order: *o, status: o.Status}
		return nil
	}
	if o.Status < n.status || (n.status.Terminal() && o.Status != n.status) {
		return fmt.Errorf("order %d goes from %s to %s", o.ID, n.status, o.Status)
	}
	if o.Filled != n.filled {
		return fmt.Errorf("order %d: %d lots filled, its fills make %d", o.ID, o.Filled, n.filled)
	}
	if n.status != o.Status {
		a.scheduleWord(o)
	}
	n.status = o.Status
	return nil
}

func (a *auditor) fill(e *core.Filled) error {
	f := e.Fill
	in := a.u.Get(f.Instrument)
	key := in.Key() + ":" + f.TradeID
	if a.trades[key] {
		return fmt.Errorf("trade %s is booked twice", key)
	}
	a.trades[key] = true
	a.positions[f.Instrument] += exchange.Lots(f.Side) * f.Qty
	if f.Order == 0 {
		a.foreign(e)
		return nil
	}
	o := a.orders[f.Order]
	if o == nil || o.status == exchange.StatusDenied {
		return fmt.Errorf("trade %s is of order %d, which was never sent", key, f.Order)
	}
	o.filled += f.Qty
	a.fills++
	if o.filled > o.Qty || f.Side != o.Side || f.Instrument != o.Instrument {
		return fmt.Errorf("trade %s: %s %d does not fit order %d: %s %d of %d", key, f.Side, f.Qty, o.ID, o.Side, o.filled, o.Qty)
	}
	if o.Type == exchange.Limit && exchange.Ticks(f.Side)*(f.Price-o.Price) > 0 {
		return fmt.Errorf("trade %s at %d is beyond the limit %d of order %d", key, f.Price, o.Price, o.ID)
	}
	a.pairFill(o, f)
	a.scheduleFill(o, f)
	return nil
}

func (a *auditor) pairFill(o *auditedOrder, f *exchange.Fill) {
	p := a.pairs[o.Pair]
	if p == nil {
		return
	}
	if o.status.Terminal() {
		p.foreign = true // told after the order's last word: nobody could know
	}
	a.pairBooks(p, f)
}

func (a *auditor) pairBooks(p *auditedPair, f *exchange.Fill) {
	in := a.u.Get(f.Instrument)
	if in.Perp() {
		p.perp += exchange.Lots(f.Side) * f.Qty
		p.coinFill(in, f)
		return
	}
	p.spot = p.spot.Add(in.QtyDecimal(exchange.Lots(f.Side) * f.Qty))
	if f.FeeAsset == in.Base {
		p.spot = p.spot.Sub(f.Fee)
	}
}

// foreign books what a fill that no order of ours made took from pairs, or gave them.
func (a *auditor) foreign(e *core.Filled) {
	for i := range e.Shares {
		share := &e.Shares[i]
		if p := a.pairs[share.Pair]; share.Pair != 0 && p != nil {
			p.foreign = true
			a.pairBooks(p, &share.Fill)
		}
	}
}

// txn sums every posting up: to zero by asset, and to the wallets' balances.
func (a *auditor) txn(t *core.Txn) error {
	a.coinMove(t)
	sums := map[string]decimal.Decimal{}
	for _, p := range t.Postings {
		sums[p.Asset] = sums[p.Asset].Add(p.Amount)
		if len(p.Account) > 2 && p.Account[:2] == "A:" {
			key := p.Account[2:] + " " + p.Asset
			a.wallets[key] = a.wallets[key].Add(p.Amount)
		}
	}
	for asset, sum := range sums {
		if !sum.IsZero() {
			return fmt.Errorf("%s %s: %s of %s are left over", t.Kind, t.Ref, sum, asset)
		}
	}
	return nil
}

// pair compares the pair as told with the sum of its fills.
func (a *auditor) pair(p *intent.Pair, r *intent.PairRequest) error {
	n := a.pairs[p.ID]
	if n == nil {
		n = &auditedPair{request: *r}
		a.pairs[p.ID] = n
	}
	if !p.SpotQty.Equal(n.spot) || p.PerpQty != n.perp {
		return fmt.Errorf("pair %d: %s coins and %d lots, its fills make %s and %d", p.ID, p.SpotQty, p.PerpQty, n.spot, n.perp)
	}
	if err := a.coinPair(p, n); err != nil {
		return err
	}
	if !n.foreign && (p.PerpQty > 0 || p.SpotQty.IsNegative()) {
		return fmt.Errorf("pair %d: %s coins, perpetual %d: it must hold coins and be short", p.ID, p.SpotQty, p.PerpQty)
	}
	if n.state.Done() && p.State != n.state && !n.foreign {
		return fmt.Errorf("pair %d goes from %s to %s", p.ID, n.state, p.State)
	}
	n.state, n.reason = p.State, p.Reason
	return nil
}

// rest compares all books when nothing is on its way: ours, the core's and the
// venue's.
func (a *auditor) rest() error {
	a.rests++
	if err := a.backed(); err != nil {
		return err
	}
	total := map[string]decimal.Decimal{}
	for _, h := range a.core.Holdings() {
		key := string(h.Wallet) + " " + h.Asset
		total[key] = h.Total
		if got := a.venue.Balance(h.Wallet, h.Asset).Total; !got.Equal(h.Total) || !a.wallets[key].Equal(h.Total) {
			return fmt.Errorf("%s: core %s, venue %s, postings %s", key, h.Total, got, a.wallets[key])
		}
	}
	for _, d := range a.venue.Balances() {
		if key := string(d.Wallet) + " " + d.Asset; !total[key].Equal(d.Amount) {
			return fmt.Errorf("%s: core %s, venue %s", key, total[key], d.Amount)
		}
	}
	for _, h := range a.venue.Account().Positions {
		// What coins cost depends on the order in which fills are heard of, and what
		// inverse contracts cost has no exact decimal.
		if ours := a.core.AccountCost(h.Instrument); a.u.Get(h.Instrument).Perp() && ours.Sub(h.Cost).Abs().GreaterThan(decimal.New(1, -8)) {
			return fmt.Errorf("%s: open cost %s in the core, %s at the venue", a.u.Get(h.Instrument).Key(), ours, h.Cost)
		}
	}
	for id, want := range a.positions {
		in := a.u.Get(exchange.InstrumentID(id))
		ours, theirs := a.core.AccountPosition(in.ID).Qty, a.venue.Position(in.ID).Qty
		if ours != want || theirs != want {
			return fmt.Errorf("%s: core %d, venue %d, fills %d", in.Key(), ours, theirs, want)
		}
	}
	return nil
}

// book compares a book that says it is right with what it should be.
func (a *auditor) book(id exchange.InstrumentID) error {
	b, truth := a.core.Book(id), a.feed.truth[id]
	if b.State() != book.Live || b.LastID() != a.feed.lastID[id] {
		return nil
	}
	a.books++
	for _, side := range []exchange.Side{exchange.Buy, exchange.Sell} {
		if got, want := b.AppendLevels(nil, side, 1<<20), truth.Levels(side); !slices.Equal(got, want) {
			return fmt.Errorf("book of %s: %s side has %d levels, want %d", b.Instrument().Key(), side, len(got), len(want))
		}
	}
	return nil
}

// end is the last check: every pair is hedged or flat, and no order is left.
func (a *auditor) end() error {
	for id, o := range a.orders {
		if !o.status.Terminal() {
			return fmt.Errorf("order %d is left %s", id, o.status)
		}
	}
	for id, p := range a.pairs {
		if err := a.pairEnd(id, p); err != nil {
			return err
		}
	}
	for id, s := range a.schedules {
		if err := a.scheduleEnd(id, s); err != nil {
			return err
		}
	}
	if !a.venue.idle() { // money is still on its way: the next session hears of it
		return nil
	}
	return a.rest()
}

// pairEnd allows what no order could mend: a lot of the coarser leg, or less than
// the venue's smallest order. (One that only reduces may be smaller, unless
// another position hides the short from the venue, or the venue lied.)
func (a *auditor) pairEnd(id exchange.PairID, p *auditedPair) error {
	spot, perp := a.u.Get(p.request.Spot), a.u.Get(p.request.Perp)
	if perp.Inverse() {
		return a.coinEnd(id, p)
	}
	bid, _ := a.core.Book(spot.ID).Level(exchange.Buy, 1)
	price := spot.PriceDecimal(bid.Price)
	res, short := a.residual(p), perp.BaseQty(1, p.perp)
	slack := decimal.RequireFromString("1.1")
	small := func(coins decimal.Decimal, in *exchange.Instrument) bool {
		return coins.Abs().Mul(price).LessThanOrEqual(in.MinNotional.Mul(slack))
	}
	hidden := p.foreign || a.positions[perp.ID] > p.perp
	tiny := hidden && small(short, perp)
	switch {
	case p.state.Done() && p.perp != 0 && !tiny:
		return fmt.Errorf("pair %d on %s is %s with a perpetual position of %d", id, perp.Key(), p.state, p.perp)
	case res.Abs().LessThanOrEqual(a.tolerance(p)), small(res, spot) && !res.IsNegative():
	case hidden && small(res, perp):
	case a.venue.back != 0: // the wallet's money is still gone: what needs margin is refused
	default:
		return fmt.Errorf("pair %d on %s is %s and unhedged by %s: %s coins, perpetual %d", id, perp.Key(), p.state, res, p.spot, p.perp)
	}
	return nil
}
