package host

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange/oms"
)

// Two sessions on one account are refused, whatever ledger the second one names, and
// a lease ends with its session.
func TestLiveTwoSessionsOnOneAccount(t *testing.T) {
	livePaths(t)
	t.Parallel()
	h := openHouse(t, 51, nil)
	s := begin(t, h.options(away), nil)
	o := h.options(away)
	o.DB = filepath.Join(t.TempDir(), "other.db")
	sum, err := Run(context.Background(), o)
	if sum != nil || Classify(err) != FaultLocked || !strings.Contains(err.Error(), "is traded on by another session") {
		t.Errorf("%+v, %v; want that the account is taken", sum, err)
	}
	other := h.rival("XDG_CACHE_HOME="+t.TempDir(), "HOST_LIVE_SET=every=0.2")
	if code, out := other.ended(); code != FaultLocked || !strings.Contains(out, "is traded on by another session") {
		t.Errorf("with another cache directory: %d\n%s", code, out)
	}
	// The doctor sees the ledger and the account in use, says so, and takes neither.
	o = h.options(away)
	for _, db := range []string{o.DB, filepath.Join(t.TempDir(), "other.db")} {
		o.DB = db
		x := Examine(context.Background(), o)
		want := map[string]Verdict{"other sessions": Fail, "ledger": OK}
		if db == h.options(away).DB {
			want["ledger"] = Fail
		}
		for _, f := range x.Findings {
			if v, asked := want[f.Name]; asked && (f.Verdict != v || v == Fail && !strings.Contains(f.Text, "is held by process")) {
				t.Errorf("doctor on %s beside a session: %+v, want %s", db, f, v)
			}
			delete(want, f.Name)
		}
		if x.Ready() || len(want) > 0 {
			t.Errorf("doctor beside a session: ready %v, did not look at %v", x.Ready(), want)
		}
	}
	s.end()
	o = h.options(away)
	for _, f := range Examine(context.Background(), o).Findings {
		if f.Verdict == Fail && (f.Name == "other sessions" || f.Name == "ledger") {
			t.Errorf("doctor after the session: %+v", f)
		}
	}
	o = h.options(map[string]string{"acts": "1"})
	ctx, stop := context.WithTimeout(context.Background(), 3*time.Second)
	defer stop()
	if _, err := Run(ctx, o); Classify(err) == FaultLocked {
		t.Errorf("after its end: %v", err)
	}
}

// rival is a whole session in a process and with a ledger of its own.
type rival struct {
	t   *testing.T
	cmd *exec.Cmd
	dir string
}

// rival starts a process that has this one's environment and what is added to it.
func (h *liveHouse) rival(env ...string) *rival {
	h.t.Helper()
	r := &rival{t: h.t, cmd: h.child(runWhole), dir: h.t.TempDir()}
	out, err := os.Create(filepath.Join(r.dir, "out"))
	if err != nil {
		h.t.Fatal(err)
	}
	defer out.Close()
	r.cmd.Stdout, r.cmd.Stderr = out, out
	r.cmd.Env = append(append(r.cmd.Env, "HOST_LIVE_DB="+r.dir), env...)
	if err := r.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	return r
}

func (r *rival) said() string {
	text, err := os.ReadFile(filepath.Join(r.dir, "out"))
	if err != nil {
		r.t.Error(err)
	}
	return string(text)
}

// began waits until a rival trades.
func (r *rival) began() {
	r.t.Helper()
	for end := time.Now().Add(time.Minute); !strings.Contains(r.said(), "livebusy on LIVE DATA"); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			r.t.Fatalf("the other process does not begin\n%s", r.said())
		}
	}
}

// machine is the environment of another machine: no lock is seen by both.
func machine(t *testing.T) string { return "TMPDIR=" + t.TempDir() }

// ended waits for the end of a rival and returns the class of its error.
func (r *rival) ended() (Fault, string) {
	r.t.Helper()
	err := r.cmd.Wait()
	code := r.cmd.ProcessState.ExitCode()
	if code < childFault {
		r.t.Fatalf("the other process: %v\n%s", err, tail(r.said(), 4000))
	}
	return Fault(code - childFault), r.said()
}

// childFault is the exit code of a whole session that ended without an error.
const childFault = 100

