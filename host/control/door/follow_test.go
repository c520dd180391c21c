package door

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/perilune/perilune/host/control"
	"github.com/perilune/perilune/host/control/controltest"
)

// stream is a client of follow.
type stream struct {
	t     *testing.T
	a     *http.Response
	lines *bufio.Scanner
	id    string
}

func follow(t *testing.T, url, query, last string) *stream {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", url+"/api/v1/follow"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if a.StatusCode != 200 {
		t.Fatalf("follow: %d", a.StatusCode)
	}
	s := &stream{t: t, a: a, lines: bufio.NewScanner(a.Body)}
	t.Cleanup(s.close)
	s.lines.Buffer(nil, 4<<20)
	if !s.lines.Scan() || s.lines.Text() != "retry: 2000" {
		t.Fatalf("the first line is %q", s.lines.Text())
	}
	return s
}

func (s *stream) close() { s.a.Body.Close() }

// next is the next batch; nil at the end.
func (s *stream) next() (list []control.Event) {
	s.t.Helper()
	for s.lines.Scan() {
		field, value, _ := strings.Cut(s.lines.Text(), ": ")
		switch field {
		case "id":
			s.id = value
		case "data":
			if err := json.Unmarshal([]byte(value), &list); err != nil {
				s.t.Fatal(err)
			}
			return list
		}
	}
	return nil
}

// until reads batches until one ends with a text, and returns the texts in them.
func (s *stream) until(text string) (out []string) {
	s.t.Helper()
	for {
		list := s.next()
		if list == nil {
			s.t.Fatalf("the stream ended after %q", out)
		}
		for _, ev := range list {
			var l control.LogLine
			if json.Unmarshal(ev.Data, &l) != nil || ev.Kind == "dropped" {
				l.Text = ev.Kind
			}
			if out = append(out, l.Text); l.Text == text {
				return out
			}
		}
	}
}

func TestFollow(t *testing.T) {
	desk := &controltest.Desk{Events: make(chan control.Event)}
	_, s := open(t, desk)
	f, warns := follow(t, s.URL, "", ""), follow(t, s.URL, "?level=warn&strategy=a&kinds=log", "")
	for _, ev := range []control.Event{controltest.Log("a", "info", "1"), {Kind: "equity", Data: json.RawMessage(`{}`)}, controltest.Log("b", "warn", "2"), controltest.Log("a", "error", "3")} {
		desk.Events <- ev
	}
	if got := strings.Join(f.until("3"), " "); got != "1  2 3" {
		t.Errorf("followed %q", got)
	}
	if got := strings.Join(warns.until("3"), " "); got != "3" {
		t.Errorf("followed of one strategy, what is worse than info: %q", got)
	}
	f.close()
	desk.Events <- controltest.Log("a", "info", "4")
	if got := strings.Join(follow(t, s.URL, "", f.id).until("4"), " "); got != "4" {
		t.Errorf("gone on with: %q, want what came meanwhile", got)
	}
	lost := follow(t, s.URL, "", "another-12")
	desk.Events <- controltest.Log("a", "info", "5")
	if got := strings.Join(lost.until("5"), " "); got != "dropped 5" {
		t.Errorf("gone on after what nobody remembers: %q, want to be told so", got)
	}
	close(desk.Events)
	for warns.next() != nil {
		t.Error("the session has ended, and something came")
	}
	if status, _, _ := do(t, s, "GET", "/api/v1/follow", ""); status != 410 {
		t.Errorf("following a session that has ended: %d, want 410", status)
	}
}

// A page that nobody looks at for a week costs no memory, and is told that it missed
// something.
func TestRingIsBounded(t *testing.T) {
	h := newHub(&controltest.Desk{})
	ev := controltest.Log("a", "info", strings.Repeat("x", 4000))
	for range 3 * ringEvents {
		h.add(&ev)
	}
	list, next, lost, _ := h.take(0)
	if h.bytes > ringBytes || len(list)+int(lost) != 3*ringEvents || next != 3*ringEvents || lost == 0 {
		t.Errorf("%d bytes kept, %d events and %d lost of %d", h.bytes, len(list), lost, 3*ringEvents)
	}
	small := control.Event{Kind: "fill"}
	for range 2 * ringEvents {
		h.add(&small)
	}
	if list, _, _, _ := h.take(0); len(list) >= ringEvents {
		t.Errorf("%d events kept, want fewer than %d", len(list), ringEvents)
	}
}

// What comes faster than it can be looked at comes in one message of bounded size.
func TestBatches(t *testing.T) {
	h := newHub(&controltest.Desk{})
	for i := range 2000 {
		h.add(&control.Event{Kind: []string{"equity", "fill"}[i%2], Seq: uint64(i), Data: json.RawMessage(`{}`)})
	}
	f := &follower{door: &Door{hub: h}, args: &control.FollowArgs{}}
	f.look()
	_, data, _ := bytes.Cut(f.buf.Bytes(), []byte("data: "))
	var list []control.Event
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	// 1000 fills and the last equity: 501 too many.
	if n := len(list); n != mostBatch+1 || list[0].Kind != "dropped" || string(list[0].Data) != `{"events":501}` || list[n-1].Seq != 1999 || list[n-2].Kind != "equity" {
		t.Errorf("%d events, the first %s %s", n, list[0].Kind, list[0].Data)
	}
	if f.buf.Reset(); f.look() || f.at != 2000 {
		t.Errorf("at %d, want 2000", f.at)
	}
}

func TestFollowersAreBounded(t *testing.T) {
	_, s := open(t, &controltest.Desk{Events: make(chan control.Event)})
	var all []*stream
	for range mostFollowers {
		all = append(all, follow(t, s.URL, "", ""))
	}
	status, body, h := do(t, s, "GET", "/api/v1/follow", "")
	if status != 429 || h.Get("Retry-After") == "" || !strings.Contains(body, fmt.Sprint(mostFollowers)) {
		t.Errorf("one more: %d %s, want 429", status, body)
	}
	for _, f := range all {
		f.close()
	}
}
