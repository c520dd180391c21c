package synth

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// coin is what the model knows of one asset. Volatilities and premiums are in
// basis points; the index price is in USD, and one USDT is one USD here.
type coin struct {
	base  string
	price float64 // index at Start
	beta  float64 // to the market factor
	idio  float64 // own volatility of one minute, bp
	major bool    // deep book, few and small squeezes
	rest  float64 // where the premium rests, bp
	h     float64 // half the impact spread of the perpetual, bp
	depth float64 // value on each side of the perpetual's book within 10 bp, USD
	top   float64 // value at the touch of the perpetual's book, USD

	spot, perp rules
	inverse    *rules // nil: no coin-margined contract
}

// rules are an instrument's own trading rules and book texture.
type rules struct {
	symbol      string
	tick, lot   string
	minNotional int64
	multiplier  int64
	contract    int64   // USD of one inverse contract
	spread      float64 // usual spread in ticks
	fine        int64   // gap between levels 2 to 5, ticks
	coarse      int64   // gap between the levels beyond; a multiple of fine
	hours       int
	laterHours  int // interval from the fifth day on; 0: unchanged
	interest    string
	cap         string // of one settlement; the floor is its negative
	tiers       []tier
	depth       float64 // of the book, relative to what the coin's would be; 0: 1
}

// tier is the head of one maintenance bracket; cum follows from the others.
type tier struct {
	cap      int64
	mmr      string
	leverage int
}

var coins = []coin{
	{base: "BTC", price: 91200, beta: 1, idio: 1.0, major: true, rest: -4.3, h: 0.3, depth: 8e6, top: 180e3,
		spot:    rules{symbol: "BTCUSDT", tick: "0.01", lot: "0.00001", spread: 1, fine: 55, coarse: 825},
		perp:    rules{symbol: "BTCUSDT", tick: "0.1", lot: "0.001", minNotional: 50, spread: 1, fine: 7, coarse: 84, hours: 8, interest: "0.0001", cap: "0.003", tiers: deepTiers},
		inverse: &rules{symbol: "BTCUSD_PERP", tick: "0.1", lot: "1", contract: 100, spread: 1, fine: 13, coarse: 91, hours: 8, interest: "0.0001", cap: "0.003", tiers: btcCoinTiers}},
	{base: "ETH", price: 3150, beta: 1.4, idio: 4.2, major: true, rest: -4.4, h: 0.4, depth: 5e6, top: 120e3,
		spot:    rules{symbol: "ETHUSDT", tick: "0.01", lot: "0.0001", spread: 1, fine: 3, coarse: 42},
		perp:    rules{symbol: "ETHUSDT", tick: "0.01", lot: "0.001", minNotional: 20, spread: 1, fine: 4, coarse: 40, hours: 8, interest: "0.0001", cap: "0.003", tiers: deepTiers},
		inverse: &rules{symbol: "ETHUSD_PERP", tick: "0.01", lot: "1", contract: 10, spread: 1, fine: 5, coarse: 45, hours: 8, interest: "0.0001", cap: "0.00375", tiers: ethCoinTiers}},
	{base: "BNB", price: 890, beta: 0.68, idio: 4.4, rest: -5.8, h: 0.5, depth: 1.2e6, top: 40e3,
		spot: rules{symbol: "BNBUSDT", tick: "0.01", lot: "0.001", spread: 1, fine: 2, coarse: 10},
		perp: rules{symbol: "BNBUSDT", tick: "0.01", lot: "0.01", minNotional: 5, spread: 1, fine: 2, coarse: 10, hours: 8, interest: "0", cap: "0.00375", tiers: bnbTiers}},
	{base: "SOL", price: 138, beta: 1.5, idio: 6.1, rest: -5.1, h: 0.5, depth: 2.5e6, top: 60e3,
		spot: rules{symbol: "SOLUSDT", tick: "0.01", lot: "0.001", spread: 1, fine: 1, coarse: 2},
		perp: rules{symbol: "SOLUSDT", tick: "0.01", lot: "0.01", minNotional: 5, spread: 1, fine: 1, coarse: 2, hours: 8, interest: "0.0001", cap: "0.00375", tiers: solTiers}},
	{base: "XRP", price: 2.1, beta: 1.3, idio: 5.9, rest: -5.3, h: 0.5, depth: 2e6, top: 50e3,
		spot: rules{symbol: "XRPUSDT", tick: "0.0001", lot: "0.1", spread: 1, fine: 1, coarse: 3},
		perp: rules{symbol: "XRPUSDT", tick: "0.0001", lot: "0.1", minNotional: 5, spread: 1, fine: 1, coarse: 3, hours: 8, interest: "0.0001", cap: "0.00375", tiers: xrpTiers}},
	{base: "DOGE", price: 0.164, beta: 1.6, idio: 6.8, rest: -5.3, h: 0.7, depth: 1.5e6, top: 40e3,
		spot: rules{symbol: "DOGEUSDT", tick: "0.00001", lot: "1", minNotional: 1, spread: 1.2, fine: 1, coarse: 3},
		perp: rules{symbol: "DOGEUSDT", tick: "0.00001", lot: "1", minNotional: 5, spread: 1.1, fine: 1, coarse: 3, hours: 8, interest: "0.0001", cap: "0.02", tiers: dogeTiers}},
	{base: "ADA", price: 0.78, beta: 1.65, idio: 7.0, rest: -5.4, h: 0.8, depth: 0.7e6, top: 30e3,
		spot: rules{symbol: "ADAUSDT", tick: "0.0001", lot: "0.1", spread: 1, fine: 1, coarse: 1},
		perp: rules{symbol: "ADAUSDT", tick: "0.0001", lot: "1", minNotional: 5, spread: 1, fine: 1, coarse: 1, hours: 4, interest: "0.0001", cap: "0.02", tiers: smallTiers}},
	{base: "LINK", price: 14.2, beta: 1.71, idio: 7.0, rest: -5.3, h: 0.8, depth: 0.5e6, top: 20e3,
		spot: rules{symbol: "LINKUSDT", tick: "0.001", lot: "0.01", spread: 1.8, fine: 1, coarse: 3},
		perp: rules{symbol: "LINKUSDT", tick: "0.001", lot: "0.01", minNotional: 5, spread: 1.5, fine: 1, coarse: 3, hours: 4, interest: "0.0001", cap: "0.02", tiers: linkTiers}},
	{base: "AVAX", price: 24.3, beta: 1.74, idio: 7.7, rest: -5.6, h: 0.8, depth: 0.5e6, top: 20e3,
		spot: rules{symbol: "AVAXUSDT", tick: "0.001", lot: "0.01", spread: 2.6, fine: 2, coarse: 6},
		perp: rules{symbol: "AVAXUSDT", tick: "0.001", lot: "1", minNotional: 5, spread: 2.2, fine: 2, coarse: 6, hours: 8, laterHours: 4, interest: "0.0001", cap: "0.02", tiers: avaxTiers}},
	{base: "SHIB", price: 0.0000215, beta: 1.5, idio: 6.8, rest: -5.4, h: 0.8, depth: 0.4e6, top: 15e3,
		spot: rules{symbol: "SHIBUSDT", tick: "0.00000001", lot: "1", minNotional: 1, spread: 1, fine: 1, coarse: 1},
		perp: rules{symbol: "1000SHIBUSDT", tick: "0.000001", lot: "1", minNotional: 5, multiplier: 1000, spread: 2, fine: 1, coarse: 4, hours: 8, interest: "0.0001", cap: "0.02", tiers: shibTiers}},
}

