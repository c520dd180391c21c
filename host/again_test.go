package host

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/host/advisor"
	"github.com/perilune/perilune/host/advisor/advisortest"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/loop"
	"github.com/perilune/perilune/host/script"
	"github.com/perilune/perilune/ledger"
	"github.com/perilune/perilune/ledger/journal"
)

// smallCap is four segments, each of some ten minutes of the built-in market.
const smallCap = 512 << 10

// capped runs a session whose journal loses its beginning.
func capped(t *testing.T, change func(*Options)) *Summary {
	t.Helper()
	o := &Options{Scripts: []string{busyScript}, DB: filepath.Join(t.TempDir(), "c.db"), For: exchange.Hour, JournalCap: smallCap}
	if change != nil {
		change(o)
	}
	sum, err := Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	lostBeginning(t, sum.Journal, o.JournalCap)
	return sum
}

// lostBeginning wants a journal that begins late and holds to its cap.
func lostBeginning(t *testing.T, dir string, limit int64) {
	t.Helper()
	r, err := journal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	files, err := filepath.Glob(filepath.Join(dir, "*.plj"))
	if err != nil || r.First() == 0 {
		t.Fatalf("%d segments, from record %d on (%v); want the first to be gone", len(files), r.First(), err)
	}
	total := int64(0)
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if total > limit {
		t.Errorf("%d bytes, want at most %d", total, limit)
	}
}

// same replays a journal and wants all of it, what was lost included.
func same(t *testing.T, sum *Summary) *ReplayResult {
	t.Helper()
	res, err := Replay(context.Background(), sum.Journal)
	if err != nil || res.Diff != nil {
		t.Fatalf("%+v, %v", res, err)
	}
	if res.Made == 0 || res.Events == 0 || res.Made+res.Events != sum.Events {
		t.Errorf("%d events made again and %d compared, want both, and %d together", res.Made, res.Events, sum.Events)
	}
	return res
}

// What a cap removed of a session on the built-in market is made again, whatever
// the account and the venue are like.
func TestACappedJournalReplays(t *testing.T) {
	latency := ConstLatency(0)
	fee := 2.5
	for name, change := range map[string]func(*Options){
		"plain":   nil,
		"at once": func(o *Options) { o.Paper.Latency = &latency },
		"another account": func(o *Options) {
			o.Seed, o.Paper.FeeBP, o.Paper.Leverage, o.Paper.Queue.Model = 5, &fee, 2, "log"
			d, _ := ParseDeposit("spot:USDT=900000")
			u, _ := ParseDeposit("usdm:USDT=700000")
			o.Paper.Balances = append(o.Paper.Balances, d, u)
		},
		"two strategies": func(o *Options) { o.Scripts = append(o.Scripts, "testdata/taker.lua") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			same(t, capped(t, change))
		})
	}
}

// intruder hands in events from outside when the core is at certain events.
type intruder struct {
	loop.Clock
	core *core.Core
	list []*exchange.Event // Seq: not before this event
}

func (g *intruder) Wait(ctx context.Context, now, next exchange.Time) (*exchange.Event, error) {
	if len(g.list) > 0 && g.core.Seq()+1 >= g.list[0].Seq {
		ev := g.list[0]
		g.list = g.list[1:]
		ev.Instrument, ev.Time = exchange.NoInstrument, now
		return ev, nil
	}
	return g.Clock.Wait(ctx, now, next)
}

const asking = `local M = { name = "asking", universe = { "usdm:BTCUSDT", "spot:BTCUSDT" } }
function M.on_start() state.n = 0 timer.every("ask", "5m") timer.every("t", "40s") end
local seen = 0
function M.on_timer(name)
  if name == "t" then seen = seen + VERSION state.n = state.n + seen chart.plot("n", state.n) return end
  ai.ask { question = "?", schema = { action = { "hedge" }, ratio = { min = 0, max = 1 } } }
end
function M.on_advice(a)
  seen = seen + 100
  local book = market.book("spot:BTCUSDT")
  if book:ready() then order.buy("spot:BTCUSDT", 30 / book:ask(1), book:ask(1), { tif = "ioc" }) end
end
return M
`

