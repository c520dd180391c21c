package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/control/client"
	"github.com/perilune/perilune/host/control/door"
	"github.com/perilune/perilune/host/control/page"
)

// pageVerb tells the address of a session's page, or shows the page of a ledger whose
// session has ended.
func pageVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("page", "[flags]", "perilune page --db perilune-paper.db")
	var o door.Options
	db := f.String("db", "", "ledger file (default: that of the session that runs, or perilune-paper.db)")
	other := f.String("compare", "", "ledger of another run, to see beside it")
	f.StringVar(&o.Page, "listen", "", "address to serve at (default a free port of 127.0.0.1)")
	tlsFlags(f, &o)
	asJSON := f.Bool("json", false, "print one JSON object on stdout")
	if err := parseAlone(f, args); err != nil {
		return err
	}
	c, err := client.Find(ctx, *db)
	if err != nil && !errors.Is(err, client.ErrNone) {
		return fail(ExitUsage, "%w", err)
	}
	if err == nil && *other == "" && !f.Changed("listen") {
		link, err := c.Login()
		if err != nil {
			return err
		}
		return address(e, link, *asJSON)
	}
	s, path := door.Session{Page: page.Files()}, *db
	if err == nil {
		s.Desk, path = client.Desk{Client: c}, c.Entry().Ledger
	} else {
		if path == "" {
			path = "perilune-paper.db"
		}
		ended, err := openLedger(path)
		if err != nil {
			return err
		}
		defer ended.Close()
		s.Desk = ended
	}
	if *other != "" {
		with, err := openLedger(*other)
		if err != nil {
			return err
		}
		defer with.Close()
		s.With = with
	}
	return servePage(ctx, e, &o, s, path, *asJSON)
}

// openLedger opens the desk of a ledger, which is there.
func openLedger(path string) (*host.LedgerDesk, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fail(ExitLedger, "%w", err)
	}
	return host.OpenDesk(path)
}

// servePage serves until the verb is interrupted.
func servePage(ctx context.Context, e *env, o *door.Options, s door.Session, path string, asJSON bool) error {
	o.NoSocket = true
	p, err := prepareDoors(o)
	if err != nil {
		return err
	}
	d, err := p.Open(s, path)
	if err != nil {
		return err
	}
	defer d.Close()
	if d.Address() == "" {
		return fail(ExitFailure, "%s", d.Problems()[0])
	}
	if err := address(e, d.Login(), asJSON); err != nil {
		return err
	}
	fmt.Fprintln(e.err, "Ctrl-C ends it")
	<-ctx.Done()
	return nil
}

func address(e *env, link string, asJSON bool) error {
	if asJSON {
		return e.printJSON(map[string]string{"address": link})
	}
	fmt.Fprintln(e.out, link)
	return nil
}
