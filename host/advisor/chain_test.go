package advisor

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent/advice"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/host/advisor/advisortest"
)

// chain asks scripted endpoints, one after the other.
func chain(t *testing.T, list ...[]advisortest.Reply) (*Chain, []*advisortest.Server) {
	t.Helper()
	var servers []*advisortest.Server
	var configs []Config
	for i, replies := range list {
		s := advisortest.New(replies...)
		t.Cleanup(s.Close)
		servers = append(servers, s)
		configs = append(configs, Config{BaseURL: s.URL + "/v1", Model: []string{"first", "second", "third"}[i], Key: sign.NewSecret(canary), MaxCalls: 3})
	}
	ch, err := NewChain(configs[0], configs[1:])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ch.Close)
	return ch, servers
}

func TestAnotherEndpointStandsIn(t *testing.T) {
	good := advisortest.Answer(`{"action":"hedge","ratio":0.5}`)
	broken := advisortest.Reply{Status: 401, Body: `{"error":"no"}`}
	for name, c := range map[string]struct {
		list  [][]advisortest.Reply
		model string
		want  string // verdict: reason
		asked []int
	}{
		"the first answers":              {[][]advisortest.Reply{{good}, {good}}, "first", "ok: ", []int{1, 0}},
		"its key is refused":             {[][]advisortest.Reply{{broken}, {good}}, "second", "ok: ", []int{1, 1}},
		"it is late":                     {[][]advisortest.Reply{{{Delay: time.Minute}}, {good}}, "second", "ok: ", []int{1, 1}},
		"it answers nonsense":            {[][]advisortest.Reply{{advisortest.Answer("hedge!")}, {good}}, "first", "refused: the answer holds no JSON object", []int{1, 0}},
		"nobody answers":                 {[][]advisortest.Reply{{broken}, {broken}, {broken}}, "third", "failed: first: HTTP 401; second: HTTP 401; third: HTTP 401", []int{1, 1, 1}},
		"the second one answers nothing": {[][]advisortest.Reply{{broken}, {advisortest.Answer("no")}}, "second", "refused: the answer holds no JSON object", []int{1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			ch, servers := chain(t, c.list...)
			q := question(t)
			q.Deadline = exchange.Second
			out := ch.Ask(context.Background(), q)
			if out.Model != c.model || !strings.HasPrefix(out.Verdict+": "+out.Reason, c.want) || out.Verdict == advice.OK && out.Reason != "" {
				t.Errorf("%s said %s: %s, want %s: %s", out.Model, out.Verdict, out.Reason, c.model, c.want)
			}
			for i, n := range c.asked {
				if got := len(servers[i].Seen()); got != n {
					t.Errorf("endpoint %d was asked %d times, want %d", i+1, got, n)
				}
			}
		})
	}
}

func TestABudgetThatIsUsedUpGoesOnToTheNext(t *testing.T) {
	good := advisortest.Answer(`{"action":"hedge","ratio":0.5}`)
	ch, _ := chain(t, []advisortest.Reply{good}, []advisortest.Reply{good})
	var models []string
	for range 7 {
		out := ch.Ask(context.Background(), question(t))
		models = append(models, out.Model+" "+out.Verdict)
	}
	want := "first ok,first ok,first ok,second ok,second ok,second ok,second disabled"
	if got := strings.Join(models, ","); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestAChainIsBounded(t *testing.T) {
	c := Config{BaseURL: "https://api.example.com/v1", Model: "m"}
	for _, x := range []struct {
		first    Config
		fallback []Config
		want     string
	}{
		{c, []Config{c, c, c, c}, "fallback: 4 of them: want at most 3"},
		{Config{Static: "{}"}, []Config{c}, "static answers every question"},
		{c, []Config{c, {BaseURL: "http://api.example.com", Model: "m"}}, "fallback 2: base_url: http://api.example.com: want https"},
	} {
		if _, err := NewChain(x.first, x.fallback); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%v, want %s", err, x.want)
		}
	}
}
