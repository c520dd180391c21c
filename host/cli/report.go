package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/tearsheet"
	"github.com/perilune/perilune/ledger"
)

// reportFlags choose what a report is of.
type reportFlags struct {
	ledgerFlags
	out        string
	others     []string
	conditions failIf
}

func (r *reportFlags) define(f *pflag.FlagSet) {
	r.ofSessions(f)
	f.Lookup("db").Usage = "ledger file, of a session that runs or has ended"
	f.Lookup("all").Usage = "all sessions, each going on where the one before ended"
	f.StringVar(&r.out, "out", "", "write an HTML page to this file, which loads nothing from anywhere")
	f.StringArrayVar(&r.others, "compare", nil, "ledger of another run, whose figures are shown beside (repeatable)")
	r.conditions.ofReport(f)
	f.BoolVar(&r.json, "json", false, "print one JSON object on stdout")
}

func reportVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("report", "[flags]", "perilune report --db perilune-backtest.db --fail-if 'max_drawdown>0.2'")
	var r reportFlags
	r.define(f)
	if err := parseAlone(f, args); err != nil {
		return err
	}
	if err := r.conditions.parse(); err != nil {
		return err
	}
	if len(r.others) > 0 {
		return r.compareReports(e)
	}
	db, filter, err := r.open(e)
	if err != nil {
		return err
	}
	defer db.Close()
	sel := tearsheet.Selection{Account: filter.Account, Strategy: filter.Strategy, From: filter.From, To: filter.To}
	s, err := sheetOf(db, r.db, sel)
	if err != nil {
		return err
	}
	m := s.Metrics()
	bad := r.conditions.judge(e, "", m)
	if r.out != "" {
		if err := host.LedgerReport(ctx, db, r.db, "perilune "+strings.Join(os.Args[1:], " "), r.out, sel); err != nil {
			return err
		}
		fmt.Fprintln(e.err, "written to "+r.out)
	}
	if r.json {
		if err := e.printJSON(sheetJSON(r.db, sel.Account, s, m, bad)); err != nil {
			return err
		}
		return failed(bad)
	}
	printSheet(e.out, sel.Account, s, m)
	return failed(bad)
}

// sheetOf computes what the record of a ledger came to.
func sheetOf(db *ledger.DB, path string, sel tearsheet.Selection) (*tearsheet.Sheet, error) {
	record, err := tearsheet.Read(&db.Reader, sel)
	if err != nil {
		return nil, overlap(err, path)
	}
	return tearsheet.Compute(record), nil
}

// overlap words why a ledger has no record as a whole.
func overlap(err error, path string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, tearsheet.ErrOverlap):
		return fail(ExitUsage, "--all: %s: %w: name one with --session", path, err)
	}
	return fmt.Errorf("ledger %s: %w", path, err)
}
