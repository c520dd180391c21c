package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/ledger"
)

// A ledger is written through one Writer and read beside it, in Go or in SQL.
func Example() {
	dir, err := os.MkdirTemp("", "ledger")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "paper.db")
	if err := record(file); err != nil {
		fmt.Println(err)
		return
	}
	db, err := ledger.Open(ledger.Options{Path: file, ReadOnly: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	points, err := db.Equity(ledger.Filter{Account: "paper-1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range points {
		fmt.Println(p.Time, p.Amount)
	}
	fmt.Println(db.Verify(context.Background()))
	// Output:
	// 2026-01-05T00:00:00.000Z 100000
	// 2026-01-05T00:01:00.000Z 100001
	// 2026-01-05T00:02:00.000Z 100002
	// <nil>
}

func record(file string) error {
	db, err := ledger.Open(ledger.Options{Path: file, Mode: ledger.Paper, Venue: "paper"})
	if err != nil {
		return err
	}
	began := exchange.Date(2026, 1, 5)
	s, err := db.CreateSession(ledger.Session{Account: "paper-1", Market: "synth", Started: began})
	if err != nil {
		return errors.Join(err, db.Close())
	}
	run, err := db.StartRun(ledger.Run{Session: s.ID, Started: began.String()})
	if err != nil {
		return errors.Join(err, db.Close())
	}
	w, err := db.NewWriter(run, ledger.WriterOptions{})
	if err != nil {
		return errors.Join(err, db.Close())
	}
	for i := range 3 {
		at := ledger.At{Seq: uint64(i + 1), Time: began + exchange.Time(i)*exchange.Minute}
		if err := w.Post(&ledger.EquityRow{At: at, Amount: decimal.NewFromInt(int64(100_000 + i))}); err != nil {
			return errors.Join(err, w.Close(), db.Close())
		}
		w.Mark(at.Seq)
	}
	return errors.Join(w.Close(), db.EndRun(run.ID), db.Close())
}
