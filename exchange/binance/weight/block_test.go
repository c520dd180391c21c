package weight

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/limit"
)

func observed(l *Ledger, a Answer, now exchange.Time) error { return l.Observe(a.Limits(), now) }

func observe(t interface{ Fatal(...any) }, l *Ledger, a Answer, now exchange.Time) {
	if err := observed(l, a, now); err != nil {
		t.Fatal(err)
	}
}

// After a 418 nothing passes in its pool until the ban has ended, at any
// priority, whatever answers come in and however often the process restarts.
func TestBanStopsEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		store := &memory{}
		l := newLedger(t, Options{Store: store})
		now := start
		ends := now + exchange.Time(rapid.Int64Range(1, 3*24*3600).Draw(t, "ban seconds"))*second
		a := Answer{Answer: limit.Answer{Pool: Futures, Sent: now - 100*ms}, Status: 418}
		a.RetryAtMilli(int64(ends / ms))
		observe(t, l, a, now)
		for now < ends {
			for _, c := range []Cost{placeFutures, cancelFutures} {
				p := Priority(rapid.IntRange(0, priorities-1).Draw(t, "priority"))
				if v := l.Reserve(c, p, now); v.OK || v.Until < ends || !strings.Contains(v.Reason, "banned this address from futures until") {
					t.Fatalf("at %v: %+v", now, v)
				}
			}
			if v := l.Reserve(placeSpot, Query, now); !v.OK && v.Until-now > exchange.Day {
				t.Fatalf("spot: %+v", v)
			}
			status := rapid.SampledFrom([]int{200, 400, 418, 429, 503}).Draw(t, "late answer")
			observe(t, l, Answer{Answer: limit.Answer{Pool: Futures, Sent: start - second}, Status: status}, now)
			if rapid.Bool().Draw(t, "restart") {
				l = newLedger(t, Options{Store: store})
			}
			now += exchange.Time(rapid.Int64Range(1, 24*3600).Draw(t, "pause")) * second
		}
		until, banned := l.Blocked(Futures, ends)
		if !banned {
			t.Fatal("the ban ends before its time")
		}
		if v := l.Reserve(cancelFutures, Cancel, max(now, until)); !v.OK {
			t.Fatalf("after the ban: %+v", v)
		}
	})
}

// memory is a Store.
type memory struct {
	holds []Hold
	err   error
}

func (m *memory) Load() ([]Hold, error) { return m.holds, m.err }
func (m *memory) Save(h []Hold) error   { m.holds = h; return m.err }

func TestBanTimes(t *testing.T) {
	now := start + 10*second
	for name, c := range map[string]struct {
		answer func(*Answer)
		want   exchange.Time
	}{
		"Retry-After": {func(a *Answer) { a.Headers(http.Header{"Retry-After": {"180"}}, now) }, now + 180*second + 500*ms},
		"message": {func(a *Answer) {
			a.Message(-1003, "Way too many requests; IP banned until "+millis(now+5*minute)+". Please use the websocket for live updates to avoid bans.")
		}, now + 5*minute + 500*ms},
		"WebSocket":          {func(a *Answer) { a.RetryAtMilli(int64((now + 7*minute) / ms)) }, now + 7*minute + 500*ms},
		"nothing said":       {func(a *Answer) {}, now + 2*minute},
		"a time in the past": {func(a *Answer) { a.RetryAtMilli(1) }, now + 5*second},
		"beyond all bans":    {func(a *Answer) { a.RetryAtMilli(int64((now + 30*exchange.Day) / ms)) }, now + 3*exchange.Day + 500*ms},
		"overflow":           {func(a *Answer) { a.RetryAtMilli(1<<63 - 1) }, now + 2*minute},
		"seconds overflow":   {func(a *Answer) { a.Headers(http.Header{"Retry-After": {"9223372036854775807"}}, now) }, now + 3*exchange.Day + 500*ms},
		"no number":          {func(a *Answer) { a.Message(-1003, "IP banned until tomorrow") }, now + 2*minute},
		"date":               {func(a *Answer) { a.Headers(http.Header{"Retry-After": {"Fri, 31 Dec 2027 23:59:59 GMT"}}, now) }, now + 2*minute},
	} {
		l := newLedger(t, Options{})
		a := Answer{Answer: limit.Answer{Pool: Spot}, Status: 418}
		c.answer(&a)
		observe(t, l, a, now)
		if until, banned := l.Blocked(Spot, now); until != c.want || !banned {
			t.Errorf("%s: banned %v until %v, want %v", name, banned, until, c.want)
		}
	}
}

