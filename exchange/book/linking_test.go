package book

import (
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// TestLinkings shows what each way of linking takes for complete, in the numbers that
// venues send: the first message of each is a snapshot with id 100.
func TestLinkings(t *testing.T) {
	for _, tt := range []struct {
		name    string
		linking exchange.Linking
		diffs   []*exchange.Event
		want    string // live or what the reason says
		id      int64
	}{
		{"OKX: prevSeqId is the seqId before", exchange.LinkPrevious, []*exchange.Event{futures(101, 107, 100), futures(108, 109, 107)}, "live", 109},
		{"OKX: a heartbeat, seqId = prevSeqId", exchange.LinkPrevious, []*exchange.Event{futures(101, 107, 100), futures(108, 107, 107)}, "live", 107},
		{"OKX: numbers begin anew", exchange.LinkPrevious, []*exchange.Event{futures(101, 107, 100), futures(108, 107, 107), futures(108, 3, 107), futures(4, 5, 3)}, "live", 5},
		{"OKX: numbers begin anew right after a snapshot", exchange.LinkPrevious, []*exchange.Event{futures(101, 3, 100), futures(4, 5, 3)}, "live", 5},
		{"OKX: what was before numbers began anew comes again", exchange.LinkPrevious, []*exchange.Event{futures(101, 107, 100), futures(108, 3, 107), futures(108, 3, 107), futures(4, 5, 3)}, "live", 5},
		{"OKX: one is missing", exchange.LinkPrevious, []*exchange.Event{futures(101, 107, 100), futures(110, 112, 109)}, "gap: the book is at 107", 0},
		{"Deribit: prev_change_id", exchange.LinkPrevious, []*exchange.Event{futures(101, 130, 100), futures(131, 150, 130)}, "live", 150},
		{"Binance spot: U = u+1", exchange.LinkDense, []*exchange.Event{spot(101, 104), spot(105, 105)}, "live", 105},
		{"Binance spot: one is missing", exchange.LinkDense, []*exchange.Event{spot(101, 104), spot(106, 106)}, "gap: the book is at 104, the next diff is 106..106", 0},
		{"Bybit: u rises", exchange.LinkRising, []*exchange.Event{spot(101, 101), spot(102, 102)}, "live", 102},
		{"Bybit: u jumps ahead", exchange.LinkRising, []*exchange.Event{spot(101, 101), spot(105, 105)}, "live", 105},
		{"Bybit: u again", exchange.LinkRising, []*exchange.Event{spot(101, 101), spot(101, 101), spot(100, 100)}, "live", 101},
		{"Bybit: something was missed, and nothing tells what", exchange.LinkRising, []*exchange.Event{spot(101, 101), gapOf("missed"), spot(103, 103)}, "input was lost after 101 (missed), and ids that only rise", 0},
		{"Bybit: a snapshot mends it", exchange.LinkRising, []*exchange.Event{spot(101, 101), gapOf("missed"), spot(103, 103), snap(104), spot(105, 105)}, "live", 105},
		{"Bybit: the service has restarted at 1", exchange.LinkRising, []*exchange.Event{spot(101, 101), gapOf("restarted"), snap(1), spot(2, 2)}, "live", 2},
		{"Hyperliquid: snapshots only", exchange.LinkSnapshots, []*exchange.Event{snap(105), snap(140)}, "live", 140},
		{"Hyperliquid: a diff is a mistake", exchange.LinkSnapshots, []*exchange.Event{spot(101, 102)}, "gap: the book is at 100", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := *btc
			in.Linking = tt.linking
			b := New(&in)
			b.Apply(snap(100))
			for _, ev := range tt.diffs {
				b.Apply(ev)
			}
			if tt.want == "live" {
				if b.State() != Live || b.LastID() != tt.id {
					t.Errorf("%s at %d: %s; want live at %d", b.State(), b.LastID(), b.Reason(), tt.id)
				}
			} else if b.State() != Stale || !strings.HasPrefix(b.Reason(), tt.want) {
				t.Errorf("%s: %q, want %q", b.State(), b.Reason(), tt.want)
			}
		})
	}
}

func gapOf(reason string) *exchange.Event {
	return &exchange.Event{Kind: exchange.KindGap, Reason: reason}
}
