package host

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"path/filepath"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/control"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/internal/projection"
	"github.com/perilune/perilune/host/risk"
	"github.com/perilune/perilune/ledger"
)

// LedgerDesk is a ledger whose session has ended, which can be asked what a session can,
// as far as it is kept: what is told answers that it has ended. It reads the newest
// session of the ledger, also while another process writes it.
type LedgerDesk struct {
	endedDesk
	deskLedger
	db   *ledger.DB
	path string
	sess ledger.Session
	runs []ledger.Run
}

// OpenDesk opens a ledger to be asked. Close it.
func OpenDesk(path string) (*LedgerDesk, error) {
	db, err := ledger.Open(ledger.Options{Path: path, ReadOnly: true})
	if err != nil {
		return nil, &LedgerError{err}
	}
	d, err := newLedgerDesk(db, path)
	if err != nil {
		_ = db.Close()
		return nil, err
	}
	return d, nil
}

func newLedgerDesk(db *ledger.DB, path string) (*LedgerDesk, error) {
	all, err := db.Sessions()
	if err != nil {
		return nil, &LedgerError{err}
	}
	if len(all) == 0 {
		return nil, configError("ledger %s has no session", path)
	}
	d := &LedgerDesk{db: db, path: path, sess: all[len(all)-1]}
	if abs, err := filepath.Abs(path); err == nil {
		d.path = abs
	}
	d.deskLedger = deskLedger{ledger.Pages{Reader: &db.Reader, Account: d.sess.Account}, HouseOf(d.sess.Market)}
	if d.runs, err = db.Runs(d.sess.Account); err != nil {
		return nil, &LedgerError{err}
	}
	return d, nil
}

// Close closes the ledger.
func (d *LedgerDesk) Close() error { return d.db.Close() }

// Identity implements control.Reader.
func (d *LedgerDesk) Identity() control.Identity {
	id := control.Identity{Session: d.sess.Account, Mode: "ended", Market: d.sess.Market, Venues: housesIn(d.sess.Market), Ledger: d.path, Version: programVersion()}
	if id.Venues == nil {
		id.Venues = []string{}
	}
	if n := len(d.runs); n > 0 {
		id.Journal = d.runs[n-1].Journal
		id.Started, _ = time.Parse(time.RFC3339, d.runs[n-1].Started)
	}
	id.Currency = d.currency()
	return id
}

// runConfig is what a run's row tells of its configuration.
type runConfig struct {
	Currency string      `json:"currency"`
	Limits   risk.Limits `json:"limits"`
}

// config is that of the newest run.
func (d *LedgerDesk) config() (c runConfig) {
	if n := len(d.runs); n > 0 {
		_ = json.Unmarshal([]byte(d.runs[n-1].Config), &c) // of an older version: what it has
	}
	return c
}

// currency is what equity is in; ledgers of before it was kept are of sessions in the
// first of the dollars.
func (d *LedgerDesk) currency() string { return cmp.Or(d.config().Currency, exchange.Dollars[0]) }

// Limits implements control.Reader: those of the newest run, none of which is used.
func (d *LedgerDesk) Limits(context.Context) ([]control.Limit, error) {
	out := limitViews(&core.Usage{Limits: d.config().Limits.WithDefaults()}, decimal.Zero)
	for i := range out {
		out[i].Used = ""
	}
	return out, nil
}

// Status implements control.Reader.
func (d *LedgerDesk) Status(ctx context.Context) (*control.Status, error) {
	out := &control.Status{Identity: d.Identity(), Time: d.sess.LastTime.UTC(), State: "ended", Held: []string{}, Late: []string{}, Feeds: []control.Feed{}}
	if n := len(d.runs); n > 0 {
		out.Events = d.runs[n-1].Committed
	}
	snap, err := d.db.Restore(d.sess.Account)
	if err != nil {
		return nil, sorted(err)
	}
	out.Halted = projection.Halted(snap)
	points, err := d.db.Equity(ledger.Filter{Account: d.sess.Account})
	if err != nil {
		return nil, sorted(err)
	}
	endedCurve(out, points, d.runs)
	sums, err := d.PnL(ledger.Filter{Account: d.sess.Account})
	if err != nil {
		return nil, sorted(err)
	}
	for i := range sums {
		if p := &sums[i]; exchange.IsDollar(p.Asset) {
			out.Funding, out.Fees, out.Interest = out.Funding.Add(p.Funding), out.Fees.Add(p.Fees), out.Interest.Add(p.Interest)
		}
		out.Fills += sums[i].Fills
	}
	out.Orders, out.Pairs = len(snap.Orders), len(snap.Pairs)
	out.Strategies, err = d.Strategies(ctx)
	return out, err
}

