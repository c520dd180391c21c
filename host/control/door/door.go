// Package door opens a session to programs on this machine and elsewhere: one HTTP handler
// over the operations of package control, served over a unix socket and over TCP, with
// Server-Sent Events, a description in OpenAPI, metrics, a sign of life, a page, and
// webhooks from outside.
//
// Who comes over the unix socket is the user that the session runs as, which the kernel
// vouches for. Who comes over TCP shows a token, in a header or in the cookie that the
// page's address sets. A browser on another site can neither send the token nor read an
// answer: names of hosts are on a list, requests from other origins are refused, and there
// is no CORS.
//
// Nothing here holds the loop up. Requests have a rate, followers poll a bounded ring, and
// who reads too slowly is cut off.
package door

import (
	"io"
	"io/fs"
	"net/http"
	"time"

	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/host/control"
	"github.com/perilune/perilune/host/control/hook"
)

// Session is what a door opens.
type Session struct {
	Desk control.Desk
	// Metrics writes them in the text format of Prometheus; nil: there are none.
	Metrics func(io.Writer) error
	// Beat is how long ago the loop last showed that it goes on; nil: there is no loop.
	Beat func() time.Duration
	// With is another desk, to compare with, which can only be asked; nil: there is none.
	With control.Reader
	// MCP is the door of the Model Context Protocol, at /mcp; nil: there is none.
	MCP http.Handler
	// Page is what stands at /, index.html first. It is read once; nil: there is no page.
	Page fs.FS
}

// Access says who may come in over TCP.
type Access struct {
	Token sign.Secret // what a client shows; must not be empty where TCP is listened on
	Hosts []string    // names that it may be called by, beside localhost and addresses that it has
	TLS   bool        // cookies are for TLS alone
}

// Bounds of requests.
const (
	mostBody    = 128 << 10 // 16 KiB of code, each byte escaped
	readWithin  = 10 * time.Second
	writeWithin = 30 * time.Second
	askWithin   = 10 * time.Second
	tellWithin  = 30 * time.Second
	stalled     = 10 * time.Second // a loop that has not shown itself for so long stands still
)

// mcpPath is where models come.
const mcpPath = "/mcp"

// Door is the handler of one session.
type Door struct {
	session  Session
	access   Access
	hooks    *hook.Set
	hub      *hub
	once     *once
	rate     *bucket
	failures *failures
	page     map[string]file
	mux      *http.ServeMux
	handler  http.Handler
}

// New makes the handler of a session; hooks may be nil. It is closed with Close.
func New(s Session, a Access, hooks *hook.Set) (*Door, error) {
	page, err := loadPage(s.Page)
	if err != nil {
		return nil, err
	}
	d := &Door{session: s, access: a, hooks: hooks, hub: newHub(s.Desk), once: newOnce(), rate: newBucket(), failures: newFailures(), page: page}
	d.mux = http.NewServeMux()
	d.mux.HandleFunc("POST /api/v1/{op}", d.tell)
	d.mux.HandleFunc("GET /api/v1/{op}", d.ask)
	d.mux.HandleFunc("POST /api/v1/with/{op}", d.askOther)
	d.mux.HandleFunc("GET /api/v1/follow", d.follow)
	d.mux.HandleFunc("GET /api/v1/openapi.json", d.describe)
	d.mux.HandleFunc("GET /metrics", d.metrics)
	d.mux.HandleFunc("GET /healthz", d.health)
	d.mux.HandleFunc("POST /hook/{name}", d.hear)
	d.mux.HandleFunc("POST /hook/{name}/{token}", d.hear)
	d.mux.HandleFunc("GET /{path...}", d.show)
	for _, method := range []string{"GET ", "POST ", "DELETE "} {
		if s.MCP != nil {
			d.mux.Handle(method+mcpPath, s.MCP)
		}
	}
	d.handler = d.guard(d.mux)
	return d, nil
}

// ServeHTTP implements http.Handler.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) { d.handler.ServeHTTP(w, r) }

// Close ends what follows the session.
func (d *Door) Close() { d.hub.close() }

func (d *Door) metrics(w http.ResponseWriter, r *http.Request) {
	if d.session.Metrics == nil {
		refuse(w, control.Errorf(control.NotFound, "there are no metrics: the session has ended"))
		return
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_ = d.session.Metrics(w) // who scrapes has gone
}

// health answers what watches processes, without a token: it tells nothing but that the
// loop goes on.
func (d *Door) health(w http.ResponseWriter, _ *http.Request) {
	var age time.Duration
	if d.session.Beat != nil {
		age = d.session.Beat()
	}
	code, state := http.StatusOK, "ok"
	if age > stalled {
		code, state = http.StatusServiceUnavailable, "the loop stands still"
	}
	write(w, code, struct {
		State string  `json:"state"`
		Age   float64 `json:"beat_age_ms"`
	}{state, float64(age) / float64(time.Millisecond)})
}
