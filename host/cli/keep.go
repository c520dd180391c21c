package cli

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/perilune/perilune/ledger"
)

// ledgerVerb looks after a ledger's file.
func ledgerVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("ledger", "verify|backup|restore …", "perilune ledger verify --db perilune-live.db")
	db := f.String("db", "perilune-paper.db", "ledger file")
	to := f.String("to", "", "backup: file to write (default: the ledger's name with the time)")
	asJSON := f.Bool("json", false, "print one JSON object on stdout")
	if err := parse(f, args); err != nil {
		return err
	}
	stamp := time.Now().UTC().Format("20060102T150405")
	report := map[string]any{"db": *db}
	var text string
	switch {
	case f.NArg() == 1 && f.Arg(0) == "verify":
		if err := onLedger(*db, func(d *ledger.DB) error { return d.Verify(ctx) }); err != nil {
			return err
		}
		report["verified"], text = true, *db+": structure, references and postings hold"
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
		text = fmt.Sprintf("%s is %s now; what was there is kept as %s", *db, f.Arg(1), aside)
	default:
		return fail(ExitUsage, "want: ledger verify, ledger backup [--to FILE], or ledger restore FILE")
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
