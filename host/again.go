package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent/advice"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/loop"
	"github.com/perilune/perilune/ledger/journal"
)

// again is what decides the market and the venue of a session beside what its core
// is made from: with it a session on made-up or recorded data can be run again up to
// where a capped journal begins. A strategy's variables are held by no checkpoint;
// they come back because all that led to them does.
type again struct {
	Market    []string
	Contracts map[string]string `json:",omitempty"`
	History   HistoryOptions
	From      exchange.Time // where the market was opened; 0: its beginning
	For       exchange.Time
	FeeBP     *float64
	Latency   *paper.Latency
	Queue     paper.Queue
	Impact    paper.Impact
	Drawn     uint64 `json:",omitempty"` // see PaperOptions.Seed
	Balances  []paper.Deposit
	NextTrade uint64
}

// again is nil for a session whose market is live or a stream, or whose market or broker is
// the embedding program's own.
func (r *runner) again() (*again, error) {
	if r.o.liveData() || r.o.streamed() || r.account.real() || r.o.Source != nil {
		return nil, nil
	}
	a := &again{Contracts: r.o.Contracts, History: r.o.History, For: r.o.For,
		FeeBP: r.o.Paper.FeeBP, Latency: r.o.Paper.Latency, Queue: r.o.Paper.Queue, Impact: r.o.Paper.Impact, Drawn: r.o.Paper.Seed}
	var err error
	if a.Balances, err = r.openingBalances(); err != nil {
		return nil, err
	}
	if r.record.resume != nil {
		a.From, a.NextTrade = r.record.resume.LastTime+1, r.record.resume.NextTrade
	}
	for _, path := range r.o.Market {
		if !r.o.synthetic() {
			full, err := filepath.Abs(path)
			if err != nil {
				return nil, err
			}
			path = full
		}
		a.Market = append(a.Market, path)
	}
	return a, nil
}

func (a *again) options(s *header) *Options {
	return &Options{Market: a.Market, Contracts: a.Contracts, History: a.History, Seed: s.Seed,
		Paper: PaperOptions{Balances: a.Balances, Leverage: s.Leverage, Latency: a.Latency, Queue: a.Queue, Impact: a.Impact, Seed: a.Drawn, FeeBP: a.FeeBP}}
}

var errReached = errors.New("the checkpoint is reached")

// maker runs the beginning of a session again that its journal lost. It is the
// loop's clock, advisor and recorder.
type maker struct {
	recorder
	ctx     context.Context
	core    *core.Core
	until   uint64         // the first event that is not made again
	outside []outsideEvent // to come
	stop    context.CancelFunc
	dec     journal.EventDecoder
	tracing *Tracing
}

// makeAgain brings a fresh core to a checkpoint, and fails with a *Divergence when
// it is not what was recorded there.
func (s *header) makeAgain(ctx context.Context, c *core.Core, k *checkpoint, t *Tracing) error {
	o := s.Again.options(s)
	m, err := openMarket(ctx, o, s.Again.From)
	if err != nil {
		return fmt.Errorf("what its market was can't be opened again: %w", err)
	}
	defer m.close()
	if err := s.sameInstruments(m); err != nil {
		return err
	}
	on := o.paper()
	venue, err := on.venueOn(c, m.bars, s.Restore, s.Again.NextTrade)
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	g := &maker{recorder: *newRecorder(c.Universe(), nil, nil), ctx: ctx, core: c, until: k.Seq, outside: k.Outside, stop: stop, tracing: t}
	d := &loop.Loop{Core: c, Feed: m.feed, Venue: venue, Recorder: g, Clock: g, Advisor: g, For: s.Again.For}
	if d.Prelude, err = g.prelude(); err != nil {
		return err
	}
	err = d.Run(running)
	if err == nil {
		err = &Divergence{Seq: c.Seq(), Event: "the end of its market", Recorded: fmt.Sprintf("%d events before the checkpoint", k.Seq-1),
			Replayed: fmt.Sprintf("%d events", c.Seq())}
	}
	if !errors.Is(err, errReached) {
		return err
	}
	return g.compare(k)
}

func (s *header) sameInstruments(m *marketData) error {
	same := len(m.instruments) == len(s.Instruments)
	for i := 0; same && i < len(m.instruments); i++ {
		same = m.instruments[i].Key() == s.Instruments[i].Key()
	}
	if !same {
		return fmt.Errorf("what its market was (%s) has other instruments now", s.Market)
	}
	return nil
}

// prelude is what the core heard before its strategies were started: that is
// numbered without a break, up to the start, which is not kept.
func (g *maker) prelude() (out []exchange.Event, err error) {
	for i := range g.outside {
		e := &g.outside[i]
		if e.Interrupt != "" {
			continue
		}
		if e.Seq != uint64(len(out))+1 {
			break
		}
		ev, err := g.decode(e)
		if err != nil {
			return nil, err
		}
		out = append(out, *ev)
	}
	return out, nil
}