// Heads of the maintenance tables, caps in USDT (in coin for inverse ones).
var (
	deepTiers    = []tier{{300e3, "0.004", 150}, {800e3, "0.005", 100}, {3e6, "0.0065", 75}, {12e6, "0.01", 50}, {50e6, "0.02", 25}, {65e6, "0.025", 20}}
	bnbTiers     = []tier{{10e3, "0.005", 75}, {200e3, "0.006", 50}, {400e3, "0.01", 40}, {1500e3, "0.02", 25}, {3e6, "0.025", 20}, {15e6, "0.05", 10}}
	solTiers     = []tier{{50e3, "0.005", 100}, {400e3, "0.0065", 75}, {1e6, "0.01", 50}, {4e6, "0.02", 25}, {8e6, "0.025", 20}, {40e6, "0.05", 10}}
	xrpTiers     = []tier{{40e3, "0.005", 100}, {80e3, "0.006", 75}, {150e3, "0.01", 50}, {400e3, "0.0125", 40}, {1e6, "0.02", 25}, {2e6, "0.025", 20}, {10e6, "0.05", 10}}
	dogeTiers    = []tier{{80e3, "0.0065", 75}, {150e3, "0.01", 50}, {750e3, "0.0125", 40}, {2e6, "0.02", 25}, {4e6, "0.025", 20}, {20e6, "0.05", 10}}
	smallTiers   = []tier{{10e3, "0.005", 75}, {50e3, "0.01", 50}, {200e3, "0.015", 40}, {1e6, "0.02", 25}, {2e6, "0.025", 20}, {10e6, "0.05", 10}}
	linkTiers    = []tier{{10e3, "0.005", 75}, {200e3, "0.01", 50}, {400e3, "0.015", 40}, {800e3, "0.02", 25}, {1600e3, "0.025", 20}, {8e6, "0.05", 10}}
	avaxTiers    = []tier{{25e3, "0.005", 75}, {80e3, "0.01", 50}, {160e3, "0.015", 40}, {800e3, "0.02", 25}, {1600e3, "0.025", 20}, {8e6, "0.05", 10}}
	shibTiers    = []tier{{25e3, "0.0065", 75}, {150e3, "0.01", 50}, {200e3, "0.015", 40}, {800e3, "0.02", 25}, {1600e3, "0.025", 20}, {3e6, "0.05", 10}}
	btcCoinTiers = []tier{{5, "0.004", 125}, {10, "0.005", 100}, {20, "0.01", 50}, {50, "0.025", 20}, {100, "0.05", 10}, {200, "0.1", 5}}
	ethCoinTiers = []tier{{15, "0.005", 100}, {40, "0.0065", 75}, {100, "0.01", 50}, {400, "0.025", 20}, {1500, "0.05", 10}, {5000, "0.1", 5}}
)

