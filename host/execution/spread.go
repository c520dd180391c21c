package execution

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// A spread is long one instrument and short another of the same coin, wherever they
// trade: see intent.Spread. Its legs differ in contract, lot, multiplier, wallet and
// venue, and are counted in coins. It is opened, kept and closed as any pair is, with one
// thing more: the venue of one leg may go dark while that of the other does not
// (dark.go).
//
// The coarser leg, the one whose lot stands for more coins, decides a slice, and the
// other one follows to its own lot. What is left over is less than one of its lots, and
// is part of the next slice; while the finer leg can't be traded, less than one lot of
// the coarser one, or of the smallest order.

// spreadOf is what the pair of a request begins with.
func spreadOf(r *intent.PairRequest, p intent.Markets) intent.Spread {
	if !isSpread(r, p) {
		return intent.Spread{}
	}
	var standIn *exchange.Instrument
	if r.Dark.Then == intent.SubstituteThen {
		standIn = p.Instrument(r.Dark.Substitute)
	}
	s := intent.NewSpread(p.Instrument(r.Spot), p.Instrument(r.Perp), standIn)
	s.Legs[intent.ShortLeg].Borrowed = r.Borrow
	return s
}

func isSpread(r *intent.PairRequest, p intent.Markets) bool {
	return r.Dark != (intent.Dark{}) || intent.Spreads(p.Instrument(r.Spot), p.Instrument(r.Perp))
}

// validateSpread refuses legs that can't hedge each other, and what is for other pairs.
func validateSpread(r *intent.PairRequest, p intent.Markets) error {
	long, short := p.Instrument(r.Spot), p.Instrument(r.Perp)
	if err := intent.CheckLegs(long, short, p.Now()); err != nil {
		return err
	}
	if err := borrows(r, short); err != nil {
		return err
	}
	switch {
	case !r.Buffer.IsZero() || r.RebalanceBP != 0 || !r.Harvest.IsZero():
		return fmt.Errorf("buffer, rebalance_bp and harvest are for coins that are moved to back their short, and long %s and short %s are not", long.Key(), short.Key())
	case r.Dark.Wait < 0:
		return fmt.Errorf("dark: wait: want more than 0")
	case r.Dark.Then != intent.SubstituteThen:
		return nil
	}
	in := p.Instrument(r.Dark.Substitute)
	if !in.Perp() {
		return fmt.Errorf("dark: substitute: %s is a spot market: want a contract, which can take the place of either leg", in.Key())
	}
	for _, leg := range [...]*exchange.Instrument{long, short} {
		if err := intent.CheckLegs(in, leg, p.Now()); err != nil {
			return fmt.Errorf("dark: substitute: %w", err)
		}
	}
	return nil
}

// spreadLegs is the arithmetic of a spread's legs.
type spreadLegs struct{ *trade }

// coinMid is what a coin is worth on the long leg, on the short one, or where either was
// last seen.
func (td *trade) coinMid(p Port) (decimal.Decimal, bool) {
	for _, live := range [...]bool{true, false} {
		for _, id := range [...]exchange.InstrumentID{td.Pair.Spot, td.Pair.Perp} {
			b, in := p.Book(id), p.Instrument(id)
			bid, ok1 := b.Level(exchange.Buy, 1)
			ask, ok2 := b.Level(exchange.Sell, 1)
			if ok1 && ok2 && b.Ready() == live {
				return in.PriceDecimal(bid.Price+ask.Price).DivRound(decimal.NewFromInt(2*in.Multiplier), 12), true
			}
		}
	}
	return decimal.Zero, false
}

// coinWorth is what a coin counts in quote. A run that has just begun has seen no book yet, and
// counts what a leg was traded at: what is paid in coins would be worth nothing for good.
func (td *trade) coinWorth(p Port) decimal.Decimal {
	if price, ok := td.coinMid(p); ok {
		return price
	}
	for i := range td.Pair.Spread.Legs {
		if h := &td.Pair.Spread.Legs[i]; h.Lots != 0 && !h.Coins.IsZero() {
			return h.Cash.DivRound(h.Coins, 12).Abs()
		}
	}
	return decimal.Zero
}

