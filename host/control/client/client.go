// Package client reaches a session that runs on this machine, from another process of its
// user.
package client

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/host/control"
	"github.com/perilune/perilune/host/control/door"
	"github.com/perilune/perilune/host/control/registry"
)

// Bounds of a call.
const (
	callWithin = 40 * time.Second
	dialWithin = 2 * time.Second
	mostAnswer = 64 << 20
)

// ErrNone is that no session runs on the ledger that was asked for.
var ErrNone = errors.New("no session runs")

// Client asks and tells one session. Any goroutine may use it.
type Client struct {
	entry registry.Entry
	base  string
	token sign.Secret
	http  *http.Client
}

// Find reaches the session of a ledger, "" for the only one that runs. It fails with
// ErrNone when there is none, and names them when there are several.
func Find(ctx context.Context, ledger string) (*Client, error) {
	if ledger != "" {
		e, ok := registry.Of(ledger)
		if !ok {
			return nil, fmt.Errorf("%w on %s", ErrNone, ledger)
		}
		c := Of(e)
		if err := c.alive(ctx); err != nil {
			return nil, fmt.Errorf("%w on %s: %w", ErrNone, ledger, err)
		}
		return c, nil
	}
	list := List(ctx)
	switch len(list) {
	case 0:
		return nil, ErrNone
	case 1:
		return Of(list[0]), nil
	}
	var names []string
	for _, e := range list {
		names = append(names, fmt.Sprintf("%s (%s)", e.Ledger, e.Mode))
	}
	return nil, fmt.Errorf("%d sessions run: name the ledger of one: %s", len(list), strings.Join(names, ", "))
}

// List are the sessions that run on this machine and answer, by ledger.
func List(ctx context.Context) []registry.Entry {
	var out []registry.Entry
	for _, e := range registry.All() {
		if Of(e).alive(ctx) == nil {
			out = append(out, e)
		}
	}
	return out
}

// Of is a client of a session, which need not run.
func Of(e registry.Entry) *Client {
	c := &Client{entry: e, base: "http://perilune", http: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{Timeout: dialWithin}).DialContext(ctx, "unix", e.Socket)
		}}}}
	if e.Socket == "" {
		c.base = strings.TrimSuffix(e.Address, "/")
		c.http.Transport = &http.Transport{DialContext: (&net.Dialer{Timeout: dialWithin}).DialContext}
		c.token, _ = registry.Token(e.Ledger) // without one the session says that it wants it
	}
	return c
}

// Entry is how the session said that it is reached.
func (c *Client) Entry() registry.Entry { return c.entry }

// alive asks for a sign of life.
func (c *Client) alive(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	r, err := c.request(ctx, http.MethodGet, "/healthz", nil)
	if err != nil {
		return err
	}
	a, err := c.http.Do(r)
	if err != nil {
		return plain(err)
	}
	return a.Body.Close()
}

func (c *Client) request(ctx context.Context, method, path string, body []byte) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if !c.token.Empty() {
		r.Header.Set("Authorization", "Bearer "+c.token.Reveal())
	}
	return r, nil
}

// Call does an operation and reads its answer into result, which may be nil. A failure is
// a *control.Error. Who calls has asked its user: what is destructive is done.
func (c *Client) Call(ctx context.Context, op string, by control.Who, args, result any) error {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	raw, err := json.Marshal(args)
	if err != nil {
		return err
	}
	r, err := c.request(ctx, http.MethodPost, "/api/v1/"+url.PathEscape(op), raw)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(door.ConfirmHeader, op)
	r.Header.Set(door.KeyHeader, rand.Text())
	if by.Why != "" {
		r.Header.Set(door.WhyHeader, url.PathEscape(by.Why))
	}
	if by.Door == "mcp" || by.Door == "chat" {
		r.Header.Set(door.DoorHeader, by.Door)
	}
	a, err := c.http.Do(r)
	if err != nil {
		return c.unreachable(err)
	}
	defer a.Body.Close()
	return answer(a.Body, result)
}

func answer(from io.Reader, result any) error {
	body, err := io.ReadAll(io.LimitReader(from, mostAnswer))
	if err != nil {
		return control.Errorf(control.Late, "the answer did not come whole: %v", plain(err))
	}
	var a struct {
		Result json.RawMessage `json:"result"`
		Error  *control.Error  `json:"error"`
	}
	if err := json.Unmarshal(body, &a); err != nil {
		return control.Errorf(control.Internal, "the answer is no JSON: is it a session of this version?")
	}
	if a.Error != nil {
		return a.Error
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(a.Result, result)
}

// unreachable is the error of a session that does not answer.
func (c *Client) unreachable(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return control.Errorf(control.Late, "the session on %s has not answered in time, and may do it yet", c.entry.Ledger)
	}
	return control.Errorf(control.Ended, "the session on %s does not answer: %v", c.entry.Ledger, plain(err))
}

// plain is an error without the address that was asked, which means nothing over a socket.
func plain(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return cmp.Or(u.Err, err)
	}
	return err
}

// Login is the address of the session's page with its token, which is a secret.
func (c *Client) Login() (string, error) {
	if c.entry.Address == "" {
		return "", fmt.Errorf("the session on %s has no page: it was begun with --page off", c.entry.Ledger)
	}
	if c.entry.Token == "" {
		return "", fmt.Errorf("the page of the session on %s is at %s, and its token was given with the configuration: open that address with ?token= and the token", c.entry.Ledger, c.entry.Address)
	}
	t, err := registry.Token(c.entry.Ledger)
	if err != nil {
		return "", err
	}
	return c.entry.Address + "?token=" + t.Reveal(), nil
}
