package door

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/perilune/perilune/host/control"
	"github.com/perilune/perilune/host/control/controltest"
	"github.com/perilune/perilune/host/control/hook"
)

// A message from outside becomes a signal once, whatever is sent.
func TestHooks(t *testing.T) {
	t.Setenv("HOOK_TOKEN", "a-token-of-a-webhook")
	hooks, err := hook.Open([]hook.Config{{Name: "tv", Token: "env:HOOK_TOKEN", MaxBytes: 200}})
	if err != nil {
		t.Fatal(err)
	}
	desk := &controltest.Desk{}
	d, err := New(Session{Desk: desk}, Access{}, hooks)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(d)
	defer s.Close()
	path := "/hook/tv/a-token-of-a-webhook"
	for _, x := range []struct {
		what, path, body string
		status           int
		want             string
	}{
		{"told", path, "buy", 200, `{"result":{"told":true}}`},
		{"sent again", path, "buy", 200, `"told":false,"why":"it was told before"`},
		{"too large", path, strings.Repeat("x", 201), 400, "longer than 200 bytes"},
		{"old", path, `{"time":"2020-01-01T00:00:00Z"}`, 409, "old, and may be 1m0s"},
		{"no token", "/hook/tv", "sell", 403, "no token"},
		{"a wrong token", "/hook/tv/x", "sell", 403, "wrong one"},
		{"no such webhook", "/hook/none", "sell", 404, "there is no webhook"},
		{"no parts of a path", "/hook/tv//" + path, "sell", 400, "the path is none"},
	} {
		if status, body, _ := do(t, s, "POST", x.path, x.body, "Authorization", "", "Content-Type", "text/plain; charset=utf-8"); status != x.status || !strings.Contains(body, x.want) {
			t.Errorf("%s: %d %s, want %d with %s", x.what, status, body, x.status, x.want)
		}
	}
	if told := desk.Told(); len(told) != 1 || !strings.HasPrefix(told[0], `webhook tv signal {"name":"tv","payload":"buy","id":"tv:`) {
		t.Errorf("the desk was told %q", told)
	}
	desk.Fail = control.Errorf(control.NotFound, "no strategy")
	if status, _, _ := do(t, s, "POST", path, "again", "Authorization", ""); status != 404 {
		t.Errorf("a signal that nobody hears: %d, want 404", status)
	}
	if status, _, _ := do(t, s, "GET", "/api/v1/status", "", "Authorization", "Bearer a-token-of-a-webhook"); status != 401 {
		t.Errorf("a webhook's token for all else: %d, want 401", status)
	}
	if slices.ContainsFunc(desk.Told(), func(s string) bool { return strings.Contains(s, "a-token") }) {
		t.Error("the desk was told the token")
	}
}
