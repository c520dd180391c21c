package door

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/host/control/controltest"
)

// Who has no token, comes by another name, or from another site learns nothing and changes
// nothing (B2 58 to 60).
func TestGuard(t *testing.T) {
	desk := &controltest.Desk{}
	_, s := open(t, desk)
	for _, x := range []struct {
		what, method, path string
		headers            []string
		want               int
	}{
		{"no token", "GET", "/api/v1/status", []string{"Authorization", ""}, 401},
		{"no token for the page", "GET", "/", []string{"Authorization", ""}, 401},
		{"no token for metrics", "GET", "/metrics", []string{"Authorization", ""}, 401},
		{"no token for followers", "GET", "/api/v1/follow", []string{"Authorization", ""}, 401},
		{"a wrong token", "GET", "/api/v1/status", []string{"Authorization", "Bearer " + token + "x"}, 401},
		{"half a token", "GET", "/api/v1/status", []string{"Authorization", "Bearer " + token[:8]}, 401},
		{"no bearer", "GET", "/api/v1/status", []string{"Authorization", "Basic " + token}, 401},
		{"a token in the address of something else", "GET", "/api/v1/status?token=" + token, []string{"Authorization", ""}, 401},
		{"a name that was made to point here", "GET", "/api/v1/status", []string{"Host", "evil.example"}, 403},
		{"that name and its origin", "POST", "/api/v1/halt", []string{"Host", "evil.example", "Origin", "http://evil.example"}, 403},
		{"that name with the address in it", "GET", "/", []string{"Host", "127.0.0.1.evil.example"}, 403},
		{"no name", "GET", "/", []string{"Host", "@"}, 403},
		{"another machine's address", "GET", "/", []string{"Host", "192.0.2.1"}, 403},
		{"a configured name", "GET", "/api/v1/status", []string{"Host", "desk.example:8080"}, 200},
		{"localhost", "GET", "/api/v1/status", []string{"Host", "localhost:1"}, 200},
		{"the other loopback", "GET", "/api/v1/status", []string{"Host", "[::1]:1"}, 200},
		{"another site's form", "POST", "/api/v1/halt", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"another port's form", "POST", "/api/v1/halt", []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"another origin", "POST", "/api/v1/halt", []string{"Origin", "http://127.0.0.1:1"}, 403},
		{"another site's image", "GET", "/api/v1/status", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"the page itself", "GET", "/api/v1/status", []string{"Sec-Fetch-Site", "same-origin"}, 200},
		{"a probe", "GET", "/healthz", []string{"Authorization", ""}, 200},
		{"another name's probe", "GET", "/healthz", []string{"Authorization", "", "Host", "evil.example"}, 403},
		{"a method of its own", "PROPFIND", "/", nil, 405},
		{"preflight", "OPTIONS", "/api/v1/halt", []string{"Origin", "http://evil.example"}, 405},
	} {
		status, _, h := do(t, s, x.method, x.path, "", x.headers...)
		if status != x.want {
			t.Errorf("%s: %d, want %d", x.what, status, x.want)
		}
		if !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") || h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: headers %v", x.what, h)
		}
	}
	if told := desk.Told(); len(told) != 0 {
		t.Errorf("the desk was told %q", told)
	}
}

// A browser that opens the address without the token is asked for it; a program is told
// what is missing, and neither learns anything else.
func TestSignIn(t *testing.T) {
	_, s := open(t, &controltest.Desk{})
	const browser = "text/html,application/xhtml+xml,*/*;q=0.8"
	for _, x := range []struct {
		what, path, accept, kind, want string
	}{
		{"a browser", "/", browser, "text/html; charset=utf-8", "<p>sign in"},
		{"a browser with a wrong token", "/?token=none", browser, "text/html; charset=utf-8", "<p>sign in"},
		{"a program", "/", "*/*", "application/json", "want the session's token"},
		{"a browser elsewhere", "/api/v1/status", browser, "application/json", "want the session's token"},
	} {
		status, body, h := do(t, s, "GET", x.path, "", "Authorization", "", "Accept", x.accept)
		if status != 401 || h.Get("Content-Type") != x.kind || !strings.Contains(body, x.want) ||
			h.Get("Content-Security-Policy") != policy || h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %.100s %v, want 401 with %s", x.what, status, body, h, x.want)
		}
	}
}

