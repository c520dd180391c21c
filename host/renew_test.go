package host

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
)

// reborn is a buyer that can be gone through a journal with.
type reborn struct {
	buyer
	renewed *int
	fresh   func() any // nil: another buyer
}

func (r *reborn) Renew() any {
	*r.renewed++
	if r.fresh != nil {
		return r.fresh()
	}
	return &reborn{renewed: r.renewed}
}

// A run that was killed with strategies written in Go is completed from its journal by
// others like them, and those of the next run see none of it.
func TestAKilledRunOfGoStrategiesIsCompleted(t *testing.T) {
	for _, tt := range []struct {
		name  string
		make  func(renewed *int, b buyer) core.Strategy
		says  string
		whole bool
	}{
		{"renewed", func(n *int, b buyer) core.Strategy { return &reborn{buyer: b, renewed: n} }, "rows recovered from its journal", true},
		{"not renewed", func(_ *int, b buyer) core.Strategy { return &b }, "strategy buyer is written in Go and has no Renew", false},
		{"renewed by nothing", func(n *int, b buyer) core.Strategy {
			return &reborn{buyer: b, renewed: n, fresh: func() any { return nil }}
		}, "has no Renew", false},
		{"renewed by something else", func(n *int, b buyer) core.Strategy {
			return &reborn{buyer: b, renewed: n, fresh: func() any { return 7 }}
		}, "strategy buyer: its Renew gave a int", false},
		{"renewed by a panic", func(n *int, b buyer) core.Strategy {
			return &reborn{buyer: b, renewed: n, fresh: func() any { panic("boom") }}
		}, "strategy buyer: panic: boom (renew_test.go:", false},
	} {
		// The ledger may have written the fill before the run was killed, and then nothing is
		// to be completed: it is killed again.
		killed := func(t *testing.T) (completed bool) {
			var h heard
			renewed := 0
			o := Options{DB: filepath.Join(t.TempDir(), "x.db"), For: exchange.Day, Log: h.log}
			var s *Session
			var once sync.Once
			o.Strategies = []core.Strategy{tt.make(&renewed, buyer{seen: func(_ *core.Port, n *core.Callback) {
				if n.Handler == core.OnFill {
					once.Do(func() { s.r.inbox.Call(func() { panic("a fault of ours") }) })
				}
			}})}
			var err error
			if s, err = Open(context.Background(), o); err != nil {
				t.Fatal(err)
			}
			var broke *PanicError
			if _, err = s.Run(context.Background()); !errors.As(err, &broke) {
				t.Fatalf("%v, want a PanicError", err)
			}
			if renewed != 0 {
				t.Errorf("renewed %d times before anything was killed", renewed)
			}
			seen := 0
			o.Strategies = []core.Strategy{tt.make(&renewed, buyer{seen: func(*core.Port, *core.Callback) { seen++ }})}
			s, err = Open(context.Background(), o)
			if err != nil {
				t.Fatal(err)
			}
			booked := checkFillsOf(t, s.r.record.db)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if tt.whole && len(booked) != 1 {
				t.Errorf("%d fills in the ledger, want the one that the journal has", len(booked))
			}
			if seen != 0 {
				t.Errorf("the next run's strategy was called %d times with what was before it", seen)
			}
			said := strings.Contains(h.text(), tt.says)
			if !said && len(booked) != 1 {
				t.Errorf("without %q:\n%s", tt.says, h.text())
			}
			return said
		}
		t.Run(tt.name, func(t *testing.T) {
			for tries := 0; !killed(t); tries++ {
				if t.Failed() || tries == 20 {
					t.Fatalf("killed %d times, and there was nothing to complete", tries+1)
				}
			}
		})
	}
}

// counting is a rule that keeps something.
type counting struct{ renewed int }

func (c *counting) Name() string { return "counting" }
func (c *counting) Check(*exchange.Instrument, *exchange.Order, RuleMarket) error {
	return nil
}
func (c *counting) Renew() any { return &counting{renewed: c.renewed + 1} }

// A risk rule that keeps something does not see a run twice either.
func TestARuleIsRenewed(t *testing.T) {
	again, err := (&own{rules: []Rule{&counting{}}}).restartable()
	if err != nil || again.rules[0].(*counting).renewed != 1 {
		t.Errorf("%+v, %v", again, err)
	}
}
