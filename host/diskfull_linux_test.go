package host

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/ledger"
)

// smallDisk mounts a file system of some size, or skips the test.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("a small file system can't be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// A disk that is full ends the session with a reason of its own. What was booked
// stays, and with room the session goes on from there.
func TestADiskThatIsFull(t *testing.T) {
	for _, tt := range []struct {
		name            string
		ledger, journal bool // which of them is on the small disk
	}{{"both", true, true}, {"ledger", true, false}, {"journal", false, true}} {
		t.Run(tt.name, func(t *testing.T) {
			small, large := smallDisk(t, "2m"), t.TempDir()
			o := Options{Scripts: []string{busyScript}, DB: filepath.Join(large, "full.db"), Journal: filepath.Join(large, "journal"), For: 5 * exchange.Day}
			if tt.ledger {
				o.DB = filepath.Join(small, "full.db")
			}
			if tt.journal {
				o.Journal = filepath.Join(small, "journal")
			}
			first := o
			sum, err := Run(context.Background(), &first)
			if Classify(err) != FaultDiskFull || sum == nil || sum.EndedBy != "error" {
				t.Fatalf("%v (%d), %+v; want a full disk", err, Classify(err), sum)
			}
			if tt.journal && !tt.ledger && !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("%v; want the system's own error", err)
			}
			if err := syscall.Mount("tmpfs", small, "tmpfs", syscall.MS_REMOUNT, "size=200m"); err != nil {
				t.Fatal(err)
			}
			second := o
			second.For = exchange.Hour
			sum, err = Run(context.Background(), &second)
			if err != nil || !sum.Resumed || sum.EndedBy != "for" {
				t.Fatalf("with room: %+v, %v", sum, err)
			}
			db, err := ledger.Open(ledger.Options{Path: o.DB, ReadOnly: true})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if err := soundLedger(db); err != nil {
				t.Error(err)
			}
			checkMoney(t, db)
			checkPairsHedged(t, db)
		})
	}
}

// A directory that can't be written to is an error before anything begins.
func TestAnUnwritableDirectory(t *testing.T) {
	small := smallDisk(t, "1m")
	if err := syscall.Mount("tmpfs", small, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, "size=1m"); err != nil {
		t.Skip(err)
	}
	_, err := Run(context.Background(), &Options{Scripts: []string{busyScript}, DB: filepath.Join(small, "a.db"), For: exchange.Hour})
	if err == nil || Classify(err) != FaultLedger {
		t.Errorf("a ledger there: %v (%d)", err, Classify(err))
	}
	_, err = Run(context.Background(), &Options{Scripts: []string{busyScript}, DB: filepath.Join(t.TempDir(), "a.db"),
		Journal: filepath.Join(small, "journal"), For: exchange.Hour})
	if err == nil || Classify(err) != FaultLedger || !errors.Is(err, os.ErrPermission) && !errors.Is(err, syscall.EROFS) {
		t.Errorf("a journal there: %v (%d)", err, Classify(err))
	}
}

// The disk of a live session is full: what rests is canceled, the ballast takes what
// there is to record, and with room the session trades on.
func TestLiveADiskThatIsFull(t *testing.T) {
	livePaths(t)
	small := smallDisk(t, "64m")
	h := openHouse(t, 47, nil)
	o := h.options(away)
	o.DB = filepath.Join(small, "live.db")
	s := h.resting(o)
	hog, err := os.Create(filepath.Join(small, "hog"))
	if err != nil {
		t.Fatal(err)
	}
	// In one go: who writes bit by bit takes what the ballast leaves as well.
	free, err := freeSpace(small)
	if err == nil {
		err = syscall.Fallocate(int(hog.Fd()), 0, 0, int64(free)-256<<10)
	}
	if err != nil {
		t.Fatal(err)
	}
	h.cleared(s, "no space left for the ledger")
	if err := errors.Join(hog.Close(), os.Remove(hog.Name())); err != nil {
		t.Fatal(err)
	}
	s.until("it is told that it passed", time.Minute, func(*liveState) bool { return strings.Contains(s.log(), "passed after") })
	h.waitFor("orders rest again", time.Minute, func(tr *truth) bool { return len(tr.OpenOrders) > 0 })
	s.end()
	o = h.options(map[string]string{"acts": "1"})
	o.DB = filepath.Join(small, "live.db")
	h.resumed(o)
}
