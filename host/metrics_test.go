package host

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/risk"
)

var (
	metricName = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)
	labelPart  = regexp.MustCompile(`^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\n|\\")*)"(,|$)`)
)

// scrape reads the text format of Prometheus as its documentation has it, and returns the
// values by name and labels. It fails on anything that a scraper would not take.
func scrape(text string) (map[string]float64, error) {
	values, kinds, closed, family := map[string]float64{}, map[string]string{}, map[string]bool{}, ""
	if !strings.HasSuffix(text, "\n") {
		return nil, errors.New("the last line has no end")
	}
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		line := lines.Text()
		if rest, ok := strings.CutPrefix(line, "# HELP "); ok {
			name, _, _ := strings.Cut(rest, " ")
			if closed[name] || !metricName.MatchString(name) {
				return nil, fmt.Errorf("%q: a second family of its name, or no name", line)
			}
			family, closed[name] = name, true
			continue
		}
		if rest, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, kind, _ := strings.Cut(rest, " ")
			if name != family || kind != "gauge" && kind != "counter" && kind != "summary" {
				return nil, fmt.Errorf("%q does not follow its HELP", line)
			}
			kinds[name] = kind
			continue
		}
		at := strings.LastIndexByte(line, ' ')
		if at < 0 {
			return nil, fmt.Errorf("%q has no value", line)
		}
		key, number := line[:at], line[at+1:]
		v, err := strconv.ParseFloat(number, 64)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", line, err)
		}
		name, labels, labelled := strings.Cut(key, "{")
		if labelled {
			labels, ok := strings.CutSuffix(labels, "}")
			for ok && labels != "" {
				m := labelPart.FindStringSubmatch(labels)
				if ok = m != nil; ok {
					labels = labels[len(m[0]):]
				}
			}
			if !ok {
				return nil, fmt.Errorf("%q: labels", line)
			}
		}
		_, twice := values[key]
		if name != family || kinds[name] == "" || twice || (kinds[name] == "counter") != strings.HasSuffix(name, "_total") {
			return nil, fmt.Errorf("%q stands outside of its family, comes twice, or is misnamed", line)
		}
		values[key] = v
	}
	return values, lines.Err()
}

func scraped(t *testing.T, s *Session, labels ...Label) map[string]float64 {
	t.Helper()
	var b bytes.Buffer
	if err := s.WriteMetrics(&b, labels...); err != nil {
		t.Fatal(err)
	}
	values, err := scrape(b.String())
	if err != nil {
		t.Fatalf("%v in\n%s", err, b.String())
	}
	return values
}

// The figures of a session can be scraped before, while and after it runs, and are those of
// its summary.
func TestMetricsAreScraped(t *testing.T) {
	s, err := Open(context.Background(), Options{Scripts: []string{"testdata/busy.lua"}, For: 6 * exchange.Hour,
		DB: filepath.Join(t.TempDir(), "x.db"), Limits: risk.Limits{MaxOrderNotional: decimal.NewFromInt(60)}})
	if err != nil {
		t.Fatal(err)
	}
	if before := scraped(t, s); before[`perilune_log_lines_total{level="error"}`] != 0 {
		t.Errorf("before: %v", before)
	}
	sum, err := s.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	got := scraped(t, s)
	refused := 0.0
	for key, n := range got {
		if strings.HasPrefix(key, "perilune_orders_refused_total") {
			refused += n
		}
	}
	for _, x := range []struct {
		key       string
		got, want float64
	}{
		{"events", got["perilune_events_total"], float64(sum.Events)},
		{"fills", got[`perilune_fills_total{strategy="busy"}`], float64(sum.Fills)},
		{"equity", got[`perilune_equity{currency="USDT"}`], 0},
		{"refused", refused, float64(sum.OrdersRefused)},
		{"errors", got["perilune_callback_errors_total"], float64(sum.Errors)},
		{"paused", got[`perilune_strategy_paused{strategy="busy"}`], float64(len(sum.Paused))},
		{"queue", got["perilune_ledger_queue_rows"], 0},
	} {
		if x.key == "equity" {
			if x.got < 90_000 || x.got > 110_000 {
				t.Errorf("equity %v", x.got)
			}
			continue
		}
		if x.got != x.want && x.key != "queue" {
			t.Errorf("%s: %v, the summary has %v", x.key, x.got, x.want)
		}
	}
	for _, key := range []string{`perilune_orders_total{strategy="busy"}`, "perilune_journal_bytes_total", "perilune_session_time_seconds",
		`perilune_books{state="ready"}`, `perilune_order_round_trip_seconds{venue="binance",quantile="0.99"}`, `perilune_orders_answered_total{venue="binance"}`, `perilune_orders_refused_total{strategy="busy",rule="order notional"}`} {
		if got[key] <= 0 {
			t.Errorf("%s is %v in %v", key, got[key], got)
		}
	}
	named := scraped(t, s, Label{"desk", "a \"quoted\"\nline\\"})
	if got := named[`perilune_fills_total{desk="a \"quoted\"\nline\\",strategy="busy"}`]; got != float64(sum.Fills) {
		t.Errorf("with a label of one's own %v in %v", got, named)
	}
}

// Figures move while the session runs, and asking holds nobody up.
func TestMetricsMove(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	s, err := Open(ctx, Options{Scripts: []string{"testdata/busy.lua"}, Ledger: LedgerNone, StatusEvery: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	moved := make(chan string, 1)
	go func() {
		defer stop()
		first := 0.0
		for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
			got := scraped(t, s)
			switch n := got["perilune_events_total"]; {
			case n > 0 && first == 0:
				first = n
			case n > first && first > 0:
				moved <- ""
				return
			}
		}
		moved <- "no events were counted"
	}()
	if _, err := s.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if why := <-moved; why != "" {
		t.Error(why)
	}
}

// A writer that fails is told of, and what is wrong with a parser's input is found.
func TestMetricsThatCantBeWritten(t *testing.T) {
	list := []Metric{{Name: "a_total", Kind: Counter, Value: 1}}
	if err := writeMetrics(brokenPipe{}, list, nil); err == nil {
		t.Error("a writer that fails is not told of")
	}
	for _, bad := range []string{"a_total 1", "a_total 1\n", "# HELP a x\n# TYPE a counter\na 1\n", "# HELP a x\n# TYPE a gauge\na{b=c} 1\n",
		"# HELP a x\n# TYPE a gauge\na x\n", "# HELP a x\n# TYPE a gauge\na 1\na 1\n"} {
		if _, err := scrape(bad); err == nil {
			t.Errorf("the check takes %q", bad)
		}
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

// The rule that denied an order is the label, and never the words of a venue.
func TestRulesOfRefusals(t *testing.T) {
	for want, o := range map[string]exchange.Order{
		"collar": {Status: exchange.StatusDenied, Reason: "risk: collar: 200 bp through mid"},
		"venue":  {Status: exchange.StatusRejected, Reason: "Filter failure: NOTIONAL: 12"},
		"order":  {Status: exchange.StatusDenied, Reason: "order for spot:X: side 3"},
	} {
		if got := ruleOf(&o); got != want {
			t.Errorf("%q is rule %q, want %q", o.Reason, got, want)
		}
	}
}
