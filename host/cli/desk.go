package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/control"
	"github.com/perilune/perilune/host/control/client"
)

// deskFlags are what every verb that asks or tells a session takes.
type deskFlags struct {
	db, strategy, symbol, why string
	json, yes                 bool
}

func (d *deskFlags) define(f *pflag.FlagSet) {
	f.StringVar(&d.db, "db", "", "ledger of the session (default: the one that runs; else perilune-paper.db)")
	f.BoolVar(&d.json, "json", false, "print one JSON object on stdout")
}

// steer adds the flags of a verb that tells.
func (d *deskFlags) steer(f *pflag.FlagSet) {
	d.define(f)
	f.StringVar(&d.why, "why", "", "why, for the ledger and whoever reads it")
}

// one adds the flag that chooses a strategy.
func (d *deskFlags) one(f *pflag.FlagSet) {
	f.StringVar(&d.strategy, "strategy", "", "only this strategy")
}

func (d *deskFlags) who() control.Who { return control.Who{Door: "socket", Why: d.why} }

// desk is the session to ask: the one that runs on the ledger, or the ledger itself. The
// second result closes it.
func (d *deskFlags) desk(ctx context.Context) (control.Desk, func(), error) {
	c, err := client.Find(ctx, d.db)
	if err == nil {
		return client.Desk{Client: c}, func() {}, nil
	}
	if !errors.Is(err, client.ErrNone) {
		return nil, nil, fail(ExitUsage, "%w: --db FILE", err)
	}
	path := d.db
	if path == "" {
		path = "perilune-paper.db"
	}
	if _, statErr := os.Stat(path); statErr != nil {
		return nil, nil, fail(ExitLedger, "%w, and there is no ledger %s: name one with --db", err, path)
	}
	past, err := host.OpenDesk(path)
	if err != nil {
		return nil, nil, err
	}
	return past, func() { _ = past.Close() }, nil
}

// running is the session that runs, for verbs that tell it something.
func (d *deskFlags) running(ctx context.Context) (control.Desk, error) {
	c, err := client.Find(ctx, d.db)
	switch {
	case errors.Is(err, client.ErrNone):
		return nil, fail(ExitFailure, "%w", err)
	case err != nil:
		return nil, fail(ExitUsage, "%w: --db FILE", err)
	}
	return client.Desk{Client: c}, nil
}

// asked is the error of an operation as people are told it.
func asked(err error) error {
	e := control.AsError(err)
	switch {
	case e == nil:
		return nil
	case e.Code == control.BadRequest || e.Code == control.NotFound:
		return &coded{code: ExitUsage, err: e}
	}
	return e
}

// show prints the answer of an operation, as JSON or by a function.
func show[R any](e *env, d *deskFlags, as string, r R, err error, text func(R)) error {
	if err != nil {
		return asked(err)
	}
	if d.json {
		return e.printJSON(map[string]any{as: r})
	}
	text(r)
	return nil
}

// sure asks whoever is at the terminal, and refuses off one without --yes.
func sure(e *env, yes bool, what string) error {
	if yes {
		return nil
	}
	if !interactive(e) {
		return fail(ExitUsage, "%s: this is no terminal to ask at: --yes means it", what)
	}
	fmt.Fprintf(e.err, "%s. Type yes to go on: ", what)
	line, err := bufio.NewReader(e.in).ReadString('\n')
	if err != nil || strings.TrimSpace(line) != "yes" {
		return fail(ExitFailure, "nothing was done")
	}
	return nil
}

// done tells that something was done.
func (e *env) done(d *deskFlags, text string) error {
	if d.json {
		return e.printJSON(map[string]any{"done": text})
	}
	fmt.Fprintln(e.out, text)
	return nil
}

// band says in one line what is looked at: whether money is real comes first.
func band(id *control.Identity) string {
	mode := strings.ToUpper(id.Mode)
	if !id.Live && id.Mode != "ended" {
		mode += ", ENDED"
	}
	return fmt.Sprintf("%s  %s  session %s", mode, filepath.Base(id.Ledger), id.Session)
}

// ago is a duration as people say it.
func ago(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return span(d.Hours() / 24)
}
