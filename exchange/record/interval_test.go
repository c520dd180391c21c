package record

import (
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// TestBarsAreAsLongAsTheirFolderSays: missing rows don't make bars longer, and rows
// that contradict a name are believed and told.
func TestBarsAreAsLongAsTheirFolderSays(t *testing.T) {
	odd := every(1, 48, 2)
	for _, c := range []struct {
		name, text string
		interval   exchange.Time
		told       string
	}{
		{"perp_1h", hourBars(48, odd...), exchange.Hour, "23 bars are missing"},
		{"perp_1h", hourBars(6, 1, 2, 3, 4), exchange.Hour, "4 bars are missing: 2024-01-01 01:00 to 2024-01-01 05:00 (4)"},
		{"perp", hourBars(48, odd[:18]...), exchange.Hour, "18 bars are missing"},
		{"perp", hourBars(48, odd...), 2 * exchange.Hour, ""},
		{"perp_4h", hourBars(48), exchange.Hour, "perp_4h/ABCUSDT.csv: its bars are 1h0m0s apart, and its folder is named perp_4h: the bars are believed"},
		{"perp_prices", hourBars(48), exchange.Hour, ""},
	} {
		dir := put(t, t.TempDir(), map[string]string{c.name + "/ABCUSDT.csv": c.text})
		r := openHist(t, dir, HistoryOptions{})
		if got := r.Bars()["usdm:ABCUSDT"]; got != c.interval {
			t.Errorf("%s: bars of %s, want %s", c.name, got, c.interval)
		}
		if _, err := drain(t, r); err != nil {
			t.Fatal(err)
		}
		if told := said(r); !strings.Contains(told, c.told) || c.told == "" && told != "" {
			t.Errorf("%s: told is %q, want %q", c.name, told, c.told)
		}
	}
}

// TestABarWithinAnotherIsLeftOut: it would have been played, and its price paid.
func TestABarWithinAnotherIsLeftOut(t *testing.T) {
	_, text := told(t, map[string]string{"perp_1h/ABCUSDT.csv": hourBars(24) + "1704085201000,1,2,1,2,5\n"}, HistoryOptions{})
	if want := "the bar of 2024-01-01T05:00:01.000Z begins within another one"; !strings.Contains(text, want) || strings.Contains(text, "missing") {
		t.Errorf("told is\n%s\nwant %q and no hole", text, want)
	}
}

// TestMarksAndFundingThatEndEarlier: a perpetual's marks and settlements are missing
// before the first and behind the last too, while it has bars.
func TestMarksAndFundingThatEndEarlier(t *testing.T) {
	files := map[string]string{"perp_1h/ABCUSDT.csv": hourBars(96),
		"mark_1h/ABCUSDT.csv": hourBars(50, every(0, 10, 1)...), "funding/ABCUSDT.csv": settled(every(32, 60, 8), 8)}
	s, text := told(t, files, HistoryOptions{})
	for _, want := range []string{
		"usdm:ABCUSDT: 56 marks are missing: 2024-01-01 00:00 to 2024-01-01 10:00 (10), 2024-01-03 02:00 to 2024-01-05 00:00 (46)",
		"usdm:ABCUSDT: 7 settlements are missing: 2024-01-01 08:00 to 2024-01-02 08:00 (3), 2024-01-03 16:00 to 2024-01-05 00:00 (4)",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("it is not told that\n%s\ntold is\n%s", want, text)
		}
	}
	if h := s.History; h.MarkHoles != 56 || h.FundingHoles != 7 {
		t.Errorf("%d marks and %d settlements, want 56 and 7", h.MarkHoles, h.FundingHoles)
	}
	files["funding/ABCUSDT.csv"] = "time,funding_rate\n"
	if s, text := told(t, files, HistoryOptions{}); s.History.NoFunding != 1 || !strings.Contains(text, "there is no settlement in it") {
		t.Errorf("an empty file: %+v\n%s", s.History, text)
	}
}

// TestAnIntervalThatTheTimesContradict: settlements four hours apart are not eight
// hours', whatever a column says; a change of the interval is no contradiction.
func TestAnIntervalThatTheTimesContradict(t *testing.T) {
	list := func(text string) ([]settlement, string) {
		var s Stats
		l, err := loadFunding(write(t, "ABCUSDT.csv", text), &s)
		if err != nil {
			t.Fatal(err)
		}
		return l, strings.Join(s.Troubles(), "\n")
	}
	lying, text := list(settled(every(0, 24, 4), 8))
	for _, s := range lying {
		if s.hours != 4 {
			t.Errorf("at %s: %d hours, want 4", s.at, s.hours)
		}
	}
	if !strings.Contains(text, "6 settlements, the first at 2024-01-01T00:00:00.000Z, state an interval of 8 hours and lie closer together") {
		t.Errorf("told is %q", text)
	}
	changed := settled(every(0, 24, 8), 8) + strings.SplitAfterN(settled(every(24, 48, 4), 4), "\n", 2)[1]
	if l, text := list(changed); text != "" || l[1].hours != 8 || l[5].hours != 4 {
		t.Errorf("a change of the interval: %+v, told is %q", l, text)
	}
}

// TestNamesOfContracts: what is delivered, or margined in its own coin, is not
// valued as a linear perpetual.
func TestNamesOfContracts(t *testing.T) {
	for _, linear := range []string{"BTCUSDT", "BTCUSDC", "BTCBUSD", "ETHFDUSD", "ETHBTC", "1000SHIBUSDT", "BTC-USDT", "BTC_USDT", "BTC-USDT-SWAP"} {
		if !namedLinear(linear) {
			t.Errorf("%s is refused", linear)
		}
	}
	files := map[string]string{"perp_1h/BTCUSDT.csv": hourBars(24)}
	for _, other := range []string{"XBTUSD", "BTCUSD", "BTCUSD_PERP", "BTCUSD_240329", "BTCUSDT_240329", "BTC-PERPETUAL", "BTC-29MAR24", "XBTZ24", "BTC-USD-SWAP", "PI_XBTUSD", "ADAUSD"} {
		if namedLinear(other) {
			t.Errorf("%s is taken for linear", other)
		}
		files["perp_1h/"+other+".csv"] = hourBars(24)
	}
	dir := put(t, t.TempDir(), files)
	r := openHist(t, dir, HistoryOptions{})
	if n := len(r.Universe().All()); n != 1 || !strings.Contains(said(r), "XBTUSD.csv: a history holds spot and linear perpetuals") {
		t.Errorf("%d instruments\n%s", n, said(r))
	}
	if _, err := formats.Open([]string{dir}, Options{History: HistoryOptions{Symbols: []string{"XBTUSD"}}}); err == nil {
		t.Error("XBTUSD is played when it is asked for")
	}
}