// coinPriceAt is what a coin costs where one unit costs a price.
func coinPriceAt(in *exchange.Instrument, price exchange.Ticks) decimal.Decimal {
	if in.Multiplier == 1 {
		return in.PriceDecimal(price)
	}
	return in.PriceDecimal(price).DivRound(decimal.NewFromInt(in.Multiplier), 16)
}

// lotsAt is how many whole lots stand for a number of coins at a price.
func lotsAt(in *exchange.Instrument, price exchange.Ticks, coins decimal.Decimal) exchange.Lots {
	if !coins.IsPositive() {
		return 0
	}
	if in.Inverse() {
		return exchange.Lots(in.Lot.Floor(coins.Mul(in.PriceDecimal(price)).DivRound(in.ContractSize, 12)))
	}
	return lotsOf(in, coins)
}

// book adds a fill to its leg, and shows what both come to where other pairs do.
func (sp *spreadLegs) book(in *exchange.Instrument, f *exchange.Fill) {
	which, ok := sp.Pair.Spread.Leg(f.Instrument)
	if !ok {
		return
	}
	legs := &sp.Pair.Spread.Legs
	legs[which].Book(in, f)
	if l := &sp.self.working.legs[which]; l.order == f.Order {
		l.left = max(0, l.left-f.Qty)
	}
	sp.Pair.SpotQty, sp.Pair.PerpQty = legs[intent.LongLeg].Coins, legs[intent.ShortLeg].Lots
	sp.Pair.SpotCost = legs[intent.LongLeg].Cash
	sp.Pair.PerpCost = legs[intent.ShortLeg].Cash.Add(legs[intent.StandIn].Cash)
}

// inQuote is an amount of an asset that was settled, in quote.
func (sp *spreadLegs) inQuote(p Port, asset string, amount decimal.Decimal) decimal.Decimal {
	if !sp.Pair.Spread.Is() || asset != p.Instrument(sp.Pair.Spot).Base {
		return amount
	}
	return amount.Mul(sp.coinWorth(p)).Round(8)
}

// Trades reports whether an instrument is one of the machine's legs.
func (m *Machine) Trades(id exchange.InstrumentID) bool {
	return m.Pair.Spot == id || m.Pair.Perp == id || m.Pair.Spread.Is() && m.Pair.Spread.Legs[intent.StandIn].Instrument == id
}

// Concerns reports whether a leg of the machine trades at a house.
func (m *Machine) Concerns(u *exchange.Universe, house string) bool {
	if u.Get(m.Pair.Spot).Venue.House() == house || u.Get(m.Pair.Perp).Venue.House() == house {
		return true
	}
	in := m.Pair.Spread.Legs[intent.StandIn].Instrument
	return m.Pair.Spread.Is() && in != exchange.NoInstrument && u.Get(in).Venue.House() == house
}

func (sp *spreadLegs) holding(which int) *intent.Holding { return &sp.Pair.Spread.Legs[which] }

func (sp *spreadLegs) instrument(p Port, which int) *exchange.Instrument {
	return p.Instrument(sp.Pair.Spread.Legs[which].Instrument)
}

// kept is the part of bought coins that the fee leaves.
func (sp *spreadLegs) kept(p Port, in *exchange.Instrument) decimal.Decimal {
	if in.Perp() {
		return one
	}
	if which := int(sp.restLeg) - 1; which >= 0 && sp.makes(p.Now()) && sp.holding(which).Instrument == in.ID {
		return one.Sub(in.MakerFee)
	}
	return one.Sub(p.TakerFee(in.ID))
}

