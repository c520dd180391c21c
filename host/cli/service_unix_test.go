//go:build unix

package cli

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/host"
)

// manager listens as a service manager does.
func manager(t *testing.T) *net.UnixConn {
	t.Helper()
	dir, err := os.MkdirTemp("", "sd") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	return l
}

// until reads words until one begins as wanted, and returns all.
func until(t *testing.T, l *net.UnixConn, want string) (heard []string) {
	t.Helper()
	buf := make([]byte, 4096)
	if err := l.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	for {
		n, err := l.Read(buf)
		if err != nil {
			t.Fatalf("of %d words none is %q: %v", len(heard), want, err)
		}
		heard = append(heard, string(buf[:n]))
		if strings.HasPrefix(string(buf[:n]), want) {
			return heard
		}
	}
}

// A session under a service manager says that it runs, that it goes on, how it is, and
// that it ends.
func TestServiceHearsOfASession(t *testing.T) {
	l := manager(t)
	t.Setenv("WATCHDOG_USEC", "40000")
	db := filepath.Join(t.TempDir(), "a.db")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		var out, errs bytes.Buffer
		ended <- runVerb(ctx, &env{out: &out, err: &errs}, []string{idle(t), "--db", db, "--journal", "off", "--quiet"})
	}()
	for _, want := range []string{"READY=1", "WATCHDOG=1", "STATUS=", "WATCHDOG=1", "WATCHDOG=1"} {
		until(t, l, want)
	}
	cancel()
	until(t, l, "STOPPING=1")
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// What the one who watches a loop says of it is no beat: while the loop stands still the
// manager hears its status and no WATCHDOG.
func TestServiceOfALoopThatStandsStill(t *testing.T) {
	l := manager(t)
	t.Setenv("WATCHDOG_USEC", "40000")
	s := newService(context.Background())
	s.status(host.Status{Stuck: true, Waiting: "the account"})
	heard := until(t, l, "STATUS=")
	s.status(host.Status{})
	heard = append(heard, until(t, l, "WATCHDOG=1")...)
	s.status(host.Status{Stuck: true, Waiting: "on_timer of carry"})
	s.status(host.Status{Stuck: true, Waiting: "on_timer of carry"})
	s.stop()
	rest := until(t, l, "STOPPING=1")
	if strings.Contains(strings.Join(heard[:1], " "), "READY") || strings.Contains(strings.Join(rest, " "), "WATCHDOG") {
		t.Errorf("heard %q and then %q: want READY and WATCHDOG for the one beat alone", heard, rest)
	}
}

func TestWatchdogOf(t *testing.T) {
	for in, want := range map[string]time.Duration{"": 0, "x": 0, "-1": 0, "30000000": 30 * time.Second, "99999999999999999": 0} {
		if got := watchdogOf(in, ""); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
	if got := watchdogOf("30000000", "1"); got != 0 {
		t.Errorf("of another process: %s", got)
	}
}
