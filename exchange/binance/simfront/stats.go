package simfront

import (
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Statistics of contracts under /futures/data: by period, oldest first. They are
// of the accounts of this server and the trades of its market: there is nobody
// else. Source: the statistics of USD-M and COIN-M.

// stat is what a statistic asks for: a contract and the ends of its periods.
type stat struct {
	m     *market
	every exchange.Time
	ends  []exchange.Time
}

// statPeriods are the periods of all statistics.
var statPeriods = map[string]bool{"5m": true, "15m": true, "30m": true, "1h": true, "2h": true, "4h": true, "6h": true, "12h": true, "1d": true}

func (h *statistics) stat(c *call) (st stat, f *fault) {
	name := "symbol"
	if c.market == api.COINM || c.path == "futures/data/basis" {
		name = "pair"
	}
	switch {
	case !c.has(name):
		return st, missing(name)
	case !c.has("period"):
		return st, missing("period")
	case !statPeriods[c.get("period")]:
		return st, bad(-1130, "Data sent for parameter 'period' is not valid.")
	}
	if kind := c.get("contractType"); kind != "" && kind != "PERPETUAL" && kind != "ALL" {
		return st, unsupported("there are no contracts of type " + kind)
	}
	for _, m := range h.marketsOf(c.market) {
		if c.get(name) == m.In.Symbol || name == "pair" && c.get(name) == m.pair() {
			st.m = m
			break
		}
	}
	if st.m == nil {
		return st, invalidSymbol()
	}
	p, f := c.page(30, 500)
	if f != nil {
		return st, f
	}
	st.every = simserver.Intervals[c.get("period")]
	if len(st.m.Bars) == 0 {
		return st, nil
	}
	for t := st.m.Bars[0].Begin/st.every*st.every + st.every; t <= h.clock.Now(); t += st.every {
		if within(t, p.from, p.to) {
			st.ends = append(st.ends, t)
		}
	}
	st.ends = latest(st.ends, p.n, p.from > 0)
	return st, nil
}

// named is how an answer begins.
func (st *stat) named() object {
	if st.m.In.Inverse() {
		return object{{"pair", st.m.pair()}}
	}
	return object{{"symbol", st.m.In.Symbol}}
}

func (h *statistics) openInterestHist(c *call) (any, *fault) {
	st, f := h.stat(c)
	if f != nil {
		return nil, f
	}
	out := list{}
	for _, t := range st.ends {
		var sum exchange.Lots
		for _, a := range h.accounts {
			for _, p := range a.holdings(st.m) {
				sum += p.qtyAt(t).Abs()
			}
		}
		o := st.named()
		if st.m.In.Inverse() {
			o = o.with(field{"contractType", "PERPETUAL"})
		}
		out = append(out, o.with(field{"sumOpenInterest", st.m.QtyText(sum)}, field{"sumOpenInterestValue", st.m.Worth(st.m.CloseAt(t), sum)}, field{"timestamp", millis(t)}))
	}
	return out, nil
}

// longShortRatio is of accounts, or of the positions of accounts. Every account
// here is a top trader.
func (h *statistics) longShortRatio(c *call) (any, *fault) {
	st, f := h.stat(c)
	if f != nil {
		return nil, f
	}
	byPosition := c.path == "futures/data/topLongShortPositionRatio"
	out := list{}
	for _, t := range st.ends {
		var sides [2]int64
		for _, a := range h.accounts {
			for _, p := range a.holdings(st.m) {
				q := p.qtyAt(t)
				weight := int64(1)
				if byPosition {
					weight = int64(q.Abs())
				}
				switch {
				case q > 0:
					sides[0] += weight
				case q < 0:
					sides[1] += weight
				}
			}
		}
		out = append(out, st.ratio(sides, byPosition, t))
	}
	return out, nil
}

// ratio words the two sides; when nobody holds anything both are even.
func (st *stat) ratio(sides [2]int64, byPosition bool, t exchange.Time) object {
	long := decimal.New(5, -1)
	if total := sides[0] + sides[1]; total > 0 {
		long = decimal.NewFromInt(sides[0]).DivRound(decimal.NewFromInt(total), 4)
	}
	short, ratio := decimal.NewFromInt(1).Sub(long), decimal.Zero
	if short.IsPositive() {
		ratio = long.DivRound(short, 4)
	}
	names := [2]string{"longAccount", "shortAccount"}
	if byPosition && st.m.In.Inverse() {
		names = [2]string{"longPosition", "shortPosition"}
	}
	return st.named().with(field{"longShortRatio", ratio.StringFixed(4)}, field{names[0], long.StringFixed(4)}, field{names[1], short.StringFixed(4)},
		field{"timestamp", millis(t)})
}

// takerRatio is what takers bought against what they sold, period by period.
func (h *statistics) takerRatio(c *call) (any, *fault) {
	st, f := h.stat(c)
	if f != nil {
		return nil, f
	}
	out := list{}
	for _, t := range st.ends {
		var sum simserver.Bar
		for i := range st.m.Bars {
			if b := &st.m.Bars[i]; b.Begin >= t-st.every && b.Begin < t {
				sum.Extend(b)
			}
		}
		sold := sum.Volume - sum.Taker
		if st.m.In.Inverse() {
			out = append(out, object{{"pair", st.m.pair()}, {"contractType", "PERPETUAL"}, {"takerBuyVol", st.m.QtyText(sum.Taker)}, {"takerSellVol", st.m.QtyText(sold)},
				{"takerBuyVolValue", sum.TakerWorth}, {"takerSellVolValue", sum.Worth.Sub(sum.TakerWorth)}, {"timestamp", millis(t)}})
			continue
		}
		ratio := decimal.Zero
		if sold > 0 {
			ratio = decimal.NewFromInt(int64(sum.Taker)).DivRound(decimal.NewFromInt(int64(sold)), 4)
		}
		out = append(out, object{{"buySellRatio", ratio.StringFixed(4)}, {"buyVol", st.m.QtyText(sum.Taker)}, {"sellVol", st.m.QtyText(sold)}, {"timestamp", millis(t)}})
	}
	return out, nil
}

// basisHist is the distance of the contract from its index. A perpetual has no
// annual rate.
func (h *statistics) basisHist(c *call) (any, *fault) {
	if !c.has("contractType") {
		return nil, missing("contractType")
	}
	st, f := h.stat(c)
	if f != nil {
		return nil, f
	}
	out := list{}
	for _, t := range st.ends {
		index := decimal.Zero
		for _, p := range st.m.Drawn(simserver.CurveIndex, "1m", 0) {
			if p.Begin >= t {
				break
			}
			index = p.Close.Decimal()
		}
		if !index.IsPositive() {
			continue
		}
		price := st.m.In.PriceDecimal(st.m.CloseAt(t))
		basis := price.Sub(index)
		out = append(out, object{{"indexPrice", index.String()}, {"contractType", "PERPETUAL"}, {"basisRate", basis.DivRound(index, 4).StringFixed(4)},
			{"futuresPrice", price.String()}, {"annualizedBasisRate", ""}, {"basis", basis.String()}, {"pair", st.m.pair()}, {"timestamp", millis(t)}})
	}
	return out, nil
}
