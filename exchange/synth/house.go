package synth

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// House is a venue of a market that has several. All trade around the same prices of
// coins, with the same squeezes, shocks and violent days; each has premiums, spreads and
// prints of its own. A house's prices depend on the seed and the house alone: they are the
// same whatever others are there.
//
// The zero House has the built-in listing, that of a market for which nothing is said.
type House struct {
	// Name is that of the house: "venue" of "venue.linear".
	Name string
	// List returns what it lists in a market that begins at a time, which dated futures
	// depend on.
	List func(start exchange.Time) []Listing
	// Lean is by how much its premiums differ from those elsewhere for days, in bp: a
	// standard deviation for majors; of others it is larger as their premiums are. 0: 0.85.
	Lean float64
}

// Listing is one instrument of a house. Its Base is one of Coins.
type Listing struct {
	// Instrument is its rules, with the full names of venue and wallet. Quantities are in
	// base, of inverse contracts in contracts of ContractSize USD: a front that counts in
	// other contracts converts. Linking is the market's own. Brackets that are left out
	// are those of the coin in the built-in listing. Funding that accrues is paid every
	// minute, the part of it that the rate of FundingHours says.
	exchange.Instrument
	// Depth is the depth of its book relative to the same contract in the built-in
	// listing; 0: 1.
	Depth float64
	// Spread is the usual one, in ticks; 0: 1.
	Spread float64
	// Rest is added to where its premium rests, in bp: a perpetual against dollars rests
	// elsewhere than one against USDT.
	Rest float64
	// Oracle says that funding is paid on the index and not on the mark.
	Oracle bool
}

// Coin is one of the market's.
type Coin struct {
	Base  string
	Price float64 // in USD, at the start
	Major bool    // deep books, few and small squeezes
}

// Lent is what a house lends of the coin: at a rate a year, up to a value in USD.
func (c Coin) Lent(rate decimal.Decimal, value float64) exchange.Lending {
	return exchange.Lending{Rate: rate.DivRound(decimal.NewFromInt(365*24), 12), Most: decimal.NewFromFloat(value / c.Price).Round(2)}
}

// Coins are those that houses can list.
func Coins() []Coin {
	out := make([]Coin, len(coins))
	for i := range coins {
		out[i] = Coin{coins[i].base, coins[i].price, coins[i].major}
	}
	return out
}

// Quarters returns the next n days of delivery that are two weeks off or more: the last
// Fridays of March, June, September and December, 08:00 UTC.
func Quarters(start exchange.Time, n int) (out []exchange.Time) {
	const soonest = 14 * exchange.Day
	for year, month := start.UTC().Year(), 3; len(out) < n; month += 3 {
		last := exchange.Date(year, month+1, 1) - exchange.Day
		const friday = 1 // days after a Thursday, which the epoch was
		day := last - ((last/exchange.Day-friday)%7)*exchange.Day
		if at := day + 8*exchange.Hour; at >= start+soonest {
			out = append(out, at)
		}
	}
	return out
}

// The differences between houses. TestFundingBetweenHouses measures the funding that they
// make beside that of recorded venues: most of a difference is gone by the next settlement,
// and a quarter of its variance stays for a week, much of it in all coins of a venue at once.
const (
	leanBp   = 0.85          // of the premiums at a house, for days
	leanOne  = 0.65          // ... the part of that variance which its coins share
	leanHalf = 6.5 * 86400.0 // seconds
	hurry    = 0.8           // what moves a premium within hours, relative to the built-in listing's
	spotBp   = 0.5           // of coins at a house
	spotHalf = 600.0         // seconds
	yearly   = 0.06          // premium of dated futures, a fraction a year
	eager    = 0.025         // ... and by how much the appetite for leverage moves it
	year     = 365 * 86400.0 // seconds
)

// builtIn reports the house that the market has by itself.
func (h *House) builtIn() bool { return h.List == nil }

// instruments are what the houses list, and the built-in listing of the first that has it.
func (o *Options) instruments() (list []exchange.Instrument, err error) {
	for i := range o.Houses {
		h := &o.Houses[i]
		if h.builtIn() {
			list = append(list, builtInList()...)
			continue
		}
		for _, l := range h.List(o.Start) {
			c := coinOf(l.Base)
			if c == nil {
				return nil, fmt.Errorf("%s lists %s, whose base the market does not have", h.Name, l.Symbol)
			}
			l.Linking = exchange.LinkPrevious
			if l.Perp() && len(l.Brackets) == 0 {
				l.Brackets = brackets(c.tiers(&l.Instrument))
			}
			list = append(list, l.Instrument)
		}
	}
	return list, nil
}

