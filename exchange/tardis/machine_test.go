package tardis

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange/wire"
	"github.com/perilune/perilune/exchange/wire/wiretest"
)

const replayOptions = `{"exchange":"bitmex","symbols":["XBTUSD"],"from":"2026-10-01","to":"2026-10-02","dataTypes":["trade"]}`

func tradeLine(n int) string {
	return fmt.Sprintf(`{"type":"trade","symbol":"XBTUSD","exchange":"bitmex","id":"%d","price":60000.5,"amount":100,"side":"buy","timestamp":"2026-10-01T00:00:00.000Z","localTimestamp":"2026-10-01T00:00:00.010Z"}`, n)
}

// machine is a tardis-machine of our own: what it was asked for, and what it does then.
type machine struct {
	asked atomic.Pointer[url.URL]
	talk  func(*wiretest.Talker)
	reply http.HandlerFunc
}

func (m *machine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.asked.Store(r.URL)
	if m.reply != nil {
		m.reply(w, r)
		return
	}
	wiretest.Talk(w, r, m.talk)
}

func serve(t *testing.T, m *machine, path, options string) string {
	t.Helper()
	s := httptest.NewServer(m)
	t.Cleanup(s.Close)
	base := s.URL
	if strings.HasPrefix(path, "/ws") {
		base = strings.Replace(base, "http", "ws", 1)
	}
	return base + path + "?options=" + url.QueryEscape(options)
}

func send(lines int, code int, why string) func(*wiretest.Talker) {
	return func(c *wiretest.Talker) {
		for n := range lines {
			if !c.Say(tradeLine(n)) {
				return
			}
		}
		if code != 0 {
			c.End(code, why)
		}
	}
}

// read opens a stream and counts its messages.
func read(text string, p Patience) (n int, err error) {
	m, err := ParseMachine(text)
	if err != nil {
		return 0, err
	}
	s, err := m.Open(context.Background(), p)
	if err != nil {
		return 0, err
	}
	defer s.Rest.Close()
	for n = len(s.Head); ; n++ {
		if _, err := s.Rest.Next(); err != nil {
			return n, err
		}
	}
}

func TestStreamsAreReadToTheirEnd(t *testing.T) {
	const many = headCount + 3*queued
	ws := &machine{talk: send(many, wire.CloseNormal, "WS replay-normalized finished")}
	if n, err := read(serve(t, ws, pathReplay, replayOptions), Patience{}); n != many || err != io.EOF {
		t.Errorf("websocket: %d messages, %v", n, err)
	}
	if got := ws.asked.Load().Query().Get("options"); !strings.Contains(got, `"withDisconnectMessages":true`) || !strings.Contains(got, `"XBTUSD"`) {
		t.Errorf("asked for %s: want what was given, and disconnects", got)
	}
	lines := &machine{reply: func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, "%s\n%s\n", tradeLine(1), tradeLine(2)) }}
	if n, err := read(serve(t, lines, pathReplayHTTP, "["+replayOptions+"]"), Patience{}); n != 2 || err != io.EOF {
		t.Errorf("HTTP: %d messages, %v", n, err)
	}
}

// TestSlowSessionsHoldTheServer: of a replay that nobody takes no more is read than the
// queue, and what the network holds.
func TestSlowSessionsHoldTheServer(t *testing.T) {
	var sent atomic.Int64
	long := strings.Replace(tradeLine(1), `"id":"1"`, `"id":"`+strings.Repeat("7", 64<<10)+`"`, 1)
	m := &machine{talk: func(c *wiretest.Talker) {
		for c.Say(long) {
			sent.Add(1)
		}
	}}
	at, err := ParseMachine(serve(t, m, pathReplay, replayOptions))
	if err != nil {
		t.Fatal(err)
	}
	s, err := at.Open(t.Context(), Patience{})
	if err != nil {
		t.Fatal(err)
	}
	before := int64(-1)
	for sent.Load() != before { // until it stands still
		before = sent.Load()
		time.Sleep(200 * time.Millisecond)
	}
	if waiting := before - int64(len(s.Head)); waiting > 4*queued {
		t.Errorf("%d messages were sent and not taken, of a queue of %d", waiting, queued)
	}
	if _, err := s.Rest.Next(); err != nil {
		t.Error(err)
	}
	if err := s.Rest.Close(); err != nil {
		t.Error(err)
	}
}