func millis(at exchange.Time) string { return strconv.FormatInt(int64(at/ms), 10) }

// A 429 after a ban is a 429 again.
func TestBanIsOver(t *testing.T) {
	l := newLedger(t, Options{})
	observe(t, l, Answer{Answer: limit.Answer{Pool: Spot}, Status: 418}, start)
	now, banned := l.Blocked(Spot, start)
	if !banned {
		t.Fatal("not banned")
	}
	observe(t, l, Answer{Answer: limit.Answer{Pool: Spot, Sent: now}, Status: 429}, now)
	if until, banned := l.Blocked(Spot, now); banned || until <= now {
		t.Errorf("banned %v until %v", banned, until)
	}
}

// A message that says "banned" is believed whatever the status: a proxy may have
// changed it.
func TestBanByMessageAlone(t *testing.T) {
	l := newLedger(t, Options{})
	a := Answer{Answer: limit.Answer{Pool: Futures}, Status: 400}
	a.Message(-1003, "Way too many requests; IP banned until "+millis(start+minute)+".")
	observe(t, l, a, start)
	if _, banned := l.Blocked(Futures, start); !banned {
		t.Error("not banned")
	}
}

func Test429StopsThePool(t *testing.T) {
	now := start + 20*second
	for name, c := range map[string]struct {
		retry string
		want  exchange.Time
	}{
		"to the end of the minute":   {"", start + minute + 500*ms},
		"longer when the venue says": {"90", now + 90*second + 500*ms},
		"never shorter":              {"3", start + minute + 500*ms},
	} {
		l := newLedger(t, Options{})
		a := Answer{Answer: limit.Answer{Pool: Spot}, Status: 429, Code: -1003}
		a.Headers(http.Header{"Retry-After": {c.retry}}, now)
		observe(t, l, a, now)
		for _, p := range []Priority{Query, Open, Hedge, Cancel} {
			if v := l.Reserve(spotCost(1, 0), p, now); v.OK || v.Until != c.want || !strings.Contains(v.Reason, "refuses requests to spot") {
				t.Errorf("%s: %+v, want until %v", name, v, c.want)
			}
		}
		if !l.Reserve(cancelFutures, Cancel, now).OK {
			t.Errorf("%s: futures wait for spot", name)
		}
		if !l.Reserve(spotCost(1, 0), Query, c.want).OK {
			t.Errorf("%s: still waiting after the end", name)
		}
	}
}

// Refusals one after the other make the pause longer; a success ends that. The
// answers to what was already on its way count once.
func TestRepeated429(t *testing.T) {
	l := newLedger(t, Options{})
	now := start + 20*second
	refuse := func(sent exchange.Time) exchange.Time {
		observe(t, l, Answer{Answer: limit.Answer{Pool: Futures, Sent: sent}, Status: 429}, now)
		until, _ := l.Blocked(Futures, now)
		return until
	}
	for range 3 {
		if got := refuse(now - 50*ms); got != start+minute+500*ms {
			t.Fatalf("first refusal: until %v", got)
		}
	}
	for _, minutes := range []exchange.Time{2, 4, 8, 16, 16} {
		now = afterBlock(l, now)
		from := now - now%minute
		if got, want := refuse(now), from+minutes*minute+500*ms; got != want {
			t.Fatalf("again at %v: until %v, want %v", now, got, want)
		}
	}
	now = afterBlock(l, now)
	observe(t, l, Answer{Answer: limit.Answer{Pool: Futures, Sent: now}, Status: 200}, now)
	if got, want := refuse(now), now-now%minute+minute+500*ms; got != want {
		t.Errorf("after a success: until %v, want %v", got, want)
	}
}

