package ledger

import (
	"context"
	"errors"
	"os"
	"testing"
)

// A backup is taken while the writer works, holds whole events, and is put back in the
// place of what was there, which is kept.
func TestABackupIsRestored(t *testing.T) {
	r := newRig(t, WriterOptions{})
	ctx, to := context.Background(), newPath(t)
	post := func(from, till uint64) {
		for seq := from; seq <= till; seq++ {
			r.post(eventRows(seq)...)
			r.w.Mark(seq)
		}
		r.sync()
	}
	post(1, 20)
	tx, err := r.write.Begin() // a writer in the middle of a transaction
	must(t, err)
	must(t, r.Backup(ctx, to))
	must(t, tx.Rollback())
	if err := r.Backup(ctx, to); !errors.Is(err, ErrExists) {
		t.Errorf("over a file that is there: %v", err)
	}
	post(21, 30)
	path := r.o.Path
	if err := RestoreBackup(ctx, to, path, path+".aside"); !errors.Is(err, ErrLocked) {
		t.Errorf("while a session writes it: %v, want ErrLocked", err)
	}
	must(t, r.w.Close())
	must(t, r.Close())
	must(t, RestoreBackup(ctx, to, path, path+".aside"))
	for file, want := range map[string]int{path: 20, path + ".aside": 30} {
		db, err := Open(paperAt(file))
		must(t, err)
		must(t, db.Verify(ctx))
		if fills, err := db.Fills(Filter{}); err != nil || len(fills) != want {
			t.Errorf("%s has %d fills, want %d, %v", file, len(fills), want, err)
		}
		must(t, db.Close())
	}
	must(t, os.WriteFile(to, []byte("no ledger at all"), 0o644))
	if err := RestoreBackup(ctx, to, path, path+".again"); err == nil {
		t.Error("a file that is no ledger is restored")
	}
}
