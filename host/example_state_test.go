package host_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host"
)

// hours counts the hours that it has run, over all runs of its session.
type hours struct{ Hours int }

func (h *hours) OnStart(p *host.Port) error {
	return p.SetTimer("hour", p.Now()+exchange.Hour, exchange.Hour)
}
func (h *hours) OnTimer(*host.Port, string) error { h.Hours++; return nil }

func (h *hours) State() ([]byte, error)          { return json.Marshal(h) }
func (h *hours) RestoreState(state []byte) error { return json.Unmarshal(state, h) }

// A strategy in Go goes on with its state when its session does.
func ExampleStateRestorer() {
	dir, err := os.MkdirTemp("", "state")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	fresh := func(h *hours) []host.Strategy {
		s, err := host.GoStrategy("hours", nil, h)
		if err != nil {
			fmt.Println(err)
		}
		return []host.Strategy{s}
	}
	for range 2 {
		h := &hours{}
		sum, err := host.Run(context.Background(), &host.Options{Strategies: fresh(h), For: 6*exchange.Hour + exchange.Minute, DB: filepath.Join(dir, "x.db")})
		if err != nil {
			fmt.Println(err)
			return
		}
		again := &hours{}
		res, err := host.ReplayWith(context.Background(), sum.Journal, host.ReplayOptions{Strategies: fresh(again)})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(h.Hours, "hours; replayed:", res.Diff == nil, again.Hours)
	}
	// Output:
	// 6 hours; replayed: true 6
	// 12 hours; replayed: true 12
}
