package weight

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/limit"
)

func newLedger(t interface{ Fatal(...any) }, o Options) *Ledger {
	l, err := NewLedger(o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func find(t interface{ Fatal(...any) }, method, path string) *Endpoint {
	e, err := Find(method, path)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

var (
	placeFutures  = futuresCost(0, 1, 1)
	cancelFutures = futuresCost(1, 0, 0)
	placeSpot     = spotCost(1, 1)
)

// venue counts as the real one does, by its own clock, and never forgets.
type venue struct {
	counts map[venueKey]int
}

type venueKey struct {
	meter Meter
	start exchange.Time
}

func (v *venue) arrive(t interface{ Fatalf(string, ...any) }, c Cost, at exchange.Time) {
	for i, n := range c.Use[:Meters] {
		r := rules[i]
		k := venueKey{Meter(i), at - at%r.Period}
		v.counts[k] += int(n)
		if v.counts[k] > r.Limit {
			t.Fatalf("%v: %d used of %d in the window of %v", rules[i].Name, v.counts[k], r.Limit, k.start)
		}
	}
}

var traffic = []Cost{
	placeFutures, cancelFutures, placeSpot, spotCost(250, 0), spotCost(80, 0), futuresCost(5, 5, 1),
	futuresCost(200, 0, 0), futuresCost(40, 0, 0), futuresCost(1000, 0, 0),
	{Pool: Futures, Use: [limit.MaxMeters]int32{FundingRequests: 100}},
	{Pool: Wallet, Use: [limit.MaxMeters]int32{WalletUID: 900}},
}

// Whatever is asked, and however the way to the venue and the clocks vary within
// the guard, no limit is ever exceeded in any window of the venue's clock.
func TestNeverOverALimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLedger(t, Options{})
		v := &venue{counts: make(map[venueKey]int)}
		now := start
		for range rapid.IntRange(1, 60).Draw(t, "bursts") {
			now += exchange.Time(rapid.SampledFrom([]int64{0, 1, 50, 499, 500, 3000, 9400, 29000, 59000}).Draw(t, "pause")) * ms
			c := rapid.SampledFrom(traffic).Draw(t, "cost")
			p := Priority(rapid.IntRange(0, priorities-1).Draw(t, "priority"))
			for range rapid.IntRange(1, 400).Draw(t, "burst") {
				if !l.Reserve(c, p, now).OK {
					break
				}
				off := exchange.Time(rapid.SampledFrom([]int64{-499, 0, 499}).Draw(t, "off")) * ms
				v.arrive(t, c, now+off)
			}
		}
	})
}

// However much else was asked before, cancels have a tenth of the weight left,
// and orders never stop them.
func TestCancelsHaveAReserve(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLedger(t, Options{})
		now := start + second
		for range rapid.IntRange(1, 40).Draw(t, "bursts") {
			now += exchange.Time(rapid.Int64Range(0, 1000).Draw(t, "pause")) * ms
			c := rapid.SampledFrom(traffic).Draw(t, "cost")
			p := Priority(rapid.IntRange(int(Query), int(Hedge)).Draw(t, "priority"))
			for l.Reserve(c, p, now).OK {
			}
		}
		for i := range 240 {
			if v := l.Reserve(cancelFutures, Cancel, now); !v.OK {
				t.Fatalf("cancel %d: %s", i, v.Reason)
			}
		}
		if err := observed(l, Answer{Answer: limit.Answer{Pool: Futures}, Status: 429, Code: codeTooManyOrders}, now); err != nil {
			t.Fatal(err)
		}
		if used, limit := l.Used(FuturesWeight, now); used < limit && !l.Reserve(cancelFutures, Cancel, now).OK {
			t.Fatalf("a cancel is refused with %d of %d used", used, limit)
		}
	})
}

// A cancel is refused at the hard limit, not before it and not after.
func TestCancelsPassUpToTheHardLimit(t *testing.T) {
	l := newLedger(t, Options{})
	now := start + 30*second
	for i := range 2400 {
		if v := l.Reserve(cancelFutures, Cancel, now); !v.OK {
			t.Fatalf("cancel %d: %s", i, v.Reason)
		}
	}
	v := l.Reserve(cancelFutures, Cancel, now)
	if v.OK || v.Until != start+minute+500*ms || !strings.Contains(v.Reason, "futures weight per minute: 1 more are over the 2400 of 2400 that a request of priority cancel may use, with 2400 used") {
		t.Errorf("got %+v", v)
	}
	if v := l.Reserve(cancelFutures, Cancel, v.Until); !v.OK {
		t.Errorf("after the wait: %s", v.Reason)
	}
}