func TestEndsSayWhatTheyMean(t *testing.T) {
	quick := Patience{First: 2 * time.Second, Next: 2 * time.Second} // as long as a busy machine needs
	live := `{"exchange":"bitmex","symbols":["XBTUSD"],"dataTypes":["trade"]}`
	hold := func(lines int) func(*wiretest.Talker) {
		return func(c *wiretest.Talker) {
			send(lines, 0, "")(c)
			c.Wait()
		}
	}
	status := func(code int, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, text, code) }
	}
	for name, c := range map[string]struct {
		m             *machine
		path, options string
		n             int
		want          string
	}{
		"error":      {&machine{talk: send(2, wire.CloseFailed, "unknown exchange nowhere")}, pathReplay, replayOptions, 2, "after 2 messages: tardis-machine gave up: unknown exchange nowhere"},
		"at once":    {&machine{talk: send(0, wire.CloseFailed, "unknown exchange nowhere")}, pathReplay, replayOptions, 0, "tardis-machine gave up: unknown exchange nowhere"},
		"slow":       {&machine{talk: send(1, wire.ClosePolicy, "slow")}, pathReplay, replayOptions, 1, "replay over http:// (/replay-normalized)"},
		"broken":     {&machine{talk: send(1, 0, "")}, pathReplay, replayOptions, 1, "the stream broke off"},
		"empty":      {&machine{talk: send(0, wire.CloseNormal, "")}, pathReplay, replayOptions, 0, "ended without a message"},
		"silent":     {&machine{talk: hold(0)}, pathReplay, replayOptions, 0, "nothing came for 2s: want an exchange, symbols and days that Tardis has"},
		"falls mute": {&machine{talk: hold(3)}, pathReplay, replayOptions, 3, "nothing came for 2s after 3 messages"},
		"live ends":  {&machine{talk: send(1, wire.CloseNormal, "")}, pathStream, live, 1, "ended a stream that has no end"},
		"no socket":  {&machine{reply: status(404, "no")}, pathReplay, replayOptions, 0, "HTTP status 404 and no websocket: want tardis-machine's port for websockets"},
		"HTTP error": {&machine{reply: status(400, `{"message":"Invalid exchange"}`)}, pathReplayHTTP, replayOptions, 0, `HTTP status 400: {"message":"Invalid exchange"}`},
	} {
		n, err := read(serve(t, c.m, c.path, c.options), quick)
		if n != c.n || err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %d messages, %v; want %d and %q", name, n, err, c.n, c.want)
		}
	}
	closed := httptest.NewServer(nil)
	closed.Close()
	for _, at := range []string{closed.URL + pathReplayHTTP, strings.Replace(closed.URL, "http", "ws", 1) + pathReplay} {
		if _, err := read(at+"?options="+url.QueryEscape(replayOptions), quick); err == nil || !strings.Contains(err.Error(), "does tardis-machine run there?") {
			t.Errorf("%s: %v", at, err)
		}
	}
}

func TestAddressesThatCannotBe(t *testing.T) {
	with := func(options string) string {
		return "ws://h:8001" + pathReplay + "?options=" + url.QueryEscape(options)
	}
	for text, want := range map[string]string{
		"ws://h:8001/ws-replay?options={}":                                  "want the normalised /ws-replay-normalized",
		"ws://h:8001/replay-normalized?options={}":                          `path "/replay-normalized": want /ws-replay-normalized or /ws-stream-normalized (http:// has /replay-normalized)`,
		"http://h:8000/ws-stream-normalized":                                "want /replay-normalized (ws:// has",
		"ws:///ws-replay-normalized":                                        "names no host",
		"ws://h:8001/ws-replay-normalized":                                  "options are missing",
		"ws://h\x7f/":                                                       "invalid control character",
		with(`exchange=bitmex`):                                             "want a JSON object or a list of them",
		with(`[]`):                                                          "want a JSON object or a list of them",
		with(`{"exchange":"Bit Mex"}`):                                      "want one as Tardis spells it",
		with(`{"exchange":"bitmex","symbols":"XBTUSD"}`):                    "symbols is a string: want a text, or a list of texts",
		with(`{"exchange":"bitmex","from":"2026-10-01"}`):                   `to "": want both`,
		with(`{"exchange":"bitmex","from":"2026-10-01","to":"2026-10-02"}`): "want at least one of trade, book_change",
		with(`{"exchange":"bitmex","from":"2026-10-01","to":"2026-10-02","dataTypes":["trades"]}`):         `dataTypes ["trades"]`,
		"ws://h" + pathStream + `?options={"exchange":"bitmex","from":"2026-10-01","dataTypes":["trade"]}`: "from and to are of a replay",
	} {
		if _, err := ParseMachine(text); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}

	if _, err := ParseMachine(machineExample); err != nil {
		t.Errorf("the example itself: %v", err)
	}
	for text, want := range map[string]bool{"ws://h": true, "wss:/h": true, "https://h": true, "dir/file.csv": false, "synth": false, "c://x": false} {
		if IsMachine(text) != want {
			t.Errorf("%s: want %t", text, want)
		}
	}
}
