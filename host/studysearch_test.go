package host_test

import (
	"bytes"
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/study"
)

// noise bets on nothing: which way is a matter of its salt alone.
const noise = `local M = { name = "noise", universe = { "usdm:ABCUSDT" } }
M.params = { salt = { type = "integer", default = 1, min = 1, max = 1000 }, size = { default = 2000, min = 1000, max = 3000 }, idle = { default = 1 } }
function M.on_start() timer.every("look", "12h") end
function M.on_timer()
  local book = market.book("usdm:ABCUSDT")
  if not book:ready() then return end
  local n = math.floor(market.now() / 43200) * 7919 + params.salt * 104729
  n = (n % 1009) * (n % 1013) % 997
  if n % 2 == 0 then order.buy("usdm:ABCUSDT", params.size / book:ask(1), book:ask(1) * 1.01, { tif = "ioc" })
  else order.sell("usdm:ABCUSDT", params.size / book:bid(1), book:bid(1) * 0.99, { tif = "ioc" }) end
end
return M
`

// walked is a market that goes anywhere.
func walked(t *testing.T, days int) string {
	rng := rand.New(rand.NewPCG(1, 1))
	price, out := 100.0, []candle{}
	for range 24 * days {
		next := price * (1 + 0.01*rng.NormFloat64())
		out = append(out, candle{price, max(price, next) * 1.001, min(price, next) * 0.999, next, 1e6})
		price = next
	}
	return madeHistory(t, map[string][]candle{"ABC": out})
}

func searchOptions(t *testing.T, days int) *host.StudySearchOptions {
	t.Helper()
	script := filepath.Join(t.TempDir(), "noise.lua")
	if err := os.WriteFile(script, []byte(noise), 0o644); err != nil {
		t.Fatal(err)
	}
	return &host.StudySearchOptions{Session: host.Options{Scripts: []string{script}, Market: []string{walked(t, days)}}, Paths: 200}
}