// What matters more gets further into every limit.
func TestPriorities(t *testing.T) {
	for m := range Meter(Meters) {
		l := newLedger(t, Options{})
		c := Cost{Pool: rules[m].Pool}
		c.Use[m] = 1
		now := start + 5*second
		for _, p := range []Priority{Query, Open, Hedge, Cancel} {
			for l.Reserve(c, p, now).OK {
			}
			used, limit := l.Used(m, now)
			if want := limit * map[Priority]int{Query: 70, Open: 80, Hedge: 90, Cancel: 100}[p] / 100; used != want {
				t.Errorf("%s: %v stops at %d, want %d of %d", rules[m].Name, p, used, want, limit)
			}
		}
	}
}

// used is what is used of every meter.
func used(l *Ledger, now exchange.Time) (out [Meters]int) {
	for m := range out {
		out[m], _ = l.Used(Meter(m), now)
	}
	return out
}

// A cost is charged as a whole or not at all.
func TestReserveIsAllOrNothing(t *testing.T) {
	l := newLedger(t, Options{})
	now := start + 5*second
	for l.Reserve(placeSpot, Cancel, now).OK {
	}
	before := used(l, now)
	if v := l.Reserve(placeSpot, Cancel, now); v.OK || !strings.Contains(v.Reason, "spot orders per 10 seconds") {
		t.Fatalf("got %+v", v)
	}
	if used(l, now) != before {
		t.Error("a refused cost was charged in part")
	}
}

// The longest of the waits counts, and at its end the cost passes.
func TestReserveWaitsForEveryMeter(t *testing.T) {
	l := newLedger(t, Options{})
	now := start + 5*second
	for range 24 {
		for range 50 {
			if v := l.Reserve(placeFutures, Cancel, now); !v.OK {
				t.Fatal(v.Reason)
			}
		}
		now += 2 * second
	}
	v := l.Reserve(placeFutures, Cancel, now)
	if v.OK || v.Until != start+minute+500*ms {
		t.Fatalf("1200 orders in the minute, and then: %+v", v)
	}
	if v := l.Reserve(placeFutures, Cancel, v.Until); !v.OK {
		t.Error(v.Reason)
	}
}

func TestReserveRefusesForEver(t *testing.T) {
	l := newLedger(t, Options{})
	for reason, ask := range map[string]func() Verdict{
		"futures weight per minute: 1681 at once are over the 1680 of 2400 that a request of priority query may use": func() Verdict {
			return l.Reserve(futuresCost(1681, 0, 0), Query, start)
		},
		"the cost has no pool": func() Verdict { return l.Reserve(Cost{}, Query, start) },
		"priority(9) is unknown: want query, open, hedge or cancel": func() Verdict { return l.Reserve(placeSpot, 9, start) },
	} {
		if v := ask(); v.OK || v.Until != 0 || v.Reason != reason {
			t.Errorf("got %+v, want %s", v, reason)
		}
	}
}

func TestSetLimit(t *testing.T) {
	l := newLedger(t, Options{})
	m, ok := MeterOf(Spot, "ORDERS", "SECOND", 10)
	if !ok || m != SpotOrders10s {
		t.Fatalf("got %v, %v", m, ok)
	}
	if err := l.SetLimit(m, 100); err != nil {
		t.Fatal(err)
	}
	n := 0
	for l.Reserve(placeSpot, Cancel, start+5*second).OK {
		n++
	}
	if n != 100 {
		t.Errorf("%d orders pass, want 100", n)
	}
	if l.SetLimit(m, 0) == nil || l.SetLimit(Meters, 1) == nil {
		t.Error("a limit of nothing was taken")
	}
	if _, ok := MeterOf(Futures, "ORDERS", "DAY", 1); ok {
		t.Error("futures have no limit per day")
	}
}

// USD-M and COIN-M use up one pool; spot another.
func TestFuturesShareAPool(t *testing.T) {
	l := newLedger(t, Options{})
	now := start + 5*second
	for i := range 120 {
		path := []string{"/fapi/v1/historicalTrades", "/dapi/v1/aggTrades"}[i%2]
		c := find(t, "GET", path).Cost(None{})
		if !l.Reserve(c, Cancel, now).OK {
			break
		}
	}
	if l.Reserve(find(t, "GET", "/dapi/v1/historicalTrades").Cost(None{}), Cancel, now).OK {
		t.Error("COIN-M has room that USD-M has used")
	}
	if !l.Reserve(find(t, "GET", "/api/v3/trades").Cost(None{}), Query, now).OK {
		t.Error("spot is out of room because of futures")
	}
}

func TestBadOptions(t *testing.T) {
	for want, o := range map[string]Options{
		"guard of 4001 ms: want 0 to 4000":                       {Guard: 4001 * ms},
		"guard of -1 ms":                                         {Guard: -ms},
		"share of 95% for open: want 1 to 100, and no less than": {Shares: [priorities]int{Query: 96, Open: 95}},
		"share of -5% for query":                                 {Shares: [priorities]int{Query: -5}},
		"share of 99% for cancels: want 100":                     {Shares: [priorities]int{Cancel: 99}},
	} {
		if _, err := NewLedger(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
