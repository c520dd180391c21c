package host

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/perilune/perilune/host/report"
	"github.com/perilune/perilune/host/tearsheet"
	"github.com/perilune/perilune/ledger"
)

// LedgerReport writes the HTML report of a ledger to a file, of a session that runs or has
// ended. db is open for reading; path is what it is called in the report, and command what
// makes the report again.
func LedgerReport(ctx context.Context, db *ledger.DB, path, command, out string, sel tearsheet.Selection) error {
	if err := checkReport(out); err != nil {
		return err
	}
	p, err := newReporting(db, sel)
	if err != nil {
		return err
	}
	d, err := p.heading(path, command)
	if err != nil {
		return err
	}
	if err := p.fill(ctx, d); err != nil {
		return err
	}
	return writeFile(out, func(w io.Writer) error { return report.Write(w, *d) })
}

// heading says what the report is of, and what its figures are worth.
func (p *reporting) heading(path, command string) (*report.Data, error) {
	sessions, err := p.db.Sessions()
	if err != nil {
		return nil, err
	}
	d := &report.Data{Mode: report.Paper, Again: report.Reproduction{Command: command},
		FillsCommand: strings.TrimSpace(fmt.Sprintf("perilune fills --db %s %s", path, sessionFlag(p.sel.Account))),
		Assumptions:  []string{"What the session assumed about fills, fees and latency is in its own report, of run or backtest with --report, and with --json."}}
	var names []string
	for i := range sessions {
		s := &sessions[i]
		if p.sel.Account != "" && s.Account != p.sel.Account {
			continue
		}
		names = append(names, s.Account)
		d.Sources = append(d.Sources, fmt.Sprintf("Session %s of the ledger %s, on the market %s, from %s on.", s.Account, path, s.Market, s.Started))
		if len(housesIn(s.Market)) == 0 {
			d.Mode = report.Simulated
		}
	}
	if p.db.Mode() == ledger.Live {
		d.Mode = report.Live
	}
	d.Title = cmp.Or(p.sel.Strategy, "Account") + ", " + strings.Join(names, ", ")
	return d, nil
}

func sessionFlag(account string) string {
	if account == "" {
		return "--all"
	}
	return "--session " + account
}
