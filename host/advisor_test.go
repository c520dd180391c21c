package host_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/advisor"
	"github.com/perilune/perilune/host/advisor/advisortest"
	"github.com/perilune/perilune/ledger/journal"
)

const canary = "sk-canary-02fd9c"

// hedged runs hedge on the built-in market with one coin to hedge, and an advisor
// that plays a script; no replies is no advisor.
func hedged(t *testing.T, hours int, set map[string]string, replies ...advisortest.Reply) (*host.Options, *advisortest.Server) {
	t.Helper()
	o := builtIn(t, "../scripts/hedge.lua", 1, hours, set)
	o.Paper.Balances = []paper.Deposit{
		{Wallet: "spot", Asset: "BTC", Amount: decimal.NewFromInt(1)},
		{Wallet: "usdm", Asset: "USDT", Amount: decimal.NewFromInt(50000)},
	}
	if len(replies) == 0 {
		return o, nil
	}
	s := advisortest.New(replies...)
	t.Cleanup(s.Close)
	o.Advisor = &host.AdvisorOptions{Config: advisor.Config{BaseURL: s.URL, Model: "test-model", Key: sign.NewSecret(canary), PriceIn: decimal.NewFromInt(1)}}
	return o, s
}

// short sums the fills of the perpetual: what is hedged at the end.
func short(t *testing.T, p played) decimal.Decimal {
	t.Helper()
	sum := decimal.Zero
	for i := range p.fills {
		q := p.fills[i].Qty
		if p.fills[i].Side == exchange.Buy {
			q = q.Neg()
		}
		if sum = sum.Add(q); sum.IsNegative() {
			t.Errorf("fill %d leaves a long position of %s: a hedge never turns", i, sum.Neg())
		}
	}
	return sum
}

func TestHedgeFollowsAdviceWithinLimits(t *testing.T) {
	ask := func(action string, ratio float64) advisortest.Reply {
		return advisortest.Answer(fmt.Sprintf(`{"action":%q,"ratio":%v}`, action, ratio))
	}
	for name, c := range map[string]struct {
		replies []advisortest.Reply
		set     map[string]string
		want    string
	}{
		"no advisor":                        {nil, nil, "0.5"},
		"hedge a quarter":                   {[]advisortest.Reply{ask("hedge", 0.25)}, nil, "0.25"},
		"flat":                              {[]advisortest.Reply{ask("flat", 1)}, nil, "0"},
		"flat, but a fifth is the least":    {[]advisortest.Reply{ask("flat", 0.9)}, map[string]string{"min_ratio": "0.2"}, "0.2"},
		"more than the limit is no answer":  {[]advisortest.Reply{ask("hedge", 0.9)}, map[string]string{"max_ratio": "0.8"}, "0.5"},
		"prose is no answer":                {[]advisortest.Reply{advisortest.Answer("hedge all of it")}, nil, "0.5"},
		"an endpoint that is down":          {[]advisortest.Reply{{Status: 404}}, nil, "0.5"},
		"an answer that ran out":            {[]advisortest.Reply{ask("hedge", 0.1), {Status: 404}}, map[string]string{"ttl": "10m"}, "0.5"},
		"hold leaves what the rule did not": {[]advisortest.Reply{ask("hedge", 0.25), ask("hold", 1)}, nil, "0.25"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, s := hedged(t, 3, c.set, c.replies...)
			got := play(t, o)
			if sum := short(t, got); !sum.Equal(decimal.RequireFromString(c.want)) {
				t.Errorf("hedged %s, want %s", sum, c.want)
			}
			if n := len(got.fills); n > 6 {
				t.Errorf("%d fills in three hours is churn", n)
			}
			if s != nil && (len(s.Seen()) < 10 || len(s.Seen()) > 12) {
				t.Errorf("asked %d times in three hours, want one in 15 minutes", len(s.Seen()))
			}
		})
	}
}

// Without coins there is nothing to hedge: the script takes no position.
func TestHedgeNeedsAnExposure(t *testing.T) {
	o, _ := hedged(t, 2, nil)
	o.Paper.Balances = o.Paper.Balances[1:]
	if got := play(t, o); len(got.fills) != 0 {
		t.Errorf("%d fills", len(got.fills))
	}
}

