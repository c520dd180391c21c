package synth

import (
	"errors"
	"io"
	"math"
	"slices"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// elsewhere lists BTC and ETH on spot, as a perpetual, an inverse one and a future; with
// hours of funding and how it is paid.
func elsewhere(name string, hours int, accrues, oracle bool) House {
	return House{Name: name, List: func(start exchange.Time) (out []Listing) {
		for _, c := range Coins()[:2] {
			one := exchange.Instrument{Base: c.Base, Quote: "USDT", Wallet: exchange.Wallet(name + ".unified"), Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("0.001"),
				InterestRate: decimal.New(1, -4), FundingCap: decimal.New(1, -2), FundingFloor: decimal.New(-1, -2)}
			spot, perp, inverse, dated := one, one, one, one
			spot.Venue, spot.Symbol, spot.Contract = exchange.Venue(name+".spot"), c.Base+"-USDT", exchange.Spot
			perp.Venue, perp.Symbol, perp.Contract, perp.FundingHours = exchange.Venue(name+".linear"), c.Base+"-PERP", exchange.Linear, hours
			perp.FundingAccrues = accrues
			dated.Venue, dated.Symbol, dated.Contract, dated.Delivery = exchange.Venue(name+".linear"), c.Base+"-Q", exchange.Linear, Quarters(start, 1)[0]
			inverse.Venue, inverse.Symbol, inverse.Contract, inverse.Quote, inverse.FundingHours = exchange.Venue(name+".inverse"), c.Base+"USD", exchange.Inverse, "USD", hours
			inverse.ContractSize, inverse.Lot = decimal.NewFromInt(1), exchange.MustStep("1")
			out = append(out, Listing{Instrument: spot}, Listing{Instrument: perp, Oracle: oracle}, Listing{Instrument: inverse}, Listing{Instrument: dated})
		}
		return out
	}}
}

// told is the marks and settlements of a market by instrument.
func told(t *testing.T, o Options) (marks map[string][]exchange.Event, settled map[string][]exchange.Event) {
	t.Helper()
	m, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	marks, settled = map[string][]exchange.Event{}, map[string][]exchange.Event{}
	var ev exchange.Event
	for {
		if err := m.Next(&ev); errors.Is(err, io.EOF) {
			return marks, settled
		} else if err != nil {
			t.Fatal(err)
		}
		key := m.Universe().Get(ev.Instrument).FullKey()
		switch ev.Kind {
		case exchange.KindMark:
			marks[key] = append(marks[key], ev)
		case exchange.KindFunding:
			settled[key] = append(settled[key], ev)
		}
	}
}

// What a house does depends on no other one, and the built-in listing on none.
func TestHousesDoNotDisturbEachOther(t *testing.T) {
	o := Options{Seed: 3, Until: Began + 20*exchange.Minute}
	a, b := elsewhere("here", 8, false, false), elsewhere("there", 1, false, true)
	prices := func(houses ...House) map[string][]exchange.E8 {
		o.Houses = houses
		marks, _ := told(t, o)
		out := map[string][]exchange.E8{}
		for key, list := range marks { // order does not matter: it is a map again
			for _, ev := range list {
				out[key] = append(out[key], ev.Mark, ev.Index)
			}
		}
		return out
	}
	all := prices(House{}, a, b)
	for _, alone := range []map[string][]exchange.E8{prices(), prices(a), prices(b), prices(b, a)} {
		for key, want := range alone { // order does not matter: each is compared
			if !slices.Equal(all[key], want) {
				t.Errorf("%s: %v with others, %v without", key, all[key][:4], want[:4])
			}
		}
	}
	if len(all) < 12 {
		t.Errorf("marks of %d contracts", len(all))
	}
}

// Hourly funding is an eighth of that of eight hours, continuous funding adds up to it, and
// one is paid on the index.
func TestFundingOfHouses(t *testing.T) {
	o := Options{Seed: 5, Until: Began + exchange.Day, Calm: true}
	h8, h1, min := elsewhere("eight", 8, false, false), elsewhere("hourly", 1, false, true), elsewhere("flow", 1, true, false)
	o.Houses = []House{h8, h1, min}
	marks, settled := told(t, o)
	for key, want := range map[string]int{"eight.linear:BTC-PERP": 3, "hourly.linear:BTC-PERP": 24, "flow.linear:BTC-PERP": 1440, "flow.inverse:BTCUSD": 24, "eight.linear:BTC-Q": 0} {
		if n := len(settled[key]); n != want {
			t.Errorf("%s: settled %d times in a day, want %d", key, n, want)
		}
	}
	for _, ev := range settled["hourly.linear:BTC-PERP"] {
		same := false
		for _, m := range marks["hourly.linear:BTC-PERP"] {
			same = same || m.Time-m.Time%exchange.Second == ev.VenueTime && m.Index == ev.Mark
		}
		if !same {
			t.Fatalf("settled on %d at %s, which is not the index", ev.Mark, ev.VenueTime)
		}
	}
	sum := func(key string) (r float64) {
		for _, ev := range settled[key] {
			r += ev.Rate.Float() * 1e4
		}
		return r
	}
	t.Logf("a day's funding in bp: 8 h %.2f, hourly %.2f, continuous %.2f", sum("eight.linear:BTC-PERP"), sum("hourly.linear:BTC-PERP"), sum("flow.linear:BTC-PERP"))
	for _, key := range []string{"eight.linear:BTC-PERP", "hourly.linear:BTC-PERP", "flow.linear:BTC-PERP"} {
		if s := sum(key); math.Abs(s) > 12 {
			t.Errorf("%s: %.2f bp of funding in a calm day", key, s)
		}
	}
}

// A future's premium vanishes by its delivery, and it is told of no more after that.
func TestDatedFuturesConverge(t *testing.T) {
	start := exchange.Date(2026, 3, 1)
	o := Options{Seed: 7, Start: start, Step: exchange.Minute, Until: start + 27*exchange.Day, Calm: true, Houses: []House{elsewhere("here", 8, false, false)}}
	end := Quarters(start, 1)[0]
	if end != exchange.Date(2026, 3, 27)+8*exchange.Hour {
		t.Fatalf("the quarter ends %s", end)
	}
	marks, _ := told(t, o)
	list := marks["here.linear:BTC-Q"]
	premium := func(ev exchange.Event) float64 { return (ev.Mark.Float()/ev.Index.Float() - 1) * 1e4 }
	if first, last := list[0], list[len(list)-1]; premium(first) < 10 || math.Abs(premium(last)) > 3 || last.VenueTime > end+exchange.Minute {
		t.Errorf("premium %.2f bp at first, %.2f bp at %s", premium(first), premium(last), last.VenueTime)
	}
}

// The funding of houses differs by as much and for as long as that of recorded venues did:
// of the 42 pairs of seven venues and of BTC and ETH in 2022 and 2023 (funding-7-venues), bp
// per 8 hours. Of each figure the least, the median and the most that was recorded:
//
//	standard deviation                         0.36  1.31  2.14
//	median difference                          0.31  0.50  0.85
//	nine tenths are within                     0.51  1.76  2.60
//	autocorrelation, one settlement           -0.04  0.20  0.65
//	... three (a day)                          0.05  0.23  0.51
//	... nine                                   0.08  0.18  0.40
//	... 21 (a week)                            0.05  0.12  0.32
//	days: autocorrelation of means, one day    0.27  0.50  0.70
//	... seven days                             0.08  0.24  0.45
//	weeks: standard deviation of means         0.21  0.61  1.27
//	weeks: correlation of BTC and ETH          0.17  0.66  0.84
//
// From the ninth settlement to the 21st the autocorrelation falls to two thirds: what stays
// has a half-life of 6 to 7 days.
func TestFundingBetweenHouses(t *testing.T) {
	t.Parallel()
	var d differences
	names := []string{"here", "there", "yonder"}
	for seed := range uint64(3) {
		o := Options{Seed: seed + 1, Step: exchange.Minute}
		for _, n := range names {
			o.Houses = append(o.Houses, elsewhere(n, 8, false, false))
		}
		rates := settledRates(t, o, 180)
		for i, a := range names {
			for _, b := range names[i+1:] {
				d.add(rates, a, b)
			}
		}
	}
	d.sizes.sort()
	for _, f := range []struct {
		what      string
		is        float64
		least, to float64
	}{
		{"standard deviation", d.single.deviation(), 0.8, 1.6},
		{"median", d.sizes.at(0.5), 0.31, 0.6},
		{"nine tenths within", d.sizes.at(0.9), 1.2, 2.2},
		{"autocorrelation after a settlement", d.single.after(1), 0.1, 0.65},
		{"after a day", d.single.after(3), 0.15, 0.51},
		{"after three days", d.single.after(9), 0.11, 0.4},
		{"after a week", d.single.after(21), 0.05, 0.32},
		{"of days, after one", d.days.after(1), 0.35, 0.7},
		{"of days, after seven", d.days.after(7), 0.1, 0.45},
		{"deviation of weeks", d.weeks.deviation(), 0.36, 0.9},
		{"of BTC and ETH by weeks, correlation", d.both / math.Sqrt(d.btc*d.eth), 0.3, 0.84},
	} {
		t.Logf("%s %.2f", f.what, f.is)
		if f.is < f.least || f.is > f.to {
			t.Errorf("%s %.2f: recorded were %.2f to %.2f", f.what, f.is, f.least, f.to)
		}
	}
}

// settledRates are the rates of all linear perpetuals of a market in its first days, in bp.
func settledRates(t *testing.T, o Options, days int) map[string][]float64 {
	t.Helper()
	m, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]float64{}
	for m.now() < Began+exchange.Time(days)*exchange.Day {
		m.k++
		m.advance()
		for i := range m.venues {
			v := &m.venues[i]
			if v.in.Contract == exchange.Linear && !v.in.Dated() && v.perp.settled.Time == m.now() {
				out[v.in.FullKey()] = append(out[v.in.FullKey()], v.perp.settled.Rate.Float()*1e4)
			}
		}
	}
	return out
}

