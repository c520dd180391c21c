package host

import (
	"cmp"
	"slices"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
)

// leg is an instrument as the table of rates compares it: prices for one coin.
type leg struct {
	*connect.Standing
	key      string
	bid, ask float64
	yearly   float64 // funding of 365 days
}

const hoursOfYear = 365 * 24

// continuous is the interval that rates of funding which accrues are stated for.
const continuous = 8

// ratesOf is the table of all perpetuals that have a price and are worth dollars.
func ratesOf(list []connect.Standing) []FundingRate {
	coins := map[string][]leg{}
	var order []string
	for i := range list {
		in := list[i].Instrument
		if in.Dated() || !in.Inverse() && !exchange.IsDollar(in.Quote) {
			continue
		}
		if coins[in.Base] == nil {
			order = append(order, in.Base)
		}
		coins[in.Base] = append(coins[in.Base], legOf(&list[i]))
	}
	var out []FundingRate
	for _, coin := range order {
		for i := range coins[coin] {
			if l := &coins[coin][i]; l.Instrument.Perp() {
				out = append(out, rateOf(l, coins[coin]))
			}
		}
	}
	slices.SortFunc(out, func(a, b FundingRate) int {
		return cmp.Or(cmp.Compare(b.Net, a.Net), cmp.Compare(b.Annual, a.Annual), cmp.Compare(a.Symbol, b.Symbol))
	})
	return out
}

func legOf(s *connect.Standing) leg {
	in := s.Instrument
	each := float64(max(1, in.Multiplier))
	l := leg{Standing: s, key: string(in.Venue) + ":" + in.Symbol, bid: s.Bid.InexactFloat64() / each, ask: s.Ask.InexactFloat64() / each}
	if in.Perp() {
		l.yearly = s.Rate.Float() * hoursOfYear / float64(cmp.Or(s.Hours, continuous))
	}
	return l
}

func (l *leg) quoted() bool { return l.bid > 0 && l.ask > 0 }

func (l *leg) middle() float64 { return (l.bid + l.ask) / 2 }

func (l *leg) spread() float64 {
	if !l.quoted() {
		return 0
	}
	return (l.ask - l.bid) / l.middle()
}

// taking is what crossing the spread once costs, with the fee.
func (l *leg) taking() float64 { return l.spread()/2 + l.Instrument.TakerFee.InexactFloat64() }

// depth is what stands at the best prices, in dollars, on the thinner side.
func (l *leg) depth() float64 {
	in := l.Instrument
	if in.Inverse() {
		return min(l.BidQty.InexactFloat64(), l.AskQty.InexactFloat64()) * in.ContractSize.InexactFloat64()
	}
	return min(l.BidQty.Mul(l.Bid).InexactFloat64(), l.AskQty.Mul(l.Ask).InexactFloat64())
}

func rateOf(l *leg, coin []leg) FundingRate {
	r := FundingRate{Symbol: l.key, Rate: l.Rate.Float(), Hours: l.Hours, Annual: l.yearly, Spread: l.spread(), Depth: l.depth(), Turnover: l.Turnover,
		Basis: basisOf(l, coin)}
	if l.NextFunding != 0 {
		r.Next = l.NextFunding.UTC()
	}
	if l.After != nil {
		after := l.After.Float()
		r.After = &after
	}
	for i := range coin {
		h := &coin[i]
		net, borrow, ok := hedged(l, h)
		if !ok {
			continue
		}
		cost := 2 * (l.taking() + h.taking())
		if days := cost / net * 365; r.Hedge == "" || days < r.Days {
			r.Hedge, r.Net, r.Cost, r.Days, r.Borrow = h.key, net, cost, days, borrow
		}
	}
	return r
}

// hedged is what a perpetual brings in a year beside another leg of its coin: short where
// it is paid, long where it pays. A spot market is bought, or where its venue lends the
// coins sold for what a year of the loan costs.
func hedged(l, h *leg) (net, borrow float64, ok bool) {
	switch {
	case h == l || !l.quoted() || !h.quoted():
		return 0, 0, false
	case !h.Instrument.Perp() && l.yearly < 0 && h.Instrument.Lends():
		borrow = h.Instrument.Lending.Rate.InexactFloat64() * hoursOfYear
		return -l.yearly - borrow, borrow, -l.yearly > borrow
	case !h.Instrument.Perp():
		return l.yearly, 0, l.yearly > 0
	}
	net = l.yearly - h.yearly
	if l.yearly < 0 {
		net = -net
	}
	return net, 0, net > 0
}

// basisOf compares a perpetual with the spot market of its coin: that of its own house and
// quote before others, and of others the one with the narrowest spread; else with its index.
func basisOf(l *leg, coin []leg) float64 {
	var best *leg
	rank := func(s *leg) int {
		n := 0
		if s.Instrument.Venue.House() != l.Instrument.Venue.House() {
			n += 2
		}
		if s.Instrument.Quote != l.Instrument.Quote {
			n++
		}
		return n
	}
	for i := range coin {
		s := &coin[i]
		if s.Instrument.Perp() || !s.quoted() {
			continue
		}
		if best == nil || cmp.Or(cmp.Compare(rank(s), rank(best)), cmp.Compare(s.spread(), best.spread())) < 0 {
			best = s
		}
	}
	switch {
	case best != nil && l.quoted():
		return l.middle()/best.middle() - 1
	case l.Index > 0 && l.Mark > 0:
		return l.Mark.Float()/l.Index.Float() - 1
	}
	return 0
}
