package door

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/host/control"
	"github.com/perilune/perilune/host/control/controltest"
)

const token = "0123456789abcdef-token"

// open is a door over loopback.
func open(t *testing.T, desk control.Desk) (*Door, *httptest.Server) {
	t.Helper()
	d, err := New(Session{Desk: desk, Page: fstest.MapFS{"index.html": {Data: []byte("<p>page")}, signinFile: {Data: []byte("<p>sign in")}, "lib/a.js": {Data: []byte("1")}, "secret.db": {Data: []byte("x")}},
		Metrics: func(w io.Writer) error { _, err := io.WriteString(w, "perilune_events_total 1\n"); return err }},
		Access{Token: sign.NewSecret(token), Hosts: []string{"desk.example"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(d)
	t.Cleanup(s.Close)
	t.Cleanup(d.Close)
	return d, s
}

// do sends a request with the token unless headers say otherwise.
func do(t *testing.T, s *httptest.Server, method, path, body string, headers ...string) (int, string, http.Header) {
	t.Helper()
	r, err := http.NewRequest(method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		} else if r.Header.Set(headers[i], headers[i+1]); headers[i+1] == "" {
			r.Header.Del(headers[i])
		}
	}
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	a, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	raw, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, string(raw), a.Header
}

func TestAsking(t *testing.T) {
	_, s := open(t, &controltest.Desk{})
	for _, x := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/api/v1/positions?strategy=a", "", 200, `"strategy":"a"`},
		{"POST", "/api/v1/positions", `{"strategy":"b"}`, 200, `{"result":[{"instrument":"usdm:BTCUSDT","strategy":"b"`},
		{"POST", "/api/v1/positions", ``, 200, `"instrument"`},
		{"GET", "/api/v1/fills?pair=7&from=2026-01-02T03:04:05Z&limit=2", "", 200, `"time":"2026-01-02T03:04:05Z"`},
		{"GET", "/api/v1/fills?pair=-7", "", 400, `pair`},
		{"GET", "/api/v1/fills?from=noon", "", 400, `field from: \"noon\": want a time`},
		{"GET", "/api/v1/fills?limit=1e3", "", 400, `field limit`},
		{"GET", "/api/v1/positions?strat=a", "", 400, `unknown field \"strat\"`},
		{"GET", "/api/v1/positions?strategy=a&strategy=b", "", 400, `given 2 times`},
		{"GET", "/api/v1/none", "", 404, `there is no operation`},
		{"GET", "/api/v1/halt", "", 405, `want POST`},
		{"POST", "/api/v1/positions", `{"strategy":1}`, 400, `bad_request`},
		{"POST", "/api/v1/positions", `{"strategy":"` + strings.Repeat("x", mostBody) + `"}`, 400, `longer than`},
		{"POST", "/api/v1/with/status", "", 200, `{"result":null}`},
		{"POST", "/api/v1/with/halt", "", 404, `and not told`},
		{"GET", "/metrics", "", 200, "perilune_events_total 1"},
		{"GET", "/healthz", "", 200, `"ok"`},
		{"GET", "/api/v1/openapi.json", "", 200, `"openapi":"3.1.0"`},
	} {
		status, body, h := do(t, s, x.method, x.path, x.body)
		if status != x.status || !strings.Contains(body, x.want) || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s %s %.40s: %d %.200s, want %d with %s", x.method, x.path, x.body, status, body, x.status, x.want)
		}
	}
}

