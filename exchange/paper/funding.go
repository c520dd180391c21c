package paper

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// onFunding pays a settlement on the position just before it. What fills at the
// settlement or later earns nothing and owes nothing. A settlement that is
// announced twice is paid once.
func (fu *settlements) onFunding(s *slot, ev *exchange.Event) {
	if fu.payFunding(s, ev) {
		fu.liquidator.guard(s.collateral.pool, ev.Time)
	}
}

// payFunding settles and reports whether there was something to settle.
func (fu *settlements) payFunding(s *slot, ev *exchange.Event) bool {
	at := ev.Time
	if ev.VenueTime > 0 && ev.VenueTime < at {
		at = ev.VenueTime // the announcement came later than the settlement
	}
	if !s.in.Perp() || at <= s.settled {
		return false
	}
	s.settled = at
	q := s.pos.before(at)
	mark := ev.Mark.Decimal()
	if ev.Mark <= 0 {
		mark = fu.margins.priceOf(s)
	}
	if q == 0 || !mark.IsPositive() {
		return false
	}
	amount := funding(s.in, q, mark, ev.Rate.Decimal())
	s.collateral.credit(amount)
	fu.mail.emit(s.in.Wallet, answer{at: ev.Time + fu.mail.house, happened: at, kind: exchange.KindFundingPaid, instrument: s.in.ID,
		payment: &exchange.FundingPayment{Instrument: s.in.ID, Settled: at, Rate: ev.Rate, Mark: exchange.E8FromDecimal(mark),
			Position: q, Amount: amount, Asset: s.collateral.asset, TranID: number(&fu.nextTran)}})
	return true
}

// funding is what a position receives: −q·M·r in quote, exactly, or −n·C/M·r in
// coin, rounded half to even at 8 places.
func funding(in *exchange.Instrument, q exchange.Lots, mark, rate decimal.Decimal) decimal.Decimal {
	size := in.QtyDecimal(q).Neg().Mul(rate)
	if in.Inverse() {
		return divBank(size.Mul(in.ContractSize), mark, 8)
	}
	return size.Mul(mark)
}
