package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/control"
	"github.com/perilune/perilune/ledger"
)

// holder is a script that holds a small long position, and counts minutes.
func holder(tick, more string) string {
	return strings.NewReplacer("TICK", tick, "MORE", more).Replace(`
local M = { name = "edit", universe = { "usdm:BTCUSDT" } }
local S = "usdm:BTCUSDT"
function M.on_start() state.n = state.n or 0 timer.every("tick", "1m") end
function M.on_timer()
  state.n = state.n + 1
  if state.n % 10 == 0 then log.info("at " .. state.n) end
  local book = market.book(S)
  if book:ready() and account.position(S).qty == 0 then order.buy(S, 0.05, book:ask(1) * 1.001, { tif = "ioc" }) end
  TICK
end
MORE
return M
`)
}

// Versions that fail or behave otherwise than what runs are refused before they are swapped in; what is
// forced, or fails later, goes back by itself; and all of it stands where versions are kept.
func TestPreflight(t *testing.T) {
	opened := make(chan *Session, 1)
	e := edit(t, holder("", ""), func(o *Options) {
		o.Preflight = PreflightOptions{Mode: PreflightEnforce, Probation: exchange.Hour}
		o.Opened = func(s *Session) func() { opened <- s; return nil }
	})
	s := <-opened
	e.wait("at 20")

	const refused = "its preflight refused it, and v1 keeps running"
	flood := holder(`for i = 1, 100 do order.buy(S, 0.01, book:bid(1) * 0.99) end`, "")
	for _, bad := range []struct{ name, source, why string }{
		{"an error", holder("local x = nil + 1", ""), "edit.lua:10: "},
		{"a loop", holder("while true do end", ""), "edit.lua:10: instruction budget exhausted"},
		{"a flood", flood, "orders and cancels in a minute"},
		{"a flip", holder(`if account.position(S).qty > 0 then order.sell(S, 0.1, book:bid(1) * 0.999, { tif = "ioc" }) end`, ""), "short"},
		{"what the gate denies", holder(`order.buy(S, 0.05, book:ask(1) * 2)`, ""), "risk: price collar"},
		{"a loop at load", holder("", "while true do end"), "edit.lua:12: "},
	} {
		e.save(bad.source)
		if l := e.wait(refused); !strings.Contains(l, bad.why) {
			t.Errorf("%s: said %q, want it to say %q", bad.name, l, bad.why)
		}
	}
	ctx := context.Background()
	desk := s.Desk()
	list, err := desk.Strategies(ctx)
	if err != nil || len(list) != 1 || !strings.Contains(list[0].Refused, refused) {
		t.Errorf("the desk says %+v, %v", list, err)
	}

	// Who asks for a reload is told; who forces it has it, until it is caught by what it does.
	e.save(flood)
	e.wait(refused)
	var why *RefusedError
	if err := s.Reload(ctx, "edit"); !errors.As(err, &why) || !strings.Contains(why.Why, "orders and cancels in a minute") {
		t.Errorf("Reload: %v", err)
	}
	if err := desk.Reload(ctx, control.Who{Door: "socket", Name: "ann"}, control.ReloadArgs{Strategy: "edit", Force: true}); err != nil {
		t.Errorf("forced: %v", err)
	}
	e.wait("ROLLING BACK edit.lua from v2 to v1: the gate denied 3 of its orders")
	e.wait("rolled back to v1, which is v3 now")

	// A bomb that goes off after what it is tried on.
	e.save(holder(`if state.bomb and state.n > state.bomb then error("late") end`, "function M.on_reload() state.bomb = state.n + 30 end"))
	e.wait("reloaded edit.lua v4 in")
	e.wait("ROLLING BACK edit.lua from v4 to v3: an error 3")
	e.wait("rolled back to v3, which is v5 now")

	sum := e.finish()
	e.checkReplay(sum)
	if sum.Reloads != 4 || sum.ReloadsRefused != 7 {
		t.Errorf("%d reloads, %d refused; want 4, 7", sum.Reloads, sum.ReloadsRefused)
	}
	db, err := ledger.Open(ledger.Options{Path: e.db, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Versions(ledger.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range rows {
		if v.Outcome == "refused" {
			if !strings.HasPrefix(v.Problem, "preflight: ") || v.Took <= 0 || len(v.Sources) == 0 {
				t.Errorf("row %+v", v)
			}
			continue
		}
		got = append(got, fmt.Sprintf("%s v%d by %q", v.Outcome, v.Version, v.By))
	}
	want := `loaded v1 by "", loaded v2 by "socket ann", rollback v3 by "probation", loaded v4 by "", rollback v5 by "probation"`
	if strings.Join(got, ", ") != want {
		t.Errorf("versions\n%s\nwant\n%s", strings.Join(got, ", "), want)
	}
	if len(rows) != 5+8 || !strings.Contains(rows[9].Why, "forced past its preflight, which said: ") {
		t.Errorf("%d rows, the forced one %+v", len(rows), rows[9].Why)
	}
}

// On paper what speaks against a version is told, failing tests first, and it is swapped in.
func TestPreflightWarns(t *testing.T) {
	e := edit(t, holder("", ""), func(o *Options) {
		o.Preflight.Tests = func(_ context.Context, script string) ([]string, error) {
			return []string{"edit_test.lua:3: test \"holds\" of " + filepath.Base(script)}, nil
		}
	})
	e.wait("at 20")
	e.save(holder("local x = nil + 1", ""))
	if l := e.wait("edit.lua:10: cannot perform add"); !strings.Contains(l, `edit_test.lua:3: test "holds" of edit.lua`) {
		t.Errorf("said %q, and nothing of its tests", l)
	}
	e.wait("reloaded edit.lua v2 in")
	e.wait("with --preflight enforce it would go back to v1")
	e.finish()
}

func TestPreflightConfig(t *testing.T) {
	for text, want := range map[string]string{
		"[preflight]\nmode = \"enforce\"\nminutes = 5\nflood_min = 100\nprobation_minutes = 0": "",
		"[preflight]\nmode = \"enforced\"":    `did you mean "enforce"`,
		"[preflight]\nminutes = -1":           "minutes = -1: want 0.1 to 1440",
		"[preflight]\nflood_factor = 0.5":     "flood_factor = 0.5: want 1 to",
		"[preflight]\nprobation_minutes = -2": "probation_minutes = -2",
	} {
		path := filepath.Join(t.TempDir(), "c.toml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		o := &Options{}
		err := o.LoadConfig(path)
		if want == "" {
			if p := o.Preflight; err != nil || p.Mode != PreflightEnforce || p.Span != 5*exchange.Minute || p.Limits.FloodMin != 100 || p.Probation >= 0 {
				t.Errorf("%q: %v, %+v", text, err, p)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// Tests that do not come to an end are given up; none are begun beside them, and those of later versions
// run once they have ended.
func TestPreflightGivesTestsUp(t *testing.T) {
	end := make(chan struct{})
	p := &preflight{testedWithin: time.Millisecond}
	p.ctx, p.quit = context.WithCancel(context.Background())
	defer p.quit()
	p.Tests = func(context.Context, string) ([]string, error) { <-end; return nil, nil }
	if _, err := p.tested("t.lua"); err == nil || !strings.Contains(err.Error(), "were given up") {
		t.Error(err)
	}
	if _, err := p.tested("t.lua"); err == nil || !strings.Contains(err.Error(), "still run") {
		t.Error(err)
	}
	close(end)
	for p.testing.Load() {
		time.Sleep(time.Millisecond)
	}
	p.testedWithin = time.Minute
	if failed, err := p.tested("t.lua"); err != nil || failed != nil {
		t.Error(failed, err)
	}
	p.Tests = func(context.Context, string) ([]string, error) { panic("ours") }
	if _, err := p.tested("t.lua"); err == nil || !strings.Contains(err.Error(), "ours") {
		t.Error(err)
	}
}