// wholeChild runs a session to its end, with a ledger in a directory of its own.
func wholeChild(o *Options) {
	o.DB = filepath.Join(os.Getenv("HOST_LIVE_DB"), "other.db")
	for _, s := range strings.Split(os.Getenv("HOST_LIVE_SET"), ",") {
		name, value, _ := strings.Cut(s, "=")
		o.Set[name] = value
	}
	_, err := Run(context.Background(), o)
	fmt.Println("ended:", err)
	os.Exit(childFault + int(Classify(err)))
}

// resting reports whether a number of orders rest, all of one run.
func resting(run string, n int) func(*truth) bool {
	return func(tr *truth) bool {
		of := 0
		for _, o := range tr.Orders {
			if o.Status == "NEW" && strings.HasPrefix(o.Client, run) {
				of++
			}
		}
		return len(tr.OpenOrders) >= n && of == len(tr.OpenOrders)
	}
}

// A session of another machine is known by its orders at the venue: the start beside
// it is refused, and one that takes over ends it.
func TestLiveASessionOnAnotherMachine(t *testing.T) {
	livePaths(t)
	t.Parallel()
	h := openHouse(t, 52, nil)
	other := h.rival("XDG_CACHE_HOME="+t.TempDir(), machine(t), "HOST_LIVE_SET=away=0.02,every=0.2")
	h.waitFor("orders rest", time.Minute, func(tr *truth) bool { return len(tr.OpenOrders) >= 4 })

	o := h.options(away)
	before := len(h.truth().OpenOrders)
	sum, err := Run(context.Background(), o)
	if sum != nil || Classify(err) != FaultLocked {
		t.Fatalf("%+v, %v; want that the account is taken", sum, err)
	}
	for _, want := range []string{"another run of Perilune", " orders: pl", " rest at the venue", "--take-over"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	if after := len(h.truth().OpenOrders); after < before {
		t.Errorf("%d orders rest after a start that was refused, %d before", after, before)
	}

	o = h.options(away)
	o.Account.TakeOver = true
	s := begin(t, o, nil)
	if code, out := other.ended(); code != FaultLocked || !strings.Contains(out, "which it takes over from") {
		t.Errorf("the other process ended with %d\n%s", code, tail(out, 4000))
	}
	h.waitFor("only orders of the new session rest", time.Minute, resting(oms.Tag(atVenue(s.r).fence.Run), 4))
	if !strings.Contains(s.log(), "of another run are canceled") {
		t.Errorf("the new session did not tell\n%s", tail(s.log(), 4000))
	}
	s.end()
	h.waitFor("nothing rests", time.Minute, func(tr *truth) bool { return len(tr.OpenOrders) == 0 })
}

// Of two sessions that both began while nothing rested, the one that trades first goes
// on: the other one gives way.
func TestLiveTwoSessionsThatBeganUnseen(t *testing.T) {
	livePaths(t)
	t.Parallel()
	for _, c := range []struct {
		name         string
		theirs, ours string // seconds to the first order
		oursIsToGoOn bool
		said         string
	}{
		{"the newer one trades first", "25", "0.2", true, "takes over from"},
		{"the older one trades first", "15", "100", false, "began before this one and still trades"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := openHouse(t, 53, nil)
			other := h.rival("XDG_CACHE_HOME="+t.TempDir(), machine(t), "HOST_LIVE_SET=away=0.02,every="+c.theirs)
			other.began()
			o := h.options(map[string]string{"away": "0.02", "acts": "100000", "every": c.ours})
			s := begin(t, o, nil)
			if c.oursIsToGoOn {
				if code, out := other.ended(); code != FaultLocked || !strings.Contains(out, c.said) {
					t.Errorf("the other process ended with %d\n%s", code, tail(out, 4000))
				}
				h.waitFor("only orders of the new session rest", time.Minute, resting(oms.Tag(atVenue(s.r).fence.Run), 4))
				s.end()
				return
			}
			if err := s.ending(time.Minute); Classify(err) != FaultLocked || !strings.Contains(err.Error(), c.said) {
				t.Errorf("%v\n%s", err, tail(s.log(), 4000))
			}
			h.waitFor("the other one goes on", time.Minute, func(tr *truth) bool { return len(tr.OpenOrders) >= 2 })
			if err := other.cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			_ = other.cmd.Wait()
		})
	}
}