// endedCurve fills in what the equity of the newest run tells.
func endedCurve(out *control.Status, points []ledger.EquityPoint, runs []ledger.Run) {
	if len(points) == 0 {
		return
	}
	newest := points[len(points)-1].Run
	var peak, start, last decimal.Decimal
	for _, p := range points {
		if p.Run != newest {
			continue
		}
		if start.IsZero() {
			start = p.Amount
		}
		peak, last = decimal.Max(peak, p.Amount), p.Amount
		if peak.IsPositive() {
			out.MaxDraw = max(out.MaxDraw, 1-p.Amount.InexactFloat64()/peak.InexactFloat64())
		}
	}
	pnl := last.Sub(start)
	out.Equity, out.Start, out.PnL = &last, &start, &pnl
	today := last.Sub(midnightEquity(points))
	out.Today = &today
	if peak.IsPositive() {
		out.Drawdown = max(0, 1-last.InexactFloat64()/peak.InexactFloat64())
	}
}

// midnightEquity is the last sample from before the day, in UTC, of the newest one; if there
// is none, the first.
func midnightEquity(points []ledger.EquityPoint) decimal.Decimal {
	end := points[len(points)-1].Time
	midnight, out := end-end%exchange.Day, points[0].Amount
	for _, p := range points {
		if p.Time < midnight {
			out = p.Amount
		}
	}
	return out
}

// Strategies implements control.Reader.
func (d *LedgerDesk) Strategies(ctx context.Context) ([]control.Strategy, error) {
	versions, err := d.deskLedger.Versions(ctx, "", 0, 500)
	if err != nil {
		return nil, sorted(err)
	}
	made, err := d.booked(d.currency())
	if err != nil {
		return nil, sorted(err)
	}
	held, err := d.Positions(ctx, control.StrategyArgs{})
	if err != nil {
		return nil, err
	}
	out := []control.Strategy{}
	seen := map[string]bool{}
	for i := range versions {
		v := &versions[i]
		if v.Outcome == "refused" || seen[v.Strategy] {
			continue
		}
		seen[v.Strategy] = true
		s := control.Strategy{Name: v.Strategy, Path: v.Path, Version: v.Version, Hash: v.Hash, Loaded: utc(v.Time), State: "ended", Params: []control.Param{}, Positions: []control.Position{}}
		for _, p := range held {
			if p.Strategy == s.Name {
				s.Positions = append(s.Positions, p)
			}
		}
		if m, ok := made[s.Name]; ok {
			s.PnL = &m
		}
		out = append(out, s)
	}
	return out, nil
}

// Accounts implements control.Reader: what the postings say.
func (d *LedgerDesk) Accounts(context.Context) ([]control.Account, error) {
	snap, err := d.db.Restore(d.sess.Account)
	if err != nil {
		return nil, sorted(err)
	}
	out := []control.Account{}
	for _, b := range snap.Balances {
		wallet, ok := strings.CutPrefix(b.Account, "A:")
		if !ok {
			continue
		}
		if n := len(out); n == 0 || out[n-1].Wallet != wallet {
			venue, _, dotted := strings.Cut(wallet, ".")
			if !dotted {
				venue = d.house
			}
			out = append(out, control.Account{Venue: venue, Wallet: wallet, Balances: []control.Balance{}})
		}
		a := &out[len(out)-1]
		a.Balances = append(a.Balances, control.Balance{Asset: b.Asset, Total: b.Amount})
	}
	return out, nil
}