// There is no way out of the page's files (B2 57).
func TestPaths(t *testing.T) {
	_, s := open(t, &controltest.Desk{})
	for _, x := range []struct {
		path string
		want int
	}{
		{"/", 200}, {"/index.html", 200}, {"/lib/a.js", 200}, {"/lib", 404}, {"/lib/", 404}, {"/secret.db", 404}, {"/none.html", 404},
		{"/../etc/passwd", 400}, {"/lib/../../index.html", 400}, {"/%2e%2e/etc/passwd", 400}, {"/lib%2fa.js", 400}, {"/lib%5c..%5ca.js", 400},
		{"/index.html%00.js", 400}, {"//index.html", 400}, {"/./index.html", 400}, {"/..%2f..%2fetc/passwd", 400}, {"/%252e%252e/x", 404},
		{"/api/v1/../v1/status", 400}, {"/healthz/../api/v1/status", 400}, {"/hook/../api/v1/status", 400}, {"/hook%2f..%2fapi/v1/status", 400},
	} {
		if status := raw(t, s, "GET "+x.path+" HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "+token+"\r\nConnection: close\r\n\r\n"); status != x.want {
			t.Errorf("%s: %d, want %d", x.path, status, x.want)
		}
	}
	if status := raw(t, s, "GET http://evil.example/api/v1/status HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "+token+"\r\nConnection: close\r\n\r\n"); status != 403 {
		t.Errorf("a whole address of another host in the request: %d, want 403", status)
	}
}

// raw sends bytes as they are and returns the status.
func raw(t *testing.T, s *httptest.Server, request string) int {
	t.Helper()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	a, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode
}

// The page's address becomes a cookie, which is not the token and no script can read.
func TestLogin(t *testing.T) {
	_, s := open(t, &controltest.Desk{})
	status, _, h := do(t, s, "GET", "/?token="+token, "", "Authorization", "", "Sec-Fetch-Site", "cross-site")
	cookie := h.Get("Set-Cookie")
	port := s.Listener.Addr().(*net.TCPAddr).Port
	if status != 303 || h.Get("Location") != "/" || !strings.HasPrefix(cookie, fmt.Sprintf("perilune-%d=", port)) ||
		!strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Strict") || strings.Contains(cookie, token) {
		t.Fatalf("login: %d, location %q, cookie %q", status, h.Get("Location"), cookie)
	}
	value, _, _ := strings.Cut(cookie, ";")
	if status, body, _ := do(t, s, "GET", "/", "", "Authorization", "", "Cookie", value); status != 200 || body != "<p>page" {
		t.Errorf("with the cookie: %d %q", status, body)
	}
	if status, _, _ := do(t, s, "POST", "/api/v1/halt", "{}", "Authorization", "", "Cookie", value, "Content-Type", "text/plain"); status != 400 {
		t.Errorf("a form with the cookie: %d, want 400", status)
	}
	for _, bad := range []string{value + "0", fmt.Sprintf("perilune-%d=%s", port, token), fmt.Sprintf("perilune-%d=", port)} {
		if status, _, _ := do(t, s, "GET", "/", "", "Authorization", "", "Cookie", bad); status != 401 {
			t.Errorf("with another cookie: %d, want 401", status)
		}
	}
	if status, _, _ := do(t, s, "GET", "/?token=wrong", "", "Authorization", ""); status != 401 {
		t.Errorf("with another token: %d, want 401", status)
	}
}

// Guessing is stopped, and does not lock out this machine's user.
func TestGuessing(t *testing.T) {
	d, s := open(t, &controltest.Desk{})
	for i := range mostFailures {
		if status, _, _ := do(t, s, "GET", "/api/v1/status", "", "Authorization", "Bearer wrong"); status != 401 {
			t.Fatalf("guess %d: %d, want 401", i+1, status)
		}
	}
	status, _, h := do(t, s, "GET", "/api/v1/status", "", "Authorization", "Bearer wrong")
	if status != 429 || h.Get("Retry-After") == "" {
		t.Errorf("one guess more: %d, want 429", status)
	}
	if status, _, _ := do(t, s, "GET", "/api/v1/status", ""); status != 200 {
		t.Errorf("the right token from this machine: %d, want 200", status)
	}
	for i := range 2 * mostOffenders { // a stranger with many networks
		r := httptest.NewRequest("GET", "http://127.0.0.1/api/v1/status", nil)
		r.RemoteAddr = fmt.Sprintf("[2001:db8:%x:%x::1]:1", i>>8, i&255)
		r.Header.Set("Authorization", "Bearer wrong")
		d.ServeHTTP(httptest.NewRecorder(), r)
	}
	if n := len(d.failures.from); n > mostOffenders {
		t.Errorf("%d addresses are remembered, want at most %d", n, mostOffenders)
	}
	far := httptest.NewRequest("GET", "http://127.0.0.1/api/v1/status", nil)
	far.RemoteAddr = "192.0.2.7:1"
	for range mostFailures {
		d.failures.add(remote(far), time.Now())
	}
	far.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	if d.ServeHTTP(w, far); w.Code != 429 {
		t.Errorf("an address that guesses, with the right token: %d, want 429", w.Code)
	}
}
