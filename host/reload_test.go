package host

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/script"
	"github.com/perilune/perilune/ledger"
	"github.com/perilune/perilune/ledger/journal"
)

// patience is how long a test waits for something that always comes.
const patience = time.Minute

// editor is a running session whose script is being edited.
type editor struct {
	t      *testing.T
	script string
	db     string
	stop   context.CancelFunc
	ended  chan struct{}
	sum    *Summary
	err    error

	mu    sync.Mutex
	lines []string
	more  chan struct{} // capacity 1: lines grew
	read  int
}

// edit starts a session on the built-in market, an hour of it a second, and
// watches the script.
func edit(t *testing.T, source string, change ...func(*Options)) *editor {
	t.Helper()
	dir := t.TempDir()
	e := &editor{t: t, script: filepath.Join(dir, "edit.lua"), db: filepath.Join(dir, "edit.db"), ended: make(chan struct{}), more: make(chan struct{}, 1)}
	e.save(source)
	ctx, cancel := context.WithCancel(context.Background())
	e.stop = cancel
	o := &Options{Scripts: []string{e.script}, DB: e.db, Watch: true, Speed: 3600, Log: e.log}
	for _, c := range change {
		c(o)
	}
	go func() {
		defer close(e.ended)
		e.sum, e.err = Run(ctx, o)
	}()
	t.Cleanup(func() { cancel(); <-e.ended })
	return e
}

func (e *editor) log(l Line) {
	e.mu.Lock()
	e.lines = append(e.lines, l.Strategy+": "+l.Text)
	e.mu.Unlock()
	select {
	case e.more <- struct{}{}:
	default:
	}
}

// save writes the file as careful editors do.
func (e *editor) save(source string) {
	e.t.Helper()
	tmp := e.script + "~"
	if err := os.WriteFile(tmp, []byte(source), 0o644); err != nil {
		e.t.Fatal(err)
	}
	if err := os.Rename(tmp, e.script); err != nil {
		e.t.Fatal(err)
	}
}

// wait returns the next line that contains a text.
func (e *editor) wait(text string) string {
	e.t.Helper()
	timeout := time.After(patience)
	for {
		e.mu.Lock()
		for ; e.read < len(e.lines); e.read++ {
			if l := e.lines[e.read]; strings.Contains(l, text) {
				e.read++
				e.mu.Unlock()
				return l
			}
		}
		e.mu.Unlock()
		select {
		case <-e.more:
		case <-e.ended:
			e.t.Fatalf("the session ended (%v) before it said %q; it said\n%s", e.err, text, strings.Join(e.lines, "\n"))
		case <-timeout:
			e.t.Fatalf("nobody said %q; said was\n%s", text, strings.Join(e.lines, "\n"))
		}
	}
}

// finish ends the session, as Ctrl-C does.
func (e *editor) finish() *Summary {
	e.t.Helper()
	e.stop()
	<-e.ended
	if e.err != nil || e.sum == nil {
		e.t.Fatal(e.err)
	}
	return e.sum
}

// lua is a script that counts in its state and says how far it is.
func lua(name, doc string) string {
	return strings.NewReplacer("NAME", name, "DOC", doc).Replace(`
local M = { name = "edit", universe = { "spot:BTCUSDT", "usdm:BTCUSDT" } }
M.params = { step = { default = 1, min = 1, max = 100 } }
function M.on_start() state.n, state.trail = 0, "" timer.every("tick", "1m") end
function M.on_timer()
  state.n = state.n + params.step
  if state.n % 10 < params.step then log.info("NAME at " .. state.n) end
end
DOC
return M
`)
}

