package paper

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// refusal is the rule that an order is refused by, and words.
type refusal struct {
	rule  Rule
	words string
}

func refused(by Rule, format string, args ...any) *refusal {
	return &refusal{by, fmt.Sprintf(format, args...)}
}

var one = decimal.NewFromInt(1)

// invalid refuses what is no order at all.
func (ru *rules) invalid(o *order) *refusal {
	switch {
	case !ru.markets.known(o.Instrument):
		return refused(RuleInstrument, "Invalid symbol: instrument %d, the venue has %d", o.Instrument, len(ru.markets.slots))
	case o.Side != exchange.Buy && o.Side != exchange.Sell:
		return refused(RuleSide, "Invalid side: %d, want buy or sell", o.Side)
	case o.Type != exchange.Limit && o.Type != exchange.MarketOrder:
		return refused(RuleType, "Invalid orderType: %d, want limit or market", o.Type)
	case o.TIF > exchange.PostOnly || o.Type == exchange.MarketOrder && o.TIF == exchange.PostOnly:
		return refused(RuleTIF, "Invalid timeInForce: %s %s", o.Type, o.TIF)
	case o.PositionSide != ru.markets.side(o.Instrument, o.PositionSide).holds:
		return refused(RulePositionSide, "Order's position side does not match user's setting.")
	case o.Borrow && (o.Side != exchange.Sell || !ru.markets.slots[o.Instrument].in.Lends()):
		return refused(RuleBorrow, "Borrowing is not possible: %s %s", o.Side, ru.markets.slots[o.Instrument].in.Symbol)
	case o.ReduceOnly && !ru.markets.slots[o.Instrument].in.Perp():
		return refused(RuleSpot, "Parameter 'reduceOnly' sent when not required.")
	}
	return nil
}

// filter applies the symbol's filters as of the arrival. Prices and quantities
// are whole ticks and lots by type.
func (ru *rules) filter(s *slot, o *order) *refusal {
	if s.delivered(ru.mail.now) {
		return refused(RuleDelivered, "Invalid symbol status: %s was delivered at %s", s.in.Symbol, s.in.Delivery)
	}
	if r := s.lotSize(o); r != nil {
		return r
	}
	if o.Type == exchange.Limit && o.Price <= 0 {
		return s.filtered(RulePrice, "PRICE_FILTER", "Price less than min price: %s", s.in.PriceDecimal(o.Price))
	}
	if o.Type == exchange.Limit && s.in.OnGrid(o.Side, o.Price) != o.Price {
		return s.filtered(RulePrice, "PRICE_FILTER", "Price not increased by tick size: %s, which is %s there", s.in.PriceDecimal(o.Price), s.in.PriceDecimal(s.in.TickAt(o.Price)))
	}
	if r := ru.percentPrice(s, o); r != nil {
		return r
	}
	if r := ru.notional(s, o); r != nil {
		return r
	}
	if o.ReduceOnly && s.reducible(o.Side) == 0 {
		return refused(RuleReduceOnly, "ReduceOnly Order is rejected: a %s cannot reduce a position of %s", o.Side, s.in.QtyDecimal(s.pos.qty))
	}
	return nil
}

// filtered makes a refusal of a filter, which on spot is named before what it says.
func (s *slot) filtered(by Rule, filter, format string, args ...any) *refusal {
	detail := fmt.Sprintf(format, args...)
	if s.in.Contract == exchange.Spot {
		return refused(by, "Filter failure: %s (%s)", filter, detail)
	}
	return &refusal{by, detail}
}

func (s *slot) lotSize(o *order) *refusal {
	q, least := s.in.QtyDecimal(o.Qty), max(1, s.in.MinQty)
	switch {
	case o.Qty <= 0:
		return s.filtered(RuleQty, "LOT_SIZE", "Quantity less than or equal to zero: %s", q)
	case o.Qty < least:
		return s.filtered(RuleMinQty, "LOT_SIZE", "Quantity less than min quantity: %s, min %s", q, s.in.QtyDecimal(least))
	case s.in.MaxQty > 0 && o.Qty > s.in.MaxQty:
		return s.filtered(RuleMaxQty, "LOT_SIZE", "Quantity greater than max quantity: %s, max %s", q, s.in.QtyDecimal(s.in.MaxQty))
	}
	return nil
}

// reference is the price that the price filters compare with: mark on futures,
// the last trade or else the middle of the book on spot.
func (mg *margins) reference(s *slot) (decimal.Decimal, bool) {
	if s.in.Perp() {
		return mg.markPrice(s)
	}
	if s.last > 0 {
		return s.in.PriceDecimal(s.last), true
	}
	return mg.markets.middle(s)
}

