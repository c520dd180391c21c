package ledger

import (
	"database/sql"
	"errors"
	"testing"
	"time"
)

// hold takes the ledger as another program does, and returns what lets it go.
func hold(t *testing.T, db *DB) (release func()) {
	t.Helper()
	other, err := sql.Open("sqlite", "file:"+db.o.Path+"?_txlock=immediate&_pragma=busy_timeout(10000)")
	must(t, err)
	t.Cleanup(func() { _ = other.Close() })
	tx, err := other.Begin()
	must(t, err)
	return func() { must(t, tx.Rollback()) }
}

// Who has little time is not held up by a ledger that is held: all that is beyond the time
// is the try that was under way, and the error is what stood in the way.
func TestAnEndDoesNotWaitForEverForAHeldLedger(t *testing.T) {
	t.Parallel()
	for _, within := range []time.Duration{0, 1500 * time.Millisecond, 4 * time.Second} {
		r := newRig(t, WriterOptions{})
		release := hold(t, r.DB)
		r.post(depositRow(1, "100"))
		for end := time.Now().Add(time.Minute); r.w.Err() == nil && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			r.w.Mark(1)
		}
		began := time.Now()
		err := r.w.CloseWithin(within)
		if d := time.Since(began); !errors.Is(err, ErrBusy) || d < within || d > within+60*busyFor {
			t.Errorf("within %s: %v after %s, want that it is held", within, err, d)
		}
		if n := r.w.Pending(); n != 1 {
			t.Errorf("%d rows are left over, want 1", n)
		}
		release()
	}
}

// A ledger that is let go in time takes all of it.
func TestAnEndOutlastsAHeldLedger(t *testing.T) {
	t.Parallel()
	r := newRig(t, WriterOptions{})
	release := hold(t, r.DB)
	r.post(depositRow(1, "100"))
	go func() { time.Sleep(2500 * time.Millisecond); release() }()
	if err := r.w.CloseWithin(time.Minute); err != nil || r.count("txn") != 1 {
		t.Errorf("%v, %d txns", err, r.count("txn"))
	}
}
