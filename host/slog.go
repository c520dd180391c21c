package host

import (
	"context"
	"log/slog"
	"time"

	"github.com/perilune/perilune/exchange/intent"
)

// tell tells a line to whom the options name.
func (o *Options) tell(l Line) {
	if o.Log != nil {
		o.Log(l)
	}
	if o.Logger != nil {
		o.toLogger(l)
	}
}

// toLogger hands a line to the logger of the options.
func (o *Options) toLogger(l Line) { handTo(o.Logger.Handler(), &l) }

// slogLevels are the levels of lines.
var slogLevels = [...]slog.Level{intent.Debug: slog.LevelDebug, intent.Info: slog.LevelInfo, intent.Warn: slog.LevelWarn, intent.Error: slog.LevelError}

// handTo hands a line to a handler. A line without a time has none there either, which
// handlers leave out.
func handTo(h slog.Handler, l *Line) {
	ctx, level := context.Background(), slogLevels[min(l.Level, intent.Error)]
	if !h.Enabled(ctx, level) {
		return
	}
	var at time.Time
	if l.Time != 0 {
		at = time.Unix(0, int64(l.Time)).UTC()
	}
	r := slog.NewRecord(at, level, l.Text, 0)
	r.AddAttrs(slog.String("strategy", l.Strategy))
	if l.Where != "" {
		r.AddAttrs(slog.String("where", l.Where))
	}
	if l.Instrument != "" {
		r.AddAttrs(slog.String("instrument", l.Instrument))
	}
	for _, id := range []struct {
		name string
		n    uint64
	}{{"order", uint64(l.Order)}, {"pair", uint64(l.Pair)}, {"seq", l.Seq}} {
		if id.n != 0 {
			r.AddAttrs(slog.Uint64(id.name, id.n))
		}
	}
	_ = h.Handle(ctx, r) // as slog itself does: whoever can't log can't tell of it either
}
