package limit

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/perilune/perilune/exchange"
)

const (
	ms     = exchange.Millisecond
	second = exchange.Second
	minute = exchange.Minute
)

// start is the first millisecond of a minute, of ten seconds and of a day.
var start = exchange.Date(2026, 11, 22)

func newWindow(limit int) window { return window{period: 10 * second, limit: limit} }

// charged is one use of a window, kept to be counted again the slow way.
type charged struct {
	at exchange.Time
	n  int
}

// total adds up what the venue may count in the window beginning at a time.
func total(log []charged, from, period, guard exchange.Time) (sum int) {
	for _, c := range log {
		if c.at >= from-guard && c.at < from+period+guard {
			sum += c.n
		}
	}
	return sum
}

// A window admits exactly what fits into every window that the charge may be
// counted in, for any sequence of charges.
func TestWindowCountsBothSidesOfAnEdge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const limit, guard = 20, 500 * ms
		w := newWindow(limit)
		var log []charged
		now := start
		for range rapid.IntRange(1, 120).Draw(t, "requests") {
			now += exchange.Time(rapid.SampledFrom([]int64{0, 1, 99, 400, 500, 501, 2500, 9000, 10000, 21000, 31000}).Draw(t, "pause")) * ms
			n := rapid.IntRange(1, 7).Draw(t, "n")
			w.roll(now)
			want := true
			for from := now - now%w.period - w.period; from <= now+w.period; from += w.period {
				mayCount := now >= from-guard && now < from+w.period+guard
				want = want && (!mayCount || total(log, from, w.period, guard)+n <= limit)
			}
			if got := w.fits(n, limit, now, guard); got != want {
				t.Fatalf("at %v: fits(%d) is %v, want %v", now, n, got, want)
			}
			if want {
				w.charge(n, now, guard)
				log = append(log, charged{now, n})
			}
		}
	})
}

// The time to wait is the first at which the charge fits.
func TestWindowEarliest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const limit, guard = 20, 500 * ms
		w := newWindow(limit)
		now := start
		for range rapid.IntRange(1, 60).Draw(t, "requests") {
			now += exchange.Time(rapid.Int64Range(0, 3000).Draw(t, "pause")) * ms
			n := rapid.IntRange(1, 20).Draw(t, "n")
			w.roll(now)
			if w.fits(n, limit, now, guard) {
				w.charge(n, now, guard)
				continue
			}
			until := w.earliest(n, limit, now, guard)
			for _, at := range []struct {
				time exchange.Time
				fits bool
			}{{until - 1, false}, {until, true}} {
				ahead := w
				ahead.roll(at.time)
				if got := ahead.fits(n, limit, at.time, guard); got != at.fits {
					t.Fatalf("asked at %v, told %v: at %v fits is %v", now, until, at.time, got)
				}
			}
		}
	})
}

func TestWindowIsAlignedToTheClock(t *testing.T) {
	const guard = ms
	w := newWindow(3)
	w.roll(start + 9*second)
	w.charge(3, start+9*second, guard)
	for at, want := range map[exchange.Time]bool{
		9999 * ms:  false, // the same ten seconds
		10000 * ms: false, // the new ones, but the venue may be behind
		10001 * ms: true,
	} {
		ahead := w
		ahead.roll(start + at)
		if got := ahead.fits(3, 3, start+at, guard); got != want {
			t.Errorf("%d ms after the full ten seconds began: fits is %v, want %v", at/ms, got, want)
		}
	}
}

func TestWindowNeverRollsBack(t *testing.T) {
	w := newWindow(3)
	w.roll(start + 20*second)
	w.charge(3, start+20*second+5*second, 0)
	w.roll(start)
	if w.start != start+20*second || w.cur != 3 {
		t.Errorf("rolled back to %v with %d used", w.start, w.cur)
	}
	if w.fits(1, 3, start, 500*ms) {
		t.Error("a clock that runs back opens a full window")
	}
}