func searched(t *testing.T, o *host.StudySearchOptions) (*host.StudySearch, string) {
	t.Helper()
	s, err := host.RunStudySearch(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	copied := *s
	copied.TrialsFile = ""
	raw, err := json.Marshal(copied)
	if err != nil {
		t.Fatal(err)
	}
	return s, string(raw)
}

// TestASearchThroughNoiseSaysOverfit: the best of many random strategies looks well, and is
// called what it is. Its trials are those of single sessions, on any number of processors,
// and a search that was killed goes on and comes to the same.
func TestASearchThroughNoiseSaysOverfit(t *testing.T) {
	o := searchOptions(t, 45)
	o.Method, o.Trials, o.Workers = study.TPE, 24, 2
	o.TrialsFile = filepath.Join(t.TempDir(), "trials.jsonl")
	o.Report = filepath.Join(t.TempDir(), "search.html")
	s, whole := searched(t, o)
	if s.Doubts.Verdict != study.VerdictOverfit || len(s.Trials) != 24 || s.Trials[0].Sharpe <= 0 || s.Heat == nil || s.Bootstrap == nil {
		t.Errorf("%+v of %d trials, the best %+v", s.Doubts, len(s.Trials), s.Trials[0].StudyFigures)
	}
	if page, err := os.ReadFile(o.Report); err != nil || !strings.Contains(string(page), "OVERFIT") || !strings.Contains(string(page), `class="heat"`) {
		t.Errorf("the page lacks the verdict or the map: %v", err)
	}
	winner := s.Trials[0]
	sum, err := host.Run(context.Background(), &host.Options{Scripts: o.Session.Scripts, Market: o.Session.Market, Set: winner.Params, Ledger: host.LedgerNone, Journal: "off"})
	if err != nil || !sum.PnL.Equal(winner.Net.Decimal) || sum.Fills != winner.Fills || sum.Drawdown > winner.Drawdown {
		t.Errorf("the trial has %s of %d fills, a single session %s of %d, %v", winner.Net, winner.Fills, sum.PnL, sum.Fills, err)
	}

	// As kill -9 leaves it: some runs, and the beginning of another.
	kept, err := os.ReadFile(o.TrialsFile)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(kept, []byte("\n"))
	torn := bytes.Join(append(lines[:9:9], lines[9][:40]), nil)
	if err := os.WriteFile(o.TrialsFile, torn, 0o644); err != nil {
		t.Fatal(err)
	}
	again := *o
	again.Workers, again.Report = 1, ""
	reused := 0
	again.Progress = func(p host.StudyProgress) { reused = p.Kept }
	_, resumed := searched(t, &again)
	s.Report = ""
	s.TrialsFile = ""
	raw, _ := json.Marshal(s)
	if whole = string(raw); resumed != whole || reused != 8 {
		t.Errorf("%d runs were taken from the file, want 8; the same result: %v", reused, resumed == whole)
	}
	other := *o
	other.Session.Seed = 2
	if _, err := host.RunStudySearch(context.Background(), &other); err == nil || !strings.Contains(err.Error(), "another script, data or session") {
		t.Errorf("the file of another session was taken: %v", err)
	}
}

// TestWindowsJudgeOnWhatDidNotChoose, forward and in folds.
func TestWindowsJudgeOnWhatDidNotChoose(t *testing.T) {
	o := searchOptions(t, 60)
	o.Method, o.Trials, o.Ranges, o.Objective = study.Grid, 0, map[string]string{"salt": "1,2,3", "noise.size": ""}, "net"
	o.Ranges["size"] = "1000,3000"
	delete(o.Ranges, "noise.size")
	w, err := study.ParseWalkForward("train=20d,test=10d,purge=2d")
	if err != nil {
		t.Fatal(err)
	}
	o.WalkForward = &w
	s, _ := searched(t, o)
	if len(s.Windows) != 3 || s.OutOfSample.Days == 0 || len(s.Stability) != 2 || s.Windows[0].Tried != 7 {
		t.Fatalf("%d windows, %+v, %+v", len(s.Windows), s.OutOfSample, s.Stability)
	}
	for i, x := range s.Windows {
		single := *o
		single.WalkForward = nil
		single.Session.History.From = exchange.Date(2025, 1, 2+10*i) // the first bar closes at 01:00
		single.Session.History.To = single.Session.History.From + 20*exchange.Day
		alone, _ := searched(t, &single)
		if best := alone.Trials[0]; best.Values() != x.Chosen.Values() || !best.Net.Equal(x.Chosen.Net.Decimal) {
			t.Errorf("window %d chose %s with %s, a search of the same time %s with %s", i, x.Chosen.Values(), x.Chosen.Net, best.Values(), best.Net)
		}
		if want := exchange.Date(2025, 1, 24+10*i).String(); x.From != want {
			t.Errorf("window %d judges from %s, want %s", i, x.From, want)
		}
	}
	o.WalkForward, o.Folds = nil, &study.Folds{K: 3}
	if s, _ := searched(t, o); len(s.Windows) != 3 || len(s.Windows[1].Train) != 2 {
		t.Errorf("folds: %+v", s.Windows)
	}
}

func TestSearchesThatMakeNoSense(t *testing.T) {
	for _, c := range []struct {
		change func(*host.StudySearchOptions)
		want   string
	}{
		{func(o *host.StudySearchOptions) { o.Ranges = map[string]string{"sald": "1..5"} }, "did you mean \"salt\""},
		{func(o *host.StudySearchOptions) { o.Ranges = map[string]string{"salt": "1..5000"} }, "at most 1000"},
		{func(o *host.StudySearchOptions) { o.Ranges = map[string]string{"idle": ""} }, "has no bounds of its own"},
		{func(o *host.StudySearchOptions) { o.Objective = "sharp" }, "want one of"},
		{func(o *host.StudySearchOptions) { o.Method = "guess" }, "want grid, random or tpe"},
		{func(o *host.StudySearchOptions) {
			o.WalkForward = &study.WalkForward{Train: study.Period{Years: 1}, Test: study.Period{Years: 1}}
		}, "no window fits"},
		{func(o *host.StudySearchOptions) { o.Session.History.From = exchange.Date(2030, 1, 1) }, "none in the time asked for"},
		{func(o *host.StudySearchOptions) { o.Session.Scripts = append(o.Session.Scripts, o.Session.Scripts[0]) }, "one strategy"},
		{func(o *host.StudySearchOptions) {
			o.Session.Set, o.Ranges = map[string]string{"salt": "2"}, map[string]string{"salt": "1..5"}
		}, "set and searched"},
	} {
		o := searchOptions(t, 3)
		c.change(o)
		if _, err := host.RunStudySearch(context.Background(), o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("want an error with %q, got %v", c.want, err)
		}
	}
}
