package core

import (
	"errors"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// A strategy tells people five things at once and then one a minute; what a callback that
// failed wanted to tell is not told, and does not count.
func TestNoticesOfAStrategyAreFew(t *testing.T) {
	var fail error
	var told int
	s := &script{name: "s", subs: []string{"spot:*"}, call: func(p *Port, n *Callback) error {
		if n.Handler == OnBook {
			told = 0
			for range 7 {
				if p.Notify(intent.Warning, "look") {
					told++
				}
			}
			return fail
		}
		return nil
	}}
	b := newBench(t, s)
	for _, tt := range []struct {
		after      exchange.Time
		fail       error
		told, sent int
	}{
		{0, errors.New("boom"), 5, 0}, {0, nil, 5, 5}, {59 * exchange.Second, nil, 0, 0}, {exchange.Second, nil, 1, 1},
		{2 * exchange.Minute, errors.New("boom"), 2, 0}, {0, nil, 2, 2}, {exchange.Hour, nil, 5, 5},
	} {
		b.now += tt.after
		fail = tt.fail
		notices := bodies[*Notified](b.book(0, 6000000, 6000001, 1000000))
		if told != tt.told || len(notices) != tt.sent {
			t.Errorf("after %+v: %d told, %d sent", tt, told, len(notices))
		}
	}
	line := (&Effect{Strategy: 0, Body: &Notified{intent.Critical, "a \"b\"\n"}}).Append(nil, b.core.Universe())
	if string(line) != `notify strategy=0 severity=critical text="a \"b\"\n"` {
		t.Errorf("%s", line)
	}
}
