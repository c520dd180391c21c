package host

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
)

// forgetful has a state, and takes it back as it is told to.
type forgetful struct{ back func([]byte) error }

func (f *forgetful) OnBook(*Port, exchange.InstrumentID) error { return nil }
func (f *forgetful) State() ([]byte, error)                    { return []byte(`{"n":1}`), nil }
func (f *forgetful) RestoreState(state []byte) error           { return f.back(state) }

// A state that is not taken back keeps the session from beginning, and New begins without.
func TestAStateThatIsNotTakenBack(t *testing.T) {
	db := filepath.Join(t.TempDir(), "x.db")
	run := func(anew bool, back func([]byte) error) error {
		s, err := GoStrategy("forgetful", []string{"spot:BTCUSDT"}, &forgetful{back})
		if err != nil {
			t.Fatal(err)
		}
		_, err = Run(context.Background(), &Options{Strategies: []core.Strategy{s}, For: exchange.Hour, DB: db, New: anew})
		return err
	}
	unasked := func([]byte) error { return errors.New("a new session asked") }
	if err := run(false, unasked); err != nil {
		t.Fatal(err)
	}
	for want, back := range map[string]func([]byte) error{
		"does not take its state of the last run back: from another world":                func([]byte) error { return errors.New("from another world") },
		"does not take its state of the last run back: panic: boom (restorestate_test.go": func([]byte) error { panic("boom") },
	} {
		if err := run(false, back); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	var got string
	if err := run(false, func(state []byte) error { got = string(state); return nil }); err != nil || got != `{"n":1}` {
		t.Errorf("given back: %q, %v", got, err)
	}
	if err := run(true, unasked); err != nil {
		t.Error(err)
	}
}

// keeps has a state and no way to take it back.
type keeps struct{ hears }

func (*keeps) State() ([]byte, error) { return []byte(`{"n":1}`), nil }

// A state that a strategy can't be given back is warned of when the session goes on.
func TestAStateThatNobodyTakesBack(t *testing.T) {
	db := filepath.Join(t.TempDir(), "x.db")
	for run, want := range []int{0, 1} {
		s, err := GoStrategy("keeps", []string{"spot:BTCUSDT"}, &keeps{})
		if err != nil {
			t.Fatal(err)
		}
		var h heard
		if _, err := Run(t.Context(), &Options{Strategies: []Strategy{s}, For: exchange.Hour, DB: db, Log: h.log}); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(h.text(), "strategy keeps begins without the state"); n != want {
			t.Errorf("run %d: %d warnings in\n%s", run, n, h.text())
		}
	}
}

// The bounds of scripts are the session's to choose, and a replay has the same.
func TestBoundsOfScriptsAreChosen(t *testing.T) {
	script := filepath.Join(t.TempDir(), "worker.lua")
	text := `
local M = { name = "worker", universe = { "spot:BTCUSDT" } }
function M.on_start() timer.every("work", "10m") end
function M.on_timer()
  local n = 0
  for i = 1, 50000 do n = n + i end
  state.text = string.rep("x", 200000)
end
return M
`
	if err := os.WriteFile(script, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		bounds ScriptOptions
		errors bool
	}{{ScriptOptions{}, false}, {ScriptOptions{Instructions: 20_000}, true}, {ScriptOptions{StringBytes: 100_000}, true}, {ScriptOptions{StateBytes: 100_000}, true}} {
		var h heard
		sum, err := Run(context.Background(), &Options{Scripts: []string{script}, For: 15 * exchange.Minute, DB: filepath.Join(t.TempDir(), "x.db"), Script: tt.bounds, Log: h.log})
		if err != nil || (sum.Errors > 0 || strings.Contains(h.text(), "state was not saved")) != tt.errors {
			t.Errorf("%+v: %d errors, %v\n%s", tt.bounds, sum.Errors, err, h.text())
			continue
		}
		if res, err := Replay(context.Background(), sum.Journal); err != nil || res.Diff != nil {
			t.Errorf("%+v: replay %+v, %v", tt.bounds, res, err)
		}
	}
	for _, bad := range []ScriptOptions{{Instructions: -1}, {StateBytes: 1 << 30}, {CallbackTime: -1}} {
		o := Options{Scripts: []string{script}, Script: bad}
		if err := o.Validate(); err == nil || !strings.Contains(err.Error(), "Script.") {
			t.Errorf("%+v is taken: %v", bad, err)
		}
	}
}