// Saves that load, and saves that do not, land in the middle of a session. What
// runs goes on until something better loads, the state goes along, every refusal
// says where and why, and the whole session replays to the same effects.
func TestEditingARunningSession(t *testing.T) {
	e := edit(t, lua("v1", ""))
	e.wait("v1 at 20")

	e.save(lua("v2", "M.version = 7"))
	if l := e.wait("reloaded"); !regexp.MustCompile(`^: reloaded edit\.lua v2 in \d+\.\d ms, after a preflight of \d+ ms$`).MatchString(l) {
		t.Errorf("said %q", l)
	}
	e.wait("v2 at")

	for _, bad := range []struct{ name, source, where, why string }{
		{"syntax", strings.Replace(lua("v3", ""), "local M = {", "local M = = {", 1), "edit.lua:2:", "was not reloaded: v2 keeps running"},
		{"top level", lua("v3", "error('boom at load')"), "edit.lua:9:", "boom at load"},
		{"on_reload", lua("v3", "function M.on_reload(s, from) s.trail = s.trail .. 'never' local x = nil + 1 end"), "edit.lua:9:", "was not reloaded: v2 keeps running"},
		{"name", strings.Replace(lua("v3", ""), `"edit"`, `"other"`, 1), "edit.lua", `from "edit" to "other"`},
		{"symbol", strings.Replace(lua("v3", ""), "usdm:BTCUSDT", "usdm:BTCUSTD", 1), "usdm:BTCUSTD", `did you mean "usdm:BTCUSDT"`},
		{"bomb at load", lua("v3", "while true do end"), "edit.lua:9:", "was not reloaded: v2 keeps running"},
		{"bomb in on_reload", lua("v3", "function M.on_reload() while true do end end"), "edit.lua:9:", "was not reloaded: v2 keeps running"},
		{"memory bomb", lua("v3", "local s = 'x' while true do s = s .. s end"), "edit.lua:9:", "was not reloaded: v2 keeps running"},
	} {
		e.save(bad.source)
		l := e.wait("was not reloaded: v2 keeps running")
		if !strings.Contains(l, bad.where) || !strings.Contains(l, bad.why) {
			t.Errorf("%s: said %q, want it to name %q and %q", bad.name, l, bad.where, bad.why)
		}
		if (bad.name == "syntax" || bad.name == "on_reload") && !strings.Contains(l, "^") {
			t.Errorf("%s: %q has no caret", bad.name, l)
		}
		e.wait("v2 at") // and it does
	}

	// A state that is migrated, and a parameter whose default changes.
	good := strings.Replace(lua("v3", "function M.on_reload(s, from) s.trail = s.trail .. 'from ' .. from end"), "default = 1", "default = 5", 1)
	e.save(good)
	e.wait("reloaded edit.lua v3 in")
	e.wait("v3 at")

	sum := e.finish()
	if sum.Reloads != 2 || sum.ReloadsRefused != 8 || sum.Errors != 0 || len(sum.Paused) > 0 {
		t.Errorf("%d reloads, %d refused, %d errors, paused %v; want 2, 8, 0, none", sum.Reloads, sum.ReloadsRefused, sum.Errors, sum.Paused)
	}
	e.checkState("from 7", sum)
	e.checkVersions("loaded 1", "loaded 2", "loaded 3")
	e.checkReplay(sum)
}

// checkState: the counter went on over every reload, and the trail shows which
// migrations ran.
func (e *editor) checkState(trail string, sum *Summary) {
	e.t.Helper()
	db, err := ledger.Open(ledger.Options{Path: e.db, ReadOnly: true})
	if err != nil {
		e.t.Fatal(err)
	}
	defer db.Close()
	snap, err := db.Restore(sum.Session)
	if err != nil || len(snap.States) != 1 {
		e.t.Fatalf("states %+v, %v", snap, err)
	}
	var state struct {
		N     int
		Trail string
	}
	if err := json.Unmarshal([]byte(snap.States[0].JSON), &state); err != nil {
		e.t.Fatal(err)
	}
	if minutes := int(sum.Days * 24 * 60); state.Trail != trail || state.N < minutes {
		e.t.Errorf("state %s after %d minutes; want a count of all of them and the trail %q", snap.States[0].JSON, minutes, trail)
	}
}

