package desk

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
)

// Health is where the desk stands, for a status line.
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
	Markets    []MarketHealth
}

// MarketHealth is where the account of one market stands.
type MarketHealth struct {
	Market api.Market
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
	for _, m := range h.Markets {
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
	for i := range h.Markets {
		parts = append(parts, h.Markets[i].line(h.Now))
	}
	if h.LoopSilent > 0 {
		parts = append(parts, fmt.Sprintf("LOOP SILENT for %.0f s", float64(h.LoopSilent)/1e9))
	}
	return strings.Join(parts, "; ")
}

func (m *MarketHealth) line(now exchange.Time) string {
	s := m.Market.String() + " not compared yet"
	if m.Agreed != 0 {
		s = fmt.Sprintf("%s agreed %.0f s ago", m.Market, float64(now-m.Agreed)/1e9)
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

// Health tells where the desk stands.
func (d *Desk) Health() Health {
	h := Health{Now: d.now, Resumed: d.resumed, Left: d.leaving, Rival: d.rival}
	for _, n := range d.open {
		switch n.stage {
		case waiting, placing:
			h.Sending++
		case live:
			h.Working++
		case doubtful:
			h.Unknown++
		}
	}
	for _, m := range d.moves {
		if m.stage != done {
			h.Transfers++
		}
	}
	for _, t := range d.tapes {
		h.Unowned += len(t.orphans)
	}
	for _, g := range d.guards {
		switch {
		case g.armed != 0 && d.now < g.armed+d.opt.Countdown:
			h.Armed++
		case d.resting(g.in.ID):
			h.Unarmed++
		}
	}
	if !d.alive() {
		h.LoopSilent = d.now - d.beat
	}
	for _, a := range d.audits {
		h.Markets = append(h.Markets, d.marketHealth(a))
	}
	return h
}

func (d *Desk) marketHealth(a *audit) MarketHealth {
	m := MarketHealth{Market: a.market, Agreed: a.agreed, Compared: a.compared, Waits: a.waits, Down: a.down}
	if a.coming != 0 {
		m.Coming, m.Heard = a.coming, a.heard
	}
	for _, key := range slices.Sorted(maps.Keys(a.diffs)) {
		m.Diffs = append(m.Diffs, a.diffs[key].amount.String()+" "+key)
	}
	return m
}
