package host

import (
	"context"
	"errors"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/control"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/ledger"
)

// Desk is what can be asked of the session and what it can be told, for the doors of
// package control. What is asked is read between two events and changes nothing; what is
// told is an event, and says who told it. It may be called at any time; what is told
// before Run waits for it.
func (s *Session) Desk() control.Desk {
	s.r.memory.handlers.on.Store(true)
	base := deskBase{s}
	return &sessionDesk{deskReader{base}, deskSteerer{base}}
}

// sessionDesk is the desk of a session: what it answers, and what it does.
type sessionDesk struct {
	deskReader
	deskSteerer
}

type (
	deskReader  struct{ deskBase }
	deskSteerer struct{ deskBase }
	deskBase    struct{ s *Session }
)

// see reads what the loop owns, between two events.
func (d *deskBase) see(ctx context.Context, f func(c *core.Core, on core.Onlooker)) error {
	c, m := d.s.r.core, &d.s.r.memory
	return sorted(d.s.look(ctx, func() {
		began := time.Now()
		f(c, core.Onlooker{C: c})
		m.looked.Add(int64(time.Since(began)))
	}))
}

// kept is what the session's ledger keeps; false when it has none.
func (d *deskBase) kept() (deskLedger, bool) {
	r := d.s.r.record
	if r.db == nil {
		return deskLedger{}, false
	}
	return deskLedger{ledger.Pages{Reader: &r.db.Reader, Account: r.session}, d.defaultHouse()}, true
}

// written waits until what happened before is in the ledger, for a second.
func (d *deskBase) written(ctx context.Context) {
	if w := d.s.r.record.writer; w != nil {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_ = w.Sync(ctx) // a page that lacks the last rows is better than none
	}
}

func (d *deskBase) defaultHouse() string { return d.s.r.core.Universe().House() }

// sorted is an error of the session as doors tell it.
func sorted(err error) error {
	var already *control.Error
	var conf *ConfigError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &already):
		return already
	case errors.Is(err, ErrEnded):
		return control.Errorf(control.Ended, "%v", err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return control.Errorf(control.Late, "%v", err)
	case errors.Is(err, ErrOnLoop), errors.Is(err, errNoSession):
		return control.Errorf(control.Internal, "%v", err)
	case errors.As(err, &conf):
		return control.Errorf(control.BadRequest, "%v", err)
	}
	return control.Errorf(control.Refused, "%v", err)
}

// named checks that a strategy is one of the session; "" is any.
func (d *deskBase) named(strategy string) error {
	if names := d.s.r.strategies().Running; strategy != "" && !slices.Contains(names, strategy) {
		return notOne("strategy", strategy, names)
	}
	return nil
}

func notOne(what, name string, names []string) error {
	e := control.Errorf(control.NotFound, "there is no %s %q", what, name)
	if len(names) > 0 {
		e.Hint = "there are " + strings.Join(names[:min(len(names), 20)], ", ")
	}
	return e
}

// instrument finds an instrument by its key; "" is any, whose id is NoInstrument.
func (d *deskBase) instrument(key string) (exchange.InstrumentID, error) {
	if key == "" {
		return exchange.NoInstrument, nil
	}
	in, err := d.s.r.core.Universe().Lookup(key)
	if err != nil {
		return exchange.NoInstrument, control.Errorf(control.NotFound, "%v", err)
	}
	return in.ID, nil
}

// Identity implements control.Reader.
func (d *deskReader) Identity() control.Identity {
	r := d.s.r
	id := control.Identity{Session: r.record.session, Mode: r.deskMode(), Market: r.market.name, Venues: r.houses(), Currency: r.core.Currency(),
		Journal: r.record.dir, Version: programVersion(), PID: os.Getpid(), Started: r.started.UTC(), Live: d.s.State() != StateEnded}
	if r.record.db != nil {
		id.Ledger = r.record.path
	}
	if !id.Live {
		id.Mode, id.PID = "ended", 0
	}
	return id
}

// deskMode is the session's mode as people think of it.
func (r *runner) deskMode() string {
	switch {
	case r.account.real():
		return "live"
	case r.market.simulated:
		return "simulated"
	}
	return "paper"
}

// houses are those whose instruments the session has.
func (r *runner) houses() []string {
	out := []string{}
	for _, in := range r.core.Universe().All() {
		if h := in.Venue.House(); h != "" && !slices.Contains(out, h) {
			out = append(out, h)
		}
	}
	return out
}

// programVersion is the version that the program was built as.
func programVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "unknown"
	}
	return info.Main.Version
}

