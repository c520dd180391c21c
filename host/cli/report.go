package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"github.com/perilune/perilune/host/tearsheet"
)

// reportFlags choose what a report is of.
type reportFlags struct {
	ledgerFlags
	conditions failIf
}

func (r *reportFlags) define(f *pflag.FlagSet) {
	f.StringVar(&r.db, "db", "perilune-paper.db", "ledger file, of a session that runs or has ended")
	f.StringVar(&r.account, "session", "", "only this session, e.g. paper-1 (default: the latest)")
	f.BoolVar(&r.all, "all", false, "all sessions, each going on where the one before ended")
	f.StringVar(&r.strategy, "strategy", "", "only this strategy")
	f.StringVar(&r.from, "from", "", "from this day on, UTC")
	f.StringVar(&r.to, "to", "", "before this day, UTC")
	r.conditions.define(f)
	f.BoolVar(&r.json, "json", false, "print one JSON object on stdout")
}

func reportVerb(_ context.Context, e *env, args []string) error {
	f := e.flags("report", "[flags]", "perilune report --db perilune-backtest.db --fail-if 'max_drawdown>0.2'")
	var r reportFlags
	r.define(f)
	if err := parseAlone(f, args); err != nil {
		return err
	}
	if err := r.conditions.parse(); err != nil {
		return err
	}
	s, session, err := r.sheet(e)
	if err != nil {
		return err
	}
	m := s.Metrics()
	bad := r.conditions.judge(e, "", m)
	if r.json {
		if err := e.printJSON(sheetJSON(r.db, session, s, m, bad)); err != nil {
			return err
		}
		return failed(bad)
	}
	printSheet(e.out, session, s, m)
	return failed(bad)
}

// sheet reads a ledger and computes what it came to.
func (r *reportFlags) sheet(e *env) (s *tearsheet.Sheet, session string, err error) {
	db, filter, err := r.open(e)
	if err != nil {
		return nil, "", err
	}
	defer db.Close()
	record, err := tearsheet.Read(&db.Reader, tearsheet.Selection{Account: filter.Account, Strategy: filter.Strategy, From: filter.From, To: filter.To})
	if errors.Is(err, tearsheet.ErrOverlap) {
		return nil, "", fail(ExitUsage, "--all: %w: name one with --session", err)
	}
	if err != nil {
		return nil, "", fmt.Errorf("ledger %s: %w", r.db, err)
	}
	return tearsheet.Compute(record), filter.Account, nil
}
