//go:build unix

package host

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/host/loop"
)

var fiveVenues = flag.Duration("fivevenues", 0, "how long TestBooksOfFiveVenues measures; 0: not at all")

// venueBooks keeps the books of one venue as the host's loop does.
type venueBooks struct {
	house    string
	market   connect.Market
	inbox    *loop.Inbox
	books    []*book.Book
	events   int
	snapshot int
	do       chan func() // for its goroutine
}

func (v *venueBooks) run(ctx context.Context) {
	clock := &loop.Real{Inbox: v.inbox, BeatEvery: time.Second, Recycle: v.market.Recycle, Beat: func(exchange.Time) {}}
	for ctx.Err() == nil {
		select {
		case f := <-v.do:
			f()
		default:
		}
		ev, _ := clock.Wait(ctx, 0, loop.Now()+100*exchange.Millisecond)
		if ev == nil || ev.Instrument < 0 {
			continue
		}
		v.events++
		b := v.books[ev.Instrument]
		wanted := b.WantsSnapshot()
		b.Apply(ev)
		if !wanted && b.WantsSnapshot() {
			v.snapshot++
			v.market.Snapshot(ev.Instrument)
		}
	}
}

func (v *venueBooks) ask(f func()) {
	done := make(chan struct{})
	v.do <- func() { defer close(done); f() }
	<-done
}

func (v *venueBooks) state() (ready, events int) {
	v.ask(func() {
		for _, b := range v.books {
			if b.Ready() {
				ready++
			}
		}
		events = v.events
	})
	return ready, events
}

// TestBooksOfFiveVenues keeps forty books of each of five venues, with ten changes a second
// each, in one process, and tells what that costs it: the simulated venues are another.
func TestBooksOfFiveVenues(t *testing.T) {
	if *fiveVenues == 0 {
		t.Skip("takes minutes: run it with -fivevenues 30s")
	}
	config := filepath.Join(t.TempDir(), "sim.toml")
	cmd := exec.Command(os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), "HOST_FIVE_VENUES_CHILD="+config), os.Stderr
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err1 != nil || err2 != nil || cmd.Start() != nil {
		t.Fatal(err1, err2)
	}
	defer func() { _ = in.Close(); _ = cmd.Wait() }()
	if _, err := fmt.Fscanln(out, new(string)); err != nil {
		t.Fatalf("the venues did not start: %v", err)
	}
	o := &Options{}
	if err := o.LoadConfig(config); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var all []*venueBooks
	for _, s := range o.Live.sections() {
		v := openBooks(t, ctx, s)
		defer v.market.Close()
		all = append(all, v)
	}
	t.Logf("%d venues are open", len(all))
	began := time.Now()
	for time.Since(began) < 3*time.Minute {
		live := 0
		for _, v := range all {
			n, _ := v.state()
			live += n
		}
		if live == len(all)*booksOfVenue {
			break
		}
		time.Sleep(500 * time.Millisecond)
	}
	measureBooks(t, all)
}

// openBooks opens a venue's linear perpetuals, as many as are kept, books alone.
func openBooks(t *testing.T, ctx context.Context, s connect.Section) *venueBooks {
	t.Helper()
	venue, err := openSection(s)
	if err != nil {
		t.Fatal(err)
	}
	catalog, err := venue.Browse(ctx, connect.DataOptions{Data: connect.Books}, []string{"*:*"})
	if err != nil {
		t.Fatalf("%s: %v", s.House(), err)
	}
	var keys []string
	for _, in := range catalog.Instruments() {
		if in.Contract == exchange.Linear && !in.Dated() {
			keys = append(keys, string(in.Venue.Within(s.House()))+":"+in.Symbol)
		}
	}
	slices.Sort(keys)
	v := &venueBooks{house: s.House(), inbox: loop.NewInbox(), do: make(chan func())}
	if v.market, err = catalog.Open(ctx, keys[:min(len(keys), booksOfVenue)], nil, v.inbox); err != nil {
		t.Fatalf("%s: %v", s.House(), err)
	}
	for _, in := range v.market.Universe().All() {
		v.books = append(v.books, book.New(in))
	}
	go v.run(ctx)
	return v
}

func measureBooks(t *testing.T, all []*venueBooks) {
	t.Helper()
	var before, after syscall.Rusage
	var mem0, mem1 runtime.MemStats
	events := make([]int, len(all))
	for i, v := range all {
		_, events[i] = v.state()
	}
	runtime.ReadMemStats(&mem0)
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	began := time.Now()
	time.Sleep(*fiveVenues)
	wall := time.Since(began).Seconds()
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	runtime.ReadMemStats(&mem1)
	sum := 0
	for i, v := range all {
		ready, now := v.state()
		h := v.market.Health()
		sum += now - events[i]
		t.Logf("%-12s %d of %d books live, %.0f events/s, %d connections; snapshots %d, gaps %d, malformed %d",
			v.house, ready, len(v.books), float64(now-events[i])/wall, len(h.Connections), h.Snapshots, h.Gaps, h.Malformed)
		if ready == 0 {
			t.Errorf("%s: no book is live", v.house)
		}
	}
	used := float64(after.Utime.Nano()+after.Stime.Nano()-before.Utime.Nano()-before.Stime.Nano()) / 1e9
	unit := 1024.0 // of ru_maxrss; bytes on macOS
	if runtime.GOOS == "darwin" {
		unit = 1
	}
	t.Logf("%.0f events/s; CPU %.1f %% of a core, %.1f us and %.2f allocations an event; heap in use %.0f MB, most resident %.0f MB, %d goroutines",
		float64(sum)/wall, 100*used/wall, 1e6*used/float64(max(sum, 1)), float64(mem1.Mallocs-mem0.Mallocs)/float64(max(sum, 1)),
		float64(mem1.HeapInuse)/1e6, float64(after.Maxrss)*unit/1e6, runtime.NumGoroutine())
}