// checkVersions wants these versions in the ledger as loaded, with their source.
func (e *editor) checkVersions(want ...string) {
	e.t.Helper()
	db, err := ledger.Open(ledger.Options{Path: e.db, ReadOnly: true})
	if err != nil {
		e.t.Fatal(err)
	}
	defer db.Close()
	list, err := db.Versions(ledger.Filter{})
	if err != nil {
		e.t.Fatal(err)
	}
	var loaded []string
	for _, v := range list {
		if v.Outcome == "loaded" {
			loaded = append(loaded, "loaded "+string(rune('0'+v.Version)))
			if len(v.Sources) != 1 || !strings.Contains(v.Sources[0].Text, "on_timer") {
				e.t.Errorf("version %d is kept without its source", v.Version)
			}
		} else if v.Problem == "" {
			e.t.Errorf("a version was %s and nobody knows why", v.Outcome)
		}
	}
	if got := strings.Join(loaded, ", "); got != strings.Join(want, ", ") {
		e.t.Errorf("versions %s, want %s", got, strings.Join(want, ", "))
	}
}

func (e *editor) checkReplay(sum *Summary) {
	e.t.Helper()
	res, err := Replay(context.Background(), sum.Journal)
	if err != nil {
		e.t.Fatal(err)
	}
	if res.Diff != nil {
		e.t.Errorf("the replay differs: %v", res.Diff)
	}
	if res.Events != sum.Events || res.Effects != sum.Effects {
		e.t.Errorf("replayed %d events and %d effects of %d and %d", res.Events, res.Effects, sum.Events, sum.Effects)
	}
}

// Editors that truncate first show an empty file and then a prefix of the new
// one, both of which are valid Lua. Neither is taken for a new version.
func TestHalfWrittenSaves(t *testing.T) {
	e := edit(t, lua("v1", ""))
	e.wait("v1 at")
	whole := lua("v2", "")
	for _, part := range []string{"", whole[:12], whole[:len(whole)/2]} {
		if err := os.WriteFile(e.script, []byte(part), 0o644); err != nil {
			t.Fatal(err)
		}
		e.wait("v1 at")
	}
	if err := os.WriteFile(e.script, []byte(whole), 0o644); err != nil {
		t.Fatal(err)
	}
	e.wait("reloaded edit.lua v2 in")
	e.wait("v2 at")
	// Deleted, it goes on; restored, there is nothing to do.
	if err := os.Remove(e.script); err != nil {
		t.Fatal(err)
	}
	e.wait("is gone: v2 keeps running")
	e.save(whole)
	e.wait("is again what runs: v2")
	sum := e.finish()
	if sum.Reloads != 1 {
		t.Errorf("%d reloads, want 1", sum.Reloads)
	}
	e.checkState("", sum)
	e.checkReplay(sum)
}

// A script that fails again and again is paused, and saving a mended one is all
// it takes to go on, with the state of before.
func TestAPausedStrategyIsMendedByASave(t *testing.T) {
	for name, fault := range map[string]string{
		"error": "error('broken')",
		"bomb":  "while true do end",
	} {
		t.Run(name, func(t *testing.T) {
			e := edit(t, lua("v1", ""))
			e.wait("v1 at 20")
			e.save(lua("v2", "function M.on_timer() state.n = state.n + 1000 "+fault+" end"))
			e.wait("reloaded edit.lua v2 in")
			e.wait("paused: 3 errors in a row")
			e.save(lua("v3", ""))
			e.wait("reloaded edit.lua v3 in")
			e.wait("v3 at")
			sum := e.finish()
			if len(sum.Paused) > 0 || sum.Errors != 3 {
				t.Errorf("paused %v, %d errors; want none, 3", sum.Paused, sum.Errors)
			}
			e.checkReplay(sum)
			db, err := ledger.Open(ledger.Options{Path: e.db, ReadOnly: true})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			snap, err := db.Restore(sum.Session)
			if err != nil {
				t.Fatal(err)
			}
			var state struct{ N int }
			if err := json.Unmarshal([]byte(snap.States[0].JSON), &state); err != nil || state.N < 20 {
				t.Errorf("state %s, %v; the count of v1 is lost", snap.States[0].JSON, err)
			}
		})
	}
}

