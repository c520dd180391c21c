package host

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/synth"
	"github.com/perilune/perilune/host/bars"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/ledger"
)

// recallSpan is how much of an interrupted session's market is looked at again for
// its bars.
const recallSpan = 7 * exchange.Day

// recallLook is how many events are looked at between looks whether anyone still waits.
const recallLook = 1 << 10

// recallBars is the bars of an interrupted session on the built-in market, which
// can be wound back, so they need not have been kept: what the session saw last is
// shown to a core that does nothing else.
//
// It may take seconds: who asks the session to stop meanwhile is answered.
func recallBars(ctx context.Context, o *Options, c *core.Core, resume *ledger.Snapshot) ([]exchange.Event, error) {
	longest := c.LongestBar()
	if resume == nil || !o.synthetic() || longest == 0 {
		return nil, nil
	}
	from := resume.LastTime - min(recallSpan, bars.Keep*longest)
	if from -= from % exchange.Day; from <= synth.Began {
		from = 0 // the session's own beginning
	}
	m, err := openMarket(ctx, o, from)
	if err != nil {
		return nil, err
	}
	defer m.close()
	twin := c.BarTwin()
	var ev exchange.Event
	for n := 0; ; n++ {
		if n%recallLook == 0 && ctx.Err() != nil {
			return nil, fmt.Errorf("interrupted before the session began: %w", context.Cause(ctx))
		}
		err := m.feed.Next(&ev)
		if errors.Is(err, io.EOF) || err == nil && ev.Time > resume.LastTime {
			twin.WatchTrade(&exchange.Event{Time: resume.LastTime})
			return twin.RecallBars(), nil
		}
		if err != nil {
			return nil, fmt.Errorf("bars of the interrupted session: %w", err)
		}
		if ev.Kind == exchange.KindTrade {
			twin.WatchTrade(&ev)
		}
	}
}
