package desk

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/attribution"
	"github.com/perilune/perilune/exchange/binance/account"
	"github.com/perilune/perilune/exchange/binance/api"
)

// audit compares our books of one market with the venue's account, in rounds.
// The first half of a round brings what events may have been missed: open orders,
// executions, income. The second reads balances and positions. A difference that
// two rounds find alike, with nothing under way, is booked by name.
type audit struct {
	market api.Market
	due    exchange.Time   // of the next round
	begun  exchange.Time   // the last round
	left   int             // requests of the round that are out
	out    map[uint64]bool // their numbers
	given  map[uint64]bool // numbers of the round that was given up, still out
	again  bool            // a round was asked for while one ran
	failed bool            // the round is not complete
	second bool
	tries  int // rounds in a row without a result

	balances  *Answer // of the round
	positions *Answer

	touched   exchange.Time // when our books last changed
	agreed    exchange.Time // when they last were the venue's
	compared  exchange.Time // when they last were, or all that differed was held
	fresh     bool          // what the account holds is its opening
	accept    bool          // what nothing explains is booked: a person said so
	diffs     map[string]diff
	strangers map[int64]exchange.Time    // open orders of others: when each was last heard of
	crowded   bool                       // there are more
	beyond    map[string]decimal.Decimal // positions outside of the universe, as last told

	since exchange.Time // income is listed from here
	paid  map[string]exchange.Time
	// unlisted are the rows of income that the ledger has and no listing has shown
	// yet: the venue's time of them is not known.
	unlisted map[string]bool
	listed   exchange.Time // when the first listing came
	coming   exchange.Time // of a funding payment that income does not show yet
	heard    exchange.Time // when we were told of it
	waits    string        // why the last round brought no result; "" when it did
	down     string        // why the stream is lost
}

// diff is what the venue has more than our books.
type diff struct {
	amount decimal.Decimal
	first  exchange.Time
	held   bool // nothing is traded on what it touches
}

func (d *Desk) audit(m api.Market) *audit {
	for _, a := range d.audits {
		if a.market == m {
			return a
		}
	}
	a := &audit{market: m, due: d.now, out: map[uint64]bool{}, given: map[uint64]bool{}, diffs: map[string]diff{},
		strangers: map[int64]exchange.Time{}, paid: map[string]exchange.Time{}, unlisted: map[string]bool{}}
	d.audits = append(d.audits, a)
	return a
}

func (a *audit) restore(from *Opening) {
	a.since = max(from.Since, from.Began)
	a.fresh = len(from.Wallets) == 0 && len(from.Positions) == 0
	a.accept = from.Accept
	for _, p := range from.Paid {
		if p.Market == a.market {
			a.unlisted[p.Asset+" "+p.Row] = true
		}
	}
}

// hurry brings the next round forward; one that runs is begun again after it.
func (a *audit) hurry(at exchange.Time) {
	a.due = min(a.due, at)
	a.again, a.tries = a.left > 0, 0
}

// gap begins a round in every market: something may have been missed.
func (d *Desk) gap(why string) {
	d.note("%s; the account is compared", why)
	for _, a := range d.audits {
		a.restart(d.now)
	}
}

func (d *Desk) touch(m api.Market) { d.audit(m).touched = d.now }

func (d *Desk) tickAudit(a *audit) {
	if a.left > 0 || a.due > d.now {
		return
	}
	a.due, a.begun, a.failed, a.second, a.again = never, d.now, false, false, false
	a.balances, a.positions = nil, nil
	a.ask(d.request(Request{Kind: OpenOrders, Market: a.market}))
	if a.market != api.Spot {
		a.ask(d.request(Request{Kind: Income, Market: a.market, Since: a.since}))
	}
	for _, t := range d.tapes {
		if api.Of(t.in.Venue) == a.market && (t.used || d.working(t.in.ID) || d.books.positions[t.in.ID] != 0) {
			a.ask(d.list(t))
		}
	}
}

