package host

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance"
	"github.com/perilune/perilune/exchange/binance/simfront"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/synth"
	"github.com/perilune/perilune/host/core"
)

// liveVenue is a venue on loopback whose market moves when the test says so.
type liveVenue struct {
	t    *testing.T
	sim  *simserver.Exchange
	host string
}

func newLiveVenue(t *testing.T) *liveVenue {
	t.Helper()
	begin := exchange.Time(time.Now().UnixNano())
	start := begin - begin%exchange.Minute - 9*exchange.Hour
	feed, err := synth.New(synth.Options{Seed: 3, Start: start, Step: 30 * exchange.Second, Calm: true})
	if err != nil {
		t.Fatal(err)
	}
	sim, err := simserver.New(simserver.Options{Universe: feed.Universe(), Feed: feed, Begin: begin, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	front := simfront.New(sim) // before any fault is armed
	go func() { ended <- sim.Serve(ctx, l, front) }()
	t.Cleanup(func() { stop(); <-ended; http.DefaultClient.CloseIdleConnections() })
	return &liveVenue{t: t, sim: sim, host: l.Addr().String()}
}

func (v *liveVenue) options() LiveOptions {
	http, ws := "http://"+v.host, "ws://"+v.host
	return LiveOptions{Venue: &binance.Section{RestSpot: http, RestUSDM: http, RestCOINM: http,
		WSSpot: ws + "/spot", WSUSDM: ws + "/usdm", WSCOINM: ws + "/coinm"}}
}

// liveRun is a session on a liveVenue.
type liveRun struct {
	v     *liveVenue
	stop  context.CancelFunc
	ended chan struct{}
	sum   *Summary
	err   error

	mu     sync.Mutex
	lines  []string
	status Status
}

func (v *liveVenue) run(db string, set map[string]string) *liveRun {
	return v.runScript("testdata/live.lua", db, set)
}

func (v *liveVenue) runScript(path, db string, set map[string]string) *liveRun {
	ctx, cancel := context.WithCancel(context.Background())
	r := &liveRun{v: v, stop: cancel, ended: make(chan struct{})}
	o := &Options{Scripts: []string{path}, DB: db, Market: []string{"live"}, Live: v.options(), Set: set,
		StatusEvery: 10 * time.Millisecond, Log: r.log, Status: r.see}
	go func() {
		defer close(r.ended)
		r.sum, r.err = Run(ctx, o)
	}()
	v.t.Cleanup(func() { cancel(); <-r.ended })
	return r
}

func (r *liveRun) log(l Line) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, l.Text)
}

func (r *liveRun) see(s Status) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = s
}

func (r *liveRun) said(text string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.lines, func(l string) bool { return strings.Contains(l, text) })
}

func (r *liveRun) state() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status
}

// until lets the market go on until something is true.
func (r *liveRun) until(what string, true func() bool) {
	r.v.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if true() {
			return
		}
		select {
		case <-r.ended:
			r.v.t.Fatalf("the session ended before %s: %v\n%s", what, r.err, strings.Join(r.lines, "\n"))
		case <-time.After(20 * time.Millisecond):
		}
		if err := r.v.sim.Advance(exchange.Second); err != nil {
			r.v.t.Fatal(err)
		}
	}
	r.v.t.Fatalf("never came: %s\n%+v\n%s", what, r.state(), strings.Join(r.lines, "\n"))
}

// end stops the session and returns its core as the journal leaves it.
func (r *liveRun) end() *core.Core {
	t := r.v.t
	t.Helper()
	r.stop()
	<-r.ended
	if r.err != nil || r.sum.EndedBy != "stop" {
		t.Fatalf("ended by %+v: %v", r.sum, r.err)
	}
	var last *core.Core
	res := &ReplayResult{}
	err := rerun(context.Background(), r.sum.Journal, res, nil, &Tracing{After: func(c *core.Core, _ *exchange.Event, _ []core.Effect) error {
		last = c
		return nil
	}})
	if err != nil || res.Events != r.sum.Events || res.Effects != r.sum.Effects {
		t.Fatalf("replay: %v, %d of %d events, %d of %d effects", err, res.Events, r.sum.Events, res.Effects, r.sum.Effects)
	}
	return last
}

// A session on the venue's live data trades, keeps its books right or stale
// through missed messages, replays identically, and goes on where it was.
func TestLivePaper(t *testing.T) {
	v := newLiveVenue(t)
	db := filepath.Join(t.TempDir(), "live.db")
	r := v.run(db, nil)
	// How many settlements lie in the past depends on the time of day, and a candle that has
	// just closed is not listed for some seconds.
	r.until("the past", func() bool {
		return slices.ContainsFunc([]string{"498 bars, 1", "498 bars, 2", "497 bars, 1", "497 bars, 2"}, func(n string) bool { return r.said("past: " + n + " settled") })
	})
	r.until("a pair", func() bool { return slices.Contains(r.state().Pairs, "BTC") })
	r.until("all books", func() bool { return strings.HasPrefix(r.state().Feed, "books 4/4") })
	for _, symbol := range []string{"BTCUSDT", "ETHUSDT"} {
		if err := v.sim.Arm(simserver.Fault{Kind: "gap", Market: "usdm", Symbol: symbol}); err != nil {
			t.Fatal(err)
		}
	}
	r.until("stale books", func() bool { return r.said("gap usdm:BTCUSDT") && r.said("gap usdm:ETHUSDT") })
	r.until("books again", func() bool { return r.said("again usdm:BTCUSDT") && r.said("again usdm:ETHUSDT") })
	if err := v.sim.Arm(simserver.Fault{Kind: "drop"}); err != nil {
		t.Fatal(err)
	}
	r.until("a reconnect", func() bool { return strings.Contains(r.state().Feed, "reconnects") })
	r.until("all books", func() bool { return strings.HasPrefix(r.state().Feed, "books 4/4") })
	v.settles(r)
	if s := r.state(); !s.Live || s.Simulated || s.Fills < 2 {
		t.Errorf("%+v", s)
	}
	c := r.end()
	v.compare(c)
	if r.sum.Gaps < 2 || r.sum.Market != "live at "+v.host {
		t.Errorf("%d gaps on %q", r.sum.Gaps, r.sum.Market)
	}

	// What is held stays subscribed, whatever else is asked for now, and what was
	// settled meanwhile is paid.
	if err := v.sim.Advance(8 * exchange.Hour); err != nil {
		t.Fatal(err)
	}
	again := v.run(db, map[string]string{"coin": "ADA"})
	again.until("the pair again", func() bool { return slices.Contains(again.state().Pairs, "BTC") })
	again.until("a settlement", func() bool { return !again.state().Funding.IsZero() })
	c = again.end()
	if p := c.OpenPairs(); !again.sum.Resumed || len(p) != 1 || c.Universe().Get(p[0].Spot).Key() != "spot:BTCUSDT" || p[0].Settlements != 1 {
		t.Errorf("%+v: %+v", p, again.sum)
	}
}

