package record

import (
	"fmt"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// keepHoles is how many holes of one instrument and kind are described; all are
// counted.
const keepHoles = 5

// Hole is a stretch of time in which a history lacks what it has before and after.
type Hole struct {
	Instrument string `json:"instrument"` // its key
	Kind       string `json:"kind"`       // bars, marks or settlements
	From       string `json:"from"`       // when the first one that is missing opens or settles
	To         string `json:"to"`         // when the next one that is there does
	Count      int64  `json:"count"`
}

// span is a hole in one file.
type span struct {
	from, to exchange.Time
	n        int64
}

// lack is the holes of one file in the time that is played, oldest first.
type lack struct {
	key, kind string
	spans     []span
}

// spans lists the holes between bars that close in [from, to).
func (s *series) spans(from, to exchange.Time) (out []span) {
	for i := 1; i < len(s.bars); i++ {
		out = s.span(out, s.bars[i-1].open+s.interval, s.bars[i].open, from, to)
	}
	return out
}

// within lists the holes of a series that goes with another one: what it lacks
// before its first bar and after its last is missing too.
func (s *series) within(o *series, from, to exchange.Time) (out []span) {
	out = s.span(out, o.bars[0].open, s.bars[0].open, from, to)
	out = append(out, s.spans(from, to)...)
	return s.span(out, s.close(len(s.bars)-1), o.close(len(o.bars)-1), from, to)
}

// span adds the bars that are due and not there until at.
func (s *series) span(out []span, due, at, from, to exchange.Time) []span {
	if at <= due || at+s.interval <= from || due+s.interval >= to {
		return out
	}
	if due+s.interval < from { // a hole that begins before the time does
		due += (from - due - 1) / s.interval * s.interval
	}
	end := min(at, to-s.interval)
	if n := int64((end - due) / s.interval); n > 0 {
		out = append(out, span{due, at, n})
	}
	return out
}

// fundingSpans lists the holes between settlements, and those before and after
// them while the perpetual had bars. A settlement at the end of the last bar is of
// the next day.
func fundingSpans(list []settlement, bars *series, from, to exchange.Time) (out []span) {
	if len(list) == 0 {
		return nil
	}
	first, last := list[0], list[len(list)-1]
	every := hoursOf(first)
	if n := (first.at - bars.bars[0].open - 1) / every; n > 0 {
		out = settling(out, first.at-n*every, first.at, every, from, to)
	}
	for i := 1; i < len(list); i++ {
		every := hoursOf(list[i])
		out = settling(out, list[i-1].at+every, list[i].at, every, from, to)
	}
	every = hoursOf(last)
	if end := bars.close(len(bars.bars) - 1); end > last.at+every {
		out = settling(out, last.at+every, last.at+(end-last.at-1)/every*every+every, every, from, to)
	}
	return out
}

func hoursOf(s settlement) exchange.Time { return exchange.Time(s.hours) * exchange.Hour }

// settling adds the settlements that are due and not there until at.
func settling(out []span, due, at, every, from, to exchange.Time) []span {
	if at <= from || due >= to {
		return out
	}
	if due < from {
		due += (from - due + every - 1) / every * every
	}
	if n := int64((min(at, to) - due) / every); n > 0 {
		out = append(out, span{due, at, n})
	}
	return out
}

// moments counts something that befell an instrument, and keeps the first times.
type moments struct {
	key   string
	times []exchange.Time
	n     int64
}

// trouble is a kind of moments.
type trouble uint8

const (
	badMark trouble = iota
	agedMark
	thinBar
	troubles
)

// befall notes that something happened to an instrument now.
func (h *history) befall(what trouble, in *exchange.Instrument) {
	key := in.Key()
	list := h.befell[what]
	for i := range list {
		if list[i].key == key {
			list[i].n++
			if len(list[i].times) < keepHoles {
				list[i].times = append(list[i].times, h.now)
			}
			return
		}
	}
	h.befell[what] = append(list, moments{key: key, times: []exchange.Time{h.now}, n: 1})
}

// report adds up what the history lacked so far: a hole that lies beyond the last
// event was not played.
func (h *history) report() *HistoryStats {
	s := h.stats
	s.Holes, s.Ended, s.notes = nil, nil, nil
	for _, l := range h.lacks {
		s.lack(l, h.now)
	}
	for _, l := range h.legs {
		if end, over := h.ended(l); over {
			s.Ended = append(s.Ended, Ended{l.in.Key(), minute(end)})
		}
	}
	for what, text := range [troubles]string{
		badMark:  "marks were over 3 %% away from the price of their moment, at %s",
		agedMark: "settlements were priced at an earlier mark, because there is none of their moment: %s",
		thinBar:  "bars without volume, or of which a share is less than a lot: nothing filled after them until the next bar, at %s",
	} {
		for _, m := range h.befell[what] {
			s.notes = append(s.notes, fmt.Sprintf("%s: %d "+text, m.key, m.n, listed(m.times, m.n)))
		}
	}
	return &s
}

// lack adds the holes of one file up to now.
func (s *HistoryStats) lack(l lack, now exchange.Time) {
	var n, places int64
	var first []string
	for _, x := range l.spans {
		if x.from >= now {
			break
		}
		n, places = n+x.n, places+1
		if places <= keepHoles {
			s.Holes = append(s.Holes, Hole{l.key, l.kind, minute(x.from), minute(x.to), x.n})
			first = append(first, fmt.Sprintf("%s to %s (%d)", minute(x.from), minute(x.to), x.n))
		}
	}
	if n == 0 {
		return
	}
	*map[string]*int64{"bars": &s.BarHoles, "marks": &s.MarkHoles, "settlements": &s.FundingHoles}[l.kind] += n
	s.notes = append(s.notes, fmt.Sprintf("%s: %d %s are missing: %s%s", l.key, n, l.kind, strings.Join(first, ", "), andMore(places-keepHoles)))
}

// add joins the counts of another history.
func (s *HistoryStats) add(o *HistoryStats) {
	for to, from := range map[*int64]int64{ // order does not matter: into sums
		&s.BadMarks: o.BadMarks, &s.MarkFromBar: o.MarkFromBar, &s.FundingMarks: o.FundingMarks, &s.Unpriced: o.Unpriced,
		&s.FundingMoved: o.FundingMoved, &s.FundingHoles: o.FundingHoles, &s.BarHoles: o.BarHoles, &s.MarkHoles: o.MarkHoles,
		&s.NoFunding: o.NoFunding, &s.NoMark: o.NoMark,
	} {
		*to += from
	}
	s.Holes, s.Ended, s.notes = append(s.Holes, o.Holes...), append(s.Ended, o.Ended...), append(s.notes, o.notes...)
}

// Ended is an instrument whose data end before those of others do.
type Ended struct {
	Instrument string `json:"instrument"` // its key
	At         string `json:"at"`
}

func (s *Stats) ended() []Ended {
	if s.History == nil {
		return s.Ended
	}
	return append(s.Ended[:len(s.Ended):len(s.Ended)], s.History.Ended...)
}

// EndedKeys lists the instruments whose data ended before those of others.
func (s *Stats) EndedKeys() (keys []string) {
	for _, e := range s.ended() {
		keys = append(keys, e.Instrument)
	}
	return keys
}

func minute(t exchange.Time) string { return t.UTC().Format("2006-01-02 15:04") }

func listed(times []exchange.Time, n int64) string {
	var list []string
	for _, t := range times {
		list = append(list, minute(t))
	}
	return strings.Join(list, ", ") + andMore(n-int64(len(times)))
}

func andMore(n int64) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(" and %d more", n)
}

