package desk

import (
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/account"
	"github.com/perilune/perilune/exchange/binance/api"
)

// Funding is booked from the history of income alone, because only its rows have
// a number and the instrument. The stream's word only says that one is coming.

// incomeOverlap is how far back income is listed again: rows may show up late.
const incomeOverlap = 10 * exchange.Minute

// expect notes that a payment is coming.
func (a *audit) expect(f *account.Income, now exchange.Time) {
	a.coming, a.heard = f.Time, now
	if a.coming == 0 {
		a.coming = now
	}
	a.hurry(now + exchange.Second)
}

// onIncome takes a listing. One that was asked for earlier than another may have
// rows that are forgotten since: they are booked.
func (d *Desk) onIncome(a *audit, ans *Answer) {
	known := a.since
	for i := range ans.Incomes {
		if r := &ans.Incomes[i]; r.Time >= known {
			d.income(a, r)
		}
	}
	if a.coming != 0 && d.now > a.heard+incomeOverlap {
		d.note("%s: funding of %s does not show in the income", a.market, a.coming)
		a.coming = 0
	}
	a.forgetPaid(d.now)
}

// income books a row, once. Profit and commission are in the executions, and
// transfers are our own or found in the balance.
func (d *Desk) income(a *audit, r *account.Income) {
	name := rowName(r.Type, r.Symbol, r.TranID)
	key := r.Asset + " " + name
	if r.Type == "FUNDING_FEE" && a.coming != 0 && r.Time >= a.coming-exchange.Minute {
		a.coming = 0
	}
	if a.unlisted[key] {
		delete(a.unlisted, key)
		a.paid[key] = r.Time
	}
	if _, booked := a.paid[key]; booked || r.Time < d.began {
		return
	}
	opens := d.opens(a.market)
	if !opens {
		a.since = max(a.since, r.Time-incomeOverlap)
	}
	switch r.Type {
	case "REALIZED_PNL", "COMMISSION", "TRANSFER", "INTERNAL_TRANSFER":
		return
	}
	a.paid[key] = r.Time
	if opens {
		return // part of the opening balances
	}
	if in, ok := d.find(r.Market, r.Symbol); ok && r.Type == "FUNDING_FEE" {
		d.payment(in, r)
		return
	}
	d.touch(a.market)
	d.adjust(purse{a.market, r.Asset}, r.Amount, name)
}

// rowName is how a row of income is known, in this run and in those after it.
func rowName(kind, symbol, tranID string) string {
	if kind == "INSURANCE_CLEAR" {
		kind = exchange.InsuranceFund + ":"
	}
	return strings.Join(strings.Fields(kind+" "+symbol+" "+tranID), " ")
}

// payment tells of funding. The rate and the mark price are not in the row.
func (d *Desk) payment(in *exchange.Instrument, r *account.Income) {
	settled := r.Time
	if late := r.Time % exchange.Hour; late < exchange.Minute {
		settled -= late
	}
	d.books.add(purse{api.Of(in.Venue), r.Asset}, r.Amount)
	d.touch(api.Of(in.Venue))
	d.post(exchange.Event{Kind: exchange.KindFundingPaid, Instrument: in.ID, VenueTime: r.Time, Payment: &exchange.FundingPayment{
		Instrument: in.ID, Settled: settled, Position: d.tapes[in.ID].before(d.books.positions[in.ID], settled),
		Amount: r.Amount, Asset: r.Asset, TranID: r.TranID}})
}
