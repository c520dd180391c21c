package okx_test

import (
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/simserver"
)

// The notice that a service is upgraded has another connection opened before this one is cut:
// books go on without a gap, unless that one lags.
func TestANoticeOfAnUpgrade(t *testing.T) {
	t.Parallel()
	l, m, events := aBook(t)
	armed, cut := false, time.Time{}
	deadline := time.After(time.Minute)
	for {
		select {
		case ev := <-events:
			switch {
			case ev.Kind == exchange.KindGap && !strings.Contains(ev.Reason, "lags behind"):
				t.Fatalf("a gap: %s", ev.Reason)
			case !armed && ev.Kind == exchange.KindDiff:
				armed = l.arm(t, simserver.Fault{Kind: "server_shutdown", Route: "public", Millis: 3000})
				cut = time.Now().Add(4 * time.Second)
			case armed && time.Now().After(cut):
				if h := m.Health(); h.Live != 1 || h.Gaps != 0 {
					t.Errorf("%+v", h)
				}
				return
			}
		case <-deadline:
			t.Fatal("the book stood still")
		}
	}
}