func coinOf(base string) *coin {
	for i := range coins {
		if coins[i].base == base {
			return &coins[i]
		}
	}
	return nil
}

// tiers are the margin steps of a coin in the built-in listing.
func (c *coin) tiers(in *exchange.Instrument) []tier {
	switch {
	case !in.Inverse():
		return c.perp.tiers
	case c.inverse != nil:
		return c.inverse.tiers
	}
	return ethCoinTiers
}

// like is the texture of a listed instrument's book: as far apart, in money, as that of the
// same contract in the built-in listing.
func (c *coin) like(l *Listing) *rules {
	of := &c.perp
	switch {
	case l.Contract == exchange.Spot:
		of = &c.spot
	case l.Inverse() && c.inverse != nil:
		of = c.inverse
	}
	tick := exchange.MustStep(of.tick).Float(1) / float64(max(of.multiplier, 1)) * float64(max(l.Multiplier, 1)) / l.Tick.Float(1)
	fine := max(1, int64(math.Round(float64(of.fine)*tick)))
	coarse := max(1, int64(math.Round(float64(of.coarse)*tick/float64(fine))))
	r := &rules{symbol: l.Symbol, spread: l.Spread, fine: fine, coarse: coarse * fine, depth: l.Depth}
	if r.spread == 0 {
		r.spread = max(1, of.spread*tick)
	}
	if l.Inverse() {
		r.contract = max(1, l.ContractSize.Mul(decimal.NewFromFloat(l.Lot.Float(1))).IntPart())
	}
	return r
}

// settle puts the instruments of a house for a coin into the market.
func (m *Market) settle(h *House, shared *drift, listings []Listing, a *asset, dt float64) {
	for i := range listings {
		l := &listings[i]
		if l.Base != a.base {
			continue
		}
		in, _ := m.universe.Find(l.Venue, l.Symbol)
		own := hash(m.opt.Seed, textHash(h.Name), textHash(l.Symbol)+uint64(l.Contract))
		v := m.newVenue(a, in, a.like(l), stream(own, 0x1000), own, dt)
		v.abroad = &abroad{rest: l.Rest, rng: stream(own, 0x1001), share: between(hash(own, 0x1002, 0), 0.85, 1.15)}
		switch {
		case !in.Perp():
			v.abroad.lean = newOU(v.abroad.rng, spotBp, spotHalf, dt)
		case in.Dated():
			v.abroad.until = in.Delivery
		default:
			v.abroad.wide = 1
			if !a.major {
				v.abroad.wide = altPremium / majorPremium
			}
			v.abroad.lean = newOU(v.abroad.rng, h.lean()*math.Sqrt(1-leanOne), leanHalf, dt)
			v.abroad.shared = shared
			v.slow.scale(hurry)
			v.perp.oracle = l.Oracle
		}
		m.venues = append(m.venues, v)
	}
}

func (h *House) lean() float64 {
	if h.Lean == 0 {
		return leanBp
	}
	return h.Lean
}

// drift is by how much all premiums of a house differ, in bp of majors.
type drift struct {
	rng *rand.Rand
	ou
}

func newDrift(seed uint64, h *House, dt float64) *drift {
	rng := stream(hash(seed, textHash(h.Name), 0), 0x1003)
	return &drift{rng, newOU(rng, h.lean()*math.Sqrt(leanOne), leanHalf, dt)}
}

// textHash is FNV-1a.
func textHash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// abroad is what sets an instrument apart from its like elsewhere.
type abroad struct {
	rng    *rand.Rand
	lean   ou            // its own
	shared *drift        // of its house's perpetuals; nil of others
	wide   float64       // how much wider both are than those of majors
	rest   float64       // bp
	share  float64       // of squeezes
	until  exchange.Time // of a dated future
}

// step returns by how much its premium differs, a fraction of the index.
func (b *abroad) step(m *Market, t exchange.Time) float64 {
	if b.until == 0 {
		b.lean.step(b.rng)
		lean := b.lean.x
		if b.shared != nil {
			lean = (lean + b.shared.x) * b.wide
		}
		return 1e-4 * (lean + b.rest)
	}
	left := max(0, float64(b.until-t)/1e9/year)
	return (yearly + eager*m.weather.mood.x) * left
}

// over reports that a dated future has been delivered.
func (v *venue) over(t exchange.Time) bool {
	return v.abroad != nil && v.abroad.until != 0 && t > v.abroad.until
}
