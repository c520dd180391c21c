package host_test

import (
	"context"
	"encoding/csv"
	"flag"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/datatest"
	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/ledger"
)

// The tests of this file ask whether a backtest can be believed: whether it pays
// what the files say, and whether what it earns could have been known. They use
// recorded funding and bars, and read them with a reader of their own.

var validity = flag.Bool("validity", false, "run the validity tests over all years")

const rotation = "../scripts/funding_rotation.lua"

var majors = []string{"BTCUSDT", "ETHUSDT", "XRPUSDT"}

// span is a part of history.
type span struct{ from, to string }

func (s span) String() string { return s.from + " to " + s.to }

func day(t *testing.T, s string) exchange.Time {
	t.Helper()
	at, err := time.Parse(time.DateOnly, s)
	if err != nil {
		t.Fatal(err)
	}
	return exchange.Time(at.UnixNano())
}

// windows returns the first n spans, or all of them with -validity.
func windows(n int, all ...span) []span {
	if *validity {
		return all
	}
	return all[:n]
}

// backtest is the options of a run of one script over a part of history.
func backtest(t *testing.T, script string, s span, symbols ...string) *host.Options {
	t.Helper()
	return &host.Options{
		Scripts: []string{script}, Market: []string{datatest.Path(t, "history")}, Journal: "off", New: true,
		DB:      filepath.Join(t.TempDir(), "ledger.db"),
		History: host.HistoryOptions{From: day(t, s.from), To: day(t, s.to), Symbols: symbols},
	}
}

// played is a run that has ended and its ledger.
type played struct {
	*host.Summary
	fills   []ledger.Fill
	funding []ledger.Funding
}

// play runs a session and reads its ledger. An error of the strategy, or a short
// that was liquidated, fails the test whatever it is about. Fills for other reasons
// than an order must be expected.
func play(t *testing.T, o *host.Options, expected ...string) played {
	t.Helper()
	sum, err := host.Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if sum.Errors != 0 || sum.Halted != "" || len(sum.Paused) > 0 {
		t.Fatalf("%d errors, halted %q, paused %v", sum.Errors, sum.Halted, sum.Paused)
	}
	db, err := ledger.Open(ledger.Options{Path: o.DB, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	p := played{Summary: sum}
	if p.fills, err = db.Fills(ledger.Filter{}); err != nil {
		t.Fatal(err)
	}
	if p.funding, err = db.Funding(ledger.Filter{}); err != nil {
		t.Fatal(err)
	}
	for i := range p.fills {
		if why := p.fills[i].Reason; why != "" && !slices.Contains(expected, why) {
			t.Fatalf("%s: %s of %s %s", p.fills[i].Time, p.fills[i].Reason, p.fills[i].Qty, p.fills[i].Symbol)
		}
	}
	return p
}

// table is one CSV file of the history.
type table struct {
	columns map[string]int
	rows    [][]string
}

func readTable(t *testing.T, folder, symbol string) table {
	t.Helper()
	z := datatest.Gunzip(t, datatest.Path(t, "history/"+folder+"/"+symbol+".csv.gz"))
	rows, err := csv.NewReader(z).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	tab := table{columns: map[string]int{}, rows: rows[1:]}
	for i, name := range rows[0] {
		tab.columns[name] = i
	}
	return tab
}

func (tab table) time(t *testing.T, row int, column string) exchange.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, tab.rows[row][tab.columns[column]])
	if err != nil {
		t.Fatal(err)
	}
	return exchange.Time(at.UnixNano())
}

func (tab table) value(row int, column string) decimal.Decimal {
	return decimal.RequireFromString(tab.rows[row][tab.columns[column]])
}

// closes returns the closes of hourly bars by the time at which they end.
func closes(t *testing.T, folder, symbol string) map[exchange.Time]decimal.Decimal {
	t.Helper()
	tab, out := readTable(t, folder, symbol), map[exchange.Time]decimal.Decimal{}
	for i := range tab.rows {
		out[tab.time(t, i, "date")+exchange.Hour] = tab.value(i, "close")
	}
	return out
}

type settledRate struct {
	at   exchange.Time
	rate decimal.Decimal
}

// settlements returns the funding rates of a file, stamped on the full minute
// that the venue's milliseconds belong to.
func settlements(t *testing.T, symbol string) []settledRate {
	t.Helper()
	tab := readTable(t, "funding", symbol)
	out := make([]settledRate, len(tab.rows))
	for i := range tab.rows {
		at := tab.time(t, i, "time") + exchange.Minute/2
		out[i] = settledRate{at - at%exchange.Minute, tab.value(i, "funding_rate")}
	}
	return out
}

