package simfront

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/frames"
	"github.com/perilune/perilune/exchange/datatest"
	"github.com/perilune/perilune/exchange/record"
)

// localBook follows the exchange's own description of how to keep a book. It
// shares nothing with the server.
type localBook struct {
	spot bool
	last int64
	side map[string]map[string]string // "b" and "a": price to quantity
}

func newLocalBook(spot bool, snapshot map[string]any) *localBook {
	k := &localBook{spot: spot, side: map[string]map[string]string{"b": {}, "a": {}}}
	k.last = integer(snapshot["lastUpdateId"])
	k.set("b", snapshot["bids"])
	k.set("a", snapshot["asks"])
	return k
}

func integer(v any) int64 {
	var n int64
	fmt.Sscan(fmt.Sprint(v), &n)
	return n
}

func (k *localBook) set(side string, levels any) {
	for _, l := range levels.([]any) {
		p, q := l.([]any)[0].(string), l.([]any)[1].(string)
		if strings.Trim(q, "0.") == "" {
			delete(k.side[side], p)
			continue
		}
		k.side[side][p] = q
	}
}

// apply takes a diff; started says whether one was applied before.
func (k *localBook) apply(t *testing.T, d map[string]any, started bool) bool {
	t.Helper()
	first, last := integer(d["U"]), integer(d["u"])
	if k.spot {
		if last <= k.last {
			return started
		}
		if first > k.last+1 || started && first != k.last+1 {
			t.Fatalf("gap: the book is at %d, the diff is %d..%d", k.last, first, last)
		}
	} else {
		if last < k.last {
			return started
		}
		if prev := integer(d["pu"]); started && prev != k.last || !started && first > k.last+1 && prev != k.last {
			t.Fatalf("gap: the book is at %d, the diff is %d..%d after %d", k.last, first, last, prev)
		}
	}
	k.set("b", d["b"])
	k.set("a", d["a"])
	k.last = last
	return true
}

// The markets' second coin: within a second its book changes a little after the
// full second, at which the slow streams are sent.
var streamCases = []struct {
	name, socket, rest, symbol string
}{
	{"spot", "/spot/ws", "/api/v3", "ETHUSDT"},
	{"usdm", "/usdm/public/ws", "/fapi/v1", "ETHUSDT"},
	{"coinm", "/coinm/ws", "/dapi/v1", "ETHUSD_PERP"},
}

// A client that follows the documented procedure has the book that the
// exchange has, at every speed of stream.
func TestBookStaysInSync(t *testing.T) {
	for _, c := range streamCases {
		for _, speed := range []string{"@100ms", ""} {
			t.Run(c.name+speed, func(t *testing.T) {
				b := running(t, nil)
				s := b.dial(c.socket + "/" + strings.ToLower(c.symbol) + "@depth" + speed)
				b.advance(2 * exchange.Second)
				k := newLocalBook(c.name == "spot", b.get(c.rest+"/depth", "limit=1000&symbol="+c.symbol).object(t))
				b.advance(30 * exchange.Second)
				b.follow(k, s, c.rest, c.symbol)
			})
		}
	}
}

// follow applies diffs until the book is where the exchange's is, and compares
// what is near the touch: a level that was beyond the snapshot is not known.
func (b *bench) follow(k *localBook, s *socket, rest, symbol string) {
	t := b.t
	t.Helper()
	end := b.get(rest+"/depth", "limit=100&symbol="+symbol).object(t)
	goal := integer(end["lastUpdateId"])
	for started := false; k.last < goal; {
		started = k.apply(t, s.next(), started)
	}
	want := newLocalBook(k.spot, end)
	for _, side := range []string{"b", "a"} {
		for p, q := range want.side[side] {
			if k.side[side][p] != q {
				t.Errorf("%s at %s: %q, the exchange has %q", side, p, k.side[side][p], q)
			}
		}
		levels := end[map[string]string{"b": "bids", "a": "asks"}[side]].([]any)
		worst, near := dec(t, levels[len(levels)-1].([]any)[0]), 0
		for p := range k.side[side] {
			if c := dec(t, p).Cmp(worst); c == 0 || c > 0 == (side == "b") {
				near++
			}
		}
		if near != len(levels) {
			t.Errorf("side %s has %d levels down to %s, the exchange has %d", side, near, worst, len(levels))
		}
	}
}

// Real recordings with their gaps and repeated snapshots come out as one
// unbroken chain.
func TestRecordedBookStaysInSync(t *testing.T) {
	dir := datatest.Path(t, "l2")
	for file, c := range map[string]struct{ socket, rest, symbol string }{
		"spot-btcusdt-20240808.jsonl.gz":      {"/spot/ws/btcusdt@depth@100ms", "/api/v3", "BTCUSDT"},
		"usdm-btcusdt-20240808.jsonl.gz":      {"/usdm/public/ws/btcusdt@depth@100ms", "/fapi/v1", "BTCUSDT"},
		"coinm-btcusd_perp-20240808.jsonl.gz": {"/coinm/ws/btcusd_perp@depth@100ms", "/dapi/v1", "BTCUSD_PERP"},
	} {
		rec, err := record.Formats{frames.Format{}}.Open([]string{filepath.Join(dir, file)}, record.Options{})
		if err != nil {
			t.Skipf("no recording %s: %v", file, err)
		}
		defer rec.Close()
		b := running(t, func(o *options) { o.Universe, o.Feed, o.Begin = rec.Universe(), rec, 0 })
		s := b.dial(c.socket)
		b.advance(20 * exchange.Second) // to the first snapshot and beyond
		k := newLocalBook(strings.HasPrefix(c.rest, "/api"), b.get(c.rest+"/depth", "limit=1000&symbol="+c.symbol).object(t))
		for range 10 {
			b.advance(10 * exchange.Second)
		}
		b.follow(k, s, c.rest, c.symbol)
		if k.last == 0 || len(k.side["b"]) < 100 {
			t.Errorf("%s: %d bids at %d", file, len(k.side["b"]), k.last)
		}
	}
}