// Positions implements control.Reader: those of strategies, from their fills.
func (d *LedgerDesk) Positions(_ context.Context, a control.StrategyArgs) ([]control.Position, error) {
	rows, err := d.db.Positions(ledger.Filter{Account: d.sess.Account, Strategy: a.Strategy})
	out := []control.Position{}
	for i := range rows {
		p := &rows[i]
		if !p.Qty.IsZero() {
			out = append(out, control.Position{Instrument: string(p.Venue) + ":" + p.Symbol, Strategy: ofHost(p.Strategy), Qty: p.Qty, Entry: p.Entry().Round(8), Realised: p.Realised.Round(8)})
		}
	}
	return out, sorted(err)
}

// Orders implements control.Reader: those that the ledger has no end of.
func (d *LedgerDesk) Orders(_ context.Context, a control.OrdersArgs) ([]control.Order, error) {
	snap, err := d.db.Restore(d.sess.Account)
	if err != nil {
		return nil, sorted(err)
	}
	out := []control.Order{}
	for i := range snap.Orders {
		o := &snap.Orders[i]
		key := string(o.Venue) + ":" + o.Symbol
		if a.Strategy != "" && o.Strategy != a.Strategy || a.Instrument != "" && exchange.Within(a.Instrument, d.house) != key || a.ID != 0 && uint64(o.ID) != a.ID {
			continue
		}
		out = append(out, control.Order{ID: uint64(o.ID), ClientID: o.ClientID, Strategy: ofHost(o.Strategy), Instrument: key, Side: o.Side.String(), Type: o.Type.String(), TIF: o.TIF.String(),
			Price: o.Price, Qty: o.Qty, Filled: o.Filled, Status: o.Status.String(), ReduceOnly: o.ReduceOnly, PostOnly: o.TIF == exchange.PostOnly,
			Pair: uint64(o.Pair), Schedule: uint64(o.Schedule), Created: o.Created.UTC(), Reason: o.Reason})
	}
	for i := range snap.Conditionals {
		c := &snap.Conditionals[i]
		key := string(c.Venue) + ":" + c.Symbol
		if c.Done || a.Strategy != "" && c.Strategy != a.Strategy || a.Instrument != "" && exchange.Within(a.Instrument, d.house) != key || a.ID != 0 && uint64(c.ID) != a.ID {
			continue
		}
		out = append(out, keptOrder(c, key))
	}
	return out, nil
}

// keptOrder is the view of an order that a session held: nothing watches it now.
func keptOrder(c *ledger.Conditional, key string) control.Order {
	v := control.Order{ID: uint64(c.ID), Strategy: ofHost(c.Strategy), Instrument: key, Side: c.Side.String(), Type: c.Type, Price: c.Price, Qty: c.Size,
		Filled: c.Filled, Status: c.State, ReduceOnly: c.Reduces, Created: c.Created.UTC(), Reason: "nothing watches it while no session runs", Held: true, Source: c.Source, Role: c.Role}
	if !c.Trigger.IsZero() {
		v.Trigger = &c.Trigger
	}
	if c.Role != "" {
		v.Group = uint64(c.Group)
	}
	if c.Expires != 0 {
		at := c.Expires.UTC()
		v.Expires = &at
	}
	return v
}

// Pairs implements control.Reader.
func (d *LedgerDesk) Pairs(_ context.Context, a control.PairsArgs) ([]control.Pair, error) {
	most, err := rowsIn(a.Limit, 200, 2000)
	if err != nil {
		return nil, err
	}
	return d.pairs(ledger.Filter{Account: d.sess.Account, Strategy: a.Strategy}, most, func(p *ledger.Pair) bool { return a.Closed || !p.Done })
}

// Fills implements control.Reader.
func (d *LedgerDesk) Fills(ctx context.Context, a control.RangeArgs) ([]control.Fill, error) {
	return d.fills(ctx, a)
}

// Funding implements control.Reader.
func (d *LedgerDesk) Funding(ctx context.Context, a control.RangeArgs) ([]control.Funding, error) {
	return d.funding(ctx, a)
}

// Equity implements control.Reader.
func (d *LedgerDesk) Equity(ctx context.Context, a control.SeriesArgs) ([]control.Point, error) {
	return d.equity(ctx, a)
}