// A second run is asked beside the first, and can't be told.
func TestComparing(t *testing.T) {
	other := &controltest.Desk{}
	d, err := New(Session{Desk: &controltest.Desk{}, With: other}, Access{Token: sign.NewSecret(token)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(d)
	defer s.Close()
	if status, body, _ := do(t, s, "POST", "/api/v1/with/positions", `{"strategy":"b"}`); status != 200 || !strings.Contains(body, `"strategy":"b"`) {
		t.Errorf("asked: %d %s", status, body)
	}
	if status, _, _ := do(t, s, "POST", "/api/v1/with/halt", `{}`); status != 404 || len(other.Told()) > 0 {
		t.Errorf("told: %d %q, want 404 and nothing done", status, other.Told())
	}
}

// A model's door is behind the same guard.
func TestModels(t *testing.T) {
	d, err := New(Session{Desk: &controltest.Desk{}, MCP: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Method) })},
		Access{Token: sign.NewSecret(token)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(d)
	defer s.Close()
	for _, method := range []string{"GET", "POST", "DELETE"} {
		if status, body, _ := do(t, s, method, "/mcp", ""); status != 200 || body != method {
			t.Errorf("%s: %d %q", method, status, body)
		}
		if status, _, _ := do(t, s, method, "/mcp", "", "Authorization", ""); status != 401 {
			t.Errorf("%s without a token: %d, want 401", method, status)
		}
	}
}

// Each kind of failure has the status of the contract.
func TestFailures(t *testing.T) {
	desk := &controltest.Desk{}
	_, s := open(t, desk)
	for code, want := range statuses { // order does not matter: each is asked for by itself
		desk.Fail = &control.Error{Code: code, Text: "why", Hint: "what"}
		if status, body, _ := do(t, s, "GET", "/api/v1/status", ""); status != want || !strings.Contains(body, `{"error":{"code":"`+string(code)+`","text":"why","hint":"what"}}`) {
			t.Errorf("%s: %d %s, want %d", code, status, body, want)
		}
	}
	desk.Fail = errors.New("anything")
	if status, _, _ := do(t, s, "GET", "/api/v1/status", ""); status != 500 {
		t.Errorf("an error of no kind: %d, want 500", status)
	}
	desk.Fail = context.DeadlineExceeded
	if status, _, _ := do(t, s, "GET", "/api/v1/status", ""); status != 504 {
		t.Errorf("a loop that is late: %d, want 504", status)
	}
}

// A double click flattens once; without the confirmation nothing is done.
func TestFlattenOnce(t *testing.T) {
	desk := &controltest.Desk{Hold: make(chan struct{})}
	_, s := open(t, desk)
	if status, body, _ := do(t, s, "POST", "/api/v1/flatten", `{}`); status != 409 || !strings.Contains(body, ConfirmHeader) {
		t.Errorf("not confirmed: %d %s, want 409 with the header's name", status, body)
	}
	if told := desk.Told(); len(told) != 0 {
		t.Fatalf("the desk was told %q without confirmation", told)
	}
	var clicks sync.WaitGroup
	var answers [2]string
	for i := range answers {
		clicks.Go(func() {
			_, answers[i], _ = do(t, s, "POST", "/api/v1/flatten", `{"strategy":"a"}`, ConfirmHeader, "flatten", KeyHeader, "k1", WhyHeader, "too%20hot%0a")
		})
	}
	desk.Hold <- struct{}{} // one is enough for both
	clicks.Wait()
	if answers[0] != "{\"result\":{}}\n" || answers[1] != answers[0] {
		t.Errorf("answers %q, want the same success", answers)
	}
	if told := desk.Told(); !slices.Equal(told, []string{`http token: too hot flatten {"strategy":"a"}`}) {
		t.Errorf("the desk was told %q, want flatten once, with who and why", told)
	}
	if status, body, _ := do(t, s, "POST", "/api/v1/flatten", `{}`, ConfirmHeader, "flatten", KeyHeader, "k1"); status != 409 {
		t.Errorf("the key again with other arguments: %d %s, want 409", status, body)
	}
}

func TestKeysAreBounded(t *testing.T) {
	o, now := newOnce(), time.Unix(1e9, 0)
	for i := range mostKeys {
		if _, first, err := o.enter(string(rune('a'+i)), [32]byte{}, now); err != nil || !first {
			t.Fatal(i, first, err)
		}
	}
	var e *control.Error
	if _, _, err := o.enter("one more", [32]byte{}, now); !errors.As(err, &e) || e.Code != control.TooMany {
		t.Errorf("beyond the bound: %v, want too_many", err)
	}
	if _, first, err := o.enter("one more", [32]byte{}, now.Add(keyLives)); err != nil || !first || len(o.known) != 1 {
		t.Errorf("when the others are over: %v %v, %d known", first, err, len(o.known))
	}
}

func TestRateIsBounded(t *testing.T) {
	b, now, n := newBucket(), time.Unix(1e9, 0), 0
	for b.take(now) {
		n++
	}
	if n != askedAtOnce {
		t.Errorf("%d at once, want %d", n, askedAtOnce)
	}
	n = 0
	for b.take(now.Add(time.Second)) {
		n++
	}
	if n != askedPerSecond {
		t.Errorf("%d a second later, want %d", n, askedPerSecond)
	}
}

// Every operation is described, and every reference leads somewhere.
func TestOpenAPI(t *testing.T) {
	raw, err := json.Marshal(OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths      map[string]map[string]json.RawMessage
		Components struct{ Schemas map[string]json.RawMessage }
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	for _, op := range control.Ops() {
		p := doc.Paths["/api/v1/"+op.Name]
		if p["post"] == nil || (p["get"] != nil) != (op.Kind == control.Read) {
			t.Errorf("%s: described with %d methods", op.Name, len(p))
		}
		if op.Kind == control.Destructive != strings.Contains(string(p["post"]), ConfirmHeader) {
			t.Errorf("%s: whether it is to be confirmed is not what its kind says", op.Name)
		}
	}
	for _, part := range strings.Split(string(raw), `"$ref":"#/components/schemas/`)[1:] {
		if name, _, _ := strings.Cut(part, `"`); doc.Components.Schemas[name] == nil {
			t.Errorf("a reference to %q leads nowhere", name)
		}
	}
}

func TestHealth(t *testing.T) {
	age := time.Second
	d, err := New(Session{Desk: &controltest.Desk{}, Beat: func() time.Duration { return age }}, Access{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		age  time.Duration
		want int
	}{{time.Second, 200}, {time.Minute, 503}} {
		age = x.age
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "http://127.0.0.1/healthz", nil)
		if d.ServeHTTP(w, r); w.Code != x.want {
			t.Errorf("a beat of %s ago: %d, want %d", x.age, w.Code, x.want)
		}
	}
}