// part is how many lots of a leg stand for a number of its coins; all, when so many are
// not there.
func (sp *spreadLegs) part(p Port, which int, coins decimal.Decimal) exchange.Lots {
	h, in := sp.holding(which), sp.instrument(p, which)
	have := h.Coins.Abs()
	switch {
	case !in.Perp() && h.Coins.IsNegative() && coins.GreaterThanOrEqual(have):
		return sp.repays(p, which)
	case !in.Perp() && h.Coins.IsNegative(): // to be bought back, fee included
		return exchange.Lots(in.Lot.Ceil(coins.DivRound(sp.kept(p, in), 12)))
	case !in.Perp():
		return lotsOf(in, decimal.Min(decimal.Min(coins, have), p.Free(in.ID, sp.Pair.ID)))
	case coins.GreaterThanOrEqual(have):
		return h.Lots.Abs()
	case in.Inverse():
		return exchange.Lots(coins.Mul(decimal.NewFromInt(int64(h.Lots.Abs()))).Div(have).IntPart())
	}
	return min(h.Lots.Abs(), lotsOf(in, coins))
}

// reduces reports whether an order of a side makes a leg smaller. Less than a lot of coins
// is none, unless it is owed.
func (sp *spreadLegs) reduces(p Port, which int, side exchange.Side) bool {
	h := sp.holding(which)
	if h.Coins.Sign()*int(side) >= 0 || sp.spared(p, which) {
		return false
	}
	in := sp.instrument(p, which)
	return in.Perp() || h.Borrowed || h.Coins.Abs().GreaterThanOrEqual(in.QtyDecimal(1))
}

// price is that of a leg to trade at on a side: the touch, or near to it where no book
// shows one.
func (sp *spreadLegs) price(p Port, which int, side exchange.Side) (exchange.Ticks, bool) {
	in := sp.instrument(p, which)
	if far, ok := p.Book(in.ID).Level(side.Opposite(), 1); ok {
		return far.Price, true
	}
	mid, ok := sp.coinMid(p)
	return exchange.Ticks(in.Tick.Nearest(exchange.Float(mid) * float64(in.Multiplier))), ok
}

// lots is how many lots of an order on a leg mend a number of coins, and 0 when the venue
// would not take it. Dust that went past flat keeps none from being added. One that only reduces contracts has no smallest value, unless
// another position hides the pair's from the venue.
func (sp *spreadLegs) lots(p Port, which int, side exchange.Side, coins decimal.Decimal) exchange.Lots {
	if sp.holding(which).Instrument == exchange.NoInstrument {
		return 0
	}
	in := sp.instrument(p, which)
	price, ok := sp.price(p, which, side)
	if !ok {
		return 0
	}
	if n := sp.back(p, which, side, coins, price); n > 0 || which != chaser(side) && sp.reduces(p, which, side) {
		return n
	}
	n := lotsAt(in, price, coins.DivRound(sp.keptOn(p, in, side), 12))
	if !in.Perp() && side == exchange.Sell {
		n = min(n, lotsOf(in, p.Free(in.ID, sp.Pair.ID)))
	}
	if !tradable(in, price, n) {
		return 0
	}
	return n
}

// back is how many lots of an order mend a number of coins that only makes a leg smaller; 0
// when there is none, or what the leg holds is too little for one.
func (sp *spreadLegs) back(p Port, which int, side exchange.Side, coins decimal.Decimal, price exchange.Ticks) exchange.Lots {
	if !sp.reduces(p, which, side) {
		return 0
	}
	in, n := sp.instrument(p, which), sp.part(p, which, coins)
	if in.Perp() && p.Position(in.ID)*exchange.Lots(side)+n <= 0 || tradable(in, price, n) {
		return n
	}
	return 0
}

func (sp *spreadLegs) keptOn(p Port, in *exchange.Instrument, side exchange.Side) decimal.Decimal {
	if side == exchange.Sell {
		return one
	}
	return sp.kept(p, in)
}

// order makes an IOC order on a leg.
func (sp *spreadLegs) order(p Port, which int, side exchange.Side, lots exchange.Lots, price exchange.Ticks) *exchange.Order {
	h, in := sp.holding(which), sp.instrument(p, which)
	if in.MaxQty > 0 {
		lots = min(lots, in.MaxQty)
	}
	return &exchange.Order{
		Strategy: sp.Pair.Strategy, Pair: sp.Pair.ID, Leg: uint8(which + 1), Instrument: in.ID,
		Side: side, Type: exchange.Limit, TIF: exchange.IOC, Price: price, Qty: lots,
		ReduceOnly: in.Perp() && sp.reduces(p, which, side) && lots <= h.Lots.Abs(),
		Borrow:     h.Borrowed && side == exchange.Sell,
	}
}

