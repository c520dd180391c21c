package ledger

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"
)

// within fails the test when f does not return: what hung did so for ever, so the
// limit only has to be far beyond what the work takes.
func within(t *testing.T, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(2 * time.Minute):
		buf := make([]byte, 1<<20)
		t.Fatalf("%s hangs\n%s", what, buf[:runtime.Stack(buf, true)])
	}
}

// One event may have more rows than the queue: a callback that draws 5,000 points,
// or sends 4,200 orders. The queue moves, whatever its size, and nothing is lost.
func TestAnEventLargerThanTheQueue(t *testing.T) {
	for _, o := range []WriterOptions{{}, {Queue: 1, Batch: 1}, {Queue: 10, Batch: 256}, {Queue: 300, Batch: 7}, {Queue: 4096, Batch: 5000}, {Queue: 200_000}} {
		t.Run(fmt.Sprintf("queue %d batch %d", o.Queue, o.Batch), func(t *testing.T) {
			rows := 100_000
			if o.Queue > 0 && o.Queue < 300 {
				rows = 1000 // a commit for each handful: the disk would be measured
			}
			r := newRig(t, o)
			within(t, "an event of many rows", func() {
				r.post(&ChartRow{At: at(1), Series: "before"})
				r.w.Mark(1)
				for range rows {
					if err := r.w.Post(&ChartRow{At: at(2), Series: "x", Value: 1}); err != nil {
						t.Error(err)
						return
					}
				}
				r.w.Mark(2)
				r.sync()
			})
			if n := r.count("chart"); n != rows+1 {
				t.Errorf("%d rows, want %d", n, rows+1)
			}
			if got, err := r.Committed(r.run.ID); err != nil || got != 2 {
				t.Errorf("cursor %d, %v", got, err)
			}
		})
	}
}

// Rows wait for company as long as Delay says: neither the mark that follows a row
// nor the next row ends the wait.
func TestRowsWaitForCompany(t *testing.T) {
	r := newRig(t, WriterOptions{Delay: time.Hour})
	for seq := uint64(1); seq <= 50; seq++ {
		r.post(depositRow(seq, "1"))
		r.w.Mark(seq)
		for range 20 {
			runtime.Gosched()
		}
		time.Sleep(100 * time.Microsecond)
	}
	r.w.mu.Lock()
	tries, waiting := r.w.tries, len(r.w.queue)
	r.w.mu.Unlock()
	if tries != 0 || waiting != 50 {
		t.Errorf("%d commits, %d rows wait; want none before the delay is over", tries, waiting)
	}
	r.sync() // does not wait
	if n := r.count("txn"); n != 50 {
		t.Errorf("%d rows after Sync", n)
	}
}

// A wait of Post has a bound: a disk that does not answer gives an error.
func TestPostGivesUpOnADiskThatDoesNotAnswer(t *testing.T) {
	r := newRig(t, WriterOptions{Queue: 3, Wait: 20 * time.Millisecond})
	tx, err := r.write.Begin() // what the writer commits with is taken
	must(t, err)
	var posted int
	for err == nil && posted < 100 {
		if err = r.w.Post(depositRow(uint64(posted+1), "1")); err == nil {
			posted++
		}
	}
	if !errors.Is(err, ErrSlow) || posted != 3 {
		t.Errorf("after %d rows: %v, want ErrSlow after 3", posted, err)
	}
	must(t, tx.Rollback())
	r.sync()
	if n := r.count("txn"); n != posted {
		t.Errorf("%d rows, posted %d", n, posted)
	}
}

// What comes while the writer is stalled is spooled up to a bound, without waiting,
// and written once the fault has passed.
func TestAStalledWriterSpools(t *testing.T) {
	r := newRig(t, WriterOptions{Queue: 8, Batch: 4, Spool: 500, Retry: time.Millisecond})
	must(t, r.spoil(1))
	posted := 0
	for r.w.Err() == nil {
		posted++
		r.post(depositRow(uint64(posted), "1"))
	}
	if err := r.w.Sync(context.Background()); !errors.Is(err, ErrFull) {
		t.Fatalf("sync: %v, want ErrFull", err)
	}
	var err error
	for err == nil && posted < 10_000 {
		if err = r.w.Post(depositRow(uint64(posted+1), "1")); err == nil {
			posted++
		}
	}
	if !errors.Is(err, ErrFull) || r.w.Pending() != 500 {
		t.Errorf("%d rows wait, then %v; want 500 and ErrFull", r.w.Pending(), err)
	}
	must(t, r.spoil(1<<30))
	r.sync()
	if n := r.count("txn"); n != posted || r.w.Err() != nil {
		t.Errorf("%d rows after the fault, posted %d, %v", n, posted, r.w.Err())
	}
}

// spoil sets how many pages the ledger may have: what is there already is kept.
func (r *rig) spoil(pages int) error {
	var got int
	return r.write.QueryRow(fmt.Sprintf("PRAGMA max_page_count = %d", pages)).Scan(&got)
}

// Rows and marks in any order, any sizes, faults that come and go, and others who
// Sync, ask and Close at any moment: every call returns, and what was taken before
// Close is in the ledger once, in whole events up to the cursor.
func TestNoWakeUpIsLost(t *testing.T) {
	rounds := 30
	if testing.Short() {
		rounds = 10
	}
	for seed := range uint64(rounds) {
		rnd := rand.New(rand.NewPCG(seed, 8))
		o := WriterOptions{Queue: 1 + rnd.IntN(30), Batch: 1 + rnd.IntN(40), Delay: time.Duration(1+rnd.IntN(3000)) * time.Microsecond,
			Retry: time.Duration(1+rnd.IntN(2000)) * time.Microsecond, Spool: 1 << 20, Wait: 90 * time.Second}
		r := newRig(t, o)
		within(t, fmt.Sprintf("seed %d, %+v", seed, o), func() { r.model(t, rnd, seed) })
		if t.Failed() {
			t.Fatalf("seed %d, %+v", seed, o)
		}
	}
}

func (r *rig) model(t *testing.T, rnd *rand.Rand, seed uint64) {
	var others sync.WaitGroup
	stop := make(chan struct{})
	for n := range uint64(2) {
		others.Go(func() { r.disturb(rand.New(rand.NewPCG(seed, n)), stop) })
	}
	taken, marks := 0, rnd.IntN(4) > 0
	for seq := uint64(1); seq <= 30; seq++ {
		for range rnd.IntN(60) {
			if err := r.w.Post(&ChartRow{At: at(seq), Series: "x"}); err != nil {
				t.Errorf("post: %v", err)
			} else {
				taken++
			}
		}
		if marks {
			r.w.Mark(seq)
		}
		if rnd.IntN(6) == 0 {
			runtime.Gosched()
		}
	}
	close(stop)
	others.Wait()
	must(t, r.spoil(1<<30))
	for range 3 {
		others.Go(func() {
			if err := r.w.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
	}
	others.Wait()
	if n := r.count("chart"); n != taken {
		t.Errorf("%d rows, %d were taken", n, taken)
	}
}

// disturb does what other goroutines may do to a writer.
func (r *rig) disturb(rnd *rand.Rand, stop chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		switch rnd.IntN(6) {
		case 0:
			_ = r.w.Sync(context.Background())
		case 1:
			ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rnd.IntN(500))*time.Microsecond)
			_ = r.w.Sync(ctx)
			cancel()
		case 2:
			_ = r.spoil(1 + rnd.IntN(2)<<30)
		case 3:
			_, _ = r.w.Err(), r.w.Pending()
		default:
			time.Sleep(time.Duration(rnd.IntN(400)) * time.Microsecond)
		}
	}
}
