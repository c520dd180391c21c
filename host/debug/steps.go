package debug

import "github.com/perilune/perilune/host/script"

// Continue goes on until a breakpoint or an error stops it, or the journal ends.
func (s *Session) Continue() (Stop, error) { return s.forward(nil) }

// forward goes on until a breakpoint, an error or a line that step wants stops it.
func (s *Session) forward(step func(*replay) bool) (Stop, error) {
	var why Reason
	stop := func(hit bool, reason Reason) bool {
		if hit {
			why = reason
		}
		return hit
	}
	a := aim{
		event:  func(r *replay) bool { return stop(s.Points.atEvent(r, false), AtEvent) },
		raised: func(r *replay) bool { return stop(s.Points.atError(r), AtException) },
		line: func(r *replay) bool {
			return stop(s.Points.atLine(r, false), AtBreakpoint) || stop(step != nil && step(r), AtStep)
		},
	}
	if s.cur.ended {
		return s.atEnd()
	}
	return s.run(a, func() Stop {
		st := Stop{Reason: why}
		switch why {
		case AtException:
			st.Text = s.cur.raise.Message
		case AtBreakpoint, AtEvent:
			st.Points = s.Points.hit
		}
		if why == AtEvent {
			st.Text = s.cur.eventText()
		}
		return st
	})
}

// here is where a step begins.
type here struct {
	event       uint64
	depth, line int
	source      int
	strategy    string // "": any, as while its script is loaded
}

func (s *Session) here() here {
	h := here{event: s.cur.at.Event, depth: -1}
	if vm := s.vm(); vm != nil {
		p := s.cur.place
		h.depth, h.line, h.source, h.strategy = p.Depth, p.Line, p.Source, vm.Name()
	}
	return h
}

// same reports whether a line is of the strategy in which a step began.
func (h *here) same(vm *script.VM) bool { return h.strategy == "" || vm.Name() == h.strategy }

// Next goes to the next line of this function or of what called it.
func (s *Session) Next() (Stop, error) {
	h := s.here()
	return s.forward(func(r *replay) bool {
		p := r.place
		if !h.same(p.VM) {
			return false
		}
		if h.depth < 0 || r.at.Event != h.event || p.Depth < h.depth {
			return true
		}
		return p.Depth == h.depth && (p.Line != h.line || p.Source != h.source)
	})
}

// StepIn goes to the next line, also of a function that is called.
func (s *Session) StepIn() (Stop, error) {
	h := s.here()
	return s.forward(func(r *replay) bool {
		p := r.place
		return h.same(p.VM) && (r.at.Event != h.event || p.Depth != h.depth || p.Line != h.line || p.Source != h.source)
	})
}

// StepOut goes to what called this function, or to the next callback.
func (s *Session) StepOut() (Stop, error) {
	h := s.here()
	return s.forward(func(r *replay) bool {
		return h.same(r.place.VM) && (h.depth < 0 || r.at.Event != h.event || r.place.Depth < h.depth)
	})
}

// StepBack goes to the line before of this function or of what called it, or to the last
// line of the callback before.
func (s *Session) StepBack() (Stop, error) {
	r, h := s.cur, s.here()
	last := r.at.Line - 1
	if r.at.Raised {
		last = r.at.Line
		h.line = 0 // the line that failed is where it came from
	}
	for i := last; i > 0; i-- {
		l := r.lines[i-1]
		if !h.same(l.vm) || l.depth > h.depth || l.depth == h.depth && l.line == h.line && l.source == h.source {
			continue
		}
		return s.back(Position{Event: r.at.Event, Line: i})
	}
	v, ok := r.lastVisit()
	if !ok {
		return s.back(Position{Event: 1})
	}
	return s.back(Position{Event: v.event, Line: v.lines})
}

func (s *Session) back(p Position) (Stop, error) {
	if p.Event <= 1 && p.Line == 0 {
		st, err := s.Goto(p)
		st.Reason = AtEntry
		return st, err
	}
	st, err := s.Goto(p)
	if st.Reason == AtGoto {
		st.Reason = AtStep
	}
	return st, err
}

// ReverseContinue goes back to the last place before this one at which Continue would have
// stopped, whatever its hits count, or to the journal's beginning.
func (s *Session) ReverseContinue() (Stop, error) {
	end := s.cur.at
	for {
		began, hit, found, why := s.search(end)
		switch {
		case why == AtPause:
			return s.Goto(began)
		case found:
			st, err := s.Goto(hit.Position)
			if err == nil && st.Reason == AtGoto {
				st.Reason, st.Text, st.Points = hit.Reason, hit.Text, hit.Points
			}
			return st, err
		case began.Event <= 1:
			return s.back(Position{Event: 1})
		}
		end = began
	}
}

// search runs from a parked replay before a position to it, and returns where that began and
// the last place on the way that a breakpoint or an error would stop at.
func (s *Session) search(end Position) (began Position, hit Stop, found bool, why Reason) {
	event := end.Event
	if end.Line == 0 {
		event = max(1, event) - 1
	}
	r := s.pool.take(event, &s.hurry)
	s.calm()
	began = r.at
	note := func(r *replay, yes bool, reason Reason) {
		if yes && r.at.Compare(end) < 0 {
			hit, found = Stop{Position: r.at, Reason: reason}, true
			if reason == AtException {
				hit.Text = r.raise.Message
			} else {
				hit.Points = s.Points.hit
			}
		}
	}
	over := func(r *replay) bool { return r.at.Compare(end) >= 0 }
	if r.began {
		note(r, s.Points.atEvent(r, true), AtEvent)
	}
	r.run(aim{
		event: func(r *replay) bool {
			note(r, s.Points.atEvent(r, true), AtEvent)
			return over(r)
		},
		line: func(r *replay) bool {
			note(r, s.Points.atLine(r, true), AtBreakpoint)
			return over(r)
		},
		raised: func(r *replay) bool {
			note(r, s.Points.atError(r), AtException)
			return over(r)
		},
	})
	if s.hurry.Swap(false) {
		why = AtPause
	}
	s.retire(r)
	return began, hit, found, why
}