// Status implements control.Reader.
func (d *deskReader) Status(ctx context.Context) (*control.Status, error) {
	r := d.s.r
	out := &control.Status{Identity: d.Identity(), State: "running", Held: []string{}, Late: []string{}, Feeds: []control.Feed{}}
	out.Shadow, out.Twin = d.s.r.shadowing.standing().Text(), d.s.r.twinning.told()
	var strategies []strategyNow
	var midnight decimal.Decimal
	err := d.see(ctx, func(c *core.Core, on core.Onlooker) {
		st := c.Stats()
		out.Time, out.Events = r.loop.Now().UTC(), r.loop.Events()
		out.Halted, out.Held, out.Late = c.Halted(), append(out.Held, c.Held()...), append(out.Late, c.LateFeeds()...)
		out.Funding, out.Fees, out.Interest, out.Errors = st.Funding, st.Fees, st.Interest, st.Errors
		use := on.Usage()
		out.Fills, out.Orders = c.Fills(), use.OpenOrders
		for _, p := range on.Pairs(false) {
			out.Pairs++
			out.Unhedged = out.Unhedged.Add(p.Unhedged)
		}
		value, unvalued := d.worth()
		if out.Unvalued = unvalued; unvalued == "" {
			out.Equity = &value
		}
		for _, f := range feedLatencies(c.FeedLatencies()) {
			out.Feeds = append(out.Feeds, control.Feed{Venue: string(f.Venue), Stream: f.Stream, P50: f.P50, P99: f.P99})
		}
		midnight = use.DayEquity
		d.curve(out)
		strategies = d.strategiesNow(c, on)
	})
	if err != nil {
		return nil, err
	}
	d.changes(out, midnight)
	d.keepsUp(out)
	if out.Halted != "" {
		out.State = "halted"
	}
	out.Strategies = d.views(strategies, d.booked(ctx))
	return out, nil
}

// worthFor is how old the account's value may be that is shown: it is reckoned of all
// that is held.
const worthFor = time.Second

// worth is the account's value, at most a second old; it runs on the loop.
func (d *deskReader) worth() (decimal.Decimal, string) {
	m := &d.s.r.memory
	if time.Since(m.worthAt) >= worthFor {
		m.worth, m.unvalued = d.s.r.worth()
		m.worthAt = time.Now()
	}
	return m.worth, m.unvalued
}

// curve fills in what the equity curve of this run tells; it runs on the loop.
func (d *deskReader) curve(out *control.Status) {
	e := &d.s.r.equity
	if len(e.Points) > 0 {
		first := e.Points[0].Value
		out.Start = &first
		if peak := e.Peak(); peak.IsPositive() {
			last := e.Points[len(e.Points)-1].Value
			if out.Equity != nil {
				last = *out.Equity
			}
			out.Drawdown = max(0, 1-last.InexactFloat64()/peak.InexactFloat64())
		}
	}
	out.MaxDraw = max(e.Drawdown, out.Drawdown) // the last sample is older than the status
}

// changes fills in what the value changed by.
func (d *deskReader) changes(out *control.Status, midnight decimal.Decimal) {
	if out.Equity == nil {
		return
	}
	if out.Start != nil {
		pnl := out.Equity.Sub(*out.Start)
		out.PnL = &pnl
	}
	if midnight.IsPositive() {
		today := out.Equity.Sub(midnight)
		out.Today = &today
	}
}

// keepsUp fills in how the loop and the ledger do.
func (d *deskReader) keepsUp(out *control.Status) {
	r := d.s.r
	if at := r.supervisor.beats.Load(); at != 0 {
		out.Loop.BeatAge = float64(time.Now().UnixNano()-at) / 1e6
	}
	out.Loop.Lag = float64(r.memory.lag.Load()) / 1e6
	out.Loop.Inbox, out.Loop.Dropped = r.inbox.Waiting(), r.inbox.Dropped()
	if w := r.record.writer; w != nil {
		out.Loop.Ledger = w.Pending()
		if err := w.Err(); err != nil {
			out.Loop.Failing = err.Error()
		}
	}
}

// rowsIn is a limit of rows as it was asked for, within bounds.
func rowsIn(asked, usual, most int) (int, error) {
	switch {
	case asked == 0:
		return usual, nil
	case asked < 0 || asked > most:
		return 0, control.Errorf(control.BadRequest, "limit: %d: want 1 to %d", asked, most)
	}
	return asked, nil
}

func timeOf(t time.Time) exchange.Time {
	if t.IsZero() {
		return 0
	}
	return exchange.Time(t.UnixNano())
}

func utc(t exchange.Time) *time.Time {
	if t == 0 {
		return nil
	}
	u := t.UTC()
	return &u
}

func positive(d decimal.Decimal) *decimal.Decimal {
	if !d.IsPositive() {
		return nil
	}
	return &d
}
