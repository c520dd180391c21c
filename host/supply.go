package host

import (
	"fmt"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/script"
)

// supply is what a market can give strategies, as far as it is known before the
// first event.
type supply struct {
	// Bars are the lengths of the bars that the market brings itself, by instrument.
	Bars map[string]exchange.Time `json:",omitempty"`
	// BarsOnly: it is made of bars, and has no trades to build finer ones of.
	BarsOnly bool `json:",omitempty"`
	// Past: it tells what was traded in the days before, when it is asked.
	Past bool `json:",omitempty"`
	// PastComes: what strategies look back on is told instrument by instrument.
	PastComes bool `json:",omitempty"`
	// Scans: its venues can be asked what all their perpetuals pay.
	Scans bool `json:",omitempty"`

	silent []exchange.Venue // of contracts, whose live data tell of nobody's liquidations
}

// journalled is what is left of it in a session's journal that begins at a record. There is no
// venue to ask. The past that was told comes where it was told; of a journal that lost its
// beginning nothing says whose that was, so nobody waits for any.
func (s *supply) journalled(first uint64) {
	s.Past, s.Scans = false, false
	s.PastComes = s.PastComes && first == 0
}

func (s *supply) bars(in *exchange.Instrument) exchange.Time { return s.Bars[in.Key()] }

// possible refuses lengths of bars that can't be had of an instrument that the
// strategy watches; of any, when it names none.
func (s *supply) possible(u *exchange.Universe, watched []exchange.InstrumentID, lengths []exchange.Time) error {
	if !s.BarsOnly {
		return nil
	}
	if len(watched) == 0 {
		for _, in := range u.All() {
			watched = append(watched, in.ID)
		}
	}
	for _, id := range watched {
		in := u.Get(id)
		fed := s.bars(in)
		if fed == 0 {
			continue
		}
		for i, length := range lengths {
			if length%fed != 0 {
				return fmt.Errorf("bars[%d]: %s can't be made of the %s bars of %s, and this market has no trades: declare %s",
					i+1, exchange.BarLength(length), exchange.BarLength(fed), in.Key(), multiples(fed))
			}
		}
	}
	return nil
}

// multiples names lengths that bars can be put together to.
func multiples(fed exchange.Time) string {
	var out []string
	for _, n := range []exchange.Time{1, 2, 4, 8, 24} {
		if l := n * fed; exchange.CheckBarLength(l) == nil && len(out) < 3 {
			out = append(out, fmt.Sprintf("%q", exchange.BarLength(l)))
		}
	}
	if len(out) == 0 {
		return "none"
	}
	return "whole multiples of that, such as " + strings.Join(out, ", ")
}

// supplied checks that the market has what a version of a script needs.
func (s *luaStrategy) supplied(vm *script.VM) error {
	watched, err := vm.Instruments(s.universe)
	if err != nil {
		return err
	}
	if err := s.supply.possible(s.universe, watched, vm.Bars()); err != nil {
		return vm.BarsError(err)
	}
	return nil
}

// Bars implements core.BarUser.
func (s *luaStrategy) Bars() []exchange.Time { return s.vm.Bars() }

// WarmUp implements core.Warmer.
func (s *luaStrategy) WarmUp() []core.BarNeed { return s.vm.WarmUp() }

// UsesBars implements core.BarUser.
func (s *luaStrategy) UsesBars() bool { return s.vm.UsesBars() }
