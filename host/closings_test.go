package host

import (
	"errors"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// leaves is a source whose feed does as it is told when it is closed.
type leaves struct {
	SliceSource
	feed func() error
}

type leavingFeed struct {
	exchange.Feed
	feed func() error
}

func (f leavingFeed) Close() error { return f.feed() }

func (l *leaves) Open() (exchange.Feed, error) {
	f, err := l.SliceSource.Open()
	return leavingFeed{f, l.feed}, err
}

type untidy struct{ hears }

func (*untidy) Close() { panic("no way out") }

// What goes wrong when a strategy or a feed is closed is told, with the session or without.
func TestWhatFailsToCloseIsTold(t *testing.T) {
	for want, feed := range map[string]func() error{
		"source quotes: Close: stuck":                            func() error { return errors.New("stuck") },
		"source quotes: Close: panic: shut (closings_test.go:":   func() error { panic("shut") },
		"strategy a: Close: panic: no way out (closings_test.go": func() error { return nil },
	} {
		for _, ran := range []bool{true, false} {
			st, err := GoStrategy("a", []string{"*"}, &untidy{})
			if err != nil {
				t.Fatal(err)
			}
			info := SourceInfo{Name: "quotes", Instruments: []exchange.Instrument{oneCoin}}
			s, err := Open(t.Context(), Options{Ledger: LedgerNone, Strategies: []Strategy{st}, Source: &leaves{SliceSource{Info: info, Events: quotes(9)}, feed}})
			if err != nil {
				t.Fatal(err)
			}
			if ran {
				var sum *Summary
				if sum, err = s.Run(t.Context()); sum == nil || sum.EndedBy != "data" {
					t.Errorf("%+v, %v", sum, err)
				}
			} else {
				err = s.Close()
			}
			if err == nil || !strings.Contains(err.Error(), want) || Classify(err) != FaultOther {
				t.Errorf("run %v: %v, want %q", ran, err, want)
			}
		}
	}
}