const assumed = "simulated market: tick, lot, notional and bracket rules in the manner of Binance in 2026; funding intervals and caps, largest sizes and coin-margined brackets are the simulator's"

// venues are those of the market that is imitated.
var venues = map[exchange.Contract]exchange.Venue{exchange.Spot: "binance.spot", exchange.Linear: "binance.usdm", exchange.Inverse: "binance.coinm"}

// universe builds the instruments.
func universe(o *Options) (*exchange.Universe, error) {
	list, err := o.instruments()
	if err != nil {
		return nil, err
	}
	return exchange.NewUniverse(list)
}

// builtInList is the built-in listing, in the order of coins.
func builtInList() (list []exchange.Instrument) {
	for i := range coins {
		c := &coins[i]
		list = append(list, c.instrument(exchange.Spot, &c.spot), c.instrument(exchange.Linear, &c.perp))
		if c.inverse != nil {
			list = append(list, c.instrument(exchange.Inverse, c.inverse))
		}
	}
	return list
}

func (c *coin) instrument(kind exchange.Contract, r *rules) exchange.Instrument {
	in := exchange.Instrument{
		Venue: venues[kind], Contract: kind, Symbol: r.symbol, Base: c.base, Quote: "USDT",
		Tick: exchange.MustStep(r.tick), Lot: exchange.MustStep(r.lot),
		MinQty: 1, MaxQty: c.maxQty(r), Multiplier: max(r.multiplier, 1),
		ContractSize: decimal.NewFromInt(max(r.contract, 1)),
		MakerFee:     decimal.New(2, -4), TakerFee: decimal.New(5, -4),
		Assumed: assumed,
	}
	if kind == exchange.Inverse {
		in.Quote = "USD"
	}
	in.MinNotional = decimal.NewFromInt(r.minNotional)
	if kind == exchange.Spot {
		in.Linking = exchange.LinkDense
		spotRules(&in)
	} else {
		perpRules(&in, r, c.major)
	}
	return in
}

// maxQty bounds one order by value, so that it means the same for every coin.
func (c *coin) maxQty(r *rules) exchange.Lots {
	value := 20e6
	if c.major {
		value = 100e6
	}
	return exchange.Lots(value / c.lotValue(r))
}

// lotValue is the USD value of one lot at the starting price.
func (c *coin) lotValue(r *rules) float64 {
	if r.contract > 0 {
		return float64(r.contract)
	}
	return c.price * float64(max(r.multiplier, 1)) * exchange.MustStep(r.lot).Float(1)
}

func spotRules(in *exchange.Instrument) {
	in.MakerFee, in.TakerFee = decimal.New(10, -4), decimal.New(10, -4)
	in.PriceUp, in.PriceDown = decimal.NewFromInt(5), decimal.New(2, -1)
	if in.MinNotional.IsZero() {
		in.MinNotional = decimal.NewFromInt(5)
	}
}

func perpRules(in *exchange.Instrument, r *rules, major bool) {
	band := decimal.New(10, -2)
	if major {
		band = decimal.New(5, -2)
	}
	one := decimal.NewFromInt(1)
	in.PriceUp, in.PriceDown, in.TakeBound = one.Add(band), one.Sub(band), band
	in.FundingHours = r.hours
	in.FundingCap = decimal.RequireFromString(r.cap)
	in.FundingFloor = in.FundingCap.Neg()
	in.InterestRate = decimal.RequireFromString(r.interest)
	in.Brackets = brackets(r.tiers)
}

// brackets fills in the maintenance amounts:
// cum_k = floor_k·(mmr_k − mmr_{k−1}) + cum_{k−1}.
func brackets(tiers []tier) []exchange.Bracket {
	out := make([]exchange.Bracket, len(tiers))
	var prev exchange.Bracket
	for i, t := range tiers {
		b := exchange.Bracket{Cap: decimal.NewFromInt(t.cap), MMR: decimal.RequireFromString(t.mmr), MaxLeverage: t.leverage}
		if i > 0 {
			b.Cum = prev.Cap.Mul(b.MMR.Sub(prev.MMR)).Add(prev.Cum)
		}
		out[i], prev = b, b
	}
	return out
}
