package twin

import (
	"fmt"
	"slices"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
)

// judge decides which feed is active.
type judge struct {
	active, prefer int
	since          exchange.Time    // when the active one became it
	bad            [2]exchange.Time // since when each is; 0: it is not
	good           exchange.Time    // since when the preferred one is
	turns          []exchange.Time  // of the last hour
	count          int
	stuck          bool // it was told that there were too many changes
	day            exchange.Time
}

// look compares the feeds and changes the active one where that is due.
func (m *Market) look(now exchange.Time) {
	var why [2]string
	for feed := range why {
		why[feed] = m.fault(feed, now)
	}
	halter, _ := m.feeds[own].(connect.Halter)
	for _, p := range m.pairs {
		if p == nil {
			continue
		}
		trades := m.o.Alone && halter != nil && !halter.Halted(p.ids[own])
		p.mu.Lock()
		anew := p.halted && trades // no book of the venue's says so
		p.halted = p.halted && !anew
		p.compare()
		shadow := 1 - p.active
		ask := (shadow == other || !p.halted) && p.sides[shadow].wants(now)
		p.mu.Unlock()
		if ask {
			m.feeds[shadow].Snapshot(p.ids[shadow])
		}
		if anew {
			m.feeds[other].Snapshot(p.ids[other])
		}
	}
	m.mu.Lock()
	to, reason := m.judge.decide(why, now, &m.o.Rules)
	from := m.judge.active
	stuck := false
	if to != from {
		if stuck = !m.judge.may(now, m.o.Rules.Switches); !stuck {
			m.judge.turned(to, now)
		}
	}
	tell := stuck && !m.judge.stuck
	m.judge.stuck = stuck
	daily := m.judge.day != 0 && now/exchange.Day != m.judge.day
	m.judge.day = now / exchange.Day
	m.mu.Unlock()
	switch {
	case tell:
		m.o.Notice(fmt.Sprintf("the books stay those of the %s, though %s: there were %d changes within the hour", names[from], reason, m.o.Rules.Switches))
	case to != from && !stuck:
		m.turn(to, reason)
		m.o.Notice(fmt.Sprintf("the books come from the %s now, and no more from the %s: %s", names[to], names[from], reason))
	}
	if daily {
		c := m.Comparison()
		m.o.Notice("a day of two feeds: " + c.String())
	}
}

// decide says which feed should be active, and why.
func (j *judge) decide(why [2]string, now exchange.Time, r *Rules) (to int, reason string) {
	for feed := range why {
		switch {
		case why[feed] == "":
			j.bad[feed] = 0
		case j.bad[feed] == 0:
			j.bad[feed] = now
		}
	}
	if why[j.prefer] != "" {
		j.good = 0
	} else if j.good == 0 {
		j.good = now
	}
	standby := 1 - j.active
	switch {
	case why[j.active] != "" && now-j.bad[j.active] >= exchange.Time(r.Bad) && why[standby] == "":
		return standby, why[j.active]
	case j.active != j.prefer && j.good != 0 && now-j.good >= exchange.Time(r.Back):
		return j.prefer, fmt.Sprintf("it was good for %s", time.Duration(now-j.good).Round(time.Second))
	}
	return j.active, ""
}

// may reports whether another change is within the bound.
func (j *judge) may(now exchange.Time, most int) bool {
	j.turns = slices.DeleteFunc(j.turns, func(at exchange.Time) bool { return now-at > exchange.Hour })
	return len(j.turns) < most
}

func (j *judge) turned(to int, now exchange.Time) {
	j.active, j.since, j.good = to, now, 0
	j.turns = append(j.turns, now)
	j.count++
}

// settling is how long after the beginning a feed without books is not called bad.
const settling = 10 * exchange.Second

// fault says what is wrong with a feed; "": nothing.
func (m *Market) fault(feed int, now exchange.Time) string {
	total, stale, gaps := 0, 0, 0
	var lags []exchange.Time
	for _, p := range m.pairs {
		if p == nil {
			continue
		}
		p.mu.Lock()
		if p.halted { // which says nothing of either feed
			p.mu.Unlock()
			continue
		}
		total++
		if p.stale(feed, now, exchange.Time(m.o.Rules.Stale)) {
			stale++
		}
		gaps += p.sides[feed].recentGaps(now)
		lags = append(lags, p.recent[feed].list[:min(p.recent[feed].n, len(p.recent[feed].list))]...)
		p.mu.Unlock()
	}
	m.mu.Lock()
	begun := now-m.judge.since < settling && m.judge.count == 0
	m.mu.Unlock()
	slices.Sort(lags)
	switch {
	case total == 0 || begun:
		return ""
	case 2*stale > total:
		return fmt.Sprintf("%d of %d books of the %s are stale", stale, total, names[feed])
	case gaps >= m.o.Rules.Gaps:
		return fmt.Sprintf("the %s lost its place %d times in a minute", names[feed], gaps)
	case len(lags) >= 16 && lags[len(lags)/2] > exchange.Time(m.o.Rules.Lag):
		return fmt.Sprintf("the %s comes %d ms after the %s at the median", names[feed], lags[len(lags)/2]/exchange.Millisecond, names[1-feed])
	}
	return ""
}

// stale reports whether the other feed shows that this one has fallen silent or lost its place;
// p is locked.
func (p *pair) stale(feed int, now, silence exchange.Time) bool {
	s, o := &p.sides[feed], &p.sides[1-feed]
	if !s.book.Ready() {
		return s.lost == 0 || now-s.lost >= exchange.Second
	}
	return o.book.Ready() && o.changed-s.last > silence
}