// flat reports whether nothing is left that could be traded.
func (sp *spreadLegs) flat(p Port) bool {
	for which := range sp.Pair.Spread.Legs {
		h := sp.holding(which)
		if h.Instrument == exchange.NoInstrument || h.Lots == 0 && h.Coins.IsZero() || sp.spared(p, which) {
			continue
		}
		in := sp.instrument(p, which)
		if in.Perp() || h.Borrowed && h.Coins.IsNegative() {
			return false
		}
		side := exchange.Sell
		if h.Coins.IsNegative() {
			side = exchange.Buy
		}
		price, ok := sp.price(p, which, side)
		if lots := exchange.Lots(in.Lot.Floor(h.Coins.Abs())); !ok && lots > 0 || tradable(in, price, lots) {
			return false
		}
	}
	return true
}

// empty reports whether an opening came to nothing.
func (sp *spreadLegs) empty() bool {
	for i := range sp.Pair.Spread.Legs {
		if sp.Pair.Spread.Legs[i].Lots != 0 {
			return false
		}
	}
	return true
}

// spreadResult is what a flat spread made, in quote; what could not be traded counts at
// mid.
func (td *trade) spreadResult(p Port) decimal.Decimal {
	sum := td.Pair.SpotCost.Add(td.Pair.PerpCost).Add(td.Pair.Funding).Add(td.Pair.Insurance).Sub(td.Pair.FeesInQuote)
	if price, ok := td.coinMid(p); ok {
		sum = sum.Add(td.Pair.Spread.Net().Mul(price))
	}
	return sum.Round(8)
}

// leftover words what a spread that is over still holds.
func (sp *spread) leftover(p Port) string {
	if !sp.Pair.State.Done() && sp.Pair.State != 0 && !sp.flat(p) {
		return ""
	}
	var left []string
	for which := range sp.Pair.Spread.Legs {
		h := sp.holding(which)
		if h.Instrument == exchange.NoInstrument {
			continue
		}
		in := sp.instrument(p, which)
		switch {
		case in.Perp() && h.Lots != 0:
			left = append(left, fmt.Sprintf("%s %s are left", in.QtyDecimal(h.Lots), in.Key()))
		case !in.Perp() && h.Coins.Abs().GreaterThanOrEqual(in.QtyDecimal(1)):
			left = append(left, fmt.Sprintf("%s %s are left on %s", h.Coins, in.Base, in.Key()))
		}
	}
	return strings.Join(left, "; ")
}

// keep is the short that is left when a value of the spread is closed: nothing, and why,
// when what is left could not be traded.
func (sp *spreadLegs) keep(p Port, notional decimal.Decimal) (exchange.Lots, string, error) {
	short := sp.instrument(p, intent.ShortLeg)
	ask, ok := p.Book(short.ID).Level(exchange.Sell, 1)
	if !ok || !p.Book(short.ID).Ready() {
		return 0, "", fmt.Errorf("notional: %s has no price now, so a part of pair %d can't be told", short.Key(), sp.Pair.ID)
	}
	each := short.Notional(ask.Price, 1)
	cut := exchange.Lots(notional.Div(each).Ceil().IntPart())
	rest := sp.holding(intent.ShortLeg).Lots.Abs() - cut
	if rest <= 0 {
		return 0, "", nil
	}
	if !tradable(short, ask.Price, rest) {
		return 0, wholeWord(short, ask.Price, rest), nil
	}
	long := sp.instrument(p, intent.LongLeg)
	if bid, ok := p.Book(long.ID).Level(exchange.Buy, 1); ok {
		if stay := lotsAt(long, bid.Price, short.BaseQty(ask.Price, rest)); !tradable(long, bid.Price, stay) {
			return 0, wholeWord(long, bid.Price, stay), nil
		}
	}
	return rest, "", nil
}