func (a *audit) ask(number uint64) {
	a.out[number] = true
	a.left = len(a.out)
}

// working reports an open order in an instrument.
func (d *Desk) working(id exchange.InstrumentID) bool {
	return slices.ContainsFunc(d.open, func(n *order) bool { return n.Instrument == id && n.stage != done })
}

// onAudit takes the answers that only audits ask for.
func (d *Desk) onAudit(a *Answer, f *account.Fault) {
	au := d.audit(a.Request.Market)
	if f == nil {
		switch a.Request.Kind {
		case OpenOrders:
			d.onOpenOrders(au, a)
		case Income:
			d.onIncome(au, a)
		case Balances, Positions:
			au.keep(a)
		}
	}
	d.part(a.Request.Market, a.Request, f == nil)
}

// keep keeps a reading for the comparison, if it belongs to the round that runs.
func (a *audit) keep(ans *Answer) {
	switch {
	case !a.out[ans.Request.Number]:
	case ans.Request.Kind == Balances:
		a.balances = ans
	default:
		a.positions = ans
	}
}

// part takes note that a request of a round is answered, and goes on with the
// round when it was the last one.
func (d *Desk) part(m api.Market, r *Request, ok bool) {
	a := d.audit(m)
	delete(a.given, r.Number)
	if !a.out[r.Number] {
		return
	}
	delete(a.out, r.Number)
	a.left = len(a.out)
	a.failed = a.failed || !ok
	switch {
	case a.left > 0:
	case a.failed || a.again:
		if a.failed {
			a.waits = "the venue did not answer"
		}
		d.retry(a)
	case !a.second:
		a.second = true
		a.ask(d.request(Request{Kind: Balances, Market: m}))
		if m != api.Spot {
			a.ask(d.request(Request{Kind: Positions, Market: m}))
		}
	default:
		d.compare(a)
	}
}

// retry begins another round soon, and less soon every time.
func (d *Desk) retry(a *audit) {
	wait := min(2*exchange.Second<<min(a.tries, 5), d.opt.Schedule)
	if a.again {
		wait = 0
	}
	a.tries++
	a.due = d.now + wait
}

// onOpenOrders takes the list of open orders. An order of ours that is not in it
// is asked for: absence proves nothing.
func (d *Desk) onOpenOrders(a *audit, ans *Answer) {
	for i := range ans.Reports {
		d.report(&ans.Reports[i])
	}
	a.forgetStrangers(ans.Request.At)
	for _, n := range d.open {
		if api.Of(n.in.Venue) != a.market || n.stage != live || n.said.status.Terminal() || n.sent >= ans.Request.At {
			continue
		}
		listed := slices.ContainsFunc(ans.Reports, func(r account.Report) bool { return r.Symbol == n.in.Symbol && r.VenueID == n.venue })
		if !listed {
			n.due = soonest(n.due, d.now)
		}
	}
}

// restless says why our books need not be as the venue had them at a time: something
// is under way in the market, or was booked since. "": they must be.
func (d *Desk) restless(a *audit, at exchange.Time) string {
	switch {
	case a.touched >= at:
		return "something was booked meanwhile"
	case a.coming != 0:
		return fmt.Sprintf("funding of %s is not in the income yet", a.coming)
	}
	for _, n := range d.open {
		if api.Of(n.in.Venue) == a.market && (n.stage == placing || n.stage == doubtful || n.said.filled > n.Filled || n.said.status.Terminal() && n.stage != done) {
			return "order " + n.ClientID + " is in doubt"
		}
	}
	for _, t := range d.tapes {
		if api.Of(t.in.Venue) == a.market && (t.busy > 0 || len(t.orphans) > 0) {
			return "executions in " + t.in.Symbol + " are asked for"
		}
	}
	return ""
}

// confirmAfter is how long before a round a difference must have been seen for
// the round's listings to show what it came from.
const confirmAfter = 5 * exchange.Second

