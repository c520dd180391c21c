package door

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/perilune/perilune/host/control"
)

// How followers are told.
const (
	tellEvery  = 250 * time.Millisecond
	beatEvery  = 15 * time.Second
	mostBatch  = 500 // events at a time; of more the newest
	sendWithin = 10 * time.Second
	retryAfter = 2 * time.Second
)

// followType are the arguments of GET /api/v1/follow.
var followType = reflect.TypeFor[control.FollowArgs]()

func followArgs(r *http.Request) (control.FollowArgs, error) {
	var a control.FollowArgs
	raw, err := queryArgs(followType, r.URL.Query())
	if err == nil {
		err = json.Unmarshal(raw, &a)
	}
	if err == nil && a.Level != "" && !slices.Contains(levels, a.Level) {
		err = fmt.Errorf("level %q: want debug, info, warn or error", printable(a.Level))
	}
	if err != nil {
		return a, control.Errorf(control.BadRequest, "follow: %v", err)
	}
	return a, nil
}

// follow is Server-Sent Events: batches of what happened, at most four a second. The id of
// a batch is where a client goes on after it lost the connection.
func (d *Door) follow(w http.ResponseWriter, r *http.Request) {
	f := &follower{door: d, out: http.NewResponseController(w), w: w}
	var missed bool
	args, err := followArgs(r)
	if err == nil {
		f.args = &args
		f.at, missed, err = d.hub.enter(r.Header.Get("Last-Event-ID"))
	}
	if err != nil {
		refuse(w, err)
		return
	}
	defer d.hub.leave()
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	fmt.Fprintf(&f.buf, "retry: %d\n\n", retryAfter.Milliseconds())
	if missed {
		f.batch(nil, 1)
	}
	if !f.send() {
		return
	}
	f.run(r)
}

// follower is one client of follow.
type follower struct {
	door *Door
	args *control.FollowArgs
	out  *http.ResponseController
	w    http.ResponseWriter
	at   uint64
	buf  bytes.Buffer
	last time.Time
}

func (f *follower) run(r *http.Request) {
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-f.door.hub.ctx.Done():
			return
		case <-tick.C:
		}
		if over := f.look(); f.buf.Len() > 0 && !f.send() || over {
			return
		}
	}
}

// look gathers what came since the last batch.
func (f *follower) look() (over bool) {
	list, next, lost, over := f.door.hub.take(f.at)
	f.at = next
	list = slices.DeleteFunc(list, func(ev control.Event) bool { return !chosen(f.args, &ev) })
	list = conflated(list)
	if n := len(list) - mostBatch; n > 0 {
		lost, list = lost+uint64(n), list[n:]
	}
	switch {
	case len(list) > 0 || lost > 0:
		f.batch(list, lost)
	case time.Since(f.last) >= beatEvery:
		fmt.Fprintf(&f.buf, ": beat\nid: %s\n\n", f.door.hub.id(f.at))
	}
	return over
}

// conflated leaves of what only its last value matters the last one.
func conflated(list []control.Event) []control.Event {
	last := -1
	for i := range list {
		if list[i].Kind == "equity" {
			last = i
		}
	}
	i := -1
	return slices.DeleteFunc(list, func(ev control.Event) bool {
		i++
		return ev.Kind == "equity" && i != last
	})
}

// batch writes events as one message, with a mark in front for those that were lost.
func (f *follower) batch(list []control.Event, lost uint64) {
	if lost > 0 {
		mark := control.Event{Kind: "dropped", Time: time.Now().UTC(), Data: json.RawMessage(fmt.Sprintf(`{"events":%d}`, lost))}
		list = slices.Concat([]control.Event{mark}, list)
	}
	fmt.Fprintf(&f.buf, "id: %s\ndata: ", f.door.hub.id(f.at))
	e := json.NewEncoder(&f.buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(list); err != nil { // of data that is no JSON
		f.buf.WriteString(`[]` + "\n")
	}
	f.buf.WriteByte('\n')
}

// send writes what was gathered, and reports whether the client took it in time.
func (f *follower) send() bool {
	// An error means that the connection has no deadlines, as in tests.
	_ = f.out.SetWriteDeadline(time.Now().Add(sendWithin))
	_, err := f.w.Write(f.buf.Bytes())
	if err == nil {
		err = f.out.Flush()
	}
	f.buf.Reset()
	if f.buf.Cap() > 1<<20 {
		f.buf = bytes.Buffer{}
	}
	f.last = time.Now()
	return err == nil
}