// settles waits until what the market has said is in the books of the session.
func (v *liveVenue) settles(r *liveRun) {
	for before := uint64(0); ; {
		time.Sleep(time.Second)
		now := r.state().Events
		if now == before {
			return
		}
		before = now
	}
}

// compare wants every book to be stale, or the exchange's own.
func (v *liveVenue) compare(c *core.Core) {
	ready := 0
	for _, in := range c.Universe().All() {
		b := c.Book(in.ID)
		if !b.Ready() {
			continue
		}
		ready++
		if got, want := levels(b), v.depth(in); got != want {
			v.t.Errorf("%s:\n got %s\nwant %s", in.Key(), got, want)
		}
	}
	if ready == 0 {
		v.t.Error("no book is ready")
	}
}

func levels(b *book.Book) string {
	var s strings.Builder
	for _, side := range []exchange.Side{exchange.Buy, exchange.Sell} {
		for _, l := range b.AppendLevels(nil, side, 10) {
			fmt.Fprintf(&s, " %s@%s", b.Instrument().QtyDecimal(l.Qty), b.Instrument().PriceDecimal(l.Price))
		}
	}
	return s.String()
}

// depth is a book as the exchange's REST shows it.
func (v *liveVenue) depth(in *exchange.Instrument) string {
	path := map[string]string{"spot": "/api/v3", "usdm": "/fapi/v1"}[in.Segment()]
	resp, err := http.Get("http://" + v.host + path + "/depth?limit=10&symbol=" + in.Symbol)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	var d struct{ Bids, Asks [][2]string }
	if err != nil || json.Unmarshal(body, &d) != nil {
		v.t.Fatalf("depth of %s: %v %.200s", in.Key(), err, body)
	}
	var s strings.Builder
	for _, l := range append(d.Bids, d.Asks...) {
		fmt.Fprintf(&s, " %s@%s", decimal.RequireFromString(l[1]), decimal.RequireFromString(l[0]))
	}
	return s.String()
}

// A script that lacks what --symbols left out is told so.
func TestSymbolsLeaveOut(t *testing.T) {
	v := newLiveVenue(t)
	o := &Options{Scripts: []string{"testdata/live.lua"}, DB: filepath.Join(t.TempDir(), "none.db"), Market: []string{"live"}, Live: v.options()}
	o.Live.Symbols = []string{"usdm:ADAUSDT"}
	_, err := Run(context.Background(), o)
	if err == nil || !strings.HasSuffix(err.Error(), "; the session is on what --symbols names alone: usdm:ADAUSDT") || Classify(err) != FaultScript {
		t.Errorf("%v (fault %d)", err, Classify(err))
	}
}

// A live session that can't begin says why in one line, and leaves nothing.
func TestLiveRefuses(t *testing.T) {
	v := newLiveVenue(t)
	for _, tt := range []struct {
		live    func(*LiveOptions)
		fault   Fault
		want    string
		without string
	}{
		{func(l *LiveOptions) { l.Symbols = []string{"usdm:BTCUSTD"} }, FaultData, `did you mean "usdm:BTCUSDT"?`, ""},
		{func(l *LiveOptions) { l.Symbols = []string{"binance.usdm:BTC-USDT"} }, FaultData, `unknown symbol "binance.usdm:BTC-USDT"; did you mean "binance.usdm:BTCUSDT"?`, ""},
		{func(l *LiveOptions) { l.Symbols = []string{"usdm:XYZ*"} }, FaultData, `"usdm:XYZ*" fits none of the`, ""},
		{func(l *LiveOptions) { l.Venue.(*binance.Section).RestUSDM = "http://127.0.0.1:1" }, FaultData, "no connection to 127.0.0.1:1 (dial tcp", "Get"},
		{func(l *LiveOptions) { l.Venue.(*binance.Section).WSSpot = "http://x" }, FaultConfig, `[venue.binance] endpoint ws_spot is "http://x": want ws://host`, ""},
	} {
		o := &Options{Scripts: []string{"testdata/live.lua"}, DB: filepath.Join(t.TempDir(), "none.db"), Market: []string{"live"}, Live: v.options()}
		tt.live(&o.Live)
		_, err := Run(context.Background(), o)
		if err == nil || !strings.Contains(err.Error(), tt.want) || Classify(err) != tt.fault || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v (fault %d), want %q (fault %d) in one line", err, Classify(err), tt.want, tt.fault)
		}
		if left, _ := filepath.Glob(filepath.Join(filepath.Dir(o.DB), "*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}
