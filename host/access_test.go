package host

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/host/loop"
)

// ban makes the venue ban this address from its USD-M endpoints.
func (v *liveVenue) ban(d time.Duration) {
	v.t.Helper()
	if err := v.sim.Arm(simserver.Fault{Kind: "418", Market: "usdm", Millis: d.Milliseconds()}); err != nil {
		v.t.Fatal(err)
	}
}

// What market data is banned for, the account does not ask either.
func TestOneBanForMarketDataAndAccount(t *testing.T) {
	v := newLiveVenue(t)
	key := v.sim.Keys()[0].HMAC
	t.Setenv("ACCESS_KEY", key.Key)
	t.Setenv("ACCESS_SECRET", key.Secret)
	o := &Options{Live: v.options(), Account: &AccountOptions{Key: "env:ACCESS_KEY", Secret: "env:ACCESS_SECRET"}}
	db := filepath.Join(t.TempDir(), "x.db")
	venue, err := openSection(o.Live.section())
	if err != nil {
		t.Fatal(err)
	}
	a, err := newAccess(db, venue, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	v.ban(time.Hour)
	if _, err := venue.Browse(t.Context(), connect.DataOptions{Access: a.shared()}, []string{"usdm:*"}); err == nil || !strings.Contains(err.Error(), "418") {
		t.Fatalf("the venue was to ban us: %v", err)
	}
	for name, a := range map[string]*access{"the same process": a, "the next process": nil} {
		told := ""
		if a == nil {
			if a, err = newAccess(db, venue, func(text string) { told += text }); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(told, "has banned this address from its futures endpoints until") {
				t.Errorf("%s was told %q", name, told)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		c, err := openAccount(ctx, a, o.Account, nil)
		cancel()
		if err == nil {
			c.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "waiting for room") || !strings.Contains(err.Error(), "ban") {
			t.Errorf("%s asked the venue that has banned it: %v", name, err)
		}
	}
	if f := (&doctor{o: o}).findingsOfBan(db); !strings.Contains(f, "has banned this address") {
		t.Errorf("the doctor finds %q", f)
	}
}

func (d *doctor) findingsOfBan(db string) string {
	d.o.DB = db
	if err := d.reach(context.Background()); err != nil || d.access != nil {
		return "nothing"
	}
	return d.Findings[0].Text
}

// A session that starts under a ban waits until it is over.
func TestSessionWaitsOutABan(t *testing.T) {
	v := newLiveVenue(t)
	db := filepath.Join(t.TempDir(), "x.db")
	live := v.options()
	venue, err := openSection(live.section())
	if err != nil {
		t.Fatal(err)
	}
	a, err := newAccess(db, venue, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	v.ban(8 * time.Second) // a busy machine has begun the session by then
	if _, err := venue.Browse(t.Context(), connect.DataOptions{Access: a.shared()}, []string{"usdm:*"}); err == nil || !strings.Contains(err.Error(), "418") {
		t.Fatalf("the venue was to ban us: %v", err)
	}
	banned := loop.Now()
	r := v.run(db, nil)
	for !r.said("nothing is asked of them before") {
		if loop.Now()-banned > 60e9 {
			t.Fatalf("not told of the ban: %q", r.lines)
		}
		time.Sleep(10 * time.Millisecond)
	}
	for !r.said("past: ") {
		select {
		case <-r.ended:
			t.Fatalf("%v: %q", r.err, r.lines)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
