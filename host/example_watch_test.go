package host_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/perilune/perilune/host"
)

// The figures of a session, as Prometheus scrapes them. A program serves them with
//
//	http.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) { _ = s.WriteMetrics(w) })
func ExampleSession_WriteMetrics() {
	script, remove, err := writeScript(swinger)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer remove()
	s, err := host.Open(context.Background(), host.Options{Scripts: []string{script}, Source: swing(), Ledger: host.LedgerNone})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := s.Run(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	var text bytes.Buffer
	if err := s.WriteMetrics(&text, host.Label{Name: "desk", Value: "west"}); err != nil {
		fmt.Println(err)
		return
	}
	for line := range strings.Lines(text.String()) {
		if strings.Contains(line, "perilune_orders_total") || strings.Contains(line, "perilune_events_total") {
			fmt.Print(line)
		}
	}
	// Output:
	// # HELP perilune_events_total Events that the loop handled.
	// # TYPE perilune_events_total counter
	// perilune_events_total{desk="west"} 1494
	// # HELP perilune_orders_total Orders that were sent.
	// # TYPE perilune_orders_total counter
	// perilune_orders_total{desk="west",strategy="swinger"} 25
}

// Lines of a session as records of log/slog, with the session's time.
func ExampleOptions_logger() {
	script, remove, err := writeScript(`
local M = { name = "swinger", universe = { "desk.spot:COIN" } }
function M.on_start() log.warn("nothing to do"); timer.every("look", "1h") end
function M.on_timer() end
return M
`)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer remove()
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if _, err := host.Run(context.Background(), &host.Options{Scripts: []string{script}, Source: swing(), Ledger: host.LedgerNone, Logger: logger}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// time=2026-01-05T00:00:00.000Z level=WARN msg="nothing to do" strategy=swinger where=swinger.lua:3 seq=2
}

// Whom to wake, and when. The last word is why the session ended.
func ExampleNotifier() {
	script, remove, err := writeScript(`
local M = { name = "swinger", universe = { "desk.spot:COIN" } }
function M.on_start() timer.after("panic", "1h") end
function M.on_timer() exec.halt_all("nobody knows what this does") end
return M
`)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer remove()
	pager := host.NotifierFunc(func(ctx context.Context, a host.Alert) error {
		fmt.Println(a.Severity, a.Kind, "-", a.Text)
		return nil
	})
	if _, err := host.Run(context.Background(), &host.Options{Scripts: []string{script}, Source: swing(), Ledger: host.LedgerNone,
		Notifier: pager, NotifyFrom: host.Warning}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// critical halt - HALTED, only reducing orders pass: swinger: nobody knows what this does
	// warning ended - the session ended: its data are over; it is halted: swinger: nobody knows what this does
}
