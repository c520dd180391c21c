package loop

import (
	"context"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/perilune/perilune/exchange"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// far is further than any test waits.
const far = exchange.Time(1 << 62)

func command(n int64) *exchange.Event { return &exchange.Event{Kind: exchange.KindCommand, ID: n} }

func TestTheInboxKeepsEverythingInOrder(t *testing.T) {
	b := NewInbox()
	var posting sync.WaitGroup
	const each = 500
	for g := range int64(4) {
		posting.Go(func() {
			for n := range int64(each) {
				b.Post(command(g*each + n))
			}
		})
	}
	var got []int64
	for len(got) < 4*each {
		if ev := b.take(); ev != nil {
			got = append(got, ev.ID)
		}
	}
	posting.Wait()
	if b.take() != nil {
		t.Error("an event came twice")
	}
	last := map[int64]int64{}
	for _, id := range got {
		g := id / each
		if before, ok := last[g]; ok && id <= before {
			t.Fatalf("of poster %d, event %d came after %d", g, id, before)
		}
		last[g] = id
	}
}

func TestFullSpeedDoesNotWait(t *testing.T) {
	p := &Virtual{Inbox: NewInbox()}
	for range 5000 {
		if ev, err := p.Wait(context.Background(), 0, far); ev != nil || err != nil {
			t.Fatal(ev, err)
		}
	}
}

func TestFullSpeedBeats(t *testing.T) {
	var beats []exchange.Time
	p := &Virtual{Inbox: NewInbox(), Beat: func(now exchange.Time) { beats = append(beats, now) }}
	for i := range exchange.Time(5000) {
		if _, err := p.Wait(context.Background(), i, far); err != nil {
			t.Fatal(err)
		}
	}
	if len(beats) == 0 || len(beats) > 5 {
		t.Errorf("%d beats in 5000 events; want one in about a thousand", len(beats))
	}
}

// What comes from outside is handled before time goes on, at the time it is.
func TestOutsideComesFirst(t *testing.T) {
	for _, speed := range []float64{0, 1, 1e9} {
		b := NewInbox()
		p := &Virtual{Inbox: b, Speed: speed}
		b.Post(command(1))
		b.Post(command(2))
		for want := int64(1); want <= 2; want++ {
			ev, err := p.Wait(context.Background(), 77, far)
			if err != nil || ev == nil || ev.ID != want || ev.Time != 77 {
				t.Fatalf("speed %g: got %+v, %v; want event %d at 77", speed, ev, err, want)
			}
		}
	}
}

// A pacer that sleeps until the far future wakes for an event and for the end.
func TestAPacedWaitEndsEarly(t *testing.T) {
	b := NewInbox()
	p := &Virtual{Inbox: b, Speed: 1}
	go b.Post(command(5))
	if ev, err := p.Wait(context.Background(), 9, far); err != nil || ev == nil || ev.ID != 5 || ev.Time != 9 {
		t.Errorf("got %+v, %v", ev, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go cancel()
	if ev, err := p.Wait(ctx, 9, far); ev != nil || err != nil {
		t.Errorf("after the end: %+v, %v", ev, err)
	}
}

// Time that was spent, for example with the machine asleep, is not waited for
// again.
func TestAPacedWaitThatIsDueReturns(t *testing.T) {
	p := &Virtual{Inbox: NewInbox(), Speed: 1000, zero: time.Now().Add(-time.Hour), origin: 0}
	if ev, err := p.Wait(context.Background(), 0, 1000*exchange.Hour); ev != nil || err != nil {
		t.Errorf("got %+v, %v", ev, err)
	}
}

// In real time, an event is handled at the wall clock's time, and never before
// the session's.
func TestTheClock(t *testing.T) {
	b := NewInbox()
	c := &Real{Inbox: b, BeatEvery: time.Hour}
	start := Now()
	b.Post(command(1))
	ev, err := c.Wait(context.Background(), 0, far)
	if err != nil || ev == nil || ev.Time < start || ev.Time > Now() {
		t.Errorf("got %+v, %v; want it at the wall clock's time", ev, err)
	}
	ahead := Now() + exchange.Hour
	b.Post(command(2))
	if ev, _ := c.Wait(context.Background(), ahead, far); ev == nil || ev.Time != ahead {
		t.Errorf("got %+v; the session's time must not run back", ev)
	}
	if ev, err := c.Wait(context.Background(), 0, start); ev != nil || err != nil {
		t.Errorf("what is due: %+v, %v", ev, err)
	}
	go b.Post(command(3))
	if ev, _ := c.Wait(context.Background(), 0, far); ev == nil || ev.ID != 3 {
		t.Errorf("waiting for the far future: %+v, want event 3", ev)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go cancel()
	if ev, err := c.Wait(ctx, 0, far); ev != nil || err != nil {
		t.Errorf("after the end: %+v, %v", ev, err)
	}
}

func TestTheClockBeats(t *testing.T) {
	beats := 0
	b := NewInbox()
	c := &Real{Inbox: b, BeatEvery: time.Microsecond}
	c.Beat = func(exchange.Time) {
		if beats++; beats == 3 {
			b.Post(command(1))
		}
	}
	if ev, _ := c.Wait(context.Background(), 0, far); ev == nil || beats != 3 {
		t.Errorf("%+v after %d beats", ev, beats)
	}
}
