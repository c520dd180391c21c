package cli

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/perilune/perilune/ledger"
	"github.com/perilune/perilune/ledger/export"
)

const verifyProves = `
verify proves, by the chain: orders, fills with their shares, funding, transactions with
their postings; by comparison: a pair's coins, contracts, costs, fees, funding and insurance;
and orders and fills against the journals that are there. It does not prove a pair's state,
reason, basis, result and detail, schedules, transfers, equity samples, saved states, the
advisor's answers, script versions, charts and the log.
`

// ledgerVerb looks after a ledger's file.
func ledgerVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("ledger", "verify|backup|restore|export …", "perilune ledger verify --db perilune-live.db")
	usage := f.Usage
	f.Usage = func() { usage(); fmt.Fprint(e.out, verifyProves) }
	db := f.String("db", "perilune-paper.db", "ledger file")
	to := f.String("to", "", "backup: file to write (default: the ledger's name with the time); export: before this day, UTC")
	journals := f.String("journal", "", "verify, export: directory with the runs' journals (default: where the runs left them)")
	accept := f.Bool("accept", false, "verify: take the rows for right as they are, so that a session starts; keeps a copy of what was")
	var x exportFlags
	f.StringVar(&x.out, "out", "", "export: directory to write a file for each table to")
	f.StringVar(&x.format, "format", export.Parquet, "export: "+export.Parquet+" or "+export.CSV)
	f.StringSliceVar(&x.tables, "tables", nil, "export: some of "+strings.Join(export.Names(), ",")+" (default: all of these), and of the runs' journals "+strings.Join(export.JournalNames(), ","))
	f.StringVar(&x.session, "session", "", "export: only this session (default: all)")
	f.StringVar(&x.from, "from", "", "export: from this day on, UTC")
	asJSON := f.Bool("json", false, "print one JSON object on stdout")
	if err := parse(f, args); err != nil {
		return err
	}
	stamp := time.Now().UTC().Format("20060102T150405")
	report := map[string]any{"db": *db}
	var text string
	switch {
	case f.NArg() == 1 && f.Arg(0) == "verify":
		return e.verifyLedger(ctx, *db, *journals, *accept, *asJSON)
	case f.NArg() == 1 && f.Arg(0) == "export":
		x.to, x.journals = *to, *journals
		return e.exportLedger(ctx, *db, &x, *asJSON)
	case f.NArg() == 1 && f.Arg(0) == "backup":
		if *to == "" {
			*to = *db + "." + stamp + ".backup"
		}
		if err := onLedger(*db, func(d *ledger.DB) error { return d.Backup(ctx, *to) }); err != nil {
			return err
		}
		report["backup"], text = *to, "backup written to "+*to
	case f.NArg() == 2 && f.Arg(0) == "restore":
		aside := *db + ".before-" + stamp
		if err := ledger.RestoreBackup(ctx, f.Arg(1), *db, aside); err != nil {
			return err
		}
		report["restored"], report["aside"] = f.Arg(1), aside
		text = fmt.Sprintf("%s is %s now", *db, f.Arg(1))
		if _, err := os.Stat(aside); err == nil {
			text += "; what was there is kept as " + aside
		} else {
			delete(report, "aside")
		}
	default:
		return fail(ExitUsage, "want: ledger verify, ledger backup [--to FILE], ledger restore FILE, or ledger export --out DIR")
	}
	if *asJSON {
		return e.printJSON(report)
	}
	fmt.Fprintln(e.out, text)
	return nil
}

func onLedger(path string, do func(*ledger.DB) error) error {
	if _, err := os.Stat(path); err != nil {
		return fail(ExitLedger, "ledger %s: there is no such file; a run makes one", path)
	}
	db, err := ledger.Open(ledger.Options{Path: path, ReadOnly: true})
	if err != nil {
		return err
	}
	defer db.Close()
	return do(db)
}

// verifyLedger prints a line for each thing that does not hold.
func (e *env) verifyLedger(ctx context.Context, path, journals string, accept, asJSON bool) error {
	kept := ""
	if accept {
		kept = path + ".before-accept-" + time.Now().UTC().Format("20060102T150405")
		if err := onLedger(path, func(*ledger.DB) error { return ledger.Accept(ctx, path, kept) }); err != nil {
			return err
		}
	}
	var v *ledger.Verification
	err := onLedger(path, func(d *ledger.DB) (err error) {
		v, err = d.Examine(ctx, ledger.VerifyOptions{Journals: journals})
		return err
	})
	if err != nil {
		return err
	}
	if asJSON {
		report := map[string]any{"db": path, "verified": v.OK(), "rows": v.Rows, "links": v.Links, "findings": v.Findings, "more": v.More,
			"journals": v.Journals, "skipped": v.Skipped}
		if accept {
			report["accepted"] = kept
		}
		if err := e.printJSON(report); err != nil {
			return err
		}
	} else {
		e.printVerification(path, kept, v)
	}
	switch n := len(v.Findings) + v.More; {
	case n == 0:
		return nil
	case accept:
		fmt.Fprintf(e.err, "the rows are accepted; %d findings remain that no acceptance mends\n", n)
		return nil
	default:
		return fail(ExitLedger, "ledger %s: %d findings: it is not what the sessions wrote. Restore a backup with "+
			"'perilune ledger restore FILE --db %s', or go on with the rows as they are with 'perilune ledger verify --accept --db %s'", path, n, path, path)
	}
}

func (e *env) printVerification(path, kept string, v *ledger.Verification) {
	if kept != "" {
		fmt.Fprintf(e.out, "%s: rows accepted as they are; what was before is kept as %s\n", path, kept)
	}
	for i := range v.Findings {
		fmt.Fprintln(e.out, &v.Findings[i])
	}
	if v.More > 0 {
		fmt.Fprintf(e.out, "… and %d more\n", v.More)
	}
	for _, s := range v.Skipped {
		fmt.Fprintln(e.err, "not compared: "+s)
	}
	if v.OK() {
		fmt.Fprintf(e.out, "%s: %d rows in %d links of the chain, postings, fills, orders, pairs and %d journals hold\n", path, v.Rows, v.Links, len(v.Journals))
	}
}