// What came from outside in the lost part (a save, a save that is refused, commands,
// the answers of an advisor, a callback that the clock ended) comes again.
func TestWhatCameFromOutsideIsInTheCheckpoint(t *testing.T) {
	server := advisortest.New(advisortest.Answer(`{"action":"hedge","ratio":0.25}`))
	defer server.Close()
	source := func(version string) string { return strings.ReplaceAll(asking, "VERSION", version) }
	path := scriptFile(t, source("1"))
	slow := scriptFile(t, `local M = { name = "slow", universe = { "spot:BTCUSDT" } }
function M.on_start() timer.after("t", "90s") end
function M.on_timer() local a, b = ("x"):rep(1e6), ("x"):rep(1e6) while a == b do end end
return M`)
	o := &Options{Scripts: []string{path, busyScript, slow}, DB: filepath.Join(t.TempDir(), "o.db"), For: 2 * exchange.Hour, JournalCap: smallCap,
		Advisor: &AdvisorOptions{Config: advisor.Config{BaseURL: server.URL, Model: "test", Key: sign.NewSecret("k")}},
		Script:  ScriptOptions{CallbackTime: 150 * time.Millisecond}}
	r := openWith(t, o)
	reload := func(seq uint64, text string) *exchange.Event {
		sources := []exchange.Source{{Path: path, Text: text}}
		return &exchange.Event{Seq: seq, Kind: exchange.KindReload, Reload: &exchange.Reload{Path: path, Sources: sources, Hash: script.Hash(sources)}}
	}
	r.loop.Clock = &intruder{Clock: r.loop.Clock, core: r.core, list: []*exchange.Event{
		reload(3000, source("3")), reload(4000, "local M = = {}"),
		{Seq: 5000, Kind: exchange.KindCommand, Name: core.CommandHalt, Reason: "by hand"},
		{Seq: 7000, Kind: exchange.KindCommand, Name: core.CommandResume},
	}}
	sum, err := r.finish(context.Background(), r.loop.Run(context.Background()))
	if err != nil || sum.Reloads != 1 || sum.ReloadsRefused != 1 || sum.Errors == 0 || len(server.Seen()) < 10 {
		t.Fatalf("%+v, %v; want a save, one that was refused, answers and a callback that was ended", sum, err)
	}
	lostBeginning(t, sum.Journal, smallCap)
	asked := len(server.Seen())
	if res := same(t, sum); res.Made < 8000 {
		t.Errorf("only %d events were lost: what came from outside is not among them", res.Made)
	}
	if n := len(server.Seen()); n != asked {
		t.Errorf("the replay asked %d times", n-asked)
	}
}

// More from outside than a checkpoint keeps, or a market that was live, is no reason
// to replay something else: the reason is told.
func TestTooMuchFromOutsideIsSaid(t *testing.T) {
	k := newCheckpoints(true, smallCap, nil)
	big := make([]byte, 50<<10)
	for seq := uint64(1); seq <= 3; seq++ {
		k.note(&exchange.Event{Seq: seq, Kind: exchange.KindReload}, big)
	}
	if k.outside != nil || !strings.Contains(k.lost, "up to event 3") || !strings.Contains(k.lost, "--journal-cap off") {
		t.Errorf("kept %d, says %q", len(k.outside), k.lost)
	}
}

// A journal whose lost part can't be made again says why, and what it is good for.
func TestACutJournalThatCantBeMadeAgain(t *testing.T) {
	live := newCheckpoints(false, smallCap, nil).lost
	sum := capped(t, nil)
	dir := rewriteCapped(t, sum.Journal, func(kind byte, s string) string {
		if kind != journal.RecordCheckpoint {
			return s
		}
		return strings.TrimSuffix(s, "}") + `,"Lost":"` + strings.ReplaceAll(live, `"`, `\"`) + `"}`
	})
	_, err := Replay(context.Background(), dir)
	if err == nil || !strings.Contains(err.Error(), "its market was live") || !strings.Contains(err.Error(), "run --market") {
		t.Errorf("%v", err)
	}
}

