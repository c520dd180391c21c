package client

import (
	"context"
	"iter"

	"github.com/perilune/perilune/host/control"
)

// Desk is the session behind a client as a control.Desk: what asks and tells a session in
// this process asks and tells one in another.
type Desk struct{ *Client }

var _ control.Desk = Desk{}

func ask[R any](ctx context.Context, d Desk, op string, args any) (r R, err error) {
	err = d.Call(ctx, op, control.Who{}, args, &r)
	return r, err
}

// Identity implements control.Reader: what the status says, or of a session that does not
// answer what it said when it began.
func (d Desk) Identity() control.Identity {
	s, err := d.Status(context.Background())
	if err != nil {
		return control.Identity{Ledger: d.entry.Ledger, Mode: d.entry.Mode, PID: d.entry.PID, Started: d.entry.Started, Venues: []string{}}
	}
	return s.Identity
}

func (d Desk) Status(ctx context.Context) (*control.Status, error) {
	return ask[*control.Status](ctx, d, "status", control.None{})
}

func (d Desk) Strategies(ctx context.Context) ([]control.Strategy, error) {
	return ask[[]control.Strategy](ctx, d, "strategies", control.None{})
}

func (d Desk) Accounts(ctx context.Context) ([]control.Account, error) {
	return ask[[]control.Account](ctx, d, "accounts", control.None{})
}

func (d Desk) Positions(ctx context.Context, a control.StrategyArgs) ([]control.Position, error) {
	return ask[[]control.Position](ctx, d, "positions", a)
}

func (d Desk) Orders(ctx context.Context, a control.OrdersArgs) ([]control.Order, error) {
	return ask[[]control.Order](ctx, d, "orders", a)
}

func (d Desk) Pairs(ctx context.Context, a control.PairsArgs) ([]control.Pair, error) {
	return ask[[]control.Pair](ctx, d, "pairs", a)
}

func (d Desk) Books(ctx context.Context, a control.BooksArgs) ([]control.Book, error) {
	return ask[[]control.Book](ctx, d, "books", a)
}

func (d Desk) Rates(ctx context.Context) ([]control.Rate, error) {
	return ask[[]control.Rate](ctx, d, "rates", control.None{})
}

func (d Desk) Limits(ctx context.Context) ([]control.Limit, error) {
	return ask[[]control.Limit](ctx, d, "limits", control.None{})
}

func (d Desk) Fills(ctx context.Context, a control.RangeArgs) ([]control.Fill, error) {
	return ask[[]control.Fill](ctx, d, "fills", a)
}

func (d Desk) Funding(ctx context.Context, a control.RangeArgs) ([]control.Funding, error) {
	return ask[[]control.Funding](ctx, d, "funding", a)
}

func (d Desk) Equity(ctx context.Context, a control.SeriesArgs) ([]control.Point, error) {
	return ask[[]control.Point](ctx, d, "equity", a)
}

func (d Desk) Series(ctx context.Context, a control.SeriesArgs) ([]control.Series, error) {
	return ask[[]control.Series](ctx, d, "series", a)
}

func (d Desk) Log(ctx context.Context, a control.LogArgs) ([]control.LogLine, error) {
	return ask[[]control.LogLine](ctx, d, "log", a)
}

func (d Desk) Versions(ctx context.Context, a control.VersionsArgs) ([]control.Version, error) {
	return ask[[]control.Version](ctx, d, "versions", a)
}

func (d Desk) Commands(ctx context.Context, a control.RangeArgs) ([]control.Command, error) {
	return ask[[]control.Command](ctx, d, "commands", a)
}

func (d Desk) Explain(ctx context.Context, a control.ExplainArgs) (*control.Trace, error) {
	return ask[*control.Trace](ctx, d, "explain", a)
}

// Follow implements control.Reader.
func (d Desk) Follow(ctx context.Context, a control.FollowArgs) iter.Seq[control.Event] {
	return d.follow(ctx, a)
}

// Halt and the other methods of control.Steerer tell the session.
func (d Desk) Halt(ctx context.Context, by control.Who, a control.StrategyArgs) error {
	return d.Call(ctx, "halt", by, a, nil)
}

func (d Desk) Resume(ctx context.Context, by control.Who, a control.StrategyArgs) error {
	return d.Call(ctx, "resume", by, a, nil)
}

func (d Desk) CancelAll(ctx context.Context, by control.Who, a control.OrdersArgs) error {
	return d.Call(ctx, "cancel-all", by, a, nil)
}

func (d Desk) Flatten(ctx context.Context, by control.Who, a control.FlattenArgs) error {
	return d.Call(ctx, "flatten", by, a, nil)
}

func (d Desk) Reload(ctx context.Context, by control.Who, a control.ReloadArgs) error {
	return d.Call(ctx, "reload", by, a, nil)
}

func (d Desk) Set(ctx context.Context, by control.Who, a control.SetArgs) error {
	return d.Call(ctx, "set", by, a, nil)
}

func (d Desk) Signal(ctx context.Context, by control.Who, a control.SignalArgs) error {
	return d.Call(ctx, "signal", by, a, nil)
}

func (d Desk) Eval(ctx context.Context, by control.Who, a control.EvalArgs) (e *control.Evaluated, err error) {
	err = d.Call(ctx, "eval", by, a, &e)
	return e, err
}

func (d Desk) Stop(ctx context.Context, by control.Who) error {
	return d.Call(ctx, "stop", by, control.None{}, nil)
}
