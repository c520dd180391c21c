package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/ledger/journal"
)

// ReplayResult is what a replay found.
type ReplayResult struct {
	// Events and Effects were compared one by one.
	Events  uint64 `json:"events"`
	Effects uint64 `json:"effects"`
	// Made is how many events before them a capped journal had lost, and were made
	// again from the session's market; hashes of them and of their effects were compared.
	Made uint64      `json:"events_made_again,omitempty"`
	Diff *Divergence `json:"divergence,omitempty"`
	// TornBytes is how much of the journal's end a crash left unusable.
	TornBytes int64  `json:"torn_bytes,omitempty"`
	TornFile  string `json:"torn_file,omitempty"`
}

// Divergence is the first effect that came out differently. An empty side means
// that there was nothing.
type Divergence struct {
	Seq      uint64 `json:"seq"`
	Event    string `json:"event"`
	Recorded string `json:"recorded"`
	Replayed string `json:"replayed"`
}

func (d *Divergence) Error() string {
	return fmt.Sprintf("event %d (%s) differs:\n  recorded: %s\n  replayed: %s", d.Seq, d.Event, orNothing(d.Recorded), orNothing(d.Replayed))
}

func orNothing(s string) string {
	if s == "" {
		return "(nothing)"
	}
	return s
}

// ReplayOptions hand a replay what a journal can't hold.
type ReplayOptions struct {
	// Strategies are the session's strategies written in Go, in any order: they are
	// found by name, and by version for those that are Versioned. They must be fresh:
	// a replay calls them as the session did.
	Strategies []core.Strategy
	// Modules and Rules are those of the session, in its order and of its versions.
	Modules []Module
	Rules   []Rule
}

// Versioned is a strategy written in Go that says which version it is. A journal keeps
// it, and a replay with another version is refused.
type Versioned interface{ Version() string }

// Replay is ReplayWith for sessions of scripts alone, whose journals hold all that
// they need.
func Replay(ctx context.Context, dir string) (*ReplayResult, error) {
	return ReplayWith(ctx, dir, ReplayOptions{})
}

// ReplayWith runs the session of a journal again and compares every effect with the
// recorded one. A divergence is not an error: it is in the result.
//
// Of a journal that lost its beginning to a cap, what is lost is made again: the
// same market, venue and clock, with the reloads, commands and answers that the
// journal kept. Where its oldest segment begins, hashes of all events and effects so
// far must be those that were recorded there; from there all are compared as ever.
// What ran on live data can't be made again, and is refused.
func ReplayWith(ctx context.Context, dir string, o ReplayOptions) (*ReplayResult, error) {
	if err := needsContext(ctx, "Replay"); err != nil {
		return nil, err
	}
	if dir == "" {
		return nil, configError("Replay: the directory is empty: want that of a run's journal, as Summary.Journal names it")
	}
	return replay(ctx, dir, o, &Tracing{})
}

func replay(ctx context.Context, dir string, o ReplayOptions, t *Tracing) (*ReplayResult, error) {
	given, err := checkOwn(&Options{Strategies: o.Strategies, Modules: o.Modules, Rules: o.Rules})
	if err != nil {
		return nil, err
	}
	borrowed, err := given.borrowAll(nil)
	if err != nil {
		return nil, err
	}
	defer borrowed.giveBack()
	res := &ReplayResult{}
	err = rerun(ctx, dir, res, given, t)
	var diff *Divergence
	if errors.As(err, &diff) {
		res.Diff = diff
		return res, nil
	}
	return res, err
}

// rerun steps a fresh core through a journal. It stops with a *Divergence at
// the first effect that differs. given is what its program had of its own; t looks on.
func rerun(ctx context.Context, dir string, res *ReplayResult, given *own, t *Tracing) (err error) {
	r, err := journal.Open(dir)
	if err != nil {
		return &LedgerError{err}
	}
	defer r.Close()
	s, err := decodeHeader(r.Header())
	if err != nil {
		return &LedgerError{fmt.Errorf("%s: %w", dir, err)}
	}
	for i := range s.Strategies {
		s.Strategies[i].probe, s.Strategies[i].raised = t.Probe, t.Raised
	}
	c, err := s.newCore(nil, given, nil, nil)
	if err != nil {
		return fmt.Errorf("%s: the session can't be built again: %w", dir, err)
	}
	defer func() {
		core.CloseStrategies(c)
		err = given.noted().joined(err)
	}()
	if t.Built != nil {
		t.Built(c)
	}
	p := &replayer{core: c, tracing: t, res: res}
	if r.First() > 0 {
		k, err := s.resumeAt(ctx, c, r, t)
		if err != nil {
			return fmt.Errorf("journal %s: %w", dir, err)
		}
		res.Made = k.Seq - 1
	}
	err = p.run(ctx, r)
	if t.Ended != nil {
		t.Ended(c, err)
	}
	res.TornBytes, res.TornFile = r.Torn()
	return err
}