// A session that went on with another one, and one that was stopped by hand, are
// made again like any other.
func TestACappedJournalOfAResumedSession(t *testing.T) {
	db := filepath.Join(t.TempDir(), "r.db")
	first := capped(t, func(o *Options) { o.DB = db })
	// The header, which tells what it went on from, is long and in every segment.
	second := capped(t, func(o *Options) { o.DB, o.JournalCap = db, 3*smallCap })
	if !second.Resumed {
		t.Fatal("the second run is a session of its own")
	}
	same(t, first)
	same(t, second)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	o := &Options{Scripts: []string{busyScript}, DB: db, JournalCap: 3 * smallCap, StatusEvery: time.Millisecond}
	o.Status = func(s Status) {
		if s.Events > 50_000 {
			cancel()
		}
	}
	third, err := Run(ctx, o)
	if err != nil || third.EndedBy != "stop" {
		t.Fatalf("%+v, %v", third, err)
	}
	lostBeginning(t, third.Journal, o.JournalCap)
	same(t, third)
}

// A byte that changed in what is left is named with its file; an effect that was
// rewritten is a difference, and so is a checkpoint that tells of another past.
func TestACappedJournalThatWasChanged(t *testing.T) {
	sum := capped(t, nil)
	files, err := filepath.Glob(filepath.Join(sum.Journal, "*.plj"))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(files[1])
	if err != nil {
		t.Fatal(err)
	}
	changed := append([]byte{}, raw...)
	changed[len(changed)/2] ^= 1
	if err := os.WriteFile(files[1], changed, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = Replay(context.Background(), sum.Journal)
	var corrupt *journal.CorruptError
	if !errors.As(err, &corrupt) || corrupt.Path != files[1] {
		t.Errorf("%v; want %s to be named", err, files[1])
	}
	if err := os.WriteFile(files[1], raw, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(kind byte, data string) string{
		"effect": func(kind byte, s string) string {
			if kind == journal.RecordEffect && strings.HasPrefix(s, "fill ") {
				return strings.Replace(s, " qty=", " qty=9", 1)
			}
			return s
		},
		"checkpoint": func(kind byte, s string) string {
			if kind == journal.RecordCheckpoint {
				return strings.Replace(s, `"Outputs":"`, `"Outputs":"0`, 1)
			}
			return s
		},
	} {
		dir := rewriteCapped(t, sum.Journal, change)
		res, err := Replay(context.Background(), dir)
		if err != nil || res.Diff == nil {
			t.Errorf("%s: %+v, %v; want a difference", name, res, err)
		}
	}
}

// rewriteCapped copies a journal that lost its beginning with records changed.
func rewriteCapped(t *testing.T, dir string, change func(kind byte, data string) string) string {
	t.Helper()
	r, err := journal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	out := filepath.Join(t.TempDir(), "copy")
	w, err := journal.Create(out, r.Header(), journal.Options{MaxBytes: 1 << 40, Checkpoints: true})
	if err != nil {
		t.Fatal(err)
	}
	// A segment that is removed again stands for what was lost.
	if err := errors.Join(w.Append(9, nil), w.Rotate()); err != nil {
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
		if err := w.Append(kind, []byte(change(kind, string(data)))); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(out, "0000000000000000.plj")); err != nil {
		t.Fatal(err)
	}
	return out
}

// A run that was killed under a cap is completed from what is left of its journal,
// and the session goes on.
func TestAKillUnderACap(t *testing.T) {
	path := filepath.Join(t.TempDir(), "k.db")
	o := &Options{Scripts: []string{busyScript}, DB: path, For: 2 * exchange.Hour, JournalCap: smallCap}
	r := openWith(t, o)
	r.loop.Recorder = &stopper{r.record.rec, nil, func(ev *exchange.Event) bool { return ev.Seq > 30_000 && ev.Kind == exchange.KindFill }}
	if _, err := r.finish(context.Background(), r.loop.Run(context.Background())); !errors.Is(err, errStopped) {
		t.Fatal(err)
	}
	r.close()
	lostBeginning(t, r.record.dir, smallCap)
	var said []string
	again := &Options{Scripts: []string{busyScript}, DB: path, For: exchange.Hour, JournalCap: smallCap,
		Log: func(l Line) { said = append(said, l.Text) }}
	sum, err := Run(context.Background(), again)
	if err != nil || !sum.Resumed {
		t.Fatalf("%+v, %v", sum, err)
	}
	if text := strings.Join(said, "\n"); !strings.Contains(text, "rows recovered from its journal") {
		t.Errorf("nothing was recovered:\n%s", text)
	}
	db, err := ledger.Open(ledger.Options{Path: path, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Verify(context.Background()); err != nil {
		t.Error(err)
	}
	checkMoney(t, db)
	checkPairs(t, db)
}

// A journal that lost its beginning is a market like any other: all its books are
// whole before anything moves, and the run on it replays.
func TestACappedJournalAsAMarket(t *testing.T) {
	sum := capped(t, nil)
	m, err := openMarket(context.Background(), &Options{Market: []string{sum.Journal}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	u, err := exchange.NewUniverse(m.instruments)
	if err != nil {
		t.Fatal(err)
	}
	books, marks := map[exchange.InstrumentID]*book.Book{}, 0
	var ev exchange.Event
	for err := m.feed.Next(&ev); ; err = m.feed.Next(&ev) {
		if err != nil {
			t.Fatal(err)
		}
		if ev.Seq != 0 { // the journal's own events
			break
		}
		switch ev.Kind {
		case exchange.KindSnapshot:
			b := book.New(u.Get(ev.Instrument))
			if books[ev.Instrument] = b; !b.Apply(&ev) || !b.Ready() {
				t.Errorf("%s: %s", u.Get(ev.Instrument).Key(), b.Reason())
			}
		case exchange.KindMark:
			marks++
		}
	}
	if len(books) != u.Len() || marks == 0 {
		t.Errorf("%d books of %d instruments, %d marks", len(books), u.Len(), marks)
	}
	for n := 0; n < 5000; n++ {
		if ev.Kind == exchange.KindDiff && !books[ev.Instrument].Apply(&ev) {
			t.Fatalf("%s: a diff does not follow: %s", u.Get(ev.Instrument).Key(), books[ev.Instrument].Reason())
		}
		if err := m.feed.Next(&ev); err != nil {
			break
		}
	}
	on, err := Run(context.Background(), &Options{Scripts: []string{"testdata/taker.lua"}, Market: []string{sum.Journal}, DB: filepath.Join(t.TempDir(), "m.db")})
	if err != nil || on.Events == 0 {
		t.Fatalf("%+v, %v", on, err)
	}
	if res, err := Replay(context.Background(), on.Journal); err != nil || res.Diff != nil {
		t.Errorf("%+v, %v", res, err)
	}
}

// The built-in market has no end, so its journal has a cap unless it is lifted.
func TestTheBuiltInMarketHasACap(t *testing.T) {
	for _, tt := range []struct {
		market string
		cap    int64
		want   int64
	}{{"synth", 0, 512 << 20}, {"synth", -1, -1}, {"synth", 5, 5}, {"somewhere", 0, 0}} {
		o := &Options{Scripts: []string{busyScript}, Market: []string{tt.market}, JournalCap: tt.cap}
		if err := o.Validate(); err != nil || o.JournalCap != tt.want {
			t.Errorf("%s, %d: %d, %v; want %d", tt.market, tt.cap, o.JournalCap, err, tt.want)
		}
	}
}