// keepTroubles is how many sentences Troubles has.
const keepTroubles = 60

// Troubles says in sentences what was wrong with the data that were played; there
// are none when they were whole. Places are named with file and line or with dates
// in UTC, the first few of each kind.
func (s *Stats) Troubles() (out []string) {
	say := func(n int64, format string) {
		if n > 0 {
			out = append(out, fmt.Sprintf(format, n))
		}
	}
	say(s.Malformed, "%d rows or lines could not be read and were left out")
	say(s.Sorted, "%d files had rows that were not in order of time: they were sorted")
	say(s.Repeated, "%d rows repeated another one and were dropped")
	say(s.Clamped, "%d events had a time that ran back: it was set forward")
	say(s.Unknown, "%d messages were of a symbol that the beginning of the recording does not have, and were left out")
	for _, p := range s.Problems {
		out = append(out, p.String())
	}
	if h := s.History; h != nil {
		out = append(out, h.notes...)
	}
	for _, e := range s.ended() {
		out = append(out, fmt.Sprintf("%s: its data end at %s: nothing fills there after that, and what is held counts at its last price", e.Instrument, e.At))
	}
	if n := len(out) - keepTroubles; n > 0 {
		out = append(out[:keepTroubles], fmt.Sprintf("and %d more of this kind", n))
	}
	return out
}
