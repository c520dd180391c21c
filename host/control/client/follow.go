package client

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/perilune/perilune/host/control"
)

// again is the pause before a lost connection is made anew.
const again = time.Second

// follow is what happens, until ctx or the session ends, or the range is left. A connection
// that is lost while the session goes on is made anew, and goes on where it was.
func (c *Client) follow(ctx context.Context, a control.FollowArgs) iter.Seq[control.Event] {
	return func(yield func(control.Event) bool) {
		f := &following{client: c, path: "/api/v1/follow?" + query(a), yield: yield}
		for f.connect(ctx) {
			select {
			case <-time.After(again):
			case <-ctx.Done():
				return
			}
		}
	}
}

func query(a control.FollowArgs) string {
	q := url.Values{}
	for name, v := range map[string]string{"kinds": strings.Join(a.Kinds, ","), "strategy": a.Strategy, "level": a.Level} {
		if v != "" {
			q.Set(name, v)
		}
	}
	return q.Encode()
}

type following struct {
	client *Client
	path   string
	last   string // id of the last batch
	yield  func(control.Event) bool
}

// connect follows over one connection, and reports whether to try another.
func (f *following) connect(ctx context.Context) bool {
	r, err := f.client.request(ctx, http.MethodGet, f.path, nil)
	if err != nil {
		return false
	}
	if f.last != "" {
		r.Header.Set("Last-Event-ID", f.last)
	}
	a, err := f.client.http.Do(r)
	if err != nil {
		return false
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusOK {
		e := control.AsError(answer(a.Body, nil))
		raw, _ := json.Marshal(e) // of strings
		f.yield(control.Event{Kind: "dropped", Time: time.Now().UTC(), Data: raw})
		return false
	}
	return f.read(a.Body)
}

func (f *following) read(body io.Reader) bool {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, mostAnswer)
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "id":
			f.last = value
		case "data":
			var list []control.Event
			if json.Unmarshal([]byte(value), &list) != nil {
				return false
			}
			for _, ev := range list {
				if !f.yield(ev) {
					return false
				}
			}
		}
	}
	return true
}