// markAt is the price that a settlement is paid on: the close of the mark bar
// that ends then, else of the nearest earlier one.
func markAt(marks map[exchange.Time]decimal.Decimal, at exchange.Time) decimal.Decimal {
	for {
		if m, ok := marks[at]; ok {
			return m
		}
		at -= exchange.Hour
	}
}

// TestHoldEarnsTheFunding holds one pair without fees, spread and latency. What it
// earns must be the sum of rate × mark × quantity over the settlements after the
// opening, the last one included, and the whole profit that and the change of the
// basis, to the last digit. A pair opened on the bar that ends at a settlement
// does not earn it.
func TestHoldEarnsTheFunding(t *testing.T) {
	tests := []struct {
		name        string
		open, close string // RFC 3339; close "" holds to the end of the data
		from, to    string
		settlements int
	}{
		{"opened at a settlement", "2021-02-01T08:00:00Z", "2021-02-01T15:00:00Z", "2021-02-01", "2021-02-02", 0},
		{"closed at a settlement", "2021-02-01T15:00:00Z", "2021-02-01T16:00:00Z", "2021-02-01", "2021-02-02", 1},
		{"settlement to settlement", "2021-02-01T08:00:00Z", "2021-02-02T08:00:00Z", "2021-02-01", "2021-02-03", 3},
		{"the crash of March", "2020-03-10T11:00:00Z", "2020-03-16T21:00:00Z", "2020-03-10", "2020-03-17", 19},
		{"a year, never closed", "2023-01-01T05:00:00Z", "", "2023-01-01", "2024-01-01", 1094},
		{"five years, never closed", "2020-01-01T05:00:00Z", "", "2020-01-01", "2025-01-01", 5480},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if strings.HasPrefix(tt.name, "five years") && !*validity {
				t.Skip("needs -validity")
			}
			holdOnce(t, span{tt.from, tt.to}, tt.open, tt.close, tt.settlements)
		})
	}
}

func holdOnce(t *testing.T, s span, open, end string, count int) {
	o := backtest(t, "testdata/validity/hold.lua", s, "BTCUSDT")
	zero, none := 0.0, host.ConstLatency(0)
	o.History.SpreadBP, o.Paper.FeeBP, o.Paper.Latency = &zero, &zero, &none
	t0, t1 := instant(t, open), o.History.To-exchange.Hour
	o.Set = map[string]string{"open_at": seconds(t0)}
	if end != "" {
		t1 = instant(t, end)
		o.Set["close_at"] = seconds(t1)
	}
	got := play(t, o)

	spot, perp := closes(t, "spot_1h", "BTCUSDT"), closes(t, "perp_1h", "BTCUSDT")
	marks := closes(t, "mark_1h", "BTCUSDT")
	q := quantity(t, got.fills, spot, perp)
	want, n := decimal.Zero, 0
	for _, x := range settlements(t, "BTCUSDT") {
		if x.at > t0 && x.at <= t1 {
			want = want.Add(x.rate.Mul(markAt(marks, x.at)).Mul(q))
			n++
		}
	}
	paid := decimal.Zero
	for i := range got.funding {
		paid = paid.Add(got.funding[i].Amount)
	}
	if !paid.Equal(want) || len(got.funding) != n || n != count {
		t.Errorf("funding %s in %d payments, want %s in %d (%d by the calendar)", paid, len(got.funding), want, n, count)
	}
	leave := perp[t1]
	if end == "" {
		leave = markAt(marks, t1) // an open short is worth its mark
	}
	want = want.Add(q.Mul(perp[t0].Sub(spot[t0]).Sub(leave).Add(spot[t1])))
	if !got.PnL.Equal(want.Round(8)) {
		t.Errorf("profit %s, want funding and change of basis %s", got.PnL, want)
	}
}

func instant(t *testing.T, s string) exchange.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return exchange.Time(at.UnixNano())
}

func seconds(t exchange.Time) string { return strconv.FormatInt(int64(t/exchange.Second), 10) }

// quantity checks that every fill is of one size at the closes of its bar, and
// returns the size.
func quantity(t *testing.T, fills []ledger.Fill, spot, perp map[exchange.Time]decimal.Decimal) decimal.Decimal {
	t.Helper()
	if len(fills) != 2 && len(fills) != 4 {
		t.Fatalf("%d fills, want two for the opening and two for the closing, if any", len(fills))
	}
	q := fills[0].Qty
	for i := range fills {
		price := spot[fills[i].Time]
		if fills[i].Venue == "usdm" {
			price = perp[fills[i].Time]
		}
		if !fills[i].Price.Equal(price) || !fills[i].Qty.Equal(q) {
			t.Fatalf("%s: %s of %s at %s, want %s at the close %s", fills[i].Time, fills[i].Venue, fills[i].Qty, fills[i].Price, q, price)
		}
	}
	return q
}