// Every stream that is simulated delivers under its name, in the combined form.
func TestStreams(t *testing.T) {
	for _, c := range []struct {
		socket, event string
		names         []string
	}{
		{"/spot/stream?streams=", "e", []string{"btcusdt@depth@100ms", "btcusdt@aggTrade", "btcusdt@trade", "btcusdt@kline_1m", "btcusdt@miniTicker", "btcusdt@ticker", "!miniTicker@arr", "btcusdt@bookTicker", "btcusdt@depth5@100ms"}},
		{"/usdm/public/stream?streams=", "e", []string{"btcusdt@depth@100ms", "btcusdt@depth@500ms", "btcusdt@bookTicker", "!bookTicker", "btcusdt@depth20@100ms", "btcusdt@trade"}},
		{"/usdm/market/stream?streams=", "e", []string{"btcusdt@aggTrade", "btcusdt@markPrice", "btcusdt@markPrice@1s", "!markPrice@arr@1s", "btcusdt@kline_5m", "btcusdt@miniTicker", "btcusdt@ticker", "!miniTicker@arr", "!ticker@arr"}},
		{"/coinm/stream?streams=", "e", []string{"btcusd_perp@depth@100ms", "btcusd_perp@bookTicker", "btcusd_perp@markPrice@1s", "btcusd_perp@aggTrade", "btcusd_perp@kline_1m"}},
	} {
		b := running(t, nil)
		s := b.dial(c.socket + strings.Join(c.names, "/"))
		b.advance(2 * exchange.Minute)
		missing := map[string]bool{}
		for _, n := range c.names {
			missing[n] = true
		}
		for len(missing) > 0 {
			f := s.next()
			delete(missing, fmt.Sprint(f["stream"]))
			if f["data"] == nil {
				t.Fatalf("%s: no data in %v", c.socket, f)
			}
		}
	}
}

// A kline stream closes each candle, and what it closed is what klines tells.
func TestKlinesClose(t *testing.T) {
	b := running(t, nil)
	s := b.dial("/usdm/market/ws/btcusdt@kline_1m")
	for range 13 {
		b.advance(10 * exchange.Second)
	}
	var closed map[string]any
	for closed == nil {
		if k := s.next()["k"].(map[string]any); k["x"] == true {
			closed = k
		}
	}
	rows := b.get("/fapi/v1/klines", fmt.Sprintf("symbol=BTCUSDT&interval=1m&limit=1&startTime=%v", closed["t"])).list(t)
	row := rows[0].([]any)
	if len(row) != 12 {
		t.Fatalf("a kline has %d fields, want 12", len(row))
	}
	for i, key := range []string{"t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q", "B"} {
		if fmt.Sprint(row[i]) != fmt.Sprint(closed[key]) {
			t.Errorf("field %d is %v, the stream's %s is %v", i, row[i], key, closed[key])
		}
	}
}

func TestCommands(t *testing.T) {
	b := running(t, nil)
	s := b.dial("/spot/ws")
	if f := s.call(1, "SUBSCRIBE", []string{"btcusdt@trade", "ethusdt@depth@100ms", "nosuch@trade", "BTCUSDT@trade"}); f["result"] != nil || f["error"] != nil {
		t.Errorf("subscribe: %v", f)
	}
	if f := s.call(2, "LIST_SUBSCRIPTIONS", nil); len(f["result"].([]any)) != 4 {
		t.Errorf("list: %v", f)
	}
	s.call(3, "UNSUBSCRIBE", []string{"ethusdt@depth@100ms", "btcusdt@trade"})
	b.advance(20 * exchange.Second)
	s.quiet()
}

func TestUnknownCommand(t *testing.T) {
	b := running(t, nil)
	s := b.dial("/usdm/market/ws")
	for _, c := range []struct {
		method string
		params any
	}{{"NO_SUCH", nil}, {"SUBSCRIBE", "btcusdt@trade"}, {"SUBSCRIBE", []string{}}, {"SET_PROPERTY", []any{"combined", 3}}} {
		if f := s.call(1, c.method, c.params); f["error"] == nil {
			t.Errorf("%s %v: %v", c.method, c.params, f)
		}
	}
}

// A name on the wrong address is acknowledged and silent.
func TestWrongRouteIsSilent(t *testing.T) {
	for path, names := range map[string][]string{
		"/usdm/public/ws": {"btcusdt@markPrice@1s", "btcusdt@aggTrade", "btcusdt@kline_1m"},
		"/usdm/market/ws": {"btcusdt@depth@100ms", "btcusdt@bookTicker"},
		"/usdm/ws":        {"btcusdt@markPrice@1s", "btcusdt@aggTrade"},
	} {
		b := running(t, nil)
		s := b.dial(path)
		if f := s.call(1, "SUBSCRIBE", names); f["error"] != nil {
			t.Errorf("%s: %v", path, f)
		}
		b.advance(30 * exchange.Second)
		s.quiet()
	}
}

func TestTooManyFrames(t *testing.T) {
	b := running(t, nil)
	s := b.dial("/spot/ws")
	for range 12 {
		_ = s.client.Write([]byte(`{"id":1,"method":"LIST_SUBSCRIPTIONS"}`)) // the server may have cut it
	}
	s.ended()
}
