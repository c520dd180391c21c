package oms

import (
	"maps"
	"slices"

	"github.com/perilune/perilune/exchange"
)

// Funding is booked from the history of income alone, because only its rows have
// a number and the instrument. The stream's word only says that one is coming.

// incomeOverlap is how far back income is listed again: rows may show up late.
const incomeOverlap = 10 * exchange.Minute

// incomeRows are the rows of a section's income that are booked.
type incomeRows struct {
	since exchange.Time // income is listed from here
	paid  map[string]exchange.Time
	// unlisted are the rows of income that the ledger has and no listing has shown
	// yet: the venue's time of them is not known.
	unlisted map[string]bool
	listed   exchange.Time // when the first listing came
	coming   exchange.Time // of a funding payment that income does not show yet
	heard    exchange.Time // when we were told of it
}

func newIncomeRows() incomeRows {
	return incomeRows{paid: map[string]exchange.Time{}, unlisted: map[string]bool{}}
}

// expect notes that a payment is coming.
func (c *incomeRows) expect(f *Income, now exchange.Time) {
	c.coming, c.heard = f.Time, now
	if c.coming == 0 {
		c.coming = now
	}
}

// Row is how a row is known for good: FundingRow of a payment of funding, otherwise the Reason
// of the event that books it.
func (r *Income) Row() string {
	switch r.Kind {
	case IncomeFunding:
		return FundingRow(r.Symbol, r.ID)
	case IncomeInsurance:
		return rowName(exchange.InsuranceFund+":", r.Symbol, r.ID)
	case IncomeInterest:
		return rowName(exchange.Interest+":", r.Symbol, r.ID)
	}
	return rowName(r.Name, r.Symbol, r.ID)
}

// listing takes note that a row is listed, and reports whether it is booked already.
func (c *incomeRows) listing(r *Income, key string) bool {
	if r.Kind == IncomeFunding && c.coming != 0 && r.Time >= c.coming-exchange.Minute {
		c.coming = 0
	}
	if c.unlisted[key] {
		delete(c.unlisted, key)
		c.paid[key] = r.Time
	}
	_, booked := c.paid[key]
	return booked
}

// forget drops the rows of income that are not listed again. How late a row may
// show up is a matter of our clock, and how old it is one of the venue's: the two may
// be far apart.
func (c *incomeRows) forget(now exchange.Time) {
	if c.listed == 0 {
		c.listed = now
	}
	if now > c.listed+incomeOverlap {
		clear(c.unlisted) // they are older than what is listed
	}
	old := func(_ string, at exchange.Time) bool { return at < c.since }
	maps.DeleteFunc(c.paid, old)
	if more := len(c.paid) - paidMost; more > 0 {
		c.since = slices.Sorted(maps.Values(c.paid))[more-1] + exchange.Millisecond
		maps.DeleteFunc(c.paid, old)
	}
}

// onIncome takes a listing. One that was asked for earlier than another may have
// rows that are forgotten since: they are booked.
func (s *reconciliation) onIncome(c *section, a *Answer) {
	known := c.income.since
	for i := range a.Incomes {
		if r := &a.Incomes[i]; r.Time >= known {
			s.bookIncome(c, r)
		}
	}
	if c.income.coming != 0 && s.now > c.income.heard+incomeOverlap {
		s.note("%s: funding of %s does not show in the income", c.name, c.income.coming)
		c.income.coming = 0
	}
	c.income.forget(s.now)
}

// bookIncome books a row, once. Profit and fees are in the executions, and transfers
// are our own or found in the balance.
func (s *reconciliation) bookIncome(c *section, r *Income) {
	name := r.Row()
	key := r.Asset + " " + name
	if c.income.listing(r, key) || r.Time < s.began {
		return
	}
	opens := c.opens(s.now)
	if !opens {
		c.income.since = max(c.income.since, r.Time-incomeOverlap)
	}
	if r.Kind == IncomeExecution || r.Kind == IncomeTransfer {
		return
	}
	c.income.paid[key] = r.Time
	if opens {
		return // part of the opening balances
	}
	if in, ok := s.market.find(r.Venue, r.Symbol); ok && r.Kind == IncomeFunding {
		s.bookFunding(in, r)
		return
	}
	c.touched = s.now
	s.adjust(s.balances.key(r.Wallet, r.Asset), r.Amount, name)
}

// bookFunding tells of funding. The rate and the mark price are not in the row.
func (s *reconciliation) bookFunding(in *exchange.Instrument, r *Income) {
	settled := r.Time
	if late := r.Time % exchange.Hour; late < exchange.Minute {
		settled -= late
	}
	s.balances.add(s.balances.key(in.Wallet, r.Asset), r.Amount)
	s.touch(in.Venue)
	s.post(exchange.Event{Kind: exchange.KindFundingPaid, Instrument: in.ID, VenueTime: r.Time, Payment: &exchange.FundingPayment{
		Instrument: in.ID, Settled: settled, Position: s.execs.positionAt(in.ID, settled),
		Amount: r.Amount, Asset: r.Asset, TranID: r.ID}})
}