// TestLateFundingDoesNotHelp tells every funding rate one settlement late. If that
// raised the profit, the strategy would have been acting on rates before they were
// settled. The same trades would be paid the rate before each settlement's own,
// which moves the sum a little; what counts is whether deciding late helps beyond
// that. Late decisions also trade at other prices, by luck: a tenth of the fees is
// granted for it.
func TestLateFundingDoesNotHelp(t *testing.T) {
	for _, s := range windows(3, span{"2020-02-01", "2020-05-01"}, span{"2021-01-01", "2021-04-01"}, span{"2022-10-01", "2023-01-01"},
		span{"2020-09-01", "2020-12-01"}, span{"2021-04-01", "2021-07-01"}, span{"2022-05-01", "2022-08-01"},
		span{"2023-01-01", "2024-01-01"}, span{"2024-01-01", "2025-01-01"}) {
		t.Run(s.String(), func(t *testing.T) {
			known := play(t, backtest(t, rotation, s, majors...))
			o := backtest(t, rotation, s, majors...)
			o.History.ShiftFunding = 1
			late := play(t, o)
			if len(known.fills) == 0 || len(known.funding) == 0 {
				t.Fatal("nothing was traded")
			}
			moved := decimal.Zero
			for _, symbol := range majors {
				moved = moved.Add(movedRates(t, symbol, known.funding))
			}
			rise := late.PnL.Sub(known.PnL.Decimal).Sub(moved)
			t.Logf("profit %s, late %s, of which the moved rates are %s", known.PnL, late.PnL, moved.Round(2))
			if rise.GreaterThan(known.Fees.Shift(-1)) {
				t.Errorf("deciding late brought %s more: %s instead of %s, of which %s are the moved rates", rise, late.PnL, known.PnL, moved)
			}
		})
	}
}

// movedRates is how much more the payments of a symbol would have been, had each
// been paid at the rate of the settlement before.
func movedRates(t *testing.T, symbol string, paid []ledger.Funding) decimal.Decimal {
	t.Helper()
	before := map[exchange.Time]decimal.Decimal{}
	list := settlements(t, symbol)
	for i := 1; i < len(list); i++ {
		before[list[i].at] = list[i-1].rate
	}
	sum := decimal.Zero
	for i := range paid {
		if f := &paid[i]; f.Symbol == symbol {
			sum = sum.Add(f.Position.Neg().Mul(f.Mark).Mul(before[f.Settled].Sub(f.Rate)))
		}
	}
	return sum
}

// TestRandomFundingEarnsNothing gives every funding rate a random sign. Nothing
// that is known beforehand tells it, so each payment is as likely received as paid,
// and the sum of all is within a few times the root of the sum of their squares:
// 4 for one seed, 3 over all. What is left of the profit is then the cost of
// trading, and the basis: entries and exits pay its swings, and gain some.
func TestRandomFundingEarnsNothing(t *testing.T) {
	s := span{"2022-01-01", "2022-07-01"}
	seeds := uint64(3)
	if *validity {
		s, seeds = span{"2021-01-01", "2023-01-01"}, 8
	}
	var sum, squares float64
	for seed := uint64(1); seed <= seeds; seed++ {
		o := backtest(t, rotation, s, majors...)
		o.History.RandomSign = seed
		got := play(t, o)
		var own, ownSquares float64
		for i := range got.funding {
			x := got.funding[i].Amount.InexactFloat64()
			own, ownSquares = own+x, ownSquares+x*x
		}
		sum, squares = sum+own, squares+ownSquares
		spread := math.Sqrt(ownSquares)
		if len(got.funding) < 100 || math.Abs(own) > 4*spread {
			t.Errorf("seed %d: funding %.2f in %d payments is not luck: four deviations are %.2f", seed, own, len(got.funding), 4*spread)
		}
		costs := got.Fees.InexactFloat64()
		if profit := got.PnL.InexactFloat64(); math.Abs(profit+costs) > 4*spread+0.5*costs {
			t.Errorf("seed %d: profit %.2f, want about minus the fees of %.2f: within half of them and four deviations of %.2f", seed, profit, costs, spread)
		}
	}
	if math.Abs(sum) > 3*math.Sqrt(squares) {
		t.Errorf("all seeds together: funding %.2f, three deviations are %.2f", sum, 3*math.Sqrt(squares))
	}
}

