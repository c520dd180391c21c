package host

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/internal/projection"
	"github.com/perilune/perilune/ledger"
)

// stageAccount is what a stage's account is called in its ledger.
const stageAccount = "stage-1"

// stagePast is what a stage's session leaves to the next. There is a ledger once one goes on.
type stagePast struct {
	rows    projection.Rows
	kept    []ledger.Record // of this run
	events  int
	seq     uint64
	refused string // why the last version was not loaded
	dir     string
	db      *ledger.DB
}

func (p *stagePast) keep(fx []core.Effect) error {
	for i := range fx {
		row, err := p.rows.Of(&fx[i])
		if err != nil {
			return err
		}
		if row != nil {
			p.kept = append(p.kept, row)
		}
		p.seq = fx[i].Seq
		if v, ok := fx[i].Body.(core.VersionChanged); ok && !v.Loaded {
			p.refused = v.Problem
		}
	}
	return nil
}

// open makes the ledger, in a directory of its own.
func (p *stagePast) open(from exchange.Time) (err error) {
	if p.db != nil {
		return nil
	}
	if p.dir, err = os.MkdirTemp("", "perilune-stage-*"); err != nil {
		return err
	}
	if p.db, err = ledger.Open(ledger.Options{Path: filepath.Join(p.dir, "stage.db"), Mode: ledger.Paper, Venue: "paper"}); err != nil {
		return err
	}
	_, err = p.db.CreateSession(ledger.Session{Account: stageAccount, Market: "stage", Started: from})
	return err
}

// write puts the run into the ledger.
func (p *stagePast) write() error {
	session, err := p.db.Session(stageAccount)
	if err != nil {
		return err
	}
	run, err := p.db.StartRun(ledger.Run{Session: session.ID, Account: stageAccount})
	if err != nil {
		return err
	}
	w, err := p.db.NewWriter(run, ledger.WriterOptions{})
	if err != nil {
		return err
	}
	for _, row := range p.kept {
		if err := w.Post(row); err != nil {
			return errors.Join(err, w.Close())
		}
	}
	w.Mark(p.seq)
	if err := w.Close(); err != nil {
		return err
	}
	p.kept, p.seq = nil, 0
	return p.db.EndRun(run.ID)
}

func (p *stagePast) close() error {
	if p.db == nil {
		return nil
	}
	err := errors.Join(p.db.Close(), os.RemoveAll(p.dir))
	p.db = nil
	return err
}

// Restart ends the session and goes on with what it left, as a run does on the ledger of the one
// before: in good order, or as after a crash, where on_stop does not run. The market is not
// known any more.
func (s *Stage) Restart(ctx context.Context, crash bool) error {
	if !crash {
		if err := s.Stop(); err != nil {
			return err
		}
	}
	s.drop()
	if err := s.past.open(s.o.Start); err != nil {
		return err
	}
	if err := s.past.write(); err != nil {
		return err
	}
	snap, err := s.past.db.Restore(stageAccount)
	if err != nil {
		return err
	}
	x := &projection.Restorer{DB: s.past.db, Account: stageAccount, Snapshot: snap, Universe: s.core.Universe(),
		Roster: &projection.Roster{Running: []string{s.name}}, Warn: func(string) {}}
	if err := x.ExpireOrders(); err != nil {
		return err
	}
	if s.header.Restore, err = x.Restore(); err != nil {
		return err
	}
	s.header.Strategies[0].State = projection.State(snap, s.name)
	return s.begin(ctx, snap)
}
