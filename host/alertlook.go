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
	day       *day                          // as it began; nil: none did yet
	dayEnds   exchange.Time
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

// holdings are what alerts ask of a core about what is held.
type holdings interface {
	Universe() *exchange.Universe
	Position(exchange.InstrumentID) exchange.Lots
	MarginBehind(exchange.InstrumentID) exchange.Margin
	MarkOf(exchange.InstrumentID) exchange.MarkState
}

// strained lists what is near its liquidation: an isolated position, or a wallet.
func strained(c holdings, before []string) (out []string) {
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
func (a *alerts) turned(c holdings, now exchange.Time) {
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

// day is how a session stands at a moment: a day is summed up from that at its beginning and
// that at its end.
type day struct {
	at       exchange.Time
	equity   decimal.Decimal
	unvalued string // what has no price, so that equity is not known
	currency string
	funding  decimal.Decimal
	fees     decimal.Decimal
	fills    int
	pairs    int
	halted   string
}

func (r *runner) day(now exchange.Time) *day {
	c, st := r.core, r.core.Stats()
	d := &day{at: now, currency: c.Currency(), funding: st.Funding, fees: st.Fees, fills: c.Fills(), pairs: len(c.OpenPairs()), halted: c.Halted()}
	d.equity, d.unvalued = r.worth()
	return d
}

// since sums up what happened since another moment.
func (d *day) since(b *day) string {
	said := []string{"equity is not known: " + d.unvalued + " has no price"}
	if d.unvalued == "" {
		said = []string{fmt.Sprintf("equity %s %s", d.equity.StringFixed(2), d.currency)}
		if b.unvalued == "" {
			said = append(said, "P&L "+signed(d.equity.Sub(b.equity)))
		}
	}
	said = append(said, "funding "+signed(d.funding.Sub(b.funding)), "fees "+d.fees.Sub(b.fees).StringFixed(2),
		fmt.Sprintf("%d fills", d.fills-b.fills), fmt.Sprintf("%d open pairs", d.pairs))
	if d.halted != "" {
		said = append(said, "halted: "+d.halted)
	}
	return "since " + b.at.String() + ": " + strings.Join(said, ", ")
}

// daily sums the day up when it ends.
func (a *alerts) daily(r *runner, now exchange.Time) {
	if a == nil || a.targets == nil || now < a.seen.dayEnds {
		return
	}
	before, d := a.seen.day, r.day(now)
	a.seen.day, a.seen.dayEnds = d, a.targets.dayEnds(now)
	if before != nil {
		a.raise(Alert{Time: now, Severity: Notice, Kind: AlertDaily, Strategy: "host", Text: d.since(before)})
	}
}

func signed(d decimal.Decimal) string {
	if d.IsPositive() {
		return "+" + d.StringFixed(2)
	}
	return d.StringFixed(2)
}
