package page_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/host/control"
	"github.com/perilune/perilune/host/control/door"
	"github.com/perilune/perilune/host/control/page"
)

const token = "a-token-of-these-tests"

// stage is a session behind its door, to which things happen.
type stage struct {
	mu      sync.Mutex
	desk    *desk
	door    *door.Door
	how     string // "", "hang", "down", "locked"
	release chan struct{}
}

func newStage(t *testing.T, d *desk, with control.Reader) *stage {
	return &stage{desk: d, door: newDoor(t, d, with, token), release: make(chan struct{})}
}

func newDoor(t *testing.T, d control.Desk, with control.Reader, token string) *door.Door {
	t.Helper()
	made, err := door.New(door.Session{Desk: d, With: with, Page: page.Files()}, door.Access{Token: sign.NewSecret(token)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(made.Close)
	return made
}

func (s *stage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	how, behind, release := s.how, s.door, s.release
	s.mu.Unlock()
	switch how {
	case "hang":
		select {
		case <-release:
		case <-r.Context().Done():
		}
		return
	case "down":
		panic(http.ErrAbortHandler)
	}
	behind.ServeHTTP(w, r)
}

func (s *stage) is(how string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.how == "hang" {
		close(s.release)
		s.release = make(chan struct{})
	}
	s.how = how
}

// direct makes happen what the script asks for.
func (s *stage) direct(t *testing.T) http.Handler {
	mux := http.NewServeMux()
	on := func(what string, do func()) {
		mux.HandleFunc("GET /"+what, func(http.ResponseWriter, *http.Request) { do() })
	}
	on("hang", func() { s.is("hang") })
	on("down", func() { s.is("down") })
	on("restart", func() { s.desk.restart(); s.is("") })
	on("say", func() { s.desk.log("info", "after the restart") })
	on("lock", func() {
		other := newDoor(t, s.desk, nil, token+" of another day")
		s.mu.Lock()
		s.door = other
		s.mu.Unlock()
	})
	on("flood", func() {
		for i := range 2000 {
			s.desk.log("info", fmt.Sprint("flood ", i))
			s.desk.earn(30300 + float64(i%50))
		}
	})
	return mux
}

// The page in a browser: what it shows is what the session says, and what is pressed is
// done. npm fetches what drives the browser.
func TestInABrowser(t *testing.T) {
	if os.Getenv("PERILUNE_NPM") == "" {
		t.Skip("set PERILUNE_NPM=1 to fetch playwright-core and axe-core with npm and drive a browser")
	}
	browser := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if at, err := exec.LookPath(name); err == nil {
			browser = cmp.Or(browser, at)
		}
	}
	if browser == "" {
		t.Fatal("there is no browser: install chromium")
	}
	dir := t.TempDir()
	for _, name := range []string{"package.json", "page.mjs"} {
		text, err := os.ReadFile(filepath.Join("browser", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	run(t, dir, "npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts")

	s := newStage(t, newDesk("simulated", "funding_rotation", 1000), nil)
	serve := func(h http.Handler) string {
		server := httptest.NewServer(h)
		t.Cleanup(server.Close)
		return server.URL + "/"
	}
	ended := newDoor(t, newDesk("ended", "first", 3), newDesk("ended", "second", 3), token)
	given, err := json.Marshal(map[string]string{
		"browser": browser, "url": serve(s) + "?token=" + token, "stage": serve(s.direct(t)),
		"live":  serve(newDoor(t, newDesk("live", hostile, 20), nil, token)) + "?token=" + token,
		"ended": serve(ended) + "?token=" + token,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", run(t, dir, "node", "page.mjs", string(given)))
	for _, c := range s.desk.commands() {
		t.Log(c)
	}
}

func run(t *testing.T, dir, name string, args ...string) []byte {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	c.Dir = dir
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return out
}
