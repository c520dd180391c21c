package host

import (
	"context"
	"runtime/debug"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
)

// alone makes options for a run of many: it keeps nothing, says nothing, and is seen by
// nobody.
func alone(o *Options) Options {
	s := *o
	s.Ledger, s.DB, s.Backup, s.New, s.ClearHalt, s.Journal = LedgerNone, "", BackupOptions{}, false, false, "off"
	s.Watch, s.Report, s.Log, s.Status, s.Opened = false, "", nil, nil, nil
	s.Logger, s.Notifier, s.Notify, s.Sure = nil, nil, nil, 0
	return s
}

// tap sees what a session decided, event by event.
type tap func(*exchange.Event, []core.Effect)

// runAlone runs one session to its end and hands it to look, before it is closed. A tap is
// made when the core is there. A panic is an error of this run alone.
func runAlone(ctx context.Context, o *Options, taps func(*runner) tap, look func(*runner, *Summary) error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: string(debug.Stack())}
		}
	}()
	if err := o.Validate(); err != nil {
		return err
	}
	r := newRunner(o)
	defer r.close()
	if err := r.open(ctx); err != nil {
		return err
	}
	r.tap = taps(r)
	sum, err := r.finish(ctx, r.loop.Run(ctx))
	if err == nil {
		err = context.Cause(ctx) // a run that was cut short is none
	}
	if err != nil {
		return err
	}
	return look(r, sum)
}
