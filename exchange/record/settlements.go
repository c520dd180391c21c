package record

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/funding"
)

// estimate is what was last said of a perpetual's funding by data that tell no settlement,
// only what the next one will probably be.
type estimate struct {
	mark, index exchange.E8
	rate        exchange.E8   // of the settlement that is due
	due         exchange.Time // 0: not said
	settled     exchange.Time // the settlement before; 0: not seen
	interest    exchange.Lots

	states  bool        // the data say when it is due
	told    exchange.E8 // the rate as the data have it
	accrual funding.Accrual
}

// estimates are those of instruments. Consecutive files share them: a day's last estimate is
// settled in the first rows of the next.
type estimates map[exchange.InstrumentID]*estimate

func (all estimates) of(in *exchange.Instrument) *estimate {
	e := all[in.ID]
	if e == nil {
		e = &estimate{}
		all[in.ID] = e
	}
	return e
}

// settles takes when the next settlement is due. When the one that was due is over, by the
// time at which that is said, it is an event, at what was last known of it.
func (e *estimate) settles(in *exchange.Instrument, next, at exchange.Time) (ev exchange.Event, over bool) {
	was := e.due
	e.due = next
	if was == 0 || next <= was || at < was {
		return ev, false // begun, or the venue has moved the settlement
	}
	e.settled = was
	return exchange.Event{Kind: exchange.KindFunding, Instrument: in.ID, Time: at, VenueTime: was,
		Rate: e.rate, Mark: e.mark, Hours: e.hours(in)}, true
}

// hours is the interval between settlements: as the recording shows it, else the rule.
func (e *estimate) hours(in *exchange.Instrument) int {
	if e.settled != 0 {
		if d := e.due - e.settled; d > 0 && d%exchange.Hour == 0 && d <= 24*exchange.Hour {
			return int(d / exchange.Hour)
		}
	}
	return in.FundingHours
}

// unstated is the rate and the time of the next settlement where the data do not say when it
// is: at full intervals of the rule, and where funding accrues, what it will have come to by
// the end of one.
func (e *estimate) unstated(in *exchange.Instrument, at exchange.Time) (rate exchange.E8, due exchange.Time) {
	switch {
	case in.FundingAccrues:
		e.accrual.Hours = in.FundingHours
		return e.accrual.Rate(at, e.told)
	case in.FundingHours <= 0:
		return e.told, 0
	}
	every := exchange.Time(in.FundingHours) * exchange.Hour
	return e.told, (at/every + 1) * every
}

// marked takes a mark of a venue's own frames, and returns the settlement that it proves.
func (e *estimate) marked(in *exchange.Instrument, ev *exchange.Event, at exchange.Time) (settled exchange.Event, over bool) {
	if ev.NextFunding == 0 || !in.Perp() || in.Dated() {
		return settled, false
	}
	settled, over = e.settles(in, ev.NextFunding, at)
	if ev.Hours > 0 && over {
		settled.Hours = ev.Hours
	}
	e.mark, e.rate = ev.Mark, ev.Rate
	return settled, over
}
