package host

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
)

// sight is what alerts are made of that no line of the log tells. why is why the account
// holds new risk back, lost which venues can't be reached.
type sight struct {
	core *core.Core
	now  exchange.Time
	why  string
	lost []string
}

// seen is what was seen at the last beat. It is the loop's own.
type seen struct {
	held, drift, unhedged, late, slow, lost, margin []string

	why       string
	dark      []string
	positions exchange.Time                 // when positions were looked at
	paid      map[exchange.InstrumentID]int // 1: the position that is held is paid funding, -1: it pays
	day       day
}

const (
	// positionsEvery is how often positions are looked at.
	positionsEvery = 5 * exchange.Second
	// A position is near its liquidation while its maintenance margin is more than marginNear
	// of what is behind it, and until it is less than marginFar.
	marginNear, marginFar = "0.7", "0.6"
)

// look raises what is seen from beat to beat alone. It runs on the loop.
func (a *alerts) look(s sight) {
	if a == nil {
		return
	}
	c, now, x := s.core, s.now, &a.seen
	x.why, x.dark = s.why, s.lost
	var held []string
	if s.why != "" {
		held = append(held, s.why)
	}
	x.held = a.changes(now, AlertHeld, Warning, x.held, held)
	x.drift = a.changes(now, AlertDrift, Warning, x.drift, c.Held())
	x.lost = a.changes(now, AlertVenue, Critical, x.lost, s.lost)
	x.late = a.changes(now, AlertFeed, Critical, x.late, c.LateFeeds())
	x.slow = a.changes(now, AlertFeed, Warning, x.slow, c.SlowFeeds())
	var unhedged []string
	_, beyond := c.Unhedged()
	for i := range beyond {
		unhedged = append(unhedged, fmt.Sprintf("pair %d on %s is unhedged by more, or for longer, than it may be", beyond[i].ID, c.Universe().Get(beyond[i].Perp).Key()))
	}
	x.unhedged = a.changes(now, AlertUnhedged, Critical, x.unhedged, unhedged)
	if now-x.positions >= positionsEvery {
		x.positions = now
		x.margin = a.changes(now, AlertMargin, Critical, x.margin, strained(c, x.margin))
		a.turned(c, now)
	}
}

// finish is look at the end.
func (a *alerts) finish(c *core.Core, now exchange.Time) {
	if a != nil {
		a.look(sight{c, now, a.seen.why, a.seen.dark})
	}
}

func (a *alerts) changes(now exchange.Time, kind AlertKind, severity Severity, before, after []string) []string {
	for _, text := range after {
		if !slices.Contains(before, text) {
			a.raise(Alert{Time: now, Severity: severity, Kind: kind, Strategy: "host", Text: text})
		}
	}
	for _, text := range before {
		if !slices.Contains(after, text) {
			a.raise(Alert{Time: now, Severity: Notice, Kind: kind, Strategy: "host", Text: "passed: " + text})
		}
	}
	return after
}

// strained lists what is near its liquidation: an isolated position, or a wallet.
func strained(c *core.Core, before []string) (out []string) {
	for _, in := range c.Universe().All() {
		if !in.Perp() || c.Position(in.ID) == 0 {
			continue
		}
		m := c.MarginBehind(in.ID)
		text := fmt.Sprintf("the margin behind %s in the %s wallet is nearly used up: the position is near its liquidation", in.Key(), in.Wallet)
		most := decimal.RequireFromString(marginNear)
		if slices.Contains(before, text) {
			most = decimal.RequireFromString(marginFar)
		}
		if m.Maintenance.IsPositive() && m.Maintenance.GreaterThan(m.Equity.Mul(most)) {
			out = append(out, text)
		}
	}
	return out
}

// turned raises that a position which was paid funding pays it, or the other way round.
func (a *alerts) turned(c *core.Core, now exchange.Time) {
	x := &a.seen
	if x.paid == nil {
		x.paid = map[exchange.InstrumentID]int{}
	}
	for _, in := range c.Universe().All() {
		qty, m := c.Position(in.ID), c.MarkOf(in.ID)
		if !in.Perp() || qty == 0 || m.Time == 0 {
			delete(x.paid, in.ID)
			continue
		}
		is := -cmp.Compare(qty, 0) * cmp.Compare(m.Rate, 0) // shorts are paid a positive rate
		was := x.paid[in.ID]
		if is == 0 {
			continue
		}
		x.paid[in.ID] = is
		if was != 0 && was != is {
			what, severity := "is paid funding again", Notice
			if is < 0 {
				what, severity = "pays funding now, and was paid before", Warning
			}
			side := map[bool]string{true: "the short in ", false: "the long in "}[qty < 0]
			a.raise(Alert{Time: now, Severity: severity, Kind: AlertFunding, Strategy: "host", Text: side + in.Key() + " " + what + ": the rate is " + m.Rate.Decimal().Mul(decimal.NewFromInt(100)).String() + " %"})
		}
	}
}

// day is what a day is summed up from.
type day struct {
	began   exchange.Time
	ends    exchange.Time // 0: there was none yet
	equity  decimal.Decimal
	valued  bool // equity was known as it began
	funding decimal.Decimal
	fees    decimal.Decimal
	fills   int
}

// daily sums the day up when it ends.
func (a *alerts) daily(r *runner, now exchange.Time) {
	if a == nil || a.targets == nil || now < a.seen.day.ends {
		return
	}
	before, st := a.seen.day, r.core.Stats()
	equity, unvalued := r.worth()
	a.seen.day = day{now, a.targets.dayEnds(now), equity, unvalued == "", st.Funding, st.Fees, r.core.Fills()}
	if before.ends == 0 {
		return
	}
	var said []string
	if unvalued == "" {
		said = append(said, fmt.Sprintf("equity %s %s", equity.StringFixed(2), r.core.Currency()))
		if before.valued {
			said = append(said, "P&L "+signed(equity.Sub(before.equity)))
		}
	} else {
		said = append(said, "equity is not known: "+unvalued+" has no price")
	}
	said = append(said, "funding "+signed(st.Funding.Sub(before.funding)), "fees "+st.Fees.Sub(before.fees).StringFixed(2),
		fmt.Sprintf("%d fills", r.core.Fills()-before.fills), fmt.Sprintf("%d open pairs", len(r.core.OpenPairs())))
	if why := r.core.Halted(); why != "" {
		said = append(said, "halted: "+why)
	}
	a.raise(Alert{Time: now, Severity: Notice, Kind: AlertDaily, Strategy: "host", Text: "since " + before.began.String() + ": " + strings.Join(said, ", ")})
}

func signed(d decimal.Decimal) string {
	if d.IsPositive() {
		return "+" + d.StringFixed(2)
	}
	return d.StringFixed(2)
}
