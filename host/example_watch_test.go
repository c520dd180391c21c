package host_test

import (
	"bytes"
	"context"
	"fmt"
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
