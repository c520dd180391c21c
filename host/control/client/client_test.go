package client

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/host/control"
	"github.com/perilune/perilune/host/control/controltest"
	"github.com/perilune/perilune/host/control/door"
	"github.com/perilune/perilune/host/control/registry"
)

// ledger is the path of one, on a machine where no session runs.
func ledger(t *testing.T) string {
	t.Helper()
	// A path of t.TempDir is too long for sockets on some systems.
	dir, err := os.MkdirTemp("", "p")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, v := range []string{"XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "TMPDIR", "HOME", "LocalAppData"} {
		t.Setenv(v, dir)
	}
	return filepath.Join(dir, "my ledger.db")
}

func open(t *testing.T, o door.Options, desk control.Desk, ledger string) *door.Doors {
	t.Helper()
	p, err := o.Prepare()
	if err != nil {
		t.Fatal(err)
	}
	d, err := p.Open(door.Session{Desk: desk}, ledger)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	if len(d.Problems()) > 0 {
		t.Fatal(d.Problems())
	}
	return d
}

// A session is found by its ledger, asked, told and followed over its socket, and is gone
// when it has ended.
func TestClient(t *testing.T) {
	path := ledger(t)
	if _, err := Find(t.Context(), path); !errors.Is(err, ErrNone) {
		t.Fatalf("before there is one: %v", err)
	}
	desk := &controltest.Desk{Events: make(chan control.Event)}
	d := open(t, door.Options{Page: "off"}, desk, path)
	for _, name := range []string{path, ""} {
		c, err := Find(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		remote := Desk{c}
		if s, err := remote.Status(t.Context()); err != nil || s.State != "running" || remote.Identity().Session != "paper-1" {
			t.Errorf("status %v %v", s, err)
		}
	}
	c, err := Find(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := (Desk{c}).Flatten(t.Context(), control.Who{Door: "mcp", Name: "another", Why: "tests & more"}, control.FlattenArgs{Strategy: "a"}); err != nil {
		t.Error(err)
	}
	if err := (Desk{c}).Stop(t.Context(), control.Who{}); err != nil {
		t.Error(err)
	}
	who := fmt.Sprintf("uid %d", os.Getuid())
	if runtime.GOOS == "windows" {
		who = "token"
	}
	if told := desk.Told(); len(told) != 2 || !strings.HasPrefix(told[0], "mcp "+who+": tests & more flatten") || !strings.HasSuffix(told[1], who+" stop {}") {
		t.Errorf("told %q", told)
	}
	desk.Fail = &control.Error{Code: control.Refused, Text: "why", Hint: "what"}
	var e *control.Error
	if err := (Desk{c}).Halt(t.Context(), control.Who{}, control.StrategyArgs{}); !errors.As(err, &e) || *e != *desk.Fail.(*control.Error) {
		t.Errorf("a refusal: %v", err)
	}
	var texts []string
	go func() {
		desk.Events <- controltest.Log("a", "info", "1")
		desk.Events <- controltest.Log("a", "info", "2")
	}()
	for ev := range (Desk{c}).Follow(t.Context(), control.FollowArgs{Kinds: []string{"log"}}) {
		if texts = append(texts, string(ev.Data)); len(texts) == 2 {
			break
		}
	}
	if len(texts) != 2 || !strings.Contains(texts[1], `"2"`) {
		t.Errorf("followed %q", texts)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if _, err := (Desk{c}).Status(t.Context()); !errors.As(err, &e) || e.Code != control.Ended {
		t.Errorf("after its end: %v", err)
	}
	if l := registry.All(); len(l) != 0 {
		t.Errorf("after its end %v is left", l)
	}
}

// What a session leaves that was killed is in nobody's way.
func TestLeftOver(t *testing.T) {
	path := ledger(t)
	place, err := registry.For(path)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := registry.Canonical(path)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", place.Socket())
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()
	if err := place.Put(registry.Entry{Ledger: whole, Socket: place.Socket()}); err != nil {
		t.Fatal(err)
	}
	if _, err := Find(t.Context(), path); !errors.Is(err, ErrNone) {
		t.Errorf("a session that was killed is found: %v", err)
	}
	open(t, door.Options{Page: "off"}, &controltest.Desk{}, path)
	if _, err := Find(t.Context(), path); err != nil {
		t.Errorf("the next one is not found: %v", err)
	}
	registry.Sweep(func(ledger string) bool { return ledger != whole })
	if len(registry.All()) != 1 {
		t.Error("one that runs was swept away")
	}
	registry.Sweep(func(string) bool { return true })
	if len(registry.All()) != 0 {
		t.Error("what was killed is not swept away")
	}
}

// Two sessions are told apart, and named where one is asked for (the socket and its
// directory are their user's alone: B2 61).
func TestSeveral(t *testing.T) {
	first := ledger(t)
	second := filepath.Join(filepath.Dir(first), "second.db")
	open(t, door.Options{Page: "off"}, &controltest.Desk{}, first)
	open(t, door.Options{Page: "off"}, &controltest.Desk{}, second)
	if l := List(t.Context()); len(l) != 2 {
		t.Fatalf("%d sessions are listed", len(l))
	}
	if _, err := Find(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "second.db (paper)") {
		t.Errorf("which of two: %v", err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	e, _ := registry.Of(second)
	for path, want := range map[string]os.FileMode{e.Socket: 0o600, filepath.Dir(e.Socket): 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v, want %o", path, info.Mode(), err, want)
		}
	}
	if err := os.Chmod(filepath.Dir(e.Socket), 0o755); err != nil {
		t.Fatal(err)
	}
	if l := List(t.Context()); len(l) != 0 {
		t.Errorf("what others may have put there is believed: %v", l)
	}
}

// The page's token outlives the session, is its user's alone, and lets a browser in. A port
// that is taken is told, and the session goes on.
func TestPage(t *testing.T) {
	path := ledger(t)
	d := open(t, door.Options{}, &controltest.Desk{}, path)
	c, err := Find(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	link, err := c.Login()
	if err != nil || link != d.Login() || !strings.HasPrefix(link, d.Address()+"?token=") {
		t.Errorf("the page is at %q (%v), want %q", link, err, d.Login())
	}
	a, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Get(link)
	if err != nil {
		t.Fatal(err)
	}
	a.Body.Close()
	if a.StatusCode != http.StatusSeeOther || !slices.ContainsFunc(a.Cookies(), func(c *http.Cookie) bool { return c.HttpOnly }) {
		t.Errorf("opening it: %d, cookies %v", a.StatusCode, a.Cookies())
	}
	if info, err := os.Stat(registry.TokenFile(path)); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the token's file: %v %v", info.Mode(), err)
	}
	e := c.Entry()
	e.Socket = "" // as on a system whose sockets tell nobody's name
	if err := (Desk{Of(e)}).Halt(t.Context(), control.Who{Door: "mcp"}, control.StrategyArgs{}); err != nil {
		t.Errorf("by the token's file: %v", err)
	}
	p, err := (&door.Options{Page: strings.Trim(strings.TrimPrefix(d.Address(), "http:"), "/")}).Prepare()
	if err != nil {
		t.Fatal(err)
	}
	taken, err := p.Open(door.Session{Desk: &controltest.Desk{}}, filepath.Join(filepath.Dir(path), "other.db"))
	if err != nil || taken.Address() != "" || len(taken.Problems()) != 1 {
		t.Errorf("on a port that is taken: %v, %q, %q", err, taken.Address(), taken.Problems())
	}
	defer taken.Close()
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if again := open(t, door.Options{}, &controltest.Desk{}, path); again.Login() != link {
		t.Error("the page of the next run of the ledger is elsewhere")
	}
}

// Over TLS the cookie is for TLS alone.
func TestTLS(t *testing.T) {
	path := ledger(t)
	cert, key := certificate(t)
	d := open(t, door.Options{Cert: cert, Key: key}, &controltest.Desk{}, path)
	if !strings.HasPrefix(d.Login(), "https://127.0.0.1:") {
		t.Fatalf("the page is at %q", d.Address())
	}
	trusted, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(trusted)
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	a, err := c.Get(d.Login())
	if err != nil {
		t.Fatal(err)
	}
	a.Body.Close()
	if a.StatusCode != http.StatusSeeOther || !slices.ContainsFunc(a.Cookies(), func(c *http.Cookie) bool { return c.Secure }) {
		t.Errorf("opening it: %d, cookies %v", a.StatusCode, a.Cookies())
	}
}

// certificate is one for 127.0.0.1 that signed itself.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		path *string
		kind string
		body []byte
	}{{&cert, "CERTIFICATE", der}, {&key, "PRIVATE KEY", secret}} {
		*x.path = filepath.Join(t.TempDir(), "pem")
		if err := os.WriteFile(*x.path, pem.EncodeToMemory(&pem.Block{Type: x.kind, Bytes: x.body}), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

func TestOptions(t *testing.T) {
	for _, x := range []struct {
		o    door.Options
		want string
	}{
		{door.Options{Page: "0.0.0.0:8080"}, "insecure_listen"}, {door.Options{Page: ":8080"}, "insecure_listen"},
		{door.Options{Page: "192.0.2.1:8080"}, "insecure_listen"}, {door.Options{Page: "example.org:8080"}, "insecure_listen"},
		{door.Options{Page: "8080"}, "want an address"}, {door.Options{Page: "127.0.0.1:http"}, "port"},
		{door.Options{Cert: "a"}, "want both"}, {door.Options{Token: "hunter2"}, "token"}, {door.Options{Hosts: []string{"a:1"}}, "without ports"},
		{door.Options{MCP: []string{"status"}}, "mcp_allow"}, {door.Options{MCP: []string{"buy"}}, "mcp_allow"},
	} {
		if err := x.o.Check(); err == nil || !strings.Contains(err.Error(), x.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%+v: %v, want an error about %s", x.o, err, x.want)
		}
	}
	for _, o := range []door.Options{{}, {Page: "off"}, {Page: "[::1]:0"}, {Page: "localhost:1"}, {Page: "0.0.0.0:1", Insecure: true}, {Page: ":1", Cert: "a", Key: "b"}} {
		if err := o.Check(); err != nil {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