// replayer holds the effects of the last event until the record has matched
// them all.
type replayer struct {
	core    *core.Core
	tracing *Tracing
	res     *ReplayResult

	dec     journal.EventDecoder
	ev      exchange.Event
	fx      []core.Effect
	matched int
	line    []byte
	stepped bool

	pending bool     // an event that was read and waits for its recorded effects
	lines   [][]byte // of those
}

func (p *replayer) run(ctx context.Context, r *journal.Reader) error {
	for n := 0; ; n++ {
		if n&4095 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		kind, data, err := r.Next()
		if errors.Is(err, io.EOF) {
			if err := p.flush(); err != nil {
				return err
			}
			return p.end(r.Sealed())
		}
		if err != nil {
			return err
		}
		switch kind {
		case journal.RecordEvent:
			err = p.event(data)
		case journal.RecordEffect:
			p.lines = append(p.lines, slices.Clone(data))
		}
		if err != nil {
			return err
		}
	}
}

func (p *replayer) event(data []byte) error {
	if err := p.flush(); err != nil {
		return err
	}
	if err := p.settle(); err != nil {
		return err
	}
	p.pending, p.lines = true, p.lines[:0]
	if err := p.dec.Decode(data, &p.ev); err != nil {
		return fmt.Errorf("journal: event %d: %w", p.res.Made+p.res.Events+1, err)
	}
	return nil
}

// flush steps the event that was read last. Its recorded effects are known by
// then, and among them what a clock decided.
func (p *replayer) flush() error {
	if !p.pending {
		return nil
	}
	p.pending = false
	for _, line := range p.lines {
		p.core.Expect(string(line))
	}
	p.fx, p.matched, p.stepped = p.fx[:0], 0, true
	if err := p.tracing.before(p.core, &p.ev, p.lines); err != nil {
		return err
	}
	p.core.Step(&p.ev, &p.fx)
	p.res.Events++
	for _, line := range p.lines {
		if err := p.effect(line); err != nil {
			return err
		}
	}
	return nil
}

func (p *replayer) effect(data []byte) error {
	if p.matched >= len(p.fx) {
		return p.differs(string(data), "")
	}
	p.line = p.fx[p.matched].Append(p.line[:0], p.core.Universe())
	if string(p.line) != string(data) {
		return p.differs(string(data), string(p.line))
	}
	p.matched++
	p.res.Effects++
	return nil
}

// settle closes the last event: everything it led to must have been recorded.
func (p *replayer) settle() error {
	if !p.stepped {
		return nil
	}
	if p.matched < len(p.fx) {
		p.line = p.fx[p.matched].Append(p.line[:0], p.core.Universe())
		return p.differs("", string(p.line))
	}
	return p.tracing.after(p.core, &p.ev, p.fx)
}

// end closes the journal. After a crash the last event's effects may not have
// reached the disk; that is not a difference. The event itself happened.
func (p *replayer) end(sealed bool) error {
	if sealed || !p.stepped {
		return p.settle()
	}
	return p.tracing.after(p.core, &p.ev, p.fx)
}

func (p *replayer) differs(recorded, replayed string) error {
	return &Divergence{Seq: p.ev.Seq, Event: p.ev.Kind.String(), Recorded: recorded, Replayed: replayed}
}

// headerOf reads the header of a journal.
func headerOf(dir string) (*header, error) {
	r, err := journal.Open(dir)
	if err != nil {
		return nil, &LedgerError{err}
	}
	defer r.Close()
	s, err := decodeHeader(r.Header())
	if err != nil {
		return nil, &LedgerError{fmt.Errorf("%s: %w", dir, err)}
	}
	return s, nil
}
