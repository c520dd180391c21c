package report

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/tearsheet"
	"github.com/perilune/perilune/ledger"
)

var (
	update  = flag.Bool("update", false, "rewrite testdata/report.html")
	preview = flag.String("preview", "", "write a longer report to this file, to look at it in a browser")
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(a), math.Abs(b)) }

// daily is equity at successive midnights.
func daily(values ...int64) (out []Point) {
	for i, v := range values {
		out = append(out, Point{Time: exchange.Date(2024, 3, 1) + exchange.Time(i)*exchange.Day, Value: decimal.NewFromInt(v)})
	}
	return out
}

// example is a quarter of a year of carry, made up from a seed: funding that
// arrives every eight hours in waves, a basis that wanders, fees at each trade.
func example(hours int) Data {
	rng := rand.New(rand.NewPCG(7, 7))
	d := Data{
		Title: "Funding rotation, Q1 2024", Mode: Simulated, Asset: "USDT",
		FillsCommand: "perilune fills --ledger q1.db --all",
		Assumptions: []string{
			"A taker fills against the recorded book, level by level; a maker fills when the market trades through its price.",
			"Fees are 0.10 % on spot and 0.05 % on perpetuals for a taker, 0.10 % and 0.02 % for a maker.",
			"An order takes 40 ms to the venue and 40 ms back, log-normal with a 99th percentile of 180 ms.",
			"Where there is no book, the spread is 2 bp around the bar's open.",
		},
		Sources: []string{
			"Synthetic hourly bars and funding of three symbols, seed 7.",
			"2,160 hours without a gap.",
		},
		Again: Reproduction{
			Command: "perilune backtest scripts/funding_rotation.lua --from 2024-01-01 --to 2024-03-31 --seed 7",
			Seed:    "7", EventsHash: "9f2c41d07be3a856", EffectsHash: "03d1e77ac95b2f48",
		},
		Latencies: []Latency{{Venue: "binance.usdm", Stream: "books", Messages: 123456, P50: 8.4, P99: 41.2, Max: 902.7, Clock: "the clocks as they are"}},
		Strategies: []Strategy{{
			Name: "funding_rotation", Path: "scripts/funding_rotation.lua",
			Versions: []Version{
				{"5b1f0c9e2a7d", exchange.Date(2024, 1, 1), "loaded"},
				{"c0ffee12ab34", exchange.Date(2024, 2, 11) + 9*exchange.Hour, "saved"},
			},
			Params: []Param{
				{"enter_rate", "0.0003", "0.0003", "settled rate from which a pair is opened, per 8 h"},
				{"max_pairs", "3", "5", "how many pairs may be open at once"},
			},
		}},
	}
	equity, funding, wave := 50_000.0, 0.0, 0.0
	rate, spread := Series{Strategy: "funding_rotation", Name: "best rate, bp"}, Series{Strategy: "funding_rotation", Name: "basis, bp"}
	basis := 0.0
	for h := range hours {
		at := exchange.Date(2024, 1, 1) + exchange.Time(h)*exchange.Hour
		basis = 0.97*basis + rng.NormFloat64()
		if h%8 == 0 {
			wave = 0.95*wave + 0.6*rng.NormFloat64()
			paid := 4.2 + 3*wave
			funding += paid
			equity += paid
		}
		if h%190 == 50 {
			equity -= 38
		}
		amount := func(f float64) decimal.Decimal { return decimal.NewFromFloat(f).Round(2) }
		d.Equity = append(d.Equity, Point{Time: at, Value: amount(equity + 9*basis)})
		d.Funding = append(d.Funding, Point{Time: at, Value: amount(funding)})
		rate.Samples = append(rate.Samples, Sample{Time: at, Value: 1.4 + wave})
		spread.Samples = append(spread.Samples, Sample{Time: at, Value: basis})
	}
	d.Series = []Series{rate, spread}
	d.Totals = Totals{
		Price: dec("-11.07"), Basis: dec("64.31"), Funding: d.Funding[len(d.Funding)-1].Value, Fees: dec("418"),
		PairsOpened: 11, PairsClosed: 10, MaxUnhedged: dec("4981.2"), MaxUnhedgedTime: 1840 * exchange.Millisecond, TradingDays: 19,
	}
	d.FundingSymbols = []SymbolFunding{
		{"usdm:BTCUSDT", 201, d.Totals.Funding.Sub(dec("393.64")), dec("14800")},
		{"usdm:ETHUSDT", 88, dec("402.75"), dec("12250.5")},
		{"usdm:DOGEUSDT", 12, dec("-9.11"), dec("9000")},
	}
	for i := range 11 {
		opened := exchange.Date(2024, 1, 3) + exchange.Time(i)*8*exchange.Day
		p := Pair{
			ID: exchange.PairID(i + 1), Name: []string{"BTCUSDT", "ETHUSDT", "DOGEUSDT"}[i%3], State: "closed",
			Opened: opened, Closed: opened + 6*exchange.Day, Notional: dec("15000"),
			Price: decimal.New(int64(i*i)-37, -1), Basis: decimal.New(int64(i)*31-100, -1), Funding: decimal.New(int64(i)*977+2000, -2), Fees: dec("38"),
		}
		if i == 10 {
			p.State, p.Closed = "open", 0
		}
		d.Pairs = append(d.Pairs, p)
	}
	for i := range 240 {
		f := Fill{
			Time: exchange.Date(2024, 1, 3) + exchange.Time(i)*373*exchange.Minute + 250*exchange.Millisecond, Instrument: "usdm:BTCUSDT", Side: exchange.Sell,
			Price: decimal.New(423_000+int64(i)*17, -1), Qty: dec("0.118"), Fee: dec("2.4957"), FeeAsset: "USDT",
			Pair: exchange.PairID(i/22 + 1), ClientID: fmt.Sprintf("pl-7-1-%04d", i), Maker: i%3 == 0,
		}
		if i%2 == 0 {
			f.Instrument, f.Side = "spot:BTCUSDT", exchange.Buy
		}
		d.Fills = append(d.Fills, f)
	}
	return d
}

