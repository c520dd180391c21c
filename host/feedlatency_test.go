package host

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
)

// lateQuotes are books and trades of one coin, ten a second: the middle third of the trades
// comes 900 ms after the venue gave them.
func lateQuotes() (out []exchange.Event) {
	begin := exchange.Date(2026, 1, 1)
	for i := range 600 {
		at, took := begin+exchange.Time(i)*100*exchange.Millisecond, 20*exchange.Millisecond
		if i >= 200 && i < 400 {
			took = 900 * exchange.Millisecond
		}
		p := exchange.Ticks(100_00 + i%7)
		out = append(out,
			exchange.Event{Kind: exchange.KindSnapshot, Time: at, LastID: int64(i + 1), Bids: []exchange.Level{{Price: p, Qty: 50_000}}, Asks: []exchange.Level{{Price: p + 1, Qty: 50_000}}},
			exchange.Event{Kind: exchange.KindTrade, Time: at, VenueTime: at - took, ID: int64(i + 1), Price: p, Qty: 10, Side: exchange.Buy})
	}
	return out
}

// saver buys a little every ten seconds, and notes what was denied.
func saver(denied *[]string) core.Strategy {
	n := 0
	return anywhere{&gopher{name: "saver", wants: []core.Handler{core.OnBook, core.OnOrder}, call: func(p *core.Port, c *core.Callback) error {
		switch c.Handler {
		case core.OnBook:
			if n++; n%100 == 0 {
				p.Submit(exchange.Order{Instrument: 0, Side: exchange.Buy, Type: exchange.MarketOrder, TIF: exchange.IOC, Qty: 1000})
			}
		case core.OnOrder:
			if c.Order.Status == exchange.StatusDenied {
				*denied = append(*denied, c.Order.Reason)
			}
		}
		return nil
	}}}
}

// What comes late is counted, shown and told, nothing new is opened on it, and a replay
// decides the same.
func TestALateFeedHoldsNewRisk(t *testing.T) {
	dir := t.TempDir()
	var denied []string
	var mu sync.Mutex
	var alerts []Alert
	o := Options{Source: &SliceSource{Info: SourceInfo{Name: "late", Instruments: []exchange.Instrument{oneCoin}}, Events: lateQuotes()},
		Strategies: []core.Strategy{saver(&denied)}, DB: filepath.Join(dir, "x.db"), Report: filepath.Join(dir, "r.html"),
		Limits: Limits{MaxFeedLatency: 250 * exchange.Millisecond},
		Notifier: NotifierFunc(func(_ context.Context, a Alert) error {
			mu.Lock()
			defer mu.Unlock()
			alerts = append(alerts, a)
			return nil
		})}
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	sum, err := s.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if sum.Fills != 4 || len(denied) != 2 || !strings.Contains(denied[0], "late feed: spot: market data comes 900 ms late") {
		t.Errorf("%d fills, denied %q", sum.Fills, denied)
	}
	if l := sum.Latency; len(l) != 1 || l[0].Stream != "trades" || l[0].Messages != 600 || l[0].P50 < 20 || l[0].P50 > 20.7 || l[0].P99 != 900 || l[0].Corrected {
		t.Errorf("latencies %+v", l)
	}
	page, err := os.ReadFile(o.Report)
	if err != nil || !strings.Contains(string(page), "from the venue's time to the loop") {
		t.Errorf("the report does not show it: %v", err)
	}
	found := false
	for _, m := range s.Metrics() {
		found = found || m.Name == "perilune_feed_latency_seconds" && m.Value == 0.9
	}
	if !found {
		t.Error("the metrics do not show it")
	}
	again := []string{}
	if res, err := ReplayWith(t.Context(), sum.Journal, ReplayOptions{Strategies: []core.Strategy{saver(&again)}}); err != nil || res.Diff != nil || len(again) != 2 {
		t.Errorf("replay: %+v, %v, denied %q", res, err, again)
	}
}

func TestConfiguredFeedLatency(t *testing.T) {
	for text, want := range map[string]string{
		"max_feed_latency_ms = 250":                             "",
		"max_feed_latency_ms = -1":                              "max_feed_latency_ms = -1: want a number of 0 or more",
		"max_feed_latency_ms = 100\nwarn_feed_latency_ms = 200": "warn_feed_latency_ms = 200: want 100 or less",
		"max_feed_latency = 100":                                `did you mean "max_feed_latency_ms"`,
	} {
		file := filepath.Join(t.TempDir(), "c.toml")
		if err := os.WriteFile(file, []byte("[risk]\n"+text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		var o Options
		err := o.LoadConfig(file)
		switch {
		case want == "" && (err != nil || o.Limits.MaxFeedLatency != 250*exchange.Millisecond):
			t.Errorf("%s: %v, %+v", text, err, o.Limits)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