func TestWindowCorrect(t *testing.T) {
	const guard = 500 * ms
	for _, c := range []struct {
		name      string
		sent      exchange.Time // after the window's start
		count     int
		prev, cur int
	}{
		{"higher is believed", 5 * second, 9, 4, 9},
		{"lower is not", 5 * second, 2, 4, 5},
		{"sent before the edge: of the earlier one", -300 * ms, 9, 9, 5},
		{"sent just after the edge: may be of the earlier one", 300 * ms, 9, 9, 5},
		{"sent long ago: of no window that counts", -11 * second, 9, 4, 5},
	} {
		w := newWindow(20)
		w.roll(start)
		w.prev, w.cur = 4, 5
		w.correct(c.count, start+c.sent, guard)
		if w.prev != c.prev || w.cur != c.cur {
			t.Errorf("%s: prev %d, cur %d, want %d, %d", c.name, w.prev, w.cur, c.prev, c.cur)
		}
	}
}

// A pool that is refused again is left alone for a step longer, doubling.
func TestARefusalAgainTakesAStepLonger(t *testing.T) {
	table := toy()
	table.Step = exchange.Second
	l, err := New(Options{Table: table, Guard: 100 * ms})
	if err != nil {
		t.Fatal(err)
	}
	now, before := start, exchange.Time(0)
	for i, longer := range []exchange.Time{0, 1, 3, 7} {
		if err := l.Observe(Answer{Pool: 2, Refusal: Throttled, Sent: now}, now); err != nil {
			t.Fatal(err)
		}
		until, _ := l.Blocked(2, now)
		if i == 0 {
			before = until - now
		}
		if got := until - now - before; got != longer*exchange.Second {
			t.Errorf("refusal %d: %d ms longer than the first, want %d s", i+1, got/exchange.Millisecond, longer)
		}
		now += (until - now + exchange.Minute) / exchange.Minute * exchange.Minute // as far into a window as before
	}
}

// A pool that counts nothing but orders is refused for their window, and no longer.
func TestARefusalInAPoolOfOrdersAlone(t *testing.T) {
	l, err := New(Options{Guard: 100 * ms, Table: &Table{Pools: []string{"orders", "cancels"}, Step: exchange.Second, Meters: []Rule{
		{Name: "orders per minute", Pool: 1, Period: exchange.Minute, Limit: 100, Orders: true, Rolling: true},
		{Name: "orders per second", Pool: 1, Period: exchange.Second, Limit: 10, Orders: true, Rolling: true},
		{Name: "cancels per second", Pool: 2, Period: exchange.Second, Limit: 10, Rolling: true}}}})
	if err != nil {
		t.Fatal(err)
	}
	for pool := Pool(1); pool <= 2; pool++ {
		if err := l.Observe(Answer{Pool: pool, Refusal: Throttled}, start); err != nil {
			t.Fatal(err)
		}
		if until, _ := l.Blocked(pool, start); until != start+exchange.Second+100*ms {
			t.Errorf("pool %d is left alone for %d ms, want a second and the guard", pool, (until-start)/ms)
		}
	}
}

// A ban whose named end has passed by our clock was named by another one: it does not last as
// long as one without an end.
func TestABanThatIsOverByOurClock(t *testing.T) {
	l, err := New(Options{Table: &Table{Pools: []string{"p"}, BanLeast: 10 * exchange.Minute, BanMost: exchange.Day, Step: exchange.Second,
		Meters: []Rule{{Name: "m", Pool: 1, Period: exchange.Minute, Limit: 10}}}})
	if err != nil {
		t.Fatal(err)
	}
	now := exchange.Hour
	for n, most := range []exchange.Time{6 * exchange.Second, 11 * exchange.Second, 21 * exchange.Second} {
		if err := l.Observe(Answer{Pool: 1, Sent: now, Refusal: Banned, RetryAt: now - 2*exchange.Second}, now); err != nil {
			t.Fatal(err)
		}
		until, banned := l.Blocked(1, now)
		if !banned || until-now > most || until-now < most/2 {
			t.Errorf("ban %d lasts %d s, want at most %d s", n+1, (until-now)/exchange.Second, most/exchange.Second)
		}
		now = until
	}
	if err := l.Observe(Answer{Pool: 1, Sent: now, Refusal: Banned}, now); err != nil {
		t.Fatal(err)
	}
	if until, _ := l.Blocked(1, now); until-now < 10*exchange.Minute {
		t.Errorf("without an end it lasts %d s", (until-now)/exchange.Second)
	}
}