// trades are what a strategy did on a perpetual meanwhile: a dozen round trips, one of which
// is open, with prices and a settlement of a pair.
func trades(d *Data) {
	terms := ledger.Terms{Contract: exchange.Linear, Base: "ETH", Quote: "USDT", Settle: "USDT", Multiplier: 1, ContractSize: decimal.NewFromInt(1)}
	r := &tearsheet.Record{Currency: "USDT", Equity: d.Equity, Arrivals: map[ledger.OrderKey]decimal.Decimal{}}
	path := PricePath{Instrument: "usdm:ETHUSDT"}
	begin := d.Equity[0].Time
	for i := range 23 {
		at := begin + exchange.Time(i+1)*11*exchange.Hour
		f := ledger.Fill{Time: at, Account: "paper-1", Strategy: "funding_rotation", Venue: "usdm", Symbol: "ETHUSDT", Order: exchange.OrderID(i + 1), Side: exchange.Buy,
			Price: decimal.NewFromInt(int64(2300 + i*i%37)), Qty: dec("2.5"), Fee: dec("2.3"), FeeAsset: "USDT", Terms: terms}
		if i%2 == 1 {
			f.Side = exchange.Sell
		}
		r.Fills = append(r.Fills, f)
		r.Arrivals[ledger.OrderKey{Account: "paper-1", ID: f.Order}] = f.Price.Sub(dec("0.4"))
		path.Fills = append(path.Fills, FillMark{Time: at, Price: f.Price.InexactFloat64(), Side: f.Side})
		p := f.Price.Add(dec("6"))
		r.Prices = append(r.Prices, ledger.PricePoint{Time: at + 3*exchange.Hour, Account: "paper-1", Venue: "usdm", Symbol: "ETHUSDT", Price: p})
		path.Samples = append(path.Samples, Sample{Time: at + 3*exchange.Hour, Value: p.InexactFloat64()})
	}
	d.Sheet, d.Prices = tearsheet.Compute(r), []PricePath{path}
}