// differences are those of the funding of two houses, in several series.
type differences struct {
	single, days, weeks memory
	sizes               sizes
	both, btc, eth      float64 // products of the means of weeks
}

func (d *differences) add(rates map[string][]float64, a, b string) {
	var weeks [2][]float64
	for i, c := range []string{"BTC", "ETH"} {
		x, y := rates[a+".linear:"+c+"-PERP"], rates[b+".linear:"+c+"-PERP"]
		one := make([]float64, len(x))
		for k := range x {
			one[k] = x[k] - y[k]
			d.sizes = append(d.sizes, math.Abs(one[k]))
		}
		d.single.add(one)
		d.days.add(means(one, 3))
		weeks[i] = means(one, 21)
		d.weeks.add(weeks[i])
	}
	for k, x := range weeks[0] {
		y := weeks[1][k]
		d.both, d.btc, d.eth = d.both+x*y, d.btc+x*x, d.eth+y*y
	}
}

func means(x []float64, n int) (out []float64) {
	for ; len(x) >= n; x = x[n:] {
		sum := 0.0
		for _, v := range x[:n] {
			sum += v / float64(n)
		}
		out = append(out, sum)
	}
	return out
}

// memory is how series whose mean is known to be zero depend on what they were.
type memory struct {
	square  float64
	n       int
	lagging [22]float64
}

func (m *memory) add(x []float64) {
	m.n += len(x)
	for i := range x {
		m.square += x[i] * x[i]
		for lag := 1; lag < min(len(m.lagging), i+1); lag++ {
			m.lagging[lag] += x[i] * x[i-lag]
		}
	}
}

func (m *memory) deviation() float64    { return math.Sqrt(m.square / float64(m.n)) }
func (m *memory) after(lag int) float64 { return m.lagging[lag] / m.square }

type sizes []float64

func (s sizes) sort()                   { slices.Sort(s) }
func (s sizes) at(part float64) float64 { return s[int(part*float64(len(s)))] }

// A house that lists what there is not is refused by name.
func TestHouseIsChecked(t *testing.T) {
	bad := House{Name: "odd", List: func(exchange.Time) []Listing {
		return []Listing{{Instrument: exchange.Instrument{Venue: "odd.spot", Symbol: "GOLDUSDT", Base: "GOLD", Tick: exchange.MustStep("1"), Lot: exchange.MustStep("1")}}}
	}}
	if _, err := New(Options{Houses: []House{bad}}); err == nil {
		t.Error("a coin that the market does not have")
	}
}
