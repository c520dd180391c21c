package host

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// TestAStudyChoosesByThePastOnly has values that are best in the last part, which
// must not matter to the choice for it.
func TestAStudyChoosesByThePastOnly(t *testing.T) {
	st := &comparison{o: &StudyOptions{Splits: []exchange.Time{1, 2, 3, 4}}, names: []string{"s"}}
	nets := map[string][3]int64{"": {5, 5, 5}, "1": {4, 9, 0}, "2": {9, -9, 100}}
	for part := range 3 {
		for _, v := range []string{"", "1", "2"} {
			run := &StudyRun{Strategy: "s", part: part, Net: Money{decimal.NewFromInt(nets[v][part])}, Return: float64(nets[v][part]) / 100}
			if v != "" {
				run.Params = map[string]string{"s.edge": v}
			}
			st.runs = append(st.runs, run)
		}
	}
	out := st.result()
	got := ""
	for _, r := range out.Runs {
		if r.Chosen {
			got += "[" + r.Values() + "]"
		}
	}
	// The first part has no past; 2 earned most in it; 1 earned most in both.
	if want := "[][edge=2][edge=1]"; got != want {
		t.Errorf("chose %s, want %s", got, want)
	}
	if x := out.Totals[0]; !x.Net.Equal(decimal.NewFromInt(5-9)) || !x.OutOfSample.Equal(decimal.NewFromInt(-9)) {
		t.Errorf("totals %+v: want net -4, and -9 without the first part", x)
	}
}

// TestAStudySaysItsCurrency, which is that of the markets and not everywhere USDT.
func TestAStudySaysItsCurrency(t *testing.T) {
	dir := t.TempDir()
	script, page := filepath.Join(dir, "idle.lua"), filepath.Join(dir, "study.html")
	if err := os.WriteFile(script, []byte("return { name = 'idle', universe = { 'spot:ABCUSDC' }, on_book = function() end }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	bars := "date,open,high,low,close,volume\n"
	for hour := range exchange.Time(24) {
		bars += (exchange.Date(2026, 1, 1) + hour*exchange.Hour).String() + ",100,101,99,100,1000\n"
	}
	history := filepath.Join(dir, "history")
	if err := os.MkdirAll(filepath.Join(history, "spot_1h"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(history, "spot_1h", "ABCUSDC.csv"), []byte(bars), 0o644); err != nil {
		t.Fatal(err)
	}
	st, err := RunStudy(context.Background(), &StudyOptions{
		Session: Options{Scripts: []string{script}, Market: []string{history}},
		Splits:  []exchange.Time{exchange.Date(2026, 1, 1), exchange.Date(2026, 1, 2)}, Report: page})
	if err != nil || st.Currency != "USDC" {
		t.Fatalf("%+v, %v", st, err)
	}
	if text, err := os.ReadFile(page); err != nil || !strings.Contains(string(text), "USDC") || strings.Contains(string(text), "USDT") {
		t.Errorf("the page names another currency than USDC, %v", err)
	}
}