func render(t *testing.T, d Data) string {
	t.Helper()
	var buf bytes.Buffer
	if err := Write(&buf, d); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

func TestGolden(t *testing.T) {
	d := example(24 * 14)
	d.Fills, d.FillCount = d.Fills[:12], 240
	trades(&d)
	got := render(t, d)
	file := filepath.Join("testdata", "report.html")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		line := 1
		for i := range min(len(got), len(want)) {
			if got[i] != want[i] {
				break
			}
			if got[i] == '\n' {
				line++
			}
		}
		t.Errorf("the report differs from %s at line %d; if that is meant, run the test with -update and look at it", file, line)
	}
	if *preview != "" {
		if err := os.WriteFile(*preview, []byte(render(t, example(24*90))), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if again := render(t, d); again != got {
		t.Error("the same data gave another report")
	}
}

// loads matches everything that makes a browser fetch something.
var loads = regexp.MustCompile(`(?i)\b(src|srcset|action|poster)\s*=|href="[^d]|url\(|@import|fetch\(|XMLHttp|https?://`)

func TestSelfContained(t *testing.T) {
	if m := loads.FindString(render(t, example(48))); m != "" {
		t.Errorf("the report contains %q", m)
	}
}

func TestHostileStrings(t *testing.T) {
	const evil = `"'><script>alert(1)</script><img src=x onerror=alert(1)>{{.}}</style>` + "\x00\u202e`${1}"
	d := example(48)
	d.Title, d.Asset, d.FillsCommand = evil, evil, evil
	d.Assumptions, d.Sources = []string{evil}, []string{evil}
	d.Again = Reproduction{evil, evil, evil, evil}
	d.FundingSymbols[0].Symbol = evil
	d.Pairs[0].Name, d.Pairs[0].State = evil, evil
	d.FillCount = 1000
	f := &d.Fills[len(d.Fills)-1]
	f.Instrument, f.FeeAsset, f.ClientID, f.Reason = evil, evil, evil, evil
	d.Series[0].Name, d.Series[0].Strategy = evil, evil
	d.Strategies = []Strategy{{Name: evil, Path: evil, Versions: []Version{{evil, 1, evil}}, Params: []Param{{evil, evil, evil, evil}}}}
	got := render(t, d)
	for _, bad := range []string{"<script>alert", "<img", "onerror=alert(1)>"} {
		if strings.Contains(got, bad) {
			t.Errorf("the report contains %q unescaped", bad)
		}
	}
	if n := strings.Count(got, "&lt;script&gt;alert(1)"); n < 22 {
		t.Errorf("the strings were shown %d times only: are they all in the report?", n)
	}
	if open, closed := strings.Count(got, "<script>"), strings.Count(got, "</script>"); open != 1 || closed != 1 {
		t.Errorf("%d script elements opened, %d closed, want 1", open, closed)
	}
}

// Five years of hours must not make a file that is slow to open.
func TestLongRunsStaySmall(t *testing.T) {
	short, long := len(render(t, example(24*90))), len(render(t, example(5*365*24)))
	if long > 350_000 {
		t.Errorf("%d bytes for 43,800 points in each of eight charts", long)
	}
	t.Logf("%d bytes for 90 days, %d for five years", short, long)
}

func TestEmptyData(t *testing.T) {
	got := render(t, Data{})
	for _, want := range []string{"Simulated", "Nothing was recorded", "Nothing was filled", "None were stated"} {
		if !strings.Contains(got, want) {
			t.Errorf("the report does not say %q", want)
		}
	}
	if strings.Contains(got, "NaN") || strings.Contains(got, "<svg") {
		t.Error("there is a number or a chart out of nothing")
	}
}

func TestBanner(t *testing.T) {
	for mode, want := range map[Mode]string{Simulated: "nothing here is a track record", Paper: "No order was sent to a venue", Live: "fills of a real venue", 9: "track record"} {
		if got := render(t, Data{Mode: mode}); !strings.Contains(got, want) {
			t.Errorf("%v: no %q", mode, want)
		}
	}
}

// What the parts do not explain must be seen, and must not be seen when there is
// nothing of it.
func TestUnexplainedResultIsShown(t *testing.T) {
	d := Data{Asset: "USDT", Equity: daily(1000, 1010), Totals: Totals{Funding: dec("15"), Fees: dec("5")}}
	if got := render(t, d); strings.Contains(got, "Not attributed") {
		t.Error("a result that adds up has a remainder")
	}
	d.Totals.Fees = dec("4")
	if got := render(t, d); !strings.Contains(got, "Not attributed") || !strings.Contains(got, ">-1.00<") {
		t.Error("the remainder of -1.00 is not shown")
	}
}

func TestLongTablesAreCut(t *testing.T) {
	d := example(48)
	d.FillCount = 12_345
	got := render(t, d)
	for _, want := range []string{"The last 200 of 12,345 fills.", "perilune fills --ledger q1.db --all", "pl-7-1-0239", "pl-7-1-0040"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(got, "pl-7-1-0039") {
		t.Error("there are more than 200 fills")
	}
	d.Pairs = make([]Pair, 201)
	for i := range d.Pairs {
		d.Pairs[i] = Pair{Name: "X", Funding: dec("1")}
	}
	got = render(t, d)
	if !strings.Contains(got, "1 pair before them") || !strings.Contains(got, ">&#43;201.00<") {
		t.Error("the sums leave out the pairs without a row, or do not say so")
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

var errFull = errors.New("no space left")

func TestWriteError(t *testing.T) {
	for _, hours := range []int{2, 24 * 90} { // fits the buffer, and does not
		if err := Write(fullDisk{}, example(hours)); !errors.Is(err, errFull) {
			t.Errorf("got %v", err)
		}
	}
}

func TestReduceKeepsExtremes(t *testing.T) {
	var line []Sample
	for i := range 43_800 {
		line = append(line, Sample{Time: exchange.Time(i) * exchange.Hour, Value: math.Sin(float64(i) / 500)})
	}
	line[12_345].Value, line[30_000].Value = 9, -9
	line[20_000].Value = math.NaN()
	got := reduce(line, buckets)
	if len(got) > 5*buckets {
		t.Errorf("%d samples are left", len(got))
	}
	var high, low, hole bool
	for i, p := range got {
		high, low, hole = high || p.Value == 9, low || p.Value == -9, hole || math.IsNaN(p.Value)
		if i > 0 && p.Time <= got[i-1].Time {
			t.Fatalf("sample %d is out of order", i)
		}
	}
	if !high || !low || !hole {
		t.Errorf("high kept: %v, low kept: %v, hole kept: %v", high, low, hole)
	}
	if got[0] != line[0] || got[len(got)-1] != line[len(line)-1] {
		t.Error("the ends were lost")
	}
}

func TestDrawHoles(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	line := func(values ...float64) (out []Sample) {
		for i, v := range values {
			out = append(out, Sample{Time: exchange.Time(i) * exchange.Second, Value: v})
		}
		return out
	}
	c := draw(line(1, 2, nan, inf, 1, 2), style{title: "x", base: math.NaN()})
	if c == nil || strings.Count(c.Line, "M") != 2 || strings.Contains(c.Line, "N") {
		t.Errorf("%+v", c)
	}
	for _, empty := range [][]Sample{nil, line(1), line(nan, nan), {{Time: 0, Value: 1}, {Time: 0, Value: 2}}} {
		if c := draw(empty, style{base: math.NaN()}); c != nil {
			t.Errorf("%v was drawn: %+v", empty, c)
		}
	}
	if c := draw(line(0, 0, 0), style{}); c == nil || strings.Contains(c.Line, "N") {
		t.Errorf("a constant was not drawn: %+v", c)
	}
}

func TestAxis(t *testing.T) {
	for _, c := range []struct{ low, high, bottom, top, step float64 }{
		{0, 100, 0, 100, 50},
		{-3, 7, -5, 10, 5},
		{49_950, 51_100, 49_500, 51_500, 500},
		{0.1, 0.3, 0.1, 0.3, 0.05},
		{5, 5, 4.95, 5.05, 0.05},
	} {
		bottom, top, step := axis(c.low, c.high)
		if !near(bottom, c.bottom) || !near(top, c.top) || !near(step, c.step) {
			t.Errorf("axis(%v, %v) = %v, %v, %v, want %v, %v, %v", c.low, c.high, bottom, top, step, c.bottom, c.top, c.step)
		}
	}
}

func TestTimeTicks(t *testing.T) {
	start := exchange.Date(2024, 1, 31) + 5*exchange.Hour
	cases := map[exchange.Time]string{
		3 * exchange.Second:     "05:00 05:00:01 05:00:02 05:00:03",
		2 * exchange.Hour:       "05:00 05:30 06:00 06:30 07:00",
		exchange.Day:            "06:00 12:00 18:00 1 Feb",
		5 * exchange.Day:        "1 Feb 2 Feb 3 Feb 4 Feb 5 Feb",
		100 * exchange.Day:      "Feb 2024 Mar 2024 Apr 2024 May 2024",
		2 * 365 * exchange.Day:  "Jul 2024 Jan 2025 Jul 2025 Jan 2026",
		40 * 365 * exchange.Day: "Jan 2034 Jan 2044 Jan 2054 Jan 2064",
	}
	for span, want := range cases {
		var labels []string
		for _, tick := range timeTicks(start, start+span) {
			labels = append(labels, tick.Label)
		}
		if len(labels) > maxTimeTicks+1 {
			t.Errorf("%s: %d ticks", duration(span), len(labels))
		}
		if got := strings.Join(labels, " "); got != want {
			t.Errorf("%s: %s, want %s", duration(span), got, want)
		}
	}
}

func TestFormats(t *testing.T) {
	cases := []struct{ got, want string }{
		{money(dec("1234567.891")), "1,234,567.89"},
		{money(dec("-1234.5")), "-1,234.50"},
		{money(dec("-0.001")), "0.00"},
		{money(dec("999")), "999.00"},
		{gain(dec("0.001")), "0.00"},
		{gain(dec("12")), "+12.00"},
		{exact(dec("61800.3")), "61,800.3"},
		{exact(dec("0.00012")), "0.00012"},
		{percent(-0.12345, true), "-12.35 %"},
		{percent(-0.000001, true), "0.00 %"},
		{gainPercent(0.5, true), "+50.00 %"},
		{gainPercent(0, false), none},
		{ratio(1.234, true), "1.23"},
		{stamp(0), none},
		{stampMilli(exchange.Date(2024, 2, 29) + 7), "2024-02-29 00:00:00.000"},
		{duration(250 * exchange.Millisecond), "250 ms"},
		{duration(1500 * exchange.Millisecond), "1.5 s"},
		{duration(61 * exchange.Second), "1 min 1 s"},
		{duration(25 * exchange.Hour), "1 d 1 h"},
		{duration(90 * exchange.Minute), "1 h 30 min"},
		{count(1, "fill", "fills"), "1 fill"},
		{count(1200, "fill", "fills"), "1,200 fills"},
		{number(-0.00001, 0.1), "0.0"},
		{number(1500, 500), "1,500"},
		{number(0.25, 0.05), "0.25"},
	}
	for _, c := range cases {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	d := example(5 * 365 * 24)
	b.ReportAllocs()
	for b.Loop() {
		if err := Write(&bytes.Buffer{}, d); err != nil {
			b.Fatal(err)
		}
	}
}
