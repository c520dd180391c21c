package core

import (
	"errors"
	"fmt"

	"github.com/perilune/perilune/exchange/intent"
)

// Evaluation is what code came to.
type Evaluation struct {
	Values []string // what it returned, as people read them
	Output string   // what it logged, when it was only to read
}

// Evaluator is a Strategy that code can be run in.
type Evaluator interface {
	// Evaluate runs an expression or statements in the strategy's globals. With write it is
	// a callback like others; without, the port is one of Examine.
	Evaluate(p *Port, code string, write bool) (Evaluation, error)
}

var errNoEvaluation = errors.New("code can be evaluated in scripts only")

// Evaluated is what the code of the last command came to.
func (ss *strategies) Evaluated() Evaluation { return ss.evaluated }

// evaluate runs code as a callback of a strategy: what it asks for is done once it has
// returned, and not at all after an error, which is the command's and no strike.
func (c steering) evaluate(s *instance, code string) {
	c.evaluated = Evaluation{}
	able, ok := s.Strategy.(Evaluator)
	if !ok {
		c.commandErr = fmt.Errorf("%s: %w", s.Name(), errNoEvaluation)
		return
	}
	s.port.reset()
	s.port.handler = OnSignal
	err := c.strategies.repeat(s, true)
	if err == nil {
		c.cfg.Where.call(s.index, OnSignal)
		if c.evaluated, err = able.Evaluate(s.port, code, true); err != nil {
			c.strategies.noteInterrupt(s, err)
		}
		c.cfg.Where.Enter(StageStep)
	}
	if err == nil {
		err = s.port.refused
	}
	s.dirty, s.due = true, true
	if err == nil {
		c.commit(s)
		return
	}
	s.port.reset()
	c.commandErr, c.evaluated = err, Evaluation{}
	if err := c.strategies.mend(s); err != nil {
		c.strategies.pause(s, "could not be restarted: "+err.Error())
	}
}

// Examine runs code in a strategy between two events, to read only: what would change
// something fails. It is no event, and leaves no trace in what the core does later.
func (ss *strategies) Examine(strategy int, code string) (Evaluation, error) {
	s := ss.list[strategy]
	able, ok := s.Strategy.(Evaluator)
	if !ok {
		return Evaluation{}, fmt.Errorf("%s: %w", s.Name(), errNoEvaluation)
	}
	s.port.reset()
	ss.reading = &reading{}
	defer func() {
		ss.reading = nil
		s.port.reset()
	}()
	out, err := able.Evaluate(s.port, code, false)
	if err == nil {
		err = s.port.refused
	}
	out.Output = ss.reading.output
	return out, err
}

// reading is the memory of an Examine.
type reading struct{ output string }

const mostOutput = 16 << 10

// line keeps what would be a line of the log.
func (r *reading) line(level intent.Level, text string) {
	if len(r.output) >= mostOutput {
		return
	}
	if level != intent.Info {
		text = level.String() + ": " + text
	}
	if r.output += text + "\n"; len(r.output) > mostOutput {
		r.output = r.output[:mostOutput] + "…"
	}
}

// Asked is how many things the callback has asked for so far.
func (p *Port) Asked() int { return len(p.staged) }