// afterBlock returns a time two seconds after the block has ended.
func afterBlock(l *Ledger, now exchange.Time) exchange.Time {
	until, _ := l.Blocked(Futures, now)
	return until + 2*second
}

func TestTooManyOrdersStopsOrdersAlone(t *testing.T) {
	l := newLedger(t, Options{})
	now := start + 12*second
	observe(t, l, Answer{Answer: limit.Answer{Pool: Futures}, Status: 429, Code: -1015}, now)
	if v := l.Reserve(placeFutures, Hedge, now); v.OK || v.Until != start+20*second+500*ms || !strings.Contains(v.Reason, "refuses orders on futures") {
		t.Errorf("an order: %+v", v)
	}
	if v := l.Reserve(cancelFutures, Cancel, now); !v.OK {
		t.Errorf("a cancel: %+v", v)
	}
	if v := l.Reserve(futuresCost(5, 0, 0), Query, now); !v.OK {
		t.Errorf("a query: %+v", v)
	}
	if v := l.Reserve(placeFutures, Hedge, start+20*second+500*ms); !v.OK {
		t.Errorf("an order in the next window: %+v", v)
	}
}

// A venue whose limit others use up as well: it answers 429 when it is full, and
// bans whoever sends again, after having been told, before the minute is over.
func TestIgnored429CannotHappen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLedger(t, Options{})
		var full exchange.Time // the end of the minute in which we were told
		foreign := map[exchange.Time]int{}
		ours := map[exchange.Time]int{}
		now := start
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			now += exchange.Time(rapid.Int64Range(0, 9000).Draw(t, "pause")) * ms
			k := now - now%minute
			foreign[k] += rapid.IntRange(0, 900).Draw(t, "others")
			if !l.Reserve(futuresCost(50, 0, 0), Priority(rapid.IntRange(0, priorities-1).Draw(t, "priority")), now).OK {
				continue
			}
			if now < full {
				t.Fatalf("sent at %v, told to wait until %v", now, full)
			}
			ours[k] += 50
			a := Answer{Answer: limit.Answer{Pool: Futures, Sent: now}, Status: 200}
			if used := ours[k] + foreign[k]; used > 2400 {
				a.Status, full = 429, k+minute
			} else {
				a.Headers(http.Header{"X-Mbx-Used-Weight-1m": {strconv.Itoa(used)}}, now)
			}
			observe(t, l, a, now)
		}
	})
}

func TestServerFiguresRaiseOurs(t *testing.T) {
	l := newLedger(t, Options{})
	now := start + 5*second
	a := Answer{Answer: limit.Answer{Pool: Futures, Sent: now - 50*ms}, Status: 200}
	a.Headers(http.Header{"X-Mbx-Used-Weight-1m": {"2160"}, "X-Mbx-Order-Count-10s": {"299"}, "X-Mbx-Order-Count-1m": {"-1"}}, now)
	observe(t, l, a, now)
	for m, want := range map[Meter]int{FuturesWeight: 2160, FuturesOrders10s: 299, FuturesOrders1m: 0, SpotWeight: 0} {
		if used, _ := l.Used(m, now); used != want {
			t.Errorf("%v: %d used, want %d", m, used, want)
		}
	}
	if l.Reserve(cancelFutures, Hedge, now).OK || !l.Reserve(cancelFutures, Cancel, now).OK {
		t.Error("at nine tenths, hedges must wait and cancels pass")
	}
	lower := Answer{Answer: limit.Answer{Pool: Futures, Sent: now}, Status: 200}
	lower.RateLimit("REQUEST_WEIGHT", "MINUTE", 1, 7)
	observe(t, l, lower, now)
	if used, _ := l.Used(FuturesWeight, now); used != 2161 {
		t.Errorf("a lower figure left %d used, want 2161", used)
	}
}

