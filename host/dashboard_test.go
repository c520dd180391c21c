package host

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// Every figure that the dashboard and the alerts ask for is one that sessions have, and what
// a session is watched by is on the dashboard.
func TestDashboardAsksForMetricsThatExist(t *testing.T) {
	named := regexp.MustCompile(`perilune_[a-z_]+[a-z]`)
	var have []string
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range sources {
		if match, _ := filepath.Match("*_test.go", file); match {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`"(perilune_[a-z_]+[a-z])"`).FindAllStringSubmatch(string(text), -1) {
			have = append(have, m[1])
		}
	}
	if len(have) < 40 {
		t.Fatalf("only %d metrics were found in the package", len(have))
	}
	const dir = "../scripts/deploy/grafana/"
	dashboard, err := os.ReadFile(dir + "perilune.json")
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(dashboard) {
		t.Error("the dashboard is no JSON")
	}
	alerts, err := os.ReadFile(dir + "perilune-alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string][]byte{"perilune.json": dashboard, "perilune-alerts.yml": alerts} {
		asked := named.FindAllString(string(text), -1)
		for _, name := range asked {
			if !slices.Contains(have, name) {
				t.Errorf("%s asks for %s, which no session has", file, name)
			}
		}
		if len(asked) < 14 {
			t.Errorf("%s asks for %d figures only", file, len(asked))
		}
	}
	for _, name := range []string{"perilune_equity", "perilune_halted", "perilune_unhedged_notional", "perilune_exposure", "perilune_order_round_trip_seconds",
		"perilune_feed_latency_seconds", "perilune_loop_wait_seconds", "perilune_rate_limit_used", "perilune_books", "perilune_callback_errors_total",
		"perilune_callbacks_killed_total", "perilune_ledger_queue_rows", "perilune_disk_free_bytes", "perilune_log_lines_total", "perilune_funding_received"} {
		if !slices.Contains(named.FindAllString(string(dashboard), -1), name) {
			t.Errorf("the dashboard does not show %s", name)
		}
	}
}

// How long venues take to answer orders is measured from the first answer, once for each.
func TestOrderRoundTrips(t *testing.T) {
	var x trips
	for i, took := range []int64{10, 20, 30} {
		id := uint64(i + 1)
		x.sent(exchange.OrderID(id), 0)
		x.answered(exchange.OrderID(id), "v", exchange.Millisecond*exchange.Time(took))
		x.answered(exchange.OrderID(id), "v", exchange.Millisecond*exchange.Time(1000))
	}
	x.answered(exchange.OrderID(99), "v", exchange.Millisecond*exchange.Time(5)) // of an earlier run
	var l metricList
	x.metrics(&l)
	got := map[string]float64{}
	for _, m := range l {
		got[m.Name+m.Labels[len(m.Labels)-1].Value] = m.Value
	}
	if p50 := got["perilune_order_round_trip_seconds0.5"]; p50 < 0.019 || p50 > 0.021 {
		t.Errorf("p50 %v in %v, want 20 ms", p50, got)
	}
	if most := got["perilune_order_round_trip_seconds1"]; most != 0.03 {
		t.Errorf("max %v in %v, want 30 ms", most, got)
	}
	if n := got["perilune_orders_answered_totalv"]; n != 3 {
		t.Errorf("%v were answered, want 3", n)
	}
}
