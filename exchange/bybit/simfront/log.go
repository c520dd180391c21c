package simfront

import (
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// logRow is a row of the transaction log. Change is cash flow and funding without the fee.
type logRow struct {
	kind                  string // type(uta) of the manual's enums
	category              api.Category
	symbol, base, asset   string
	side, order, client   string
	trade                 string
	qty, price            string
	cash, fee, paid, rate decimal.Decimal
	change, balance       decimal.Decimal
	at                    exchange.Time
}

// logged is the whole log, oldest first.
func (a *account) logged(markets []*market) (out []logRow) {
	for _, t := range a.Ledger.Trades() {
		out = append(out, a.tradeRows(t)...)
	}
	for _, p := range a.funding {
		m := markets[p.Instrument]
		out = append(out, logRow{kind: "SETTLEMENT", category: m.category, symbol: m.In.Symbol, base: m.In.Base, asset: p.Asset, side: "None", trade: a.fundingID(p.Instrument, p.Settled),
			qty: m.qty(p.Position), price: p.Mark.Decimal().String(), paid: p.Amount, rate: p.Rate.Decimal(), change: p.Amount, at: p.Settled})
	}
	for _, t := range a.Ledger.Transfers() {
		from, _, _ := strings.Cut(t.Type, ">")
		r := logRow{kind: "TRANSFER_IN", asset: t.Asset, side: "None", change: t.Amount, cash: t.Amount, at: t.Time, trade: "transfer-" + strconv.FormatInt(t.ID, 10)}
		if from == "UNIFIED" {
			r.kind, r.change, r.cash = "TRANSFER_OUT", t.Amount.Neg(), t.Amount.Neg()
		} else if !t.Done {
			continue
		}
		out = append(out, r)
	}
	for _, r := range a.Ledger.Incomes() {
		switch r.Kind {
		case simserver.IncomeInterest:
			out = append(out, logRow{kind: "INTEREST", category: api.Spot, asset: r.Asset, side: "None", change: r.Amount, cash: r.Amount, at: r.Time, trade: "interest-" + strconv.FormatInt(r.ID, 10)})
		case simserver.IncomeInsurance:
			out = append(out, logRow{kind: "BONUS", asset: r.Asset, side: "None", change: r.Amount, cash: r.Amount, at: r.Time, trade: "cleared-" + strconv.FormatInt(r.ID, 10)})
		}
	}
	slices.SortStableFunc(out, func(x, y logRow) int { return int((x.at - y.at) / exchange.Millisecond) })
	return out
}

// tradeRows are those of a fill: on spot one of each coin.
func (a *account) tradeRows(t *simserver.Trade) []logRow {
	o := t.Order
	m := marketOf(o.Market)
	r := logRow{kind: "TRADE", category: m.category, symbol: m.In.Symbol, base: m.In.Base, side: sideText(o.Side), order: a.idText(m.spot(), orderID, o.ID), client: o.Client,
		trade: a.idText(m.spot(), tradeID, t.ID), qty: m.qty(t.Qty), price: m.price(t.Price), rate: m.rate(t.Maker), at: t.Time}
	switch forced(o) {
	case "BustTrade":
		r.kind = "LIQUIDATION"
	case "AdlTrade":
		r.kind = "ADL"
	case "Settle":
		r.kind = "DELIVERY"
	}
	if !m.spot() {
		r.asset, r.cash, r.fee = m.In.Settle(), t.Realised, t.Fee
		r.change = r.cash.Sub(r.fee)
		return []logRow{r}
	}
	side := decimal.NewFromInt(int64(o.Side))
	coin, money := r, r
	coin.asset, coin.cash = m.In.Base, m.In.QtyDecimal(t.Qty).Mul(side)
	money.asset, money.cash = m.In.Quote, m.In.Notional(t.Price, t.Qty).Mul(side).Neg()
	for _, x := range []*logRow{&coin, &money} {
		if x.asset == t.FeeAsset {
			x.fee = t.Fee
		}
		x.change = x.cash.Sub(x.fee)
	}
	return []logRow{coin, money}
}

func (r *logRow) row(a *account) reply.Object {
	return reply.Object{{"id", strconv.FormatInt(a.uid(), 10) + "_" + r.symbol + "_" + r.trade}, {"symbol", r.symbol}, {"side", r.side}, {"funding", paidText(r)}, {"orderLinkId", r.client}, {"orderId", r.order},
		{"fee", r.fee}, {"change", r.change}, {"cashFlow", r.cash}, {"transactionTime", stamp(r.at)}, {"type", r.kind}, {"transSubType", ""}, {"feeRate", r.rate}, {"bonusChange", ""},
		{"size", orZero(r.qty)}, {"qty", orZero(r.qty)}, {"cashBalance", r.balance}, {"currency", r.asset}, {"category", string(r.category)}, {"tradePrice", r.price}, {"tradeId", r.trade}, {"extraFees", ""}}
}

func paidText(r *logRow) string {
	if r.kind != "SETTLEMENT" {
		return ""
	}
	return r.paid.String()
}

func orZero(s string) string {
	if s == "" {
		return "0"
	}
	return s
}
