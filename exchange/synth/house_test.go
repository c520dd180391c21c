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

// The funding of houses differs by as much as that of recorded venues did: of Binance and
// Bybit, and Binance and HTX, in 2022 and 2023, BTC and ETH, in bp per 8 hours: standard
// deviation 0.85 to 1.24, median difference 0.31 to 0.48, nine tenths within 1.27 to 1.59,
// autocorrelation after a settlement 0.09 to 0.34 and after three days 0.11 to 0.17.
func TestFundingBetweenHousesHasItsRealSize(t *testing.T) {
	if testing.Short() {
		t.Skip("60 days of a market")
	}
	var diffs, sizes []float64
	lag1, lag9 := 0.0, 0.0
	seeds := []uint64{1, 2}
	for _, seed := range seeds {
		o := Options{Seed: seed, Step: exchange.Minute, Until: Began + 60*exchange.Day, Houses: []House{elsewhere("here", 8, false, false), elsewhere("there", 8, false, false)}}
		_, settled := told(t, o)
		for _, c := range []string{"BTC", "ETH"} {
			a, b := settled["here.linear:"+c+"-PERP"], settled["there.linear:"+c+"-PERP"]
			var own []float64
			for i := range a {
				d := (a[i].Rate.Float() - b[i].Rate.Float()) * 1e4
				own, diffs, sizes = append(own, d), append(diffs, d), append(sizes, math.Abs(d))
			}
			lag1, lag9 = lag1+acf(own, 1)/4, lag9+acf(own, 9)/4
		}
	}
	slices.Sort(sizes)
	sd := 0.0
	for _, d := range diffs {
		sd += d * d / float64(len(diffs))
	}
	sd = math.Sqrt(sd)
	median, most := sizes[len(sizes)/2], sizes[len(sizes)*9/10]
	t.Logf("standard deviation %.2f, median %.2f, nine tenths within %.2f, autocorrelation %.2f and %.2f", sd, median, most, lag1, lag9)
	if sd < 0.6 || sd > 1.5 || median < 0.2 || median > 0.8 || most < 0.8 || most > 2 {
		t.Errorf("funding between houses: standard deviation %.2f bp, median %.2f, nine tenths within %.2f", sd, median, most)
	}
}

// A house that lists what there is not is refused by name.
func TestHouseIsChecked(t *testing.T) {
	bad := House{Name: "odd", List: func(exchange.Time) []Listing {
		return []Listing{{Instrument: exchange.Instrument{Venue: "odd.spot", Symbol: "GOLDUSDT", Base: "GOLD", Tick: exchange.MustStep("1"), Lot: exchange.MustStep("1")}}}
	}}
	if _, err := New(Options{Houses: []House{bad}}); err == nil {
		t.Error("a coin that the market does not have")
	}
}
