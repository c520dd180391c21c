package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/perilune/perilune/ledger"
	"github.com/perilune/perilune/ledger/journal"
)

// begin notes the run in the ledger and opens its journal.
func (r *sessionRecord) begin(s *header) error {
	if r.realTime && r.db != nil {
		var err error
		o := storageOptions{env: r.env, peek: r.db.Missing, space: r.space, hold: r.hold}
		if r.storage, err = openStorage(r.path, r.journals, o); err != nil {
			return &LedgerError{err}
		}
	}
	if err := r.openJournal(s); err != nil {
		return &LedgerError{err}
	}
	if r.db == nil {
		return nil
	}
	sess, err := r.db.Session(r.session)
	if err != nil {
		return err
	}
	run, err := r.db.StartRun(ledger.Run{Session: sess.ID, Started: r.started.UTC().Format(time.RFC3339),
		Scripts: r.scripts, Journal: r.dir, Config: configText(s)})
	if err != nil {
		return err
	}
	r.run = run
	if r.writer, err = r.db.NewWriter(run, ledger.WriterOptions{Spool: spoolRows}); err != nil {
		return err
	}
	r.backups = startBackups(r.backup, r.db, r.path, r.space)
	return nil
}

// openJournal makes the journal of this run: one directory a run, named by the
// account and the run's number in its life.
func (r *sessionRecord) openJournal(s *header) error {
	if r.journals == "" {
		return nil
	}
	var runs []ledger.Run
	if r.db != nil {
		var err error
		if runs, err = r.db.Runs(r.session); err != nil {
			return err
		}
	}
	header, err := s.encode()
	if err != nil {
		return fmt.Errorf("journal header: %w", err)
	}
	if r.dir, err = newDirectory(filepath.Join(r.journals, fmt.Sprintf("%s-run-%d", r.session, len(runs)+1))); err != nil {
		return err
	}
	limit := max(0, r.journalCap)
	o := journal.Options{MaxBytes: limit, Checkpoints: limit > 0, FS: r.fs, MakeRoom: r.storage.makeRoom}
	if r.journal, err = journal.Create(r.dir, header, o); err != nil {
		return err
	}
	return nil
}

// sameName is how many directories may want one name.
const sameName = 10_000

// newDirectory makes a directory that nobody else has: name, or where there is one
// already name.2 and so on. A ledger that was deleted leaves journals behind that carry
// its names, and several ledgers, or sessions without one, may keep them in one place at
// the same time.
func newDirectory(name string) (string, error) {
	name, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return "", fmt.Errorf("journal: %w", err)
	}
	for n := 1; n <= sameName; n++ {
		dir := name
		if n > 1 {
			dir = fmt.Sprintf("%s.%d", name, n)
		}
		err := os.Mkdir(dir, 0o755)
		if err == nil {
			return dir, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return "", fmt.Errorf("journal: %w", err)
		}
	}
	return "", fmt.Errorf("journal: %s and %d others of the name are there: clear the directory", name, sameName)
}
