package simfront

import (
	"slices"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/okx/api"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// trip is a position, from the trade that opened it to that after which nothing was held.
type trip struct {
	m           *simserver.Market
	number      int
	long        bool
	opened, end exchange.Time
	held, most  exchange.Lots
	in, out     part
	profit      decimal.Decimal
	fee         decimal.Decimal // negative: it is charged
}

// part is what opened a position, or closed it.
type part struct {
	qty   exchange.Lots
	worth decimal.Decimal
}

// price is the average price of a part.
func (p part) price(in *exchange.Instrument) string {
	qty, worth := in.QtyDecimal(p.qty), p.worth
	if in.Inverse() {
		qty, worth = worth, qty.Mul(in.ContractSize)
	}
	if qty.IsZero() {
		return "0"
	}
	return worth.DivRound(qty, 12).String()
}

// add takes n lots of a trade into a part.
func (t *trip) add(to *part, tr *simserver.Trade, n exchange.Lots) {
	in := t.m.In
	share := in.QtyDecimal(n).DivRound(in.QtyDecimal(tr.Qty), 16)
	to.qty, to.worth = to.qty+n, to.worth.Add(tr.Worth.Mul(share))
	t.fee, t.end = t.fee.Sub(tr.Fee.Mul(share)), tr.Time
}

// trips are the positions that were closed, in the order in which they were.
func trips(a *simserver.Account) (out []*trip) {
	open, number := map[exchange.InstrumentID]*trip{}, 0
	for _, tr := range a.Ledger.Trades() {
		m, buy, rest := tr.Order.Market, tr.Order.Side == exchange.Buy, tr.Qty
		if !m.In.Perp() {
			continue
		}
		t := open[m.In.ID]
		if t != nil && t.long != buy {
			n := min(t.held, rest)
			t.add(&t.out, tr, n)
			t.profit, t.held, rest = t.profit.Add(tr.Realised), t.held-n, rest-n
			if t.held == 0 {
				out, t = append(out, t), nil
				delete(open, m.In.ID)
			}
		}
		if rest == 0 {
			continue
		}
		if t == nil {
			number++
			t = &trip{m: m, number: number, long: buy, opened: tr.Time}
			open[m.In.ID] = t
		}
		t.add(&t.in, tr, rest)
		t.held += rest
		t.most = max(t.most, t.held)
	}
	return out
}

// funded is the funding that came or went while a position was held.
func (t *trip) funded(a *simserver.Account) decimal.Decimal {
	sum := decimal.Zero
	for _, i := range a.Ledger.Incomes() {
		if i.Kind == simserver.IncomeFunding && i.Symbol == t.m.In.Symbol && i.Time >= t.opened && i.Time <= t.end {
			sum = sum.Add(i.Amount)
		}
	}
	return sum
}

// closed are the positions that were closed, the newest first. Source: the manual, "Get
// positions history".
func closed(c *call) (rows, *fault) {
	limit, keep := c.page(100)
	kind, symbol := api.Type(c.q.Get("instType")), c.q.Get("instId")
	out := rows{}
	for _, t := range slices.Backward(trips(c.a)) {
		in := t.m.In
		if !keep(int64(t.end/exchange.Millisecond)) || len(out.list) == limit || kind != "" && kind != typeOf(t.m) || symbol != "" && symbol != in.Symbol {
			continue
		}
		way, funding := "short", t.funded(c.a)
		if t.long {
			way = "long"
		}
		out.list = append(out.list, reply.Object{{"instType", string(typeOf(t.m))}, {"instId", in.Symbol}, {"mgnMode", "cross"}, {"type", "2"}, {"cTime", ms(t.opened)}, {"uTime", ms(t.end)},
			{"openAvgPx", t.in.price(in)}, {"closeAvgPx", t.out.price(in)}, {"posId", strconv.Itoa(t.number)}, {"openMaxPos", size(in, t.most)}, {"closeTotalPos", size(in, t.out.qty)},
			{"realizedPnl", money(t.profit.Add(t.fee).Add(funding))}, {"pnl", money(t.profit)}, {"fee", money(t.fee)}, {"fundingFee", money(funding)}, {"liqPenalty", "0"}, {"pnlRatio", ""},
			{"lever", strconv.Itoa(c.a.Funds.Leverage(in.ID))}, {"direction", way}, {"posSide", "net"}, {"ccy", in.Settle()}, {"uly", family(in)}, {"triggerPx", ""}})
	}
	return out, nil
}
