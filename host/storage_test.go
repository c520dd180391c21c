package host

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/ledger"
)

// resting is a session whose orders rest at the venue, once some do.
func (h *liveHouse) resting(o *Options) *liveSession {
	h.t.Helper()
	s := begin(h.t, o, nil)
	h.waitFor("orders rest", time.Minute, func(tr *truth) bool { return len(tr.OpenOrders) >= 4 })
	return s
}

// away lets a session only do orders that rest.
var away = map[string]string{"away": "0.02", "acts": "100000", "every": "0.2"}

// cleared waits until nothing rests at the venue, which a fault of the storage made so.
func (h *liveHouse) cleared(s *liveSession, why string) {
	h.t.Helper()
	s.until("the fault is told", time.Minute, func(*liveState) bool { return strings.Contains(s.log(), why) })
	h.waitFor("nothing rests", time.Minute, func(tr *truth) bool { return len(tr.OpenOrders) == 0 })
}

// ending waits for a session to end by itself and returns why.
func (s *liveSession) ending(limit time.Duration) error {
	s.t.Helper()
	select {
	case err := <-s.ended:
		s.stop()
		return err
	case <-time.After(limit):
		s.end()
		s.t.Fatalf("the session does not end\n%s", tail(s.log(), 6000))
	}
	return nil
}

// resumed goes on with a session, ends it, and compares the ledger with the venue. It
// returns what the session said.
func (h *liveHouse) resumed(o *Options) string {
	h.t.Helper()
	s := begin(h.t, o, nil)
	s.quiet(h, 60*time.Second)
	s.end()
	if n := len(h.truth().OpenOrders); n != 0 {
		h.t.Errorf("%d orders rest after the end", n)
	}
	h.auditedAt(o.DB)
	if h.t.Failed() {
		h.t.Log(tail(s.log(), 4000))
	}
	return s.log()
}

func livePaths(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("runs against a local exchange for some seconds")
	}
}

