package host

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/ledger"
)

// A session with real orders copies its ledger while it trades and keeps the newest
// copies. One that is restored goes on, and agrees with the venue to the last digit.
func TestABackupOfALiveSessionIsRestored(t *testing.T) {
	t.Parallel()
	h := openHouse(t, 6, nil)
	o := h.options(nil)
	o.For, o.Backup = 8*exchange.Second, BackupOptions{Every: 1500 * time.Millisecond, Keep: 2}
	s := begin(t, o, nil)
	if err := <-s.ended; err != nil {
		t.Fatalf("%v\n%s", err, s.log())
	}
	copies, err := filepath.Glob(o.DB + ".backup-*")
	if err != nil || len(copies) != 2 {
		t.Fatalf("copies %v, %v; want the newest 2\n%s", copies, err, s.log())
	}
	if err := ledger.RestoreBackup(context.Background(), copies[0], o.DB, o.DB+".before"); err != nil {
		t.Fatal(err)
	}
	o = h.options(nil)
	o.For, o.Backup.Every = 45*exchange.Second, -1 // income is compared once in a while
	s = begin(t, o, nil)
	if err := <-s.ended; err != nil || !s.sum.Resumed {
		t.Fatalf("after the restore: resumed %v, %v\n%s", s.sum.Resumed, err, s.log())
	}
	h.audited()
}

// A copy for which there is no room, or whose place can't be written, is told of and
// the session goes on.
func TestABackupThatFailsIsTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	db, err := ledger.Open(ledger.Options{Path: path, Mode: ledger.Paper, Venue: "paper"})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	b := &backups{BackupOptions: BackupOptions{Every: time.Hour}.withDefaults(true), db: db, path: path, space: func(string) (uint64, error) { return 1 << 20, nil }}
	if err := b.make(context.Background(), time.Unix(0, 0)); err == nil || !strings.Contains(err.Error(), "1 MiB free") {
		t.Errorf("on a disk that is full: %v", err)
	}
	b.space = func(string) (uint64, error) { return 1 << 40, nil }
	b.Keep = 3
	for n := range 6 {
		if err := b.make(context.Background(), time.Unix(int64(n), 0)); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	for _, path := range b.all() {
		names = append(names, strings.TrimPrefix(path, b.path+".backup-"))
	}
	if got, want := strings.Join(names, " "), "19700101T000003 19700101T000004 19700101T000005"; got != want {
		t.Errorf("copies %s, want %s", got, want)
	}
	if wait := b.first(time.Now()); wait <= 0 || wait > time.Hour {
		t.Errorf("the next copy is %s away, want the rest of the hour", wait)
	}
	if err := os.Remove(b.path); err != nil {
		t.Fatal(err)
	}
	if err := b.make(context.Background(), time.Unix(99, 0)); err == nil {
		t.Error("a ledger that is gone was copied")
	}
}
