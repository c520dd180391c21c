package cli

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host"
)

// TestTickerOnTerminal: a log line goes above the status line, which is drawn
// again below it and leaves nothing behind at the end.
func TestTickerOnTerminal(t *testing.T) {
	t.Setenv("COLUMNS", "120")
	var w strings.Builder
	k := &ticker{screen: screen{w: &w, tty: true, moves: true}}
	k.status(host.Status{Simulated: true, Time: 0, Equity: decimal.NewFromInt(100), Pairs: []string{"BTC", "ETH(opening)"}, Fills: 3})
	k.line(host.Line{Level: intent.Warn, Strategy: "s", Where: "s.lua:3", Text: "careful"})
	k.clear()
	line := "SIMULATED  equity 100.00  funding 0.00  pairs BTC ETH(opening)  fills 3  1970-01-01 00:00"
	const erase, noWrap, wrapAgain = "\r\x1b[J", "\x1b[?7l", "\x1b[?7h\r"
	want := noWrap + line + wrapAgain + erase + "WARN s.lua:3: careful\n" + noWrap + line + wrapAgain + erase
	if w.String() != want {
		t.Errorf("got  %q\nwant %q", w.String(), want)
	}
}

// TestTickerInPipe: no control characters, and a status line only now and then.
func TestTickerInPipe(t *testing.T) {
	var w strings.Builder
	k := newTicker(&w, false)
	for range 2 * plainEvery {
		k.status(host.Status{Equity: decimal.NewFromInt(100), Fraction: 0.5, Halted: "daily loss", Paused: []string{"mm: too many errors"}})
	}
	k.clear()
	want := strings.Repeat("HALTED  PAUSED mm  equity 100.00  funding 0.00  no pairs  fills 0  1970-01-01 00:00  50 %\n", 2)
	if w.String() != want {
		t.Errorf("got  %q\nwant %q", w.String(), want)
	}
}

func TestTickerQuiet(t *testing.T) {
	var w strings.Builder
	k := newTicker(&w, true)
	k.status(host.Status{})
	k.line(host.Line{Level: intent.Warn, Text: "careful"})
	k.line(host.Line{Level: intent.Error, Text: "wrong"})
	if got := w.String(); got != "ERROR wrong\n" {
		t.Errorf("got %q, want errors only", got)
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  []string
	}{
		{"one two three", 7, []string{"one two", "three"}},
		{"incomprehensible as such", 5, []string{"incomprehensible", "as", "such"}},
		{"añb cd", 6, []string{"añb cd"}},
		{"", 5, []string{""}},
	} {
		if got := wrap(c.text, c.width); strings.Join(got, "|") != strings.Join(c.want, "|") {
			t.Errorf("wrap(%q, %d) = %q, want %q", c.text, c.width, got, c.want)
		}
	}
}

// A status line fits its terminal, and what went wrong is the last to give way.
func TestStatusFitsTheTerminal(t *testing.T) {
	s := host.Status{Real: true, Equity: decimal.NewFromInt(100123), Fills: 12, Pairs: []string{"BTC", "ETH(opening)", "SOL"}, Halted: "daily loss",
		Paused: []string{"maker: 3 errors"}, Account: "2 working, 1 UNKNOWN; spot agreed 12 s ago", Feed: "books 38/40, 2 STALE, 1 reconnects"}
	last := 1 << 30
	for _, width := range []int{0, 200, 120, 100, 80, 60, 40, 24, 10} {
		text := statusText(s, width, false)
		n := columns(text)
		if width > 0 && n > width || n > last || !strings.HasPrefix(text, "HALTED") {
			t.Errorf("width %d: %d columns: %q", width, n, text)
		}
		if width >= 40 && (!strings.Contains(text, "eq") || !strings.Contains(text, "PAUSED")) {
			t.Errorf("width %d: equity or PAUSED gave way: %q", width, text)
		}
		last = n
	}
	if text := statusText(host.Status{Unvalued: "USDC"}, 0, false); !strings.Contains(text, "equity waits for a price of USDC") || strings.Contains(text, "equity 0") {
		t.Errorf("got %q", text)
	}
	waiting := statusText(host.Status{Real: true, Stuck: true, Waiting: "waiting for the account to be reconciled (3 working), for 2 s"}, 0, false)
	if waiting != "waiting for the account to be reconciled (3 working), for 2 s  LIVE, REAL ORDERS" {
		t.Errorf("got %q", waiting)
	}
}