// rewrite copies a journal, with one effect changed.
func rewrite(t *testing.T, dir string, change func(kind byte, data []byte) []byte) string {
	t.Helper()
	r, err := journal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	out := filepath.Join(t.TempDir(), "copy")
	w, err := journal.Create(out, r.Header(), journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for {
		kind, data, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if data = change(kind, append([]byte{}, data...)); data == nil {
			continue
		}
		if err := w.Append(kind, data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out
}

// A replay that comes out differently says where, what was recorded and what
// came now, whether an effect was changed, dropped or made up.
func TestADivergenceIsFound(t *testing.T) {
	sum, err := Run(context.Background(), &Options{Scripts: []string{busyScript}, DB: filepath.Join(t.TempDir(), "d.db"), For: exchange.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if sum.Fills < 20 {
		t.Fatalf("only %d fills", sum.Fills)
	}
	for _, tt := range []struct {
		name               string
		change             func(fill string) string // of the tenth fill; "" drops it
		recorded, replayed string
	}{
		{"as it was", func(s string) string { return s }, "", ""},
		{"a digit changed", func(s string) string { return strings.Replace(s, " qty=", " qty=9", 1) }, " qty=9", "fill strategy=0"},
		{"an effect dropped", func(string) string { return "" }, "", "fill strategy=0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := 0
			dir := rewrite(t, sum.Journal, func(kind byte, data []byte) []byte {
				if kind != journal.RecordEffect || !strings.HasPrefix(string(data), "fill ") {
					return data
				}
				if n++; n != 10 {
					return data
				}
				if s := tt.change(string(data)); s != "" {
					return []byte(s)
				}
				return nil
			})
			res, err := Replay(context.Background(), dir)
			if err != nil {
				t.Fatal(err)
			}
			if tt.replayed == "" {
				if res.Diff != nil {
					t.Errorf("a copy differs: %v", res.Diff)
				}
				return
			}
			d := res.Diff
			if d == nil || d.Event != "fill" || d.Seq == 0 || !strings.Contains(d.Recorded, tt.recorded) || !strings.Contains(d.Replayed, tt.replayed) {
				t.Fatalf("found %+v; want recorded %q, replayed %q", d, tt.recorded, tt.replayed)
			}
			if text := d.Error(); !strings.Contains(text, "recorded: ") || !strings.Contains(text, "replayed: ") {
				t.Errorf("says %q", text)
			}
		})
	}
}

// Everything about a run can be had again from its journal alone: the script may
// have changed since.
func TestAReplayNeedsOnlyTheJournal(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "busy.lua")
	raw, err := os.ReadFile(busyScript)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(script, raw, 0o644); err != nil {
		t.Fatal(err)
	}
	sum, err := Run(context.Background(), &Options{Scripts: []string{script}, DB: filepath.Join(dir, "r.db"), For: exchange.Hour,
		Set: map[string]string{"every": "20"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"busy.lua", "r.db"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	res, err := Replay(context.Background(), sum.Journal)
	if err != nil || res.Diff != nil || res.Events != sum.Events || res.Effects != sum.Effects {
		t.Errorf("%+v, %v; want %d events and %d effects, the same", res, err, sum.Events, sum.Effects)
	}
}

// Who asks how a strategy is hears of a save that did not even compile until one does.
func TestARefusedSaveIsToldUntilABetterOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "edit.lua")
	save := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	save(lua("v1", ""))
	_, _, program, err := loadForWatch(path)
	if err != nil {
		t.Fatal(err)
	}
	said, posted := make(chan Line, 1), make(chan *exchange.Event, 1)
	w, err := watchScripts([]loaded{{path: path, program: program.(*script.Program)}}, func(l Line) { said <- l }, func(ev *exchange.Event) { posted <- ev }, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	save(strings.Replace(lua("v2", ""), "local M = {", "local M = = {", 1))
	<-said
	if why := w.refused(0); !strings.Contains(why, "edit.lua:2:") {
		t.Errorf("refused for %q, want the line of the mistake", why)
	}
	save(lua("v3", ""))
	<-posted
	if why := w.refused(0); why != "" {
		t.Errorf("refused for %q after a save that compiles", why)
	}
}
