//go:build unix

package feed_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/feed"
	"github.com/perilune/perilune/exchange/binance/simfront"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/synth"
	"github.com/perilune/perilune/host/loop"
)

var thousand = flag.Duration("thousand", 0, "how long TestThousandBooks measures; 0: not at all")

// crowdSize is how many books one process should keep.
const crowdSize = 1000

// childSim makes the test binary the exchange, in a process of its own: what it
// uses is not counted.
const childSim = "PERILUNE_TEST_SIM"

func TestMain(m *testing.M) {
	if os.Getenv(childSim) != "" {
		if err := serveCrowd(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serveCrowd is what perilune sim --symbols 1000 runs, until its parent closes
// its input.
func serveCrowd() error {
	begin := exchange.Time(time.Now().UnixNano())
	feed, err := synth.NewCrowd(synth.Options{Seed: 1, Start: begin - begin%exchange.Minute, Step: 100 * exchange.Millisecond}, crowdSize)
	if err != nil {
		return err
	}
	sim, err := simserver.New(simserver.Options{Universe: feed.Universe(), Feed: feed, Begin: begin, Seed: 1, Speed: 1})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		defer stop()
		_, _ = os.Stdin.Read(make([]byte, 1))
	}()
	fmt.Println(l.Addr())
	return sim.Serve(ctx, l, simfront.New(sim))
}

// startCrowd starts the exchange and returns its address.
func startCrowd(t *testing.T) (host string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), childSim+"=1"), os.Stderr
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	if _, err := fmt.Fscanln(out, &host); err != nil {
		t.Fatalf("the exchange did not start: %v", err)
	}
	return host
}

// crowd keeps the books as the host does: one goroutine takes what all
// connections post to the inbox.
type crowd struct {
	books  []*book.Book
	events int
	lag    exchange.Time
	// past holds the last states of the books that are being compared.
	past map[exchange.InstrumentID]map[int64]state
	do   chan func() // for the loop's goroutine
}

// state is all levels of a book.
type state struct{ bids, asks []exchange.Level }

func (c *crowd) run(ctx context.Context, clock *loop.Real, m *feed.Market) {
	for ctx.Err() == nil {
		select {
		case f := <-c.do:
			f()
		default:
		}
		ev, _ := clock.Wait(ctx, 0, loop.Now()+100*exchange.Millisecond)
		if ev == nil {
			continue
		}
		c.events++
		b := c.books[ev.Instrument]
		wanted := b.WantsSnapshot()
		b.Apply(ev)
		if !wanted && b.WantsSnapshot() {
			m.Snapshot(ev.Instrument)
		}
		if past, ok := c.past[ev.Instrument]; ok && b.Ready() {
			past[b.LastID()] = stateOf(b)
		}
	}
}

func stateOf(b *book.Book) state {
	return state{b.AppendLevels(nil, exchange.Buy, b.Depth(exchange.Buy)), b.AppendLevels(nil, exchange.Sell, b.Depth(exchange.Sell))}
}

// ask runs f on the loop's goroutine.
func (c *crowd) ask(f func()) {
	done := make(chan struct{})
	c.do <- func() { defer close(done); f() }
	<-done
}

func (c *crowd) ready() (n int) {
	c.ask(func() {
		for _, b := range c.books {
			if b.Ready() {
				n++
			}
		}
	})
	return n
}

// TestThousandBooks keeps the books of 1,000 contracts, each with ten changes a
// second, from one process, and tells what that costs it. In the end every book
// is compared with the exchange's own, level by level, at the same update id.
// Depth 50 is the whole of a simulated book and lets a thousand snapshots through
// the venue's limits in about a minute.
func TestThousandBooks(t *testing.T) {
	if *thousand == 0 {
		t.Skip("takes minutes: run it with -thousand 30s")
	}
	host := startCrowd(t)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	inbox := loop.NewInbox()
	m, err := feed.Open(ctx, feed.Options{Endpoints: api.Endpoints{
		RestSpot: "http://" + host + "/api", RestUSDM: "http://" + host + "/fapi", RestCOINM: "http://" + host + "/dapi",
		WSSpot: "ws://" + host + "/spot", WSUSDM: "ws://" + host + "/usdm", WSCOINM: "ws://" + host + "/coinm",
	}, Symbols: []string{"usdm:*"}, Data: connect.Books, FuturesDepth: 50}, inbox)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	c := &crowd{past: make(map[exchange.InstrumentID]map[int64]state), do: make(chan func())}
	for _, in := range m.Universe().All() {
		c.books = append(c.books, book.New(in))
	}
	ended := make(chan struct{})
	clock := &loop.Real{Inbox: inbox, BeatEvery: time.Second, Recycle: m.Recycle}
	clock.Beat = func(exchange.Time) { c.lag = max(c.lag, clock.Lag()) }
	go func() { defer close(ended); c.run(ctx, clock, m) }()
	defer func() { stop(); <-ended }()

	began := time.Now()
	for c.ready() < crowdSize && time.Since(began) < 4*time.Minute {
		time.Sleep(200 * time.Millisecond)
	}
	t.Logf("%d books are live after %.0f s", c.ready(), time.Since(began).Seconds())
	measure(t, c, m)
	if bad := c.compare(t, host, m); bad > 0 {
		t.Errorf("%d of %d books differ", bad, crowdSize)
	}
}