// TestAdviceReplays runs a session with advice again from its journal while the
// endpoint is gone, and looks for the key in all that the session left behind.
func TestAdviceReplays(t *testing.T) {
	o, s := hedged(t, 3, nil, advisortest.Answer(`{"action":"hedge","ratio":0.25}`), advisortest.Reply{Status: 500, Body: `{"error":"` + canary + `"}`},
		advisortest.Answer(`{"action":"`+canary+`","ratio":0.25}`), advisortest.Answer(`{"action":"flat","ratio":0}`))
	dir := t.TempDir()
	o.DB, o.Journal, o.Report = filepath.Join(dir, "l.db"), filepath.Join(dir, "journal"), filepath.Join(dir, "r.html")
	var said strings.Builder
	o.Log = func(l host.Line) { fmt.Fprintln(&said, l) }
	sum, err := host.Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	asked := len(s.Seen())
	res, err := host.Replay(context.Background(), sum.Journal)
	if err != nil || res.Diff != nil || res.Events == 0 {
		t.Fatalf("%+v, %v", res, err)
	}
	if n := len(s.Seen()); n != asked || asked < 10 {
		t.Errorf("%d questions in the run and %d after the replay", asked, n)
	}
	for _, want := range []string{"advice 1 (BTC): {\"action\":\"hedge\",\"ratio\":0.25} (test-model, ", "100+20 tokens, cost 0.1)", "none, refused: "} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("the log does not say %q:\n%s", want, &said)
		}
	}
	fmt.Fprintf(&said, "%+v %v %+v", sum, o.Advisor, *o.Advisor)
	noCanary(t, dir, said.String()+records(t, sum.Journal))
}

// records is all of a journal as text: on disk it is compressed.
func records(t *testing.T, dir string) string {
	t.Helper()
	r, err := journal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	out := bytes.NewBuffer(r.Header())
	for {
		_, data, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		out.Write(data)
	}
}

func noCanary(t *testing.T, dir, said string) {
	t.Helper()
	if strings.Contains(said, canary) {
		t.Error("the key is in what the session said")
	}
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		raw, err := os.ReadFile(path)
		if bytes.Contains(raw, []byte(canary)) {
			t.Errorf("the key is in %s", path)
		}
		return err
	})
	if err != nil || files < 3 {
		t.Errorf("%d files were looked through: %v", files, err)
	}
}

// TestBudgetSurvivesTheRun wants a second run of the day to know what the first
// one spent.
func TestBudgetSurvivesTheRun(t *testing.T) {
	o, s := hedged(t, 3, nil, advisortest.Answer(`{"action":"hedge","ratio":0.25}`))
	o.Advisor.MaxCalls = 4
	exhausted := 0
	o.Log = func(l host.Line) {
		if l.Level == intent.Info && strings.Contains(l.Text, "budget of 4 calls a day is used up") {
			exhausted++
		}
	}
	play(t, o)
	if n := len(s.Seen()); n != 4 || exhausted != 1 {
		t.Errorf("%d questions, told %d times that the budget is used up, want 4 and once", n, exhausted)
	}
	again := *o
	again.New = true
	play(t, &again)
	if n := len(s.Seen()); n != 4 {
		t.Errorf("%d questions after the second run, want 4", n)
	}
}

// A paced session does not stop for the advisor: the answer comes when it comes.
func TestAdviceInRealTime(t *testing.T) {
	o, _ := hedged(t, 1, nil, advisortest.Answer(`{"action":"hedge","ratio":0.25}`))
	path := filepath.Join(t.TempDir(), "s.lua")
	if err := os.WriteFile(path, []byte(`
local M = { name = "s", universe = { "usdm:BTCUSDT" } }
function M.on_start() ai.ask { question = "?", schema = { action = { "hedge" }, ratio = { min = 0, max = 1 } } } end
function M.on_advice(a) log.info("ratio " .. a.answer.ratio) end
return M`), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	heard := false
	o.Scripts, o.Speed = []string{path}, 1
	o.Log = func(l host.Line) {
		if l.Text == "ratio 0.25" {
			heard = true
			cancel()
		}
	}
	if _, err := host.Run(ctx, o); err != nil || !heard {
		t.Errorf("%v, heard %v", err, heard)
	}
}