func (g *maker) decode(e *outsideEvent) (*exchange.Event, error) {
	ev := &exchange.Event{}
	if err := g.dec.Decode(e.Event, ev); err != nil {
		return nil, fmt.Errorf("checkpoint: event %d: %w", e.Seq, err)
	}
	return ev, nil
}

// due reports whether the next event came from outside.
func (g *maker) due() bool {
	return len(g.outside) > 0 && g.outside[0].Event != nil && g.outside[0].Seq == g.core.Seq()+1
}

// Wait implements loop.Clock. The session's end is the loop's own to make.
func (g *maker) Wait(context.Context, exchange.Time, exchange.Time) (*exchange.Event, error) {
	if !g.due() {
		return nil, nil
	}
	ev, err := g.decode(&g.outside[0])
	if err == nil && ev.Kind == exchange.KindCommand && ev.Name == core.CommandStop {
		g.stop()
		return nil, nil
	}
	return ev, err
}

// Ask implements loop.Advisor: the answers are known.
func (g *maker) Ask(*advice.Question, exchange.Time) {}

// NextTime implements loop.Advisor. It keeps a session from ending that waited for an
// answer; the clock hands it in.
func (g *maker) NextTime() (exchange.Time, bool) {
	if !g.due() || exchange.Kind(g.outside[0].Event[0]) != exchange.KindAdvice {
		return 0, false
	}
	ev, err := g.decode(&g.outside[0])
	if err != nil {
		return 0, false // Wait tells it
	}
	return ev.Time, true
}

// Pop implements loop.Advisor. The clock comes first, so it is not called.
func (g *maker) Pop(*exchange.Event) {}

// Before implements loop.Recorder.
func (g *maker) Before(ev *exchange.Event) error {
	if ev.Seq == g.until {
		return errReached
	}
	if ev.Seq&1023 == 0 && g.ctx.Err() != nil {
		return g.ctx.Err()
	}
	for len(g.outside) > 0 && g.outside[0].Seq <= ev.Seq {
		if g.outside[0].Seq == ev.Seq && g.outside[0].Interrupt != "" {
			g.core.Expect(g.outside[0].Interrupt)
		}
		g.outside = g.outside[1:]
	}
	if g.tracing.made {
		if err := g.tracing.before(g.core, ev, nil); err != nil {
			return err
		}
	}
	return g.recorder.Before(ev)
}

// After implements loop.Recorder.
func (g *maker) After(ev *exchange.Event, fx []core.Effect) error {
	if err := g.recorder.After(ev, fx); err != nil || !g.tracing.made {
		return err
	}
	return g.tracing.after(g.core, ev, fx)
}

// compare holds what was made against what was recorded.
func (g *maker) compare(k *checkpoint) error {
	in, out := g.in.sum(), g.out.sum()
	if in == k.Events && out == k.Outputs && g.effects == k.Effects {
		return nil
	}
	what := "what was made again of the part that the journal lost"
	switch {
	case in != k.Events:
		what += " has other events: its market data, its venue, or a strategy's decision at the venue came out differently"
	default:
		what += " has the same events and other effects"
	}
	return &Divergence{Seq: k.Seq - 1, Event: what,
		Recorded: fmt.Sprintf("%d events %s, %d effects %s", k.Seq-1, k.Events, k.Effects, k.Outputs),
		Replayed: fmt.Sprintf("%d events %s, %d effects %s", k.Seq-1, in, g.effects, out)}
}

// resumeAt brings a core to where a capped journal begins. It reads the checkpoint.
func (s *header) resumeAt(ctx context.Context, c *core.Core, r *journal.Reader, t *Tracing) (*checkpoint, error) {
	first := r.First()
	kind, data, err := r.Next()
	if err != nil {
		return nil, err
	}
	cut := fmt.Sprintf("it begins at record %d, because the cap removed what came before", first)
	if kind != journal.RecordCheckpoint {
		return nil, fmt.Errorf("%s, and has no checkpoint there: it can't be replayed", cut)
	}
	k := &checkpoint{}
	if err := json.Unmarshal(data, k); err != nil {
		return nil, fmt.Errorf("checkpoint at record %d: %w", first, err)
	}
	if k.Lost == "" && s.Again == nil {
		k.Lost = "its header does not tell how"
	}
	if k.Lost != "" {
		return nil, fmt.Errorf("%s, and a replay can't make that again: %s. run --market on it works, from event %d", cut, k.Lost, k.Seq)
	}
	return k, s.makeAgain(ctx, c, k, t)
}
