package cli

import (
	"context"
	"io"
	"log/slog"

	"github.com/spf13/pflag"

	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/control/door"
	"github.com/perilune/perilune/host/control/mcp"
	"github.com/perilune/perilune/host/control/page"
	"github.com/perilune/perilune/host/control/registry"
	"github.com/perilune/perilune/ledger"
)

// doorFlags are those of who may ask and tell a session.
func doorFlags(f *pflag.FlagSet, o *door.Options) {
	f.StringVar(&o.Page, "page", "", "address of the page and of the API over HTTP, or off (default a free port of 127.0.0.1)")
	f.BoolVar(&o.NoSocket, "no-control", false, "no socket: perilune status, halt, flatten and others can't reach the session")
	tlsFlags(f, o)
}

// tlsFlags are those of a page that other machines can open.
func tlsFlags(f *pflag.FlagSet, o *door.Options) {
	f.StringVar(&o.Cert, "tls-cert", "", "certificate of the page, PEM; wanted where other machines can reach it")
	f.StringVar(&o.Key, "tls-key", "", "key of that certificate, PEM")
	f.BoolVar(&o.Insecure, "insecure-listen", false, "let other machines open the page without TLS, where the network itself is safe")
}

// prepareDoors reads secrets and certificates before a session begins.
func prepareDoors(o *door.Options) (*door.Prepared, error) {
	p, err := o.Prepare()
	if err != nil {
		return nil, &coded{code: ExitConfig, err: err}
	}
	return p, nil
}

// openDoors lets others in for as long as a session runs. What can't be opened is told, and
// the session goes on without.
func openDoors(p *door.Prepared, s *host.Session, allowed []string, l *logs) (closing func()) {
	registry.Sweep(func(path string) bool { return ledger.InUse(path) == nil })
	d, err := openSession(p, s, allowed)
	if err != nil {
		l.told(l.Handler, intent.Warn, "there is no page, and other commands can't reach this session: "+err.Error())
		return nil
	}
	for _, problem := range d.Problems() {
		l.told(l.Handler, intent.Warn, problem)
	}
	switch {
	case d.Address() == "":
	case l.screen.tty: // a file that this is written to would keep the token
		l.told(l.screen, intent.Info, "page: "+d.Login())
	default:
		l.told(l.Handler, intent.Info, "page: "+d.Address()+" (perilune page tells it with its token)")
	}
	return func() { _ = d.Close() } // the session has ended: what is left to close matters to nobody
}

func openSession(p *door.Prepared, s *host.Session, allowed []string) (*door.Doors, error) {
	desk := s.Desk()
	models, err := mcp.New(mcp.Options{Call: mcp.On(desk), Allow: allowed, Version: buildOf().Version})
	if err != nil {
		return nil, err
	}
	return p.Open(door.Session{Desk: desk, Metrics: func(w io.Writer) error { return s.WriteMetrics(w) }, Beat: s.BeatAge, Page: page.Files(), MCP: mcp.Handler(models)},
		desk.Identity().Ledger)
}

// told writes a line of the doors where lines of its level go.
func (l *logs) told(to slog.Handler, level intent.Level, text string) {
	if to.Enabled(context.Background(), levels[level]) {
		l.say(to, host.Line{Level: level, Strategy: "host", Text: text})
	}
}
