package execution

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// CheckPair fills the defaults of a request in and refuses what makes no sense on
// these markets, with the numbers. Whether the account can carry it is not asked.
func CheckPair(r *intent.PairRequest, p intent.Markets) error {
	if err := validateLegs(r, p); err != nil {
		return err
	}
	if err := validateSizes(r, p); err != nil {
		return err
	}
	if err := validateTimes(r); err != nil {
		return err
	}
	if r.Level == 0 {
		r.Level = 5
	}
	if r.Level < 1 {
		return fmt.Errorf("level: want 1 or more, got %d", r.Level)
	}
	if isSpread(r, p) {
		return smallestSlice(r, p)
	}
	return smallest(r, p)
}

func validateLegs(r *intent.PairRequest, p intent.Markets) error {
	spot, perp := p.Instrument(r.Spot), p.Instrument(r.Perp)
	if isSpread(r, p) {
		return validateSpread(r, p)
	}
	if spot.Perp() {
		return fmt.Errorf("spot: %s is not a spot market", spot.Key())
	}
	if !perp.Perp() {
		return fmt.Errorf("perp: %s is not a perpetual", perp.Key())
	}
	if perp.Dated() && p.Now() >= perp.Delivery-exchange.Hour {
		return fmt.Errorf("perp: %s is delivered at %s: too late to open a position", perp.Key(), perp.Delivery)
	}
	if spot.Base != perp.Base {
		return fmt.Errorf("spot %s and perp %s are of different coins", spot.Key(), perp.Key())
	}
	return nil
}

func validateSizes(r *intent.PairRequest, p intent.Markets) error {
	if !r.Notional.IsPositive() {
		return fmt.Errorf("notional: want more than 0, got %s", r.Notional)
	}
	if perp := p.Instrument(r.Perp); perp.Inverse() && !isSpread(r, p) {
		if r.Style == intent.Maker {
			return fmt.Errorf("style: %s is coin-margined, and its pairs are opened by taking", perp.Key())
		}
		if err := validateCoin(r, p); err != nil {
			return err
		}
	}
	if r.Batch.IsNegative() || r.MaxUnhedged.IsNegative() {
		return fmt.Errorf("batch and max_unhedged: want more than 0, got %s and %s", r.Batch, r.MaxUnhedged)
	}
	if r.MaxUnhedged.IsZero() {
		r.MaxUnhedged = decimal.NewFromInt(5000)
	}
	if r.Batch.IsZero() {
		r.Batch = r.MaxUnhedged
	}
	if r.Batch.GreaterThan(r.MaxUnhedged) {
		return fmt.Errorf("batch: %s is above max_unhedged (%s), and one leg of a batch may fill alone: want at most %s",
			r.Batch, r.MaxUnhedged, r.MaxUnhedged)
	}
	return nil
}

func validateTimes(r *intent.PairRequest) error {
	if r.MaxUnhedgedTime < 0 || r.Timeout < 0 || r.MakerTime < 0 {
		return fmt.Errorf("max_unhedged_time, timeout and maker_time: want more than 0")
	}
	if r.Style != intent.Maker && (r.MakerLeg != intent.AutoLeg || r.MakerTime != 0) {
		return fmt.Errorf("maker_leg and maker_time are for style \"maker\", and this pair is opened by taking")
	}
	if r.MaxUnhedgedTime == 0 {
		r.MaxUnhedgedTime = 5 * exchange.Second
	}
	if r.Timeout == 0 {
		r.Timeout = 10 * exchange.Minute
	}
	if r.MakerTime == 0 && r.Style == intent.Maker {
		r.MakerTime = r.Timeout / 2
	}
	return nil
}

// smallest refuses a request of which not even one batch could be sent, or could not
// be sold again: each leg's first order, and the one that closes it, has to be one that
// the venue takes. Without a price it can't be told.
func smallest(r *intent.PairRequest, p intent.Markets) error {
	for _, id := range [...]exchange.InstrumentID{r.Perp, r.Spot} {
		in := p.Instrument(id)
		bid, ok := p.Book(id).Level(exchange.Buy, 1)
		if !ok || !p.Book(id).Ready() {
			continue
		}
		least := in.Notional(bid.Price, leastLots(in, bid.Price))
		if in.Perp() && !in.Inverse() && !isSpread(r, p) {
			least = leastPair(p, r, in, bid.Price)
		}
		for _, v := range []struct {
			name  string
			value decimal.Decimal
		}{{"notional", r.Notional}, {"batch", r.Batch}} {
			if v.value.LessThan(least) {
				return fmt.Errorf("%s: %s is below the smallest order on %s, which is worth %s at %s%s",
					v.name, v.value, in.Key(), least, in.PriceDecimal(bid.Price), inHand(in))
			}
		}
	}
	return nil
}

