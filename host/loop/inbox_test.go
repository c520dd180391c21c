package loop

import (
	"context"
	"slices"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
)

func data(k exchange.Kind, of exchange.InstrumentID, id int64) *exchange.Event {
	return &exchange.Event{Kind: k, Instrument: of, ID: id, Time: 1}
}

// A loop that is behind loses market data, after its book was marked and never
// before; what concerns money stays, and a new book is asked for when there is
// room.
func TestAFullInboxMarksBeforeItDrops(t *testing.T) {
	b := NewInbox()
	b.Most = 4
	var asked []exchange.InstrumentID
	b.Refetch = func(id exchange.InstrumentID) { asked = append(asked, id) }
	for n := range int64(6) {
		b.Post(data(exchange.KindDiff, 7, n))
	}
	b.Post(data(exchange.KindFunding, 7, 100))
	b.Post(data(exchange.KindMark, 7, 101))
	b.Post(data(exchange.KindSnapshot, 7, 102))
	b.Post(data(exchange.KindFill, 7, 103))
	b.Post(data(exchange.KindTrade, 8, 104))
	want := []exchange.Kind{exchange.KindDiff, exchange.KindDiff, exchange.KindDiff, exchange.KindDiff, exchange.KindGap,
		exchange.KindFunding, exchange.KindMark, exchange.KindFill, exchange.KindGap}
	var got []exchange.Kind
	for ev := b.take(); ev != nil; ev = b.take() {
		got = append(got, ev.Kind)
		if len(asked) > 0 != (b.Waiting() <= 2) {
			t.Errorf("%d events wait, and %v were asked for", b.Waiting(), asked)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if !slices.Equal(asked, []exchange.InstrumentID{7, 8}) || b.Dropped() != 4 {
		t.Errorf("asked for %v, dropped %d", asked, b.Dropped())
	}
	b.Post(data(exchange.KindDiff, 7, 200))
	if ev := b.take(); ev == nil || ev.ID != 200 {
		t.Errorf("with room again: %+v", ev)
	}
}

// What a market's event waited is told, and the event goes back after it was
// handled, not before.
func TestTheClockTellsTheLagAndRecycles(t *testing.T) {
	b := NewInbox()
	var back []*exchange.Event
	c := &Real{Inbox: b, BeatEvery: 1, Recycle: func(ev *exchange.Event) { back = append(back, ev) }, began: Now() - exchange.Hour}
	late := data(exchange.KindDiff, 1, 1)
	late.Time = Now() - exchange.Minute
	b.Post(late)
	b.Post(command(2))
	for range 2 {
		if ev, err := c.Wait(context.Background(), 0, far); ev == nil || err != nil {
			t.Fatal(ev, err)
		}
		if lag := c.Lag(); len(back) == 0 && (lag < exchange.Minute || lag > 2*exchange.Minute) {
			t.Errorf("lag %d", lag)
		}
	}
	if len(back) != 1 || back[0] != late {
		t.Errorf("came back: %v", back)
	}
	if ev, err := c.Wait(context.Background(), 0, 1); ev != nil || err != nil || len(back) != 1 {
		t.Errorf("a command is not a market's: %v %v %v", ev, err, back)
	}
}

// What waits when a session begins is nobody's lag, and is followed by the word that all of it
// was taken.
func TestWhatWaitedForTheBeginning(t *testing.T) {
	b := NewInbox()
	c := &Real{Inbox: b, BeatEvery: 1}
	for i := range 2 {
		early := data(exchange.KindDiff, 1, int64(i))
		early.Time = Now() - exchange.Minute
		b.Post(early)
	}
	var got []string
	for range 3 {
		ev, err := c.Wait(context.Background(), 0, far)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, ev.Kind.String()+ev.Name)
		b.Post(data(exchange.KindTrade, 1, 9))
	}
	if want := []string{"diff", "diff", "command" + core.CommandCaughtUp}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if lag := c.Lag(); lag >= exchange.Minute {
		t.Errorf("lag %d", lag)
	}
	b, c = NewInbox(), &Real{BeatEvery: 1}
	c.Inbox = b
	if ev, err := c.Wait(context.Background(), 0, 1); ev != nil || err != nil || b.Waiting() != 0 {
		t.Errorf("with nothing that waited: %v %v, %d more", ev, err, b.Waiting())
	}
}

// A function is called by whoever takes events, whether there are any or not, and a
// clock that waits wakes for it.
func TestCallsRunOnTheLoop(t *testing.T) {
	b := NewInbox()
	called := 0
	b.Call(func() { called++ })
	if ev := b.take(); ev != nil || called != 1 {
		t.Errorf("took %v, called %d times", ev, called)
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &Real{Inbox: b, BeatEvery: 1 << 40}
	go b.Call(func() { called++; cancel() })
	if ev, err := c.Wait(ctx, 0, far); ev != nil || err != nil || called != 2 {
		t.Errorf("got %v, %v; called %d times", ev, err, called)
	}
}
