package oms

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// Health is where the manager stands, for a status line.
type Health struct {
	Now        exchange.Time
	Sending    int  // orders on their way to the venue
	Working    int  // orders at the venue
	Left       bool // Leave was called: nothing that rests is sent any more
	Unknown    int  // orders whose outcome is not known
	Transfers  int  // under way
	Unowned    int  // executions that wait for their order's number
	Resumed    int  // orders and transfers of an earlier run that are not resolved
	Armed      int  // dead-man switches that are on
	Unarmed    int  // symbols with resting orders whose switch is off
	LoopSilent exchange.Time
	Rival      *Rival // the run on the account that this one gave way to; nil: none
	Sections   []SectionHealth
	// Silent is since when the venue has answered nothing that it was asked, and SilentWhy
	// what became of the last; 0: it answers. It says nothing of the account's stream.
	Silent    exchange.Time
	SilentWhy string
}

// SectionHealth is where the account of a section stands: of segments that share wallets.
type SectionHealth struct {
	Name   string        // "usdm"; "spot+linear" where segments share wallets
	Agreed exchange.Time // when our books last were the venue's; 0: never yet
	// Compared is when a comparison last came to a result: they were, or whatever was
	// otherwise is held.
	Compared exchange.Time
	Diffs    []string // what the venue has otherwise and is not explained so far
	Waits    string   // why the last comparison brought no result; "" when it did
	Down     string   // why the stream is lost; "" when it is up
	// Coming is when funding that we heard of and have not booked was settled, and
	// Heard when we did; 0: there is none.
	Coming, Heard exchange.Time
}

// Ready reports whether everything an earlier run left is resolved and every
// account was compared, so that new orders may be sent.
func (h *Health) Ready() bool {
	for _, m := range h.Sections {
		if m.Compared == 0 {
			return false
		}
	}
	return h.Resumed == 0
}

// String is one line: "2 working, 1 UNKNOWN; spot agreed 12 s ago; usdm DOWN: …".
func (h *Health) String() string {
	parts := []string{fmt.Sprintf("%d working", h.Working)}
	count := func(n int, what string) {
		if n > 0 {
			parts[0] += fmt.Sprintf(", %d %s", n, what)
		}
	}
	count(h.Sending, "being sent")
	count(h.Unknown, "UNKNOWN")
	count(h.Transfers, "in transit")
	count(h.Unowned, "executions without their order")
	count(h.Resumed, "of the last run unresolved")
	count(h.Armed, "switches armed")
	count(h.Unarmed, "symbols WITHOUT dead-man switch")
	for i := range h.Sections {
		parts = append(parts, h.Sections[i].line(h.Now))
	}
	if h.Silent != 0 {
		parts = append(parts, fmt.Sprintf("NO ANSWER for %.0f s", float64(h.Now-h.Silent)/1e9))
	}
	if h.LoopSilent > 0 {
		parts = append(parts, fmt.Sprintf("LOOP SILENT for %.0f s", float64(h.LoopSilent)/1e9))
	}
	return strings.Join(parts, "; ")
}

func (m *SectionHealth) line(now exchange.Time) string {
	s := m.Name + " not compared yet"
	if m.Agreed != 0 {
		s = fmt.Sprintf("%s agreed %.0f s ago", m.Name, float64(now-m.Agreed)/1e9)
	}
	if len(m.Diffs) > 0 {
		s += ", DIFFERS by " + strings.Join(m.Diffs, ", ")
	}
	if m.Waits != "" {
		s += ", not now: " + m.Waits
	}
	if m.Down != "" {
		s += ", stream DOWN: " + m.Down
	}
	return s
}

// Health tells where the manager stands.
func (m *Manager) Health() Health {
	h := Health{Now: m.out.now, Resumed: m.orders.resumed + m.transfers.resumed, Left: m.orders.leaving, Rival: m.fence.rival}
	for _, t := range m.transfers.list {
		if t.stage != done {
			h.Transfers++
		}
	}
	m.orders.health(&h)
	for _, t := range m.execs.list {
		h.Unowned += len(t.orphans)
	}
	m.switches.health(&h)
	for _, c := range m.rounds.list {
		h.Sections = append(h.Sections, c.health())
	}
	return h
}

func (s *orders) health(h *Health) {
	for _, n := range s.open {
		switch n.stage {
		case waiting, placing:
			h.Sending++
		case live:
			h.Working++
		case unknown:
			h.Unknown++
		}
	}
}

func (s *switches) health(h *Health) {
	for _, g := range s.list {
		switch {
		case g.armed != 0 && s.now < g.armed+s.countdown:
			h.Armed++
		case s.needed(g):
			h.Unarmed++
		}
	}
	if !s.alive() {
		h.LoopSilent = s.now - s.beat
	}
}

func (c *section) health() SectionHealth {
	h := SectionHealth{Name: c.name, Agreed: c.agreed, Compared: c.compared, Waits: c.waits, Down: c.down}
	if c.income.coming != 0 {
		h.Coming, h.Heard = c.income.coming, c.income.heard
	}
	for _, key := range slices.Sorted(maps.Keys(c.diffs)) {
		h.Diffs = append(h.Diffs, c.diffs[key].amount.String()+" "+key)
	}
	return h
}