// percentPrice is PERCENT_PRICE. Futures bound a buy from above and a sell from
// below; spot bounds both on both sides.
func (ru *rules) percentPrice(s *slot, o *order) *refusal {
	ref, ok := ru.margins.reference(s)
	if o.Type != exchange.Limit || !ok {
		return nil
	}
	price, spot := s.in.PriceDecimal(o.Price), !s.in.Perp()
	high, low := ref.Mul(s.in.PriceUp), ref.Mul(s.in.PriceDown)
	if s.in.PriceUp.IsPositive() && (spot || o.Side == exchange.Buy) && price.GreaterThan(high) {
		return s.filtered(RuleMaxPrice, "PERCENT_PRICE", "Limit price can't be higher than %s: %s", high, price)
	}
	if s.in.PriceDown.IsPositive() && (spot || o.Side == exchange.Sell) && price.LessThan(low) {
		return s.filtered(RuleMinPrice, "PERCENT_PRICE", "Limit price can't be lower than %s: %s", low, price)
	}
	return nil
}

// notional is MIN_NOTIONAL and NOTIONAL. A market order counts at the reference
// price; a reduce-only order is exempt.
func (ru *rules) notional(s *slot, o *order) *refusal {
	if o.ReduceOnly || !s.in.MinNotional.IsPositive() {
		return nil
	}
	price := s.in.PriceDecimal(o.Price)
	if o.Type == exchange.MarketOrder {
		var ok bool
		if price, ok = ru.margins.reference(s); !ok {
			return nil
		}
	}
	worth := s.in.QtyDecimal(o.Qty).Mul(price)
	if s.in.Inverse() {
		worth = s.in.QtyDecimal(o.Qty).Mul(s.in.ContractSize)
	}
	if worth.GreaterThanOrEqual(s.in.MinNotional) {
		return nil
	}
	return s.filtered(RuleNotional, "NOTIONAL", "Order's notional must be no smaller than %s: %s", s.in.MinNotional, worth)
}

// refuse applies the rules that depend on what the order would meet: post-only,
// the counterparty's price, and funds.
func (ru *rules) refuse(s *slot, o *order, p plan) *refusal {
	if o.TIF == exchange.PostOnly && p.crosses {
		if s.in.Perp() {
			return refused(RulePostOnly, "Due to the order could not be executed as maker, the Post Only order will be rejected.")
		}
		return refused(RulePostOnly, "Order would immediately match and take.")
	}
	if r := ru.counterparty(s, o); r != nil {
		return r
	}
	if s.in.Perp() {
		return ru.margins.margin(s, o, p)
	}
	return ru.funds(s, o, p)
}

// counterparty refuses a futures market order when the best price it would meet
// violates PERCENT_PRICE.
func (ru *rules) counterparty(s *slot, o *order) *refusal {
	ref, ok := ru.margins.reference(s)
	best, found := ru.markets.level(s, o.Side.Opposite(), 1)
	if !s.in.Perp() || o.Type != exchange.MarketOrder || !ok || !found {
		return nil
	}
	price := s.in.PriceDecimal(best.Price)
	high, low := ref.Mul(s.in.PriceUp), ref.Mul(s.in.PriceDown)
	if o.Side == exchange.Buy && s.in.PriceUp.IsPositive() && price.GreaterThan(high) ||
		o.Side == exchange.Sell && price.LessThan(low) {
		return refused(RuleCounterparty, "The counterparty's best price does not meet the PERCENT_PRICE filter limit: %s, mark %s", price, ref)
	}
	return nil
}

// funds checks a spot balance: a limit order must be covered at its limit, a
// market order at what it would take.
func (ru *rules) funds(s *slot, o *order, p plan) *refusal {
	asset, need := lockFor(s.in, o)
	if o.Type == exchange.MarketOrder && o.Side == exchange.Buy {
		need = p.worth
	}
	held := ru.wallets.balanceOf(s.in.Wallet, asset)
	free := held.total.Sub(held.locked)
	if held.pool != nil { // a unified wallet: what is margin can't be spent
		free = ru.margins.balance(held).Free
	}
	if s.loan != nil {
		free = free.Add(ru.margins.onLoan(s, o, held))
	}
	if o.Borrow && need.LessThanOrEqual(free) {
		return ru.margins.loanMargin(s, o)
	}
	if need.GreaterThan(free) {
		if o.Borrow {
			return refused(RuleBorrow, "Borrowing limit exceeded: needs %s %s, %s can be sold", need, asset, free)
		}
		return refused(RuleFunds, "Account has insufficient balance for requested action: needs %s %s, %s is free", need, asset, free)
	}
	return nil
}