func TestHeadersThatSayNothing(t *testing.T) {
	for _, value := range []string{"", "-1", "0", "x", "1.5", " "} {
		a := Answer{Answer: limit.Answer{Pool: Spot}}
		a.Headers(http.Header{"X-Mbx-Used-Weight-1m": {value}, "Retry-After": {value}}, start)
		if a.Used != [limit.MaxMeters]int32{} || a.RetryAt != 0 {
			t.Errorf("%q: %+v", value, a)
		}
	}
	a := Answer{Answer: limit.Answer{Pool: Spot}}
	a.Headers(http.Header{"X-Mbx-Used-Weight-1m": {"99999999999999"}}, start)
	if a.Used[SpotWeight] != maxCount {
		t.Errorf("a huge figure became %d", a.Used[SpotWeight])
	}
	a.Headers(http.Header{"X-Sapi-Used-Uid-Weight-1m": {"900"}}, start)
	if a.Used[WalletUID] != 0 {
		t.Error("spot took a header of another pool")
	}
	wallet := Answer{Answer: limit.Answer{Pool: Wallet}}
	wallet.Headers(http.Header{"X-Sapi-Used-Uid-Weight-1m": {"900"}}, start)
	if wallet.Used[WalletUID] != 900 {
		t.Errorf("got %v", wallet.Used)
	}
}

func TestObserveNeedsAPool(t *testing.T) {
	if err := newLedger(t, Options{}).Observe(limit.Answer{Refusal: limit.Banned}, start); err == nil {
		t.Error("a ban of no pool was passed over in silence")
	}
}

func TestFileStore(t *testing.T) {
	dir := t.TempDir()
	file := File(filepath.Join(dir, "bans.json"))
	l := newLedger(t, Options{Store: file})
	a := Answer{Answer: limit.Answer{Pool: Spot, RetryAt: start + 10*minute + 1}, Status: 418}
	observe(t, l, a, start)
	observe(t, l, Answer{Answer: limit.Answer{Pool: Futures}, Status: 429}, start)
	again := newLedger(t, Options{Store: file})
	for _, p := range []Pool{Spot, Futures, Wallet} {
		until, banned := l.Blocked(p, start)
		got, gotBanned := again.Blocked(p, start)
		if gotBanned != banned || got < until || got-until >= ms {
			t.Errorf("%v: %v until %v, want %v until %v", p, gotBanned, got, banned, until)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("the directory holds %v, %v", left, err)
	}
}

func TestBadStores(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		`{`:                                "bans.json: unexpected end of JSON input; delete it if you know that no ban is in force",
		`[{"pool":"margin","until_ms":1}]`: `pool "margin"`,
		`[{"pool":"none","until_ms":1}]`:   `pool "none"`,
		`[{"pool":"spot","until_ms":-1}]`:  "until -1",
		`[{"pool":"spot","until_ms":9223372036854775807}]`: "milliseconds since 1970",
		`[{"pool":"spot","strikes":6}]`:                    "strikes 6: want",
	} {
		path := filepath.Join(dir, "bans.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := NewLedger(Options{Store: File(path)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
	broken := &memory{}
	l := newLedger(t, Options{Store: broken})
	broken.err = errors.New("disk full")
	if err := observed(l, Answer{Answer: limit.Answer{Pool: Spot}, Status: 418}, start); !errors.Is(err, broken.err) {
		t.Errorf("got %v", err)
	}
	if _, banned := l.Blocked(Spot, start); !banned {
		t.Error("a ban that could not be stored is not in force")
	}
	if err := File(filepath.Join(dir, "none", "bans.json")).Save(nil); err == nil {
		t.Error("saved to a directory that is not there")
	}
}
