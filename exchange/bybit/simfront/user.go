package simfront

import (
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

const unified = api.Unified

// event is what a private topic tells: one row.
type event struct {
	category api.Category // empty: of none
	row      reply.Object
}

// word makes a message of a row.
func (a *account) word(seg *simserver.Segment, topic string, row reply.Object) simserver.Message {
	e := event{row: row}
	if topic != "wallet" && seg != nil {
		e.category = api.Of(seg.Venue)
	}
	return simserver.Message{Segment: seg, Kind: topic, Body: e}
}

// orderMessages tell a change of an order: the order itself, its execution, and what it
// changed. A change that moves no money is told of the order alone, and of the wallet where
// it locks coins.
func (a *account) orderMessages(ev simserver.Event) []simserver.Message {
	o := ev.Order
	m := marketOf(o.Market)
	out := []simserver.Message{a.word(m.Segment, "order", a.orderRow(o))}
	if t := ev.Trade; t != nil {
		row := a.executionRow(t)
		if !m.spot() {
			row = row.With(reply.Field{"execPnl", t.Realised})
		}
		out = append(out, a.word(m.Segment, "execution", row.With(reply.Field{"isLeverage", "0"})))
	}
	if !m.spot() {
		out = append(out, a.word(m.Segment, "position", a.positionEvent(m)))
		return append(out, a.word(m.Segment, "wallet", a.walletRow(m.In.Settle())))
	}
	return append(out, a.word(m.Segment, "wallet", a.walletRow(m.In.Base)), a.word(m.Segment, "wallet", a.walletRow(m.In.Quote)))
}

func (a *account) positionEvent(m *market) reply.Object {
	return a.positionRow(m).With(reply.Field{"category", string(m.category)})
}

// fundingMessages tell of funding: an execution, whose fee is what was paid.
func (a *account) fundingMessages(ev simserver.Event) []simserver.Message {
	p := ev.Payment
	var m *market
	for _, in := range a.Funds.Markets() {
		if in.In.ID == p.Instrument {
			m = marketOf(in)
		}
	}
	if m == nil {
		return nil
	}
	return []simserver.Message{a.word(m.Segment, "execution", a.fundingRow(m, p)), a.word(m.Segment, "position", a.positionEvent(m)), a.word(m.Segment, "wallet", a.walletRow(p.Asset))}
}

// fundingRow is a payment as an execution.
func (a *account) fundingRow(m *market, p *exchange.FundingPayment) reply.Object {
	side := "Buy" // of the position
	if p.Position < 0 {
		side = "Sell"
	}
	return reply.Object{{"category", string(m.category)}, {"symbol", m.In.Symbol}, {"orderId", a.fundingID(m.In.ID, p.Settled)}, {"orderLinkId", ""}, {"side", side}, {"orderPrice", "0"},
		{"orderQty", "0"}, {"leavesQty", "0"}, {"createType", ""}, {"orderType", "UNKNOWN"}, {"stopOrderType", "UNKNOWN"}, {"execFee", p.Amount.Neg()}, {"execId", a.fundingID(m.In.ID, p.Settled)},
		{"execPrice", p.Mark.Decimal()}, {"execQty", m.qty(p.Position.Abs())}, {"execType", "Funding"}, {"execValue", fundedValue(m, p)},
		{"execTime", stamp(p.Settled)}, {"feeCurrency", p.Asset}, {"isMaker", false}, {"feeRate", p.Rate.Decimal()}, {"tradeIv", ""}, {"markIv", ""}, {"markPrice", p.Mark.Decimal()},
		{"indexPrice", ""}, {"underlyingPrice", ""}, {"blockTradeId", ""}, {"closedSize", "0"}, {"seq", millis(p.Settled)}}
}

func fundedValue(m *market, p *exchange.FundingPayment) decimal.Decimal {
	if m.In.Inverse() {
		return m.In.QtyDecimal(p.Position.Abs()).DivRound(p.Mark.Decimal(), 8)
	}
	return m.In.QtyDecimal(p.Position.Abs()).Mul(p.Mark.Decimal())
}

// fundingID is the id of a payment: of its contract and time.
func (a *account) fundingID(id exchange.InstrumentID, at exchange.Time) string {
	return a.idText(false, logID, int64(at/exchange.Second)*1000+int64(id)%1000)
}

// assets are those that the account has or had, with what its contracts settle in.
func (a *account) assets() []string {
	var out []string
	for _, d := range a.Funds.Balances() {
		if d.Wallet.Within(api.House) == unified.Within(api.House) {
			out = append(out, d.Asset)
		}
	}
	for _, m := range a.Funds.Markets() {
		if m.In.Perp() {
			out = append(out, m.In.Settle())
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (a *account) margined(asset string) bool {
	return slices.ContainsFunc(a.Funds.Markets(), func(m *simserver.Market) bool { return m.In.Perp() && m.In.Settle() == asset })
}

// worth is what a coin is worth in dollars: its last price on spot.
func (a *account) worth(asset string) decimal.Decimal {
	if exchange.IsDollar(asset) {
		return decimal.NewFromInt(1)
	}
	for _, m := range a.Funds.Markets() {
		if m.In.Base == asset && exchange.IsDollar(m.In.Quote) && !strings.Contains(m.In.Symbol, "-") {
			return m.In.PriceDecimal(m.LastPrice())
		}
	}
	return decimal.Zero
}