// measure tells what the process used over some time.
func measure(t *testing.T, c *crowd, m *feed.Market) {
	t.Helper()
	var before, after syscall.Rusage
	var mem0, mem1 runtime.MemStats
	var n0, n1 int
	c.ask(func() { n0, c.lag = c.events, 0 })
	runtime.ReadMemStats(&mem0)
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	began := time.Now()
	time.Sleep(*thousand)
	wall := time.Since(began).Seconds()
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	runtime.ReadMemStats(&mem1)
	var lag exchange.Time
	c.ask(func() { n1, lag = c.events, c.lag })
	used := cpu(&after) - cpu(&before)
	h := m.Health()
	t.Logf("%d connections, %.0f events/s; CPU %.1f %% of a core, %.1f us an event; %.2f allocations an event; inbox lag at most %.1f ms",
		len(h.Connections), float64(n1-n0)/wall, 100*used/wall, 1e6*used/float64(n1-n0),
		float64(mem1.Mallocs-mem0.Mallocs)/float64(n1-n0), float64(lag)/float64(exchange.Millisecond))
	t.Logf("heap in use %.0f MB, most resident %.0f MB, %d goroutines, %d collections; gaps %d, snapshots %d",
		float64(mem1.HeapInuse)/1e6, float64(after.Maxrss)*rssUnit/1e6, runtime.NumGoroutine(), mem1.NumGC-mem0.NumGC, h.Gaps, h.Snapshots)
}

// rssUnit is what ru_maxrss counts: kilobytes, but bytes on macOS.
var rssUnit = map[bool]float64{true: 1, false: 1024}[runtime.GOOS == "darwin"]

func cpu(r *syscall.Rusage) float64 {
	return float64(r.Utime.Nano()+r.Stime.Nano()) / 1e9
}

// compare holds every book against the exchange's, some at a time, while the
// market goes on: our states of some seconds are kept, and the one with the
// exchange's id is looked up.
func (c *crowd) compare(t *testing.T, host string, m *feed.Market) (bad int) {
	t.Helper()
	all := m.Universe().All()
	for part := range slices.Chunk(all, 50) {
		c.ask(func() {
			clear(c.past)
			for _, in := range part {
				c.past[in.ID] = map[int64]state{}
			}
		})
		time.Sleep(300 * time.Millisecond)
		ids, truth := make([]int64, len(part)), make([]state, len(part))
		for i, in := range part {
			ids[i], truth[i] = simBook(t, host, in)
		}
		time.Sleep(500 * time.Millisecond)
		c.ask(func() {
			for i, in := range part {
				got, known := c.past[in.ID][ids[i]]
				if !known || !slices.Equal(got.bids, truth[i].bids) || !slices.Equal(got.asks, truth[i].asks) {
					bad++
					t.Logf("%s at %d (known %t): ours %v, the exchange's %v", in.Key(), ids[i], known, got, truth[i])
				}
			}
		})
	}
	t.Logf("compared %d books with the exchange's, each level at the same id: %d differ", len(all), bad)
	return bad
}

// simBook is the exchange's own book and its update id.
func simBook(t *testing.T, host string, in *exchange.Instrument) (int64, state) {
	t.Helper()
	resp, err := http.Get("http://" + host + "/sim/book?market=usdm&symbol=" + in.Symbol)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var d struct {
		ID         int64 `json:"last_id"`
		Bids, Asks [][2]decimal.Decimal
	}
	if err := json.NewDecoder(resp.Body).Decode(&d); err != nil {
		t.Fatalf("book of %s: %v", in.Key(), err)
	}
	levels := func(side [][2]decimal.Decimal) (out []exchange.Level) {
		for _, l := range side {
			out = append(out, exchange.Level{Price: exchange.Ticks(in.Tick.Floor(l[0])), Qty: exchange.Lots(in.Lot.Floor(l[1]))})
		}
		return out
	}
	return d.ID, state{levels(d.Bids), levels(d.Asks)}
}