// restlessMost is the longest pause after a round that met a booking: trading that
// goes on must not put the next one off as a venue in trouble does. A round costs some
// 80 of the 2 400 weights of a minute.
const restlessMost = 15 * exchange.Second

// compare ends a round.
func (d *Desk) compare(a *audit) {
	at := a.balances.Request.At
	if a.waits = d.restless(a, at); a.waits != "" {
		d.retry(a)
		a.due = min(a.due, d.now+restlessMost)
		return
	}
	found := map[string]diff{}
	if a.positions != nil {
		d.comparePositions(a, found) // first: an opening position moves its wallet
	}
	d.compareBalances(a, found)
	a.diffs = found
	a.fresh = false
	if allHeld(found) {
		a.compared = d.now
	}
	if len(found) > 0 {
		d.retry(a)
		return
	}
	a.agreed, a.tries, a.due, a.accept = d.now, 0, d.now+d.opt.Schedule, false
	if a.down != "" {
		a.due = d.now + 5*exchange.Second // there is no stream to tell
	}
}

// allHeld reports whether every difference has lasted and holds what it touches.
func allHeld(found map[string]diff) bool {
	for _, f := range found { // order does not matter
		if !f.held {
			return false
		}
	}
	return true
}

// confirmed reports whether a difference is to be booked now; otherwise it keeps
// it for the next round.
func (d *Desk) confirmed(a *audit, key string, amount decimal.Decimal, found map[string]diff) bool {
	was, again := a.diffs[key]
	if a.fresh || again && was.amount.Equal(amount) && a.begun >= was.first+confirmAfter {
		return true
	}
	if !again || !was.amount.Equal(amount) {
		was = diff{amount: amount, first: d.now}
	}
	found[key] = was
	return false
}

func (d *Desk) compareBalances(a *audit, found map[string]diff) {
	theirs := map[string]decimal.Decimal{}
	assets := d.books.assets(a.market)
	for _, b := range a.balances.Balances {
		theirs[b.Asset] = b.Wallet
		if !slices.Contains(assets, b.Asset) {
			assets = append(assets, b.Asset)
		}
	}
	for _, asset := range assets {
		p := purse{a.market, asset}
		ours := d.books.totals[p]
		more := theirs[asset].Sub(ours)
		if more.IsZero() || d.moving(p) {
			continue
		}
		if d.confirmed(a, asset, more, found) {
			d.adjust(p, more, d.named(a, fmt.Sprintf("the venue has %s, the ledger %s", theirs[asset], ours)))
			continue
		}
		for _, t := range d.tapes { // somebody else may have traded it
			t.used = t.used || api.Of(t.in.Venue) == api.Spot && a.market == api.Spot && t.in.Base == asset
		}
	}
}

// named is the reason of an adjustment.
func (d *Desk) named(a *audit, what string) string {
	if a.fresh {
		return "opening balance"
	}
	return "unexplained difference: " + what
}

// adjust books a difference, which the core says.
func (d *Desk) adjust(p purse, amount decimal.Decimal, reason string) {
	d.books.add(p, amount)
	d.post(exchange.Event{Kind: exchange.KindBalance, Instrument: exchange.NoInstrument, Wallet: p.market.Wallet().Within(d.u.House()), Asset: p.asset, Amount: amount, Reason: reason})
}

func (d *Desk) comparePositions(a *audit, found map[string]diff) {
	theirs := make([]account.Position, d.u.Len())
	told := a.beyond
	a.beyond = map[string]decimal.Decimal{}
	for _, p := range a.positions.Positions {
		if in, ok := d.find(p.Market, p.Symbol); ok {
			theirs[in.ID] = p
		} else if !p.Qty.IsZero() {
			a.beyond[p.Symbol] = p.Qty
			d.beyond(told, &p)
		}
	}
	for _, in := range d.u.All() {
		if api.Of(in.Venue) != a.market {
			continue
		}
		d.comparePosition(a, in, theirs[in.ID], found)
	}
}

