package core

import "github.com/perilune/perilune/exchange/intent"

// checkAwake says once when nothing can call a strategy any more: it would look
// as always and never act again.
func (ss *strategies) checkAwake(s *instance) {
	if s.paused != "" || ss.phase.stopping || !ss.phase.running || ss.canWake(s) {
		s.asleep = ""
		return
	}
	if s.asleep != "" {
		return
	}
	s.asleep = "it has no timer, and no handler for a market that it watches or for anything that is under way"
	ss.log(intent.Warn, s.index, "nothing can wake it any more: "+s.asleep)
}

// canWake reports whether something is to come that the strategy has a handler
// for. What only an accident or a person's care brings, such as a halt, does not count; a
// signal does: it is what such a strategy waits for.
func (ss *strategies) canWake(s *instance) bool {
	return len(s.undelivered) > 0 || s.wants[OnSignal] || s.wants[OnTimer] && ss.timers.count(s.index) > 0 ||
		ss.seesMarket(s) || ss.awaitsPast(s) || ss.awaitsNews(s)
}

func (ss *strategies) awaitsPast(s *instance) bool {
	if !s.wants[OnPast] {
		return false
	}
	for i := range ss.markets.list {
		if s.watches[i] && !ss.markets.isPastHere(&ss.markets.list[i]) {
			return true
		}
	}
	return false
}

func (ss *strategies) seesMarket(s *instance) bool {
	if !s.wants[OnBook] && !s.wants[OnTrade] && !s.wants[OnMark] && !s.wants[OnBar] && !s.wants[OnLiquidation] {
		return false
	}
	for _, yes := range s.watches {
		if yes {
			return true
		}
	}
	return false
}

// awaitsNews reports whether orders, positions, pairs, schedules or a question
// of the strategy will be heard of.
func (ss *strategies) awaitsNews(s *instance) bool {
	if s.wants[OnOrder] || s.wants[OnFill] {
		if ss.conditionals.any(s.index) {
			return true
		}
		for _, o := range ss.orders.open {
			if o.Strategy == s.index {
				return true
			}
		}
	}
	if s.wants[OnFunding] {
		for _, in := range ss.u.All() {
			if p, ok := s.pos[in.ID]; ok && in.Perp() && p.qty != 0 {
				return true
			}
		}
	}
	if s.wants[OnPair] {
		for _, m := range ss.pairs.list {
			if m.Pair.Strategy == s.index && !m.Pair.State.Done() {
				return true
			}
		}
	}
	if s.wants[OnSchedule] {
		for _, m := range ss.schedules.list {
			if m.Schedule.Strategy == s.index && !m.Schedule.State.Done() {
				return true
			}
		}
	}
	return s.wants[OnAdvice] && len(s.advice.asked) > 0
}