// Closable says why a closing makes no sense, or nil. One that is under way may
// be replaced by one that closes more, or sooner.
func (m *Machine) Closable(p Port, r *intent.CloseRequest) error {
	id := m.Pair.ID
	switch {
	case m.Pair.State.Done():
		return fmt.Errorf("pair %d is %s already", id, m.Pair.State)
	case r.Notional.IsNegative():
		return fmt.Errorf("notional: want more than 0, got %s", r.Notional)
	case m.inverse(p) && (r.Style == intent.Maker || !r.Notional.IsZero()):
		return fmt.Errorf("pair %d is coin-margined: it is closed whole, by taking", id)
	}
	if r.Patience == 0 {
		r.Patience = 10 * exchange.Minute
	}
	keep, _, err := m.keep(p, r.Notional)
	if err != nil {
		return err
	}
	if m.Pair.State == intent.PairClosing && keep >= m.Pair.Keep && p.Now()+r.Patience >= m.closeAt+m.Close.Patience {
		return fmt.Errorf("pair %d is closing already", id)
	}
	return nil
}

// keep is the short that is left when a value of it is closed: nothing, and why, when
// what is left could not be traded.
func (m *Machine) keep(p Port, notional decimal.Decimal) (lots exchange.Lots, why string, err error) {
	if notional.IsZero() {
		return 0, "", nil
	}
	if m.Pair.Spread.Is() {
		return m.spread.keep(p, notional)
	}
	spot, perp := p.Instrument(m.Pair.Spot), p.Instrument(m.Pair.Perp)
	ask, ok1 := p.Book(m.Pair.Perp).Level(exchange.Sell, 1)
	bid, ok2 := p.Book(m.Pair.Spot).Level(exchange.Buy, 1)
	if !ok1 || !ok2 || !p.Book(spot.ID).Ready() || !p.Book(perp.ID).Ready() {
		return 0, "", fmt.Errorf("notional: %s and %s have no price now, so a part of pair %d can't be told", spot.Key(), perp.Key(), m.Pair.ID)
	}
	lots = exchange.Lots(perp.Lot.Ceil(notional.Div(perp.PriceDecimal(ask.Price))))
	if part := lotsOf(spot, perp.BaseQty(ask.Price, lots)); !tradable(spot, bid.Price, part) {
		return 0, "", fmt.Errorf("notional: %s is too little to be sold: %s", notional, tooSmall(spot, bid.Price, part))
	}
	rest := m.Pair.PerpQty.Abs() - lots
	if rest <= 0 {
		return 0, "", nil
	}
	coins := lotsOf(spot, perp.BaseQty(ask.Price, rest))
	switch {
	case !tradable(perp, ask.Price, rest):
		return 0, wholeWord(perp, ask.Price, rest), nil
	case !tradable(spot, bid.Price, coins):
		return 0, wholeWord(spot, bid.Price, coins), nil
	}
	return rest, "", nil
}

// wholeWord says why a pair of which a part was to be closed is closed whole.
func wholeWord(in *exchange.Instrument, price exchange.Ticks, rest exchange.Lots) string {
	return "the whole pair is closed, because what would stay is too little to be traded: " + tooSmall(in, price, rest)
}

// StartClose asks for the pair to be made flat, or smaller.
func (m *Machine) StartClose(p Port, r intent.CloseRequest) error {
	if err := m.Closable(p, &r); err != nil {
		return err
	}
	keep, why, _ := m.keep(p, r.Notional)
	m.Pair.Keep, m.Pair.Cause = keep, r.Reason
	m.closeWhole(why)
	m.Close, m.closeAt, m.taker.notBefore, m.taker.refused = &r, p.Now(), 0, 0
	m.Pair.State, m.Pair.Reason = intent.PairClosing, m.Pair.Cause
	m.wake = p.Now() + r.Patience
	m.reasons.report(p)
	return nil
}

// closeWhole notes why a closing of a part leaves nothing; "" is no reason.
func (td *trade) closeWhole(why string) {
	if why == "" {
		return
	}
	td.Pair.Keep, td.news = 0, why
	td.Pair.Cause = joined(td.Pair.Cause, why)
}

// News is what somebody should be told of the pair beyond its state, once.
func (m *Machine) News() string {
	text := m.news
	m.news = ""
	return text
}

// Choice is what the machine was left to choose and chose, once.
func (m *Machine) Choice() string {
	text := m.choice
	m.choice = ""
	return text
}

// joined is two reasons as one.
func joined(a, b string) string {
	switch {
	case b == "":
		return a
	case a == "" || strings.HasPrefix(b, a):
		return b
	}
	return a + "; " + b
}
