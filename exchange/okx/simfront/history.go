package simfront

import (
	"encoding/json"
	"slices"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/okx/payload"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// drawn are candles of a price that is told and not traded, [ts,o,h,l,c,confirm]. Source:
// the manual, "Get mark price candlesticks" and "Get index candlesticks".
func (c data) drawn(kind int) (rows, *fault) {
	m, f := c.drawnOf(kind)
	if f != nil {
		return rows{}, f
	}
	name, f := c.bar()
	if f != nil {
		return rows{}, f
	}
	limit, keep := c.page(100)
	out := reply.List{}
	now := c.d.s.Clock.Now()
	for _, b := range slices.Backward(m.Drawn(kind, name, 0)) {
		if !keep(int64(b.Begin/exchange.Millisecond)) || len(out) == limit {
			continue
		}
		confirm := "0"
		if _, end := simserver.Opening(b.Begin, name); end <= now {
			confirm = "1"
		}
		out = append(out, reply.List{ms(b.Begin), b.Open.Decimal(), b.High.Decimal(), b.Low.Decimal(), b.Close.Decimal(), confirm})
	}
	return rows{raw: out}, nil
}

// drawnOf is whose price is asked for: a contract's mark, or the index of a pair, which any of
// its contracts has.
func (c data) drawnOf(kind int) (*simserver.Market, *fault) {
	name := c.q.Get("instId")
	for _, m := range c.d.s.Markets() {
		if m.Segment != nil && m.In.Perp() && (kind == simserver.CurveMark && m.In.Symbol == name || kind == simserver.CurveIndex && payload.IndexOf(m.In) == name) {
			return m, nil
		}
	}
	return nil, refuse("51001", "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")
}

func (c data) markCandles() (rows, *fault)  { return c.drawn(simserver.CurveMark) }
func (c data) indexCandles() (rows, *fault) { return c.drawn(simserver.CurveIndex) }

// bar is the length of candles that is asked for, by the exchange's name.
func (c data) bar() (string, *fault) {
	text := c.q.Get("bar")
	if text == "" {
		text = "1m"
	}
	name, ok := intervals[text]
	if !ok {
		return "", refuse("51000", "Parameter bar error")
	}
	return name, nil
}

func (c data) openInterest() (rows, *fault) {
	return c.each(func(m *simserver.Market) reply.Object { return interest(c.d, m) })
}

// interest is what all accounts of the simulated exchange hold of a contract; nil of coins.
func interest(d *dialect, m *simserver.Market) reply.Object {
	in := m.In
	if !in.Perp() {
		return nil
	}
	held := exchange.Lots(0)
	for _, a := range d.s.Accounts() {
		held += a.Funds.Position(in.ID).Qty.Abs()
	}
	coins, dollars := in.QtyDecimal(held), in.QtyDecimal(held).Mul(m.MarkPrice())
	if in.Inverse() {
		dollars = in.QtyDecimal(held).Mul(in.ContractSize)
		if mark := m.MarkPrice(); mark.IsPositive() {
			coins = dollars.DivRound(mark, 8)
		}
	}
	return reply.Object{{"instType", string(typeOf(m))}, {"instId", in.Symbol}, {"oi", size(in, held)}, {"oiCcy", money(coins)}, {"oiUsd", money(dollars.Round(8))}, {"ts", d.now()}}
}

// none is what a simulated exchange has nothing of: maintenance that was announced, deposits,
// withdrawals.
func none(*call) (rows, *fault) { return rows{}, nil }

// closePosition closes the whole of a position at the market.
func closePosition(c *call) (rows, *fault) {
	var f fields
	if err := json.Unmarshal(c.body, &f); err != nil {
		return rows{}, &fault{400, "50002", "JSON syntax error"}
	}
	m := c.d.market(f.text("instId"))
	switch {
	case m == nil:
		return rows{}, refuse("51001", "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")
	case f.text("mgnMode") != "cross" || !m.In.Perp():
		return rows{}, refuse("51010", "You can't complete this request under your current account mode.")
	}
	held := c.a.Funds.Position(m.In.ID).Qty
	if held == 0 {
		return rows{}, refuse("51023", "Position does not exist.")
	}
	if f.text("autoCxl") == "true" {
		for _, o := range c.a.Orders.Open(m.Segment, m) {
			orderNote(o).source = "1"
			c.a.Entry.Cancel(o, "cancel")
		}
	}
	side := "sell"
	if held < 0 {
		side = "buy"
	}
	r := c.placeOne(fields{"instId": m.In.Symbol, "tdMode": "cross", "side": side, "ordType": "market", "sz": size(m.In, held.Abs()), "reduceOnly": "true", "clOrdId": f.text("clOrdId"), "tag": f.text("tag")})
	if r.code != "" {
		return rows{}, refuse(r.code, r.msg)
	}
	return rows{list: []reply.Object{{{"clOrdId", f.text("clOrdId")}, {"instId", m.In.Symbol}, {"posSide", "net"}, {"tag", f.text("tag")}}}}, nil
}