// beyond tells of a position outside of the universe, and again when it changed.
func (d *Desk) beyond(told map[string]decimal.Decimal, p *account.Position) {
	if was, ok := told[p.Symbol]; ok && was.Equal(p.Qty) {
		return
	}
	d.note("%s:%s is not in this universe and has a position of %s", p.Market, p.Symbol, p.Qty)
}

// comparePosition looks at one position. One that differs is never booked from the
// comparison alone, because whoever reads our books would trade on it: it holds the
// instrument, and the round that follows asks for the executions again.
func (d *Desk) comparePosition(a *audit, in *exchange.Instrument, p account.Position, found map[string]diff) {
	t := d.tapes[in.ID]
	ours := in.QtyDecimal(d.books.positions[in.ID])
	more := p.Qty.Sub(ours)
	switch {
	case more.IsZero():
		d.hold(t, "")
	case !d.confirmed(a, in.Symbol, more, found):
		t.used = true
	case a.fresh:
		d.openPosition(in, p)
	case a.accept:
		d.note("%s: the venue has a position of %s, our books %s: taken as it is, as you asked", in.Key(), p.Qty, ours)
		d.bookPosition(in, p, more, "foreign")
		d.hold(t, "")
	default:
		kept := a.diffs[in.Symbol]
		kept.held, t.used = true, true
		found[in.Symbol] = kept
		d.hold(t, fmt.Sprintf("the venue has a position of %s, our books %s, and its executions do not explain it", p.Qty, ours))
	}
}

// hold tells the core that nothing may trade in an instrument, or may again.
func (d *Desk) hold(t *tape, why string) {
	if t.held == why {
		return
	}
	t.held = why
	name := exchange.CommandHold
	if why == "" {
		name = exchange.CommandRelease
	}
	d.post(exchange.Event{Kind: exchange.KindCommand, Instrument: t.in.ID, Name: name, Reason: why})
}

// openPosition books a position that was there before the session. It is booked at
// the mark price, so that the session's profit begins there; what it made before is
// in the opening balance, and is taken out of it again as the position closes.
func (d *Desk) openPosition(in *exchange.Instrument, p account.Position) {
	if !p.Mark.IsPositive() {
		p.Mark = p.Entry
	}
	d.bookPosition(in, p, p.Qty, attribution.Nobody)
}

// Adjusted begins the trade ids of what no execution of the venue accounts for.
const Adjusted = "adjust-"

// bookPosition books a part of a position that no execution accounts for. Its profit
// is in the wallet, and is found there.
func (d *Desk) bookPosition(in *exchange.Instrument, p account.Position, more decimal.Decimal, reason string) {
	f := &exchange.Fill{Instrument: in.ID, TradeID: Adjusted + strconv.FormatInt(int64(d.now), 10), Side: exchange.Buy, Qty: lots(in, more.Abs()),
		FeeAsset: in.Settle(), Reason: reason}
	if more.IsNegative() {
		f.Side = exchange.Sell
	}
	f.Price = d.tapes[in.ID].price
	for _, price := range [...]decimal.Decimal{p.Entry, p.Mark} {
		if price.IsPositive() {
			f.Price = exchange.Ticks(in.Tick.Floor(price))
		}
	}
	f.Price = max(f.Price, 1)
	if reason == attribution.Nobody && p.Entry.IsPositive() {
		f.Realised = made(in, exchange.Lots(f.Side)*f.Qty, f.Price, p.Entry).Neg()
	}
	d.bookFill(in, f, 0) // when it happened is not known
}

// made is what a position has made from its entry to a price, in the settlement asset.
func made(in *exchange.Instrument, qty exchange.Lots, price exchange.Ticks, entry decimal.Decimal) decimal.Decimal {
	if in.Inverse() {
		return in.QtyDecimal(qty).Mul(in.ContractSize).DivRound(entry, 16).Sub(in.BaseQty(price, qty))
	}
	return in.Notional(price, qty).Sub(in.QtyDecimal(qty).Mul(entry))
}