// TestBaselinesTrade has each baseline do what it is compared for, without a
// liquidation, while prices double: hold holds every coin all the time, and the rule
// of thumb goes in and out.
func TestBaselinesTrade(t *testing.T) {
	s := span{"2020-12-15", "2021-02-15"}
	hold := play(t, backtest(t, "../scripts/baselines/hold.lua", s, majors...))
	if hold.PairsLive != len(majors) || !hold.Funding.IsPositive() {
		t.Errorf("hold: %d pairs are open at the end, funding %s", hold.PairsLive, hold.Funding)
	}
	o := backtest(t, "../scripts/baselines/threshold.lua", s, majors...)
	o.Set = map[string]string{"leave": "1"}
	rule := play(t, o)
	if rule.PairsOpened < 2 || rule.PairsClosed == 0 || len(rule.funding) >= len(hold.funding) {
		t.Errorf("threshold: %d pairs opened, %d closed, %d payments, of %d to one who holds", rule.PairsOpened, rule.PairsClosed, len(rule.funding), len(hold.funding))
	}
}

// TestReplayTwice runs a session twice and replays its journal twice: all four
// must agree.
func TestReplayTwice(t *testing.T) {
	run := func() played {
		o := backtest(t, rotation, span{"2021-01-01", "2021-03-01"}, majors...)
		o.Journal = filepath.Join(t.TempDir(), "journal")
		return play(t, o)
	}
	a, b := run(), run()
	if a.EventsHash != b.EventsHash || a.EffectsHash != b.EffectsHash || a.EventsHash == "" || len(a.fills) == 0 {
		t.Fatalf("two runs of %d and %d fills: events %s and %s, effects %s and %s",
			len(a.fills), len(b.fills), a.EventsHash, b.EventsHash, a.EffectsHash, b.EffectsHash)
	}
	for range 2 {
		r, err := host.Replay(context.Background(), a.Journal)
		if err != nil {
			t.Fatal(err)
		}
		if r.Diff != nil || r.Events != a.Events || r.Effects != a.Effects {
			t.Fatalf("replay of %d events with %d effects: %d and %d, %v", a.Events, a.Effects, r.Events, r.Effects, r.Diff)
		}
	}
}

// TestThePastDoesNotKnowTheFuture cuts history short: up to the cut, the same must
// be traded, at the same time and price, and the same funding be paid.
func TestThePastDoesNotKnowTheFuture(t *testing.T) {
	full := span{"2020-02-01", "2020-05-01"}
	cuts := []string{"2020-02-13", "2020-03-13", "2020-03-18"}
	if *validity {
		full = span{"2020-01-01", "2025-01-01"}
		cuts = append(cuts, "2021-05-19", "2022-11-10", "2023-07-14")
	}
	t.Run("majors", func(t *testing.T) { truncate(t, full, cuts, majors...) })
	t.Run("others", func(t *testing.T) {
		truncate(t, span{"2025-05-01", "2026-01-01"}, []string{"2025-07-11", "2025-10-11"}, "AVAXUSDT", "BCHUSDT", "DOTUSDT", "LINKUSDT")
	})
}

func truncate(t *testing.T, full span, cuts []string, symbols ...string) {
	t.Helper()
	all := play(t, backtest(t, rotation, full, symbols...))
	for _, cut := range cuts {
		t.Run(cut, func(t *testing.T) {
			part := play(t, backtest(t, rotation, span{full.from, cut}, symbols...))
			end := day(t, cut)
			want, got := until(end, all), until(end, part)
			if want == "" || want != got {
				t.Errorf("with the future cut off:\n%s\nwith it:\n%s", diffHead(got, want), diffHead(want, got))
			}
		})
	}
}

// until lists what a run traded and was paid before a time.
func until(end exchange.Time, p played) string {
	var b strings.Builder
	for i := range p.fills {
		if f := &p.fills[i]; f.Time < end {
			b.WriteString(strings.Join([]string{f.Time.String(), f.ClientID, string(f.Venue), f.Symbol, f.Side.String(), f.Price.String(), f.Qty.String(), "\n"}, " "))
		}
	}
	for i := range p.funding {
		if f := &p.funding[i]; f.Settled < end {
			b.WriteString(strings.Join([]string{f.Settled.String(), f.Symbol, f.Amount.String(), "\n"}, " "))
		}
	}
	return b.String()
}

// diffHead returns the lines of a from the first that b does not have there.
func diffHead(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range x {
		if i >= len(y) || x[i] != y[i] {
			return strings.Join(x[i:min(i+3, len(x))], "\n")
		}
	}
	return "(nothing more)"
}
