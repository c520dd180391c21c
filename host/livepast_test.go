package host

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
)

// archive is a market that tells the past of one instrument after the other, when it is let.
type archive struct {
	connect.Market
	u    *exchange.Universe
	gate chan struct{} // nil: at once

	mu    sync.Mutex
	asked []string
}

func (a *archive) Universe() *exchange.Universe { return a.u }

func (a *archive) Past(ctx context.Context, id exchange.InstrumentID) ([]exchange.Event, error) {
	a.mu.Lock()
	a.asked = append(a.asked, a.u.Get(id).Key())
	a.mu.Unlock()
	if a.gate != nil {
		select {
		case <-a.gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	list := []exchange.Event{
		{Kind: exchange.KindFunding, Instrument: id, VenueTime: exchange.Hour, Rate: 1, Hours: 1},
		{Kind: exchange.KindFunding, Instrument: id, VenueTime: 2 * exchange.Hour, Rate: 2, Hours: 1},
		{Kind: exchange.KindBar, Instrument: id, VenueTime: 2 * exchange.Hour, Bar: exchange.Bar{Interval: exchange.Minute, Close: 5}},
	}
	if a.u.Get(id).Symbol == "BAD" {
		return list[:1], errors.New("no more than that")
	}
	return list, nil
}

func archiveOf(t *testing.T, symbols ...string) *archive {
	t.Helper()
	var list []exchange.Instrument
	for _, s := range symbols {
		list = append(list, exchange.Instrument{Venue: "alpha.perp", Contract: exchange.Linear, Symbol: s, Base: s, Quote: "USDT", FundingHours: 1,
			Tick: exchange.MustStep("1"), Lot: exchange.MustStep("1")})
	}
	u, err := exchange.NewUniverse(list)
	if err != nil {
		t.Fatal(err)
	}
	return &archive{u: u}
}

func quietly(posted *[]exchange.Event, said *[]string) env {
	var mu sync.Mutex
	return env{log: func(l Line) { mu.Lock(); defer mu.Unlock(); *said = append(*said, l.Text) }, entering: func(string, ...any) {},
		post: func(ev *exchange.Event) { mu.Lock(); defer mu.Unlock(); *posted = append(*posted, *ev) }}
}

// A few are waited for; of an interrupted session what was settled since is paid, apart from the
// past, and what can't be had is said.
func TestThePastOfAFewIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := archiveOf(t, "AAA", "BAD")
		var posted []exchange.Event
		var said []string
		r := newPastReader(quietly(&posted, &said), a, nil, []string{"alpha.perp:AAA"}, nil)
		defer r.stop()
		r.await(t.Context())
		past, paid := r.begin(exchange.Hour)
		if len(past) != 2 || len(past[0].Past.Settled) != 1 || len(past[0].Past.Bars) != 1 || past[1].Reason == "" || r.progress() != "" {
			t.Errorf("%+v, %q", past, r.progress())
		}
		if len(paid) != 1 || paid[0].VenueTime != 2*exchange.Hour || paid[0].Kind != exchange.KindFunding || paid[0].Instrument != past[0].Instrument {
			t.Errorf("to be paid: %+v", paid)
		}
		if len(said) != 1 || len(posted) != 0 {
			t.Errorf("said %q, posted %d", said, len(posted))
		}
	})
}

// Of many the session waits for what it holds alone; what is named in full is read before the
// rest, and what a strategy asks for before all.
func TestThePastOfManyComesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var symbols []string
		for n := range pastFew + 10 {
			symbols = append(symbols, string(rune('A'+n/26))+string(rune('A'+n%26)))
		}
		a := archiveOf(t, symbols...)
		a.gate = make(chan struct{})
		var posted []exchange.Event
		var said []string
		var behind atomic.Int32
		behind.Store(20)
		r := newPastReader(quietly(&posted, &said), a, func(string) bool { behind.Add(-1); return behind.Load() > 0 }, nil, []string{"alpha.perp:BC"})
		defer r.stop()
		r.await(t.Context())
		if past, paid := r.begin(0); len(past) != 0 || len(paid) != 0 {
			t.Fatalf("%d pasts before anything was read", len(past))
		}
		synctest.Wait()
		last := exchange.InstrumentID(len(symbols) - 1)
		r.first(last)
		close(a.gate)
		r.tasks.Wait()
		if len(posted) != len(symbols) || r.progress() != "" || len(said) != 1 {
			t.Errorf("posted %d, progress %q, said %q", len(posted), r.progress(), said)
		}
		if i := slices.Index(a.asked, "alpha.perp:BC"); i >= pastWorkers {
			t.Errorf("what is named was asked for as number %d", i+1)
		}
		if i := slices.Index(a.asked, a.u.Get(last).Key()); i < 0 || i >= 2*pastWorkers {
			t.Errorf("what a strategy looks for was asked for as number %d", i+1)
		}
	})
}
