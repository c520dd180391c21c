package record

import (
	"errors"
	"io"
	"sort"
	"testing"

	"pgregory.net/rapid"

	"github.com/perilune/perilune/exchange"
)

// script is a feed of given times; ID tells the feed and the place apart.
type script struct {
	times  []exchange.Time
	id     int64
	err    error
	closed int
}

func (s *script) Next(ev *exchange.Event) error {
	if len(s.times) == 0 {
		if s.err != nil {
			return s.err
		}
		return io.EOF
	}
	ev.Kind, ev.Time, ev.ID = exchange.KindTrade, s.times[0], s.id
	s.times, s.id = s.times[1:], s.id+1
	return nil
}

func (s *script) Close() error { s.closed++; return nil }

func TestMergeIsAStableSort(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		lists := rapid.SliceOfN(rapid.SliceOfN(rapid.Int64Range(0, 20), 0, 12), 1, 6).Draw(rt, "times")
		type item struct {
			at exchange.Time
			id int64
		}
		var want []item
		var feeds []exchange.Feed
		for i, l := range lists {
			sort.Slice(l, func(a, b int) bool { return l[a] < l[b] })
			s := &script{id: int64(i) * 1000}
			for j, v := range l {
				s.times = append(s.times, exchange.Time(v))
				want = append(want, item{exchange.Time(v), int64(i)*1000 + int64(j)})
			}
			feeds = append(feeds, s)
		}
		sort.SliceStable(want, func(a, b int) bool { return want[a].at < want[b].at })
		got, err := drain(t, Merge(feeds...))
		if err != nil || len(got) != len(want) {
			rt.Fatalf("%d events, error %v; want %d", len(got), err, len(want))
		}
		for i, w := range want {
			if got[i].Time != w.at || got[i].ID != w.id {
				rt.Fatalf("event %d: time %d id %d, want %d %d", i, got[i].Time, got[i].ID, w.at, w.id)
			}
		}
	})
}

func TestFailingFeedDoesNotStopOthers(t *testing.T) {
	boom := errors.New("boom")
	for name, join := range map[string]func(...exchange.Feed) exchange.Feed{"merge": Merge, "concat": Concat} {
		a, b := &script{times: []exchange.Time{1, 5}, err: boom}, &script{times: []exchange.Time{2, 3, 9}}
		evs, err := drain(t, join(a, b))
		if len(evs) != 5 || !errors.Is(err, boom) {
			t.Errorf("%s: %d events, error %v; want 5 and boom", name, len(evs), err)
		}
		if a.closed != 1 || b.closed != 1 {
			t.Errorf("%s: closed %d and %d times, want once each", name, a.closed, b.closed)
		}
	}
}