// Another program holds the ledger: what rests is canceled, rows wait in memory, and
// when it lets go the session trades on as if nothing had been.
func TestLiveALockedLedger(t *testing.T) {
	livePaths(t)
	t.Parallel()
	h := openHouse(t, 31, nil)
	o := h.options(away)
	s := h.resting(o)
	other, err := sql.Open("sqlite", "file:"+o.DB+"?_txlock=immediate&_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	tx, err := other.Begin() // BEGIN IMMEDIATE, as a backup does
	if err != nil {
		t.Fatal(err)
	}
	h.cleared(s, "ledger is held by another program")
	events := s.state().events
	s.until("the session goes on meanwhile", time.Minute, func(st *liveState) bool { return st.events > events+50 })
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	s.until("it is told that it passed", time.Minute, func(*liveState) bool { return strings.Contains(s.log(), "passed after") })
	h.waitFor("orders rest again", time.Minute, func(tr *truth) bool { return len(tr.OpenOrders) > 0 })
	s.end()
	h.resumed(h.options(map[string]string{"acts": "1"}))
}

// It is still held when the session is ended: the session ends in time and says why,
// nothing rests, and the next start completes the ledger from the journal. Nobody takes
// that for a session that was killed.
func TestLiveALedgerLockedToTheEnd(t *testing.T) {
	livePaths(t)
	t.Parallel()
	h := openHouse(t, 32, nil)
	o := h.options(away)
	var told atomic.Bool
	o.Log = func(l Line) {
		if strings.Contains(l.Text, "ledger is held by another program") {
			told.Store(true)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan error, 1)
	go func() { _, err := Run(ctx, o); ended <- err }()
	h.waitFor("orders rest", time.Minute, func(tr *truth) bool { return len(tr.OpenOrders) >= 4 })
	other, err := sql.Open("sqlite", "file:"+o.DB+"?_txlock=immediate&_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	tx, err := other.Begin()
	if err != nil {
		t.Fatal(err)
	}
	h.waitFor("nothing rests", time.Minute, func(tr *truth) bool { return told.Load() && len(tr.OpenOrders) == 0 })
	stop()
	select {
	case err = <-ended:
	case <-time.After(6 * stopWithin): // a busy machine may take longer than it is meant to
		t.Fatal("the session does not end")
	}
	if !errors.Is(err, ledger.ErrBusy) || Classify(err) != FaultLedger || !strings.Contains(err.Error(), "are in the journal, and the next start completes it") {
		t.Errorf("%v (%d), want that the ledger is held, and what becomes of the rows", err, Classify(err))
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	log := h.resumed(h.options(map[string]string{"acts": "1"}))
	if !strings.Contains(log, "rows recovered from its journal") || strings.Contains(log, "was killed") {
		t.Errorf("the next start says\n%s", tail(log, 2000))
	}
}

// The ledger is deleted, or something else takes its name: nothing rests, the session
// ends, and what was in it is back in its place or beside it, whole.
func TestLiveALedgerThatIsGone(t *testing.T) {
	livePaths(t)
	t.Parallel()
	for i, tt := range []struct {
		name string
		lose func(t *testing.T, db string)
		back bool
	}{
		{"deleted", func(t *testing.T, db string) { remove(t, db) }, true},
		{"deleted with its log", func(t *testing.T, db string) { remove(t, db, db+"-wal", db+"-shm") }, true},
		{"replaced", func(t *testing.T, db string) {
			remove(t, db)
			if err := os.WriteFile(db, []byte("another file"), 0o644); err != nil {
				t.Fatal(err)
			}
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := openHouse(t, uint64(40+i), nil)
			o := h.options(away)
			s := h.resting(o)
			tt.lose(t, o.DB)
			h.cleared(s, "was deleted or replaced")
			err := s.ending(90 * time.Second)
			if !errors.Is(err, ledger.ErrGone) || Classify(err) != FaultLedger {
				t.Errorf("%v (%d), want that the ledger is gone", err, Classify(err))
			}
			if !tt.back {
				saved, err := filepath.Glob(o.DB + ".salvaged-*")
				if err != nil || len(saved) != 1 || !strings.Contains(s.log(), "perilune ledger restore "+saved[0]) {
					t.Fatalf("saved as %v, %v\n%s", saved, err, tail(s.log(), 2000))
				}
				remove(t, o.DB)
				if err := os.Rename(saved[0], o.DB); err != nil {
					t.Fatal(err)
				}
			}
			h.resumed(h.options(map[string]string{"acts": "1"}))
		})
	}
}

// A ledger that was moved and moved back in time has never been away.
func TestLiveALedgerThatComesBack(t *testing.T) {
	livePaths(t)
	t.Parallel()
	h := openHouse(t, 45, nil)
	o := h.options(away)
	s := h.resting(o)
	move := func(from, to string) {
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	move(o.DB, o.DB+".x")
	s.until("the fault is told", time.Minute, func(*liveState) bool { return strings.Contains(s.log(), "was deleted or replaced") })
	move(o.DB+".x", o.DB)
	s.until("it is told that it passed", time.Minute, func(*liveState) bool { return strings.Contains(s.log(), "passed after") })
	s.end()
	h.resumed(h.options(map[string]string{"acts": "1"}))
}

// Space runs low: it is told of, then nothing new is begun and nothing rests, and with
// room the session trades on. A disk that is as good as full ends it in good order.
func TestLiveSpaceRunsLow(t *testing.T) {
	livePaths(t)
	t.Parallel()
	h := openHouse(t, 46, nil)
	o := h.options(away)
	var free atomic.Uint64
	free.Store(1 << 30)
	o.freeSpace = func(string) (uint64, error) { return free.Load(), nil }
	s := h.resting(o)
	ballast := filepath.Join(filepath.Dir(o.DB), ".live.db.ballast")
	if info, err := os.Stat(ballast); err != nil || info.Size() != ballastMost {
		t.Errorf("ballast: %+v, %v", info, err)
	}
	free.Store(100 << 20)
	s.until("it is warned", time.Minute, func(*liveState) bool { return strings.Contains(s.log(), "100 MiB are free for ledger and journal") })
	free.Store(15 << 20)
	h.cleared(s, "make room until 16 MiB are free")
	free.Store(7 << 20) // somebody writes on
	s.until("the ballast is let go", time.Minute, func(*liveState) bool { _, err := os.Stat(ballast); return os.IsNotExist(err) })
	free.Store(100 << 20)
	s.until("it passed", time.Minute, func(*liveState) bool { return strings.Contains(s.log(), "passed after") })
	s.until("the ballast is back", time.Minute, func(*liveState) bool { _, err := os.Stat(ballast); return err == nil })
	h.waitFor("orders rest again", time.Minute, func(tr *truth) bool { return len(tr.OpenOrders) > 0 })
	free.Store(1 << 20)
	err := s.ending(90 * time.Second)
	if Classify(err) != FaultDiskFull || !strings.Contains(fmt.Sprint(err), "in good order") {
		t.Errorf("%v (%d), want a full disk and a good end", err, Classify(err))
	}
	if n := len(h.truth().OpenOrders); n != 0 {
		t.Errorf("%d orders rest", n)
	}
	o = h.options(map[string]string{"acts": "1"})
	h.resumed(o)
}

// On virtual time a session waits for whoever holds its ledger.
func TestALockedLedgerOnVirtualTime(t *testing.T) {
	db := filepath.Join(t.TempDir(), "v.db")
	o := Options{Scripts: []string{busyScript}, DB: db, For: exchange.Day}
	o.StatusEvery = time.Millisecond
	var other *sql.DB
	var once atomic.Bool
	said := make(chan struct{}, 1)
	o.Status = func(Status) {
		if once.Swap(true) {
			return
		}
		var err error
		if other, err = sql.Open("sqlite", "file:"+db+"?_txlock=immediate&_pragma=busy_timeout(10000)"); err != nil {
			t.Error(err)
			return
		}
		tx, err := other.Begin()
		if err != nil {
			t.Error(err)
			return
		}
		go func() { <-said; _ = tx.Rollback() }()
	}
	o.Log = func(l Line) {
		if strings.Contains(l.Text, "held by another program") {
			select {
			case said <- struct{}{}:
			default:
			}
		}
	}
	sum, err := Run(context.Background(), &o)
	close(said)
	if err != nil || sum.EndedBy != "for" || !once.Load() {
		t.Fatalf("%+v, %v", sum, err)
	}
	_ = other.Close()
}

// It ends in time and by the ledger's exit code when it is interrupted meanwhile.
func TestALockedLedgerOnVirtualTimeIsInterrupted(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the end of a session for some seconds")
	}
	t.Parallel()
	db := filepath.Join(t.TempDir(), "v.db")
	o := Options{Scripts: []string{busyScript}, DB: db, For: 30 * exchange.Day, StatusEvery: time.Millisecond}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var tx *sql.Tx
	var asked time.Time
	var lock, halt sync.Once
	o.Status = func(s Status) {
		if s.Events == 0 { // it is not in the ledger yet
			return
		}
		lock.Do(func() {
			other, err := sql.Open("sqlite", "file:"+db+"?_txlock=immediate&_pragma=busy_timeout(10000)")
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { _ = other.Close() })
			if tx, err = other.Begin(); err != nil {
				t.Error(err)
			}
		})
	}
	o.Log = func(l Line) {
		if strings.Contains(l.Text, "held by another program") {
			halt.Do(func() { asked = time.Now(); stop() })
		}
	}
	_, err := Run(ctx, &o)
	if d := time.Since(asked); !errors.Is(err, ledger.ErrBusy) || Classify(err) != FaultLedger || d > 6*stopWithin {
		t.Errorf("%v (%d) %s after it was interrupted, want that the ledger is held", err, Classify(err), d)
	}
	_ = tx.Rollback()
}

func remove(t *testing.T, paths ...string) {
	t.Helper()
	for _, path := range paths {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}
