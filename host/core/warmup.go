package core

import (
	"fmt"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/risk"
)

// BarNeed is how many finished bars of a length an instrument has to have before a strategy
// opens anything in it; length 0 is the one that the strategy means when it says none.
type BarNeed struct {
	Length exchange.Time
	Bars   int
}

func (n BarNeed) String() string {
	if n.Length == 0 {
		return fmt.Sprintf("%d bars", n.Bars)
	}
	return fmt.Sprintf("%d bars of %s", n.Bars, exchange.BarLength(n.Length))
}

// Warmer is a Strategy that says which bars it needs first.
type Warmer interface{ WarmUp() []BarNeed }

// warmth is what of a strategy's warm-up is over, by instrument.
type warmth struct {
	needs []BarNeed
	warm  []bool
	left  int  // watched instruments that are not warm yet
	said  bool // it was said what is missing
}

// installWarmUp takes what a strategy says of its warm-up into its instance.
func (s *instance) installWarmUp(u *exchange.Universe) {
	s.warmth = warmth{}
	if w, ok := s.Strategy.(Warmer); ok {
		s.needs = w.WarmUp()
	}
	if len(s.needs) > 0 {
		s.warm = make([]bool, u.Len())
		for _, watched := range s.watches {
			if watched {
				s.left++
			}
		}
	}
}

// lacks says which bars an instrument lacks before the strategy may open there; "": none.
func (s *instance) lacks(m *market) string {
	if len(s.needs) == 0 || s.warm[m.in.ID] {
		return ""
	}
	for _, n := range s.needs {
		length := n.Length
		if length == 0 {
			length = s.lengthOf(m)
		}
		if have := len(m.list(length)); have < n.Bars {
			return fmt.Sprintf("%s has %d of %d bars of %s", m.in.Key(), have, n.Bars, exchange.BarLength(length))
		}
	}
	s.warm[m.in.ID] = true
	if s.watches[m.in.ID] {
		s.left--
	}
	return ""
}

// warmUp says of each strategy with a warm-up what is missing when it starts, and once when
// nothing is any more.
func (bb *barBuilder) warmUp() {
	for _, s := range bb.strategies.list {
		if len(s.needs) == 0 || s.said && s.left == 0 {
			continue
		}
		waits := ""
		for i := range bb.markets.list {
			if s.watches[i] {
				if why := s.lacks(&bb.markets.list[i]); why != "" && waits == "" {
					waits = why
				}
			}
		}
		switch {
		case s.left == 0:
			bb.log(intent.Info, s.index, "warm: "+s.needText()+" are there; orders that open pass")
			s.said = true
		case !s.said:
			bb.log(intent.Info, s.index, fmt.Sprintf("warming up: %d of the instruments that it watches wait for %s, until which nothing is opened in them: %s", s.left, s.needText(), waits))
			s.said = true
		}
	}
}

func (s *instance) needText() string {
	var parts []string
	for _, n := range s.needs {
		parts = append(parts, n.String())
	}
	return strings.Join(parts, " and ")
}

// passesWarmUp refuses an order that opens where bars of the warm-up are missing. What a pair
// or a schedule needs, which was begun before, passes.
func (en *orderEntry) passesWarmUp(o *exchange.Order) error {
	if o.Pair != 0 || o.Schedule != 0 || en.reducesOwn(o) {
		return nil
	}
	if why := cold(en.latches.strategies, o.Strategy, o.Instrument); why != "" {
		return &risk.Denied{Rule: "warm-up", Detail: why}
	}
	return nil
}

// cold says which bars a strategy waits for before it opens in an instrument.
func cold(ss *strategies, strategy int32, id exchange.InstrumentID) string {
	if strategy < 0 || int(strategy) >= len(ss.list) {
		return ""
	}
	return ss.list[strategy].lacks(&ss.markets.list[id])
}
