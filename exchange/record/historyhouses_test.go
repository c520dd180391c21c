package record

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/frames"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/datatest"
)

var houseFormats = append(slices.Clone(formats), frames.Format{})

const (
	bybitFunding = "time,funding_rate\n2024-01-01T00:00:00Z,0.0002\n2024-01-01T01:00:00Z,0.0003\n"
	gateFunding  = "time,funding_rate\n2024-01-01T02:00:00Z,-0.0004\n"
)

// A house whose funding is there trades at the declared prices, with its own fees and its
// own settlements, and the recording says so.
func TestAHistoryOfSeveralHouses(t *testing.T) {
	dir := put(t, historyDir(t), map[string]string{
		"bybit/funding/ABCUSDT.csv": bybitFunding, "gate/funding/ABCUSDT.csv": gateFunding,
		"venues.csv": "venue,prices_of,worse_bp,maker_bp,taker_bp\nbybit,binance,5,,\ngate,binance,10,1,7\n",
	})
	r, err := houseFormats.Open([]string{dir}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	u := r.Universe()
	gate, err := u.Lookup("gate.linear:ABCUSDT")
	if err != nil {
		t.Fatal(err)
	}
	if gate.TakerFee.String() != "0.0007" || gate.MakerFee.String() != "0.0001" || gate.Base != "ABC" || gate.Wallet != "gate.linear" || gate.Contract != exchange.Linear {
		t.Errorf("gate's contract is %+v", gate)
	}
	bybit, err := u.Lookup("bybit.linear:ABCUSDT")
	if err != nil {
		t.Fatal(err)
	}
	binance, err := u.Lookup("binance.usdm:ABCUSDT")
	if err != nil {
		t.Fatal(err)
	}
	if bybit.Tick != binance.Tick || bybit.Lot != binance.Lot || bybit.TakerFee.Equal(binance.TakerFee) {
		t.Errorf("bybit's contract is %+v", bybit)
	}
	text := r.Describe()
	for _, want := range []string{"bybit has no prices of its own here: bars and marks of binance stand in for ABCUSDT, each side of its book 5 bp worse", "nobody here trades on gate", "0.07 %"} {
		if !strings.Contains(text, want) {
			t.Errorf("the recording does not say %q:\n%s", want, text)
		}
	}
	evs, err := drain(t, r)
	if err != nil {
		t.Fatal(err)
	}
	paid := map[exchange.InstrumentID][]string{}
	spread := map[exchange.InstrumentID]exchange.Ticks{}
	for _, e := range evs {
		switch e.Kind {
		case exchange.KindFunding:
			paid[e.Instrument] = append(paid[e.Instrument], e.Time.UTC().Format("15:04")+" "+e.Rate.Decimal().String())
		case exchange.KindSnapshot:
			spread[e.Instrument] = e.Asks[0].Price - e.Bids[0].Price
		}
	}
	if got := paid[bybit.ID]; !slices.Equal(got, []string{"00:00 0.0002", "01:00 0.0003"}) {
		t.Errorf("bybit paid %v", got)
	}
	if got := paid[gate.ID]; !slices.Equal(got, []string{"02:00 -0.0004"}) {
		t.Errorf("gate paid %v", got)
	}
	one := exchange.Ticks(1)
	near := func(got, want exchange.Ticks) bool { return got >= want-one && got <= want+one }
	if mid := 101.5 / binance.PriceFloat(1); !near(spread[bybit.ID], exchange.Ticks(mid*11e-4)) || !near(spread[gate.ID], exchange.Ticks(mid*21e-4)) || !near(spread[binance.ID], max(1, exchange.Ticks(mid*1e-4))) {
		t.Errorf("spreads in ticks: binance %d, bybit %d, gate %d, of a middle of %.0f", spread[binance.ID], spread[bybit.ID], spread[gate.ID], mid)
	}
}

// What can't be known is declared, or refused with the line that is missing.
func TestAHistoryOfSeveralHousesRefuses(t *testing.T) {
	for _, c := range []struct{ name, file, text, said, want string }{
		{"no declaration", "bybit/funding/ABCUSDT.csv", bybitFunding, "", "bybit has funding of ABCUSDT and no bars: say in venues.csv whose prices stand in"},
		{"of a house that is not there", "bybit/funding/ABCUSDT.csv", bybitFunding, "venue,prices_of\nbybit,binance\nokx,binance\n", "speaks of okx, and there is no folder okx"},
		{"no number", "bybit/funding/ABCUSDT.csv", bybitFunding, "venue,prices_of,worse_bp\nbybit,binance,much\n", "venues.csv:2: worse_bp \"much\": want 0 to 1000"},
		{"another word", "bybit/funding/ABCUSDT.csv", bybitFunding, "venue,prices_of,worse_bps\nbybit,binance,2\n", "column \"worse_bps\": want venue, prices_of, worse_bp"},
		{"prices of nobody", "bybit/funding/ABCUSDT.csv", bybitFunding, "venue,prices_of\nbybit,binnace\n", "are to be those of binnace, of which there is no folder"},
		{"twice", "bybit/funding/ABCUSDT.csv", bybitFunding, "venue,prices_of\nbybit,binance\nbybit,binance\n", "venues.csv:3: bybit is there twice"},
		{"prices of its own", "bybit/funding/ABCUSDT.csv", bybitFunding, "venue,prices_of\nbybit,bybit\n", "venues.csv:2: prices_of \"bybit\": want another venue"},
		{"prices of one without bars", "bybit/funding/ABCUSDT.csv", bybitFunding, "venue,prices_of\nbinance,bybit\nbybit,binance\n", "venues.csv:2: prices_of: prices of binance are to be those of bybit, which has no bars"},
		{"a folder that is no venue's", "backup/funding/ABCUSDT.csv", bybitFunding, "", "no venue backup is known here: say what it charges in venues.csv"},
		{"the default beside itself", "binance/funding/ABCUSDT.csv", bybitFunding, "", "its files belong beside it"},
	} {
		dir := put(t, historyDir(t), map[string]string{c.file: c.text})
		if c.said != "" {
			put(t, dir, map[string]string{"venues.csv": c.said})
		}
		if _, err := houseFormats.LoadHistory(dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// What is said in a venue's own folder does not replace what is said of all.
func TestWhatIsSaidOfHousesIsSaidOnce(t *testing.T) {
	dir := put(t, historyDir(t), map[string]string{"bybit/funding/ABCUSDT.csv": bybitFunding,
		"venues.csv": "venue,prices_of\nbybit,binance\n", "bybit/venues.csv": "venue,prices_of,worse_bp\nbybit,binance,100\n"})
	if _, err := houseFormats.LoadHistory(dir); err == nil || !strings.Contains(err.Error(), filepath.Join("bybit", "venues.csv")+": what is said of venues belongs into the folder above") {
		t.Errorf("a second venues.csv: %v", err)
	}
}

// Fees that are said are charged, also by a house whose fees are known and that has bars; what
// is not said stays as it is known.
func TestSaidFeesAreCharged(t *testing.T) {
	bars, err := os.ReadFile(filepath.Join(historyDir(t), "perp_1h", "ABCUSDT.csv"))
	if err != nil {
		t.Fatal(err)
	}
	dir := put(t, historyDir(t), map[string]string{"bybit/perp_1h/ABCUSDT.csv": string(bars), "bybit/perp_1h/BTCUSDT.csv": string(bars),
		"venues.csv": "venue,prices_of,worse_bp,maker_bp,taker_bp\nbinance,,,,3\nbybit,,,1.5,\n"})
	h, err := houseFormats.Open([]string{dir}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := houseFormats.Open([]string{put(t, historyDir(t), map[string]string{"bybit/perp_1h/ABCUSDT.csv": string(bars), "bybit/perp_1h/BTCUSDT.csv": string(bars)})}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string][2]string{"binance.usdm:ABCUSDT": {"", "0.0003"}, "binance.spot:ABCUSDT": {"", "0.0003"}, "bybit.linear:ABCUSDT": {"0.00015", ""}, "bybit.linear:BTCUSDT": {"0.00015", ""}} {
		in, err := h.Universe().Lookup(key)
		if err != nil {
			t.Fatal(err)
		}
		usual, err := plain.Universe().Lookup(key)
		if err != nil {
			t.Fatal(err)
		}
		for i, fee := range [2]string{in.MakerFee.String(), in.TakerFee.String()} {
			if was := [2]string{usual.MakerFee.String(), usual.TakerFee.String()}[i]; fee != cmp.Or(want[i], was) {
				t.Errorf("%s: fee %s, said is %q, usual %s", key, fee, want[i], was)
			}
		}
		if !strings.Contains(in.Assumed, "as venues.csv says") || strings.Contains(usual.Assumed, "venues.csv") {
			t.Errorf("%s assumes %q, without a word %q", key, in.Assumed, usual.Assumed)
		}
	}
}

// A perpetual that is asked for by its full name is played on the bars that stand in, and those
// are not played themselves.
func TestAStandInCanBeAskedForAlone(t *testing.T) {
	dir := put(t, historyDir(t), map[string]string{"bybit/funding/ABCUSDT.csv": bybitFunding, "gate/funding/ABCUSDT.csv": gateFunding,
		"venues.csv": "venue,prices_of,worse_bp\nbybit,binance,5\ngate,binance,5\n"})
	for _, key := range []string{"bybit.linear:ABCUSDT", "gate.linear:ABCUSDT"} {
		r, err := houseFormats.Open([]string{dir}, Options{History: HistoryOptions{Symbols: []string{key}}})
		if err != nil {
			t.Errorf("%s: %v", key, err)
			continue
		}
		if all := r.Universe().All(); len(all) != 1 || all[0].FullKey() != key {
			t.Errorf("%s: %d instruments, the first is %s", key, len(all), all[0].FullKey())
		}
		evs, err := drain(t, r)
		if err != nil {
			t.Fatal(err)
		}
		if got := kinds(evs); !strings.Contains(got, "snapshot") || !strings.Contains(got, "funding") || !strings.Contains(got, "mark") {
			t.Errorf("%s: events %s", key, got)
		}
	}
	if _, err := houseFormats.LoadHistory(dir, "bybit.linear:XYZUSDT"); err == nil || !strings.Contains(err.Error(), "has no bars of") {
		t.Errorf("a symbol that is nowhere: %v", err)
	}
}

// Funding of the default house without bars is left aside, as it always was.
func TestFundingWithoutBarsIsLeftAside(t *testing.T) {
	dir := put(t, historyDir(t), map[string]string{"funding/XYZUSDT.csv": gateFunding})
	r, err := houseFormats.Open([]string{dir}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if text := r.Describe(); !strings.Contains(text, "funding of XYZUSDT is not used: the history has no bars of it") {
		t.Errorf("described as\n%s", text)
	}
}

// A house with bars of its own is played on those, and a symbol that another house has
// no bars of is left out and named.
func TestAHistoryWithBarsOfAnotherHouse(t *testing.T) {
	bars, err := os.ReadFile(filepath.Join(historyDir(t), "perp_1h", "ABCUSDT.csv"))
	if err != nil {
		t.Fatal(err)
	}
	dir := put(t, historyDir(t), map[string]string{
		"gate/perp_1h/ABCUSDT.csv": strings.ReplaceAll(string(bars), "102.5", "102.75"), "gate/funding/XYZUSDT.csv": gateFunding,
		"venues.csv": "venue,prices_of\ngate,binance\n",
	})
	r, err := houseFormats.Open([]string{dir}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if text := r.Describe(); !strings.Contains(text, "XYZUSDT of gate is left out") || strings.Contains(text, "stand in") {
		t.Errorf("described as\n%s", text)
	}
	evs, err := drain(t, r)
	if err != nil {
		t.Fatal(err)
	}
	gate, err := r.Universe().Lookup("gate.linear:ABCUSDT")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range evs {
		if e.Kind == exchange.KindBar && e.Instrument == gate.ID && gate.PriceFloat(e.Bar.Close) == 102.75 {
			n++
		}
	}
	if n != 1 || gate.Base != "ABC" || gate.Quote != "USDT" {
		t.Errorf("%d bars of its own, %+v", n, gate)
	}
}

// Tables of funding become a history only when their dates are proved to be UTC.
func TestFundingTables(t *testing.T) {
	prices := historyDir(t)
	table := "Symbol,Date,Funding Rate\n"
	tables := put(t, t.TempDir(), map[string]string{
		"ABC-USDT_binance_a_b_funding_history.csv": table + "ABC-USDT,2023-12-31 19:00:00.004,0.0001\nABC-USDT,2024-01-01 03:00:00.000,2.6e-05\n",
		"ABC-USDT_gate_a_b_funding_history.csv":    table + "ABC-USDT,2023-12-31 16:00:00,0.0002\nABC-USDT,2024-01-01 00:00:00,0.000658153991747989\n",
	})
	if !HoldsFundingTables(tables) || HoldsFundingTables(prices) {
		t.Fatal("tables are not told from a history")
	}
	out := filepath.Join(t.TempDir(), "out")
	o := FundingTables{Prices: prices, WorseBP: 2, Ahead: map[string]exchange.Time{"": 3 * exchange.Hour}}
	silent := func(connect.Imported) {}
	if err := houseFormats.ImportFunding(tables, out, o, silent); err == nil || !strings.Contains(err.Error(), "--utc-offset gate=-4h or gate=0h or gate=4h") {
		t.Fatalf("gate's dates were taken for three hours ahead: %v", err)
	}
	if err := houseFormats.ImportFunding(tables, prices, o, silent); err == nil || !strings.Contains(err.Error(), "its own prices") {
		t.Fatalf("a history is written over with itself: %v", err)
	}
	o.Ahead["gate"] = 0
	if err := houseFormats.ImportFunding(tables, out, o, silent); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"funding/ABCUSDT.csv":      "time,funding_rate\n2023-12-31T16:00:00.000Z,0.0001\n2024-01-01T00:00:00.000Z,0.000026\n",
		"gate/funding/ABCUSDT.csv": "time,funding_rate\n2023-12-31T16:00:00.000Z,0.0002\n2024-01-01T00:00:00.000Z,0.00065815\n",
		"venues.csv":               "venue,prices_of,worse_bp,maker_bp,taker_bp\ngate,binance,2,2,6\n",
	} {
		if got, err := os.ReadFile(filepath.Join(out, name)); err != nil || string(got) != want {
			t.Errorf("%s is\n%s%v, want\n%s", name, got, err, want)
		}
	}
	if _, err := houseFormats.LoadHistory(out); err != nil {
		t.Error(err)
	}
}

// The recorded tables, whose dates were found to be of two kinds, and the same rates of
// Binance in another recording.
func TestRecordedFundingTables(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	rows := map[string]int64{}
	o := FundingTables{Prices: datatest.Path(t, "history"), WorseBP: 1, Ahead: map[string]exchange.Time{"": 3 * exchange.Hour, "gate": 0, "dydx": 0}}
	err := houseFormats.ImportFunding(datatest.Path(t, "funding-7-venues"), out, o, func(x connect.Imported) {
		rows[strings.TrimPrefix(x.Path, out+"/")] = x.Rows
		if x.LeftOut > 0 {
			t.Errorf("%s: %d rows left out: %v", x.Path, x.LeftOut, x.Problems)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int64{"funding/BTCUSDT.csv": 4383, "dydx/funding/ETHUSDT.csv": 17520, "kucoin/funding/BTCUSDT.csv": 3285} {
		if rows[name] != want {
			t.Errorf("%s has %d rows, want %d", name, rows[name], want)
		}
	}
	var stats Stats
	got, err := loadFunding(filepath.Join(out, "funding", "BTCUSDT.csv"), &stats)
	if err != nil {
		t.Fatal(err)
	}
	want, err := loadFunding(datatest.Path(t, "history/funding/BTCUSDT.csv.gz"), &stats)
	if err != nil {
		t.Fatal(err)
	}
	rates := map[exchange.Time]exchange.E8{}
	for _, s := range want {
		rates[s.at] = s.rate
	}
	same, other := 0, 0
	for _, s := range got {
		if r, ok := rates[s.at]; ok && r == s.rate {
			same++
		} else if ok {
			other++
		}
	}
	if same < 4300 || other > 0 {
		t.Errorf("%d settlements agree with the other recording of them, %d do not", same, other)
	}
}