// Series implements control.Reader: what strategies plotted, and the prices that were traded at.
func (d *LedgerDesk) Series(ctx context.Context, a control.SeriesArgs) ([]control.Series, error) {
	out := []control.Series{}
	if a.Instrument != "" {
		most, err := pointsIn(a.Points)
		if err != nil {
			return nil, err
		}
		key := exchange.Within(a.Instrument, d.house)
		fills, err := d.deskLedger.Fills(ctx, ledger.Page{Instrument: key, From: max(timeOf(a.From), 1), To: timeOf(a.To), Limit: 5000})
		if err != nil {
			return nil, sorted(err)
		}
		s := control.Series{Name: "price", Instrument: key, Points: []control.Point{}}
		for i := len(fills) - 1; i >= 0; i-- {
			s.Points = append(s.Points, control.Point{T: int64(fills[i].Time / exchange.Millisecond), V: fills[i].Price.InexactFloat64()})
		}
		s.Points = thinned(s.Points, most)
		out = append(out, s)
		if a.Strategy == "" {
			return out, nil
		}
	}
	plots, err := d.plots(ctx, a)
	return append(out, plots...), err
}

// Log implements control.Reader.
func (d *LedgerDesk) Log(ctx context.Context, a control.LogArgs) ([]control.LogLine, error) {
	return d.log(ctx, a)
}

// Versions implements control.Reader.
func (d *LedgerDesk) Versions(ctx context.Context, a control.VersionsArgs) ([]control.Version, error) {
	return d.versions(ctx, a, nil)
}

// Commands implements control.Reader.
func (d *LedgerDesk) Commands(ctx context.Context, a control.RangeArgs) ([]control.Command, error) {
	return d.commands(ctx, a)
}

// Explain implements control.Reader.
func (d *LedgerDesk) Explain(ctx context.Context, a control.ExplainArgs) (*control.Trace, error) {
	return d.explain(ctx, a)
}

// Follow implements control.Reader: nothing happens any more.
func (d *LedgerDesk) Follow(context.Context, control.FollowArgs) iter.Seq[control.Event] {
	return func(func(control.Event) bool) {}
}

// endedDesk can't be told anything, and knows no market.
type endedDesk struct{}

var errDeskEnded = control.Errorf(control.Ended, "the session has ended: it can be asked, and not told")

// Books implements control.Reader: no market is kept.
func (endedDesk) Books(context.Context, control.BooksArgs) ([]control.Book, error) {
	return []control.Book{}, nil
}

// Rates implements control.Reader: no market is kept.
func (endedDesk) Rates(context.Context) ([]control.Rate, error) { return []control.Rate{}, nil }

// Halt implements control.Steerer.
func (endedDesk) Halt(context.Context, control.Who, control.StrategyArgs) error { return errDeskEnded }

// Resume implements control.Steerer.
func (endedDesk) Resume(context.Context, control.Who, control.StrategyArgs) error {
	return errDeskEnded
}

// CancelAll implements control.Steerer.
func (endedDesk) CancelAll(context.Context, control.Who, control.OrdersArgs) error {
	return errDeskEnded
}

// Flatten implements control.Steerer.
func (endedDesk) Flatten(context.Context, control.Who, control.FlattenArgs) error {
	return errDeskEnded
}

// Reload implements control.Steerer.
func (endedDesk) Reload(context.Context, control.Who, control.ReloadArgs) error { return errDeskEnded }

// Set implements control.Steerer.
func (endedDesk) Set(context.Context, control.Who, control.SetArgs) error { return errDeskEnded }

// Signal implements control.Steerer.
func (endedDesk) Signal(context.Context, control.Who, control.SignalArgs) error { return errDeskEnded }

// Eval implements control.Steerer.
func (endedDesk) Eval(context.Context, control.Who, control.EvalArgs) (*control.Evaluated, error) {
	return nil, errDeskEnded
}

// Stop implements control.Steerer.
func (endedDesk) Stop(context.Context, control.Who) error { return errDeskEnded }

var _ control.Desk = (*LedgerDesk)(nil)
