package simfront

import (
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/deribit/api"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// session is what an account has made since the last settlement, and its log. The matching
// venue books profit and funding at once: what is told of a balance is that without them.
type session struct {
	of              map[exchange.InstrumentID]*made
	log             []row
	last            int64 // id of a row
	matching, other level
}

// made is what an instrument has made in the session.
type made struct {
	profit  decimal.Decimal // of what was closed, on top of what was settled of it
	funding decimal.Decimal
	settled decimal.Decimal // profit of what is open that settlements have moved to the balance
}

// row is one of the transaction log.
type row struct {
	at       exchange.Time
	currency string
	words    reply.Object
}

func sessionOf(a *simserver.Account) *session { return a.Note.(*session) }

func (n *session) made(id exchange.InstrumentID) *made {
	m := n.of[id]
	if m == nil {
		m = &made{}
		n.of[id] = m
	}
	return m
}

// booked takes a fill into the session: what it closes takes its part of what was settled
// with it.
func (n *session) booked(a *simserver.Account, t *simserver.Trade) {
	in := t.Order.Market.In
	if !in.Perp() {
		return
	}
	m, now := n.made(in.ID), a.Funds.Position(in.ID).Qty
	before := now - exchange.Lots(t.Order.Side)*t.Qty
	share := decimal.Zero
	if !m.settled.IsZero() && before != 0 {
		closed := min(before.Abs(), t.Qty)
		if (before > 0) == (t.Order.Side == exchange.Buy) {
			closed = 0
		}
		share = m.settled.Mul(decimal.NewFromInt(int64(closed))).DivRound(decimal.NewFromInt(int64(before.Abs())), 16)
		if closed == before.Abs() {
			share = m.settled
		}
	}
	m.settled = m.settled.Sub(share)
	m.profit = m.profit.Add(t.Realised).Sub(share)
}

// write adds a row to the log.
func (n *session) write(at exchange.Time, currency, kind string, fields ...any) {
	n.last++
	words := object("id", n.last, "user_seq", n.last, "type", kind, "currency", currency, "timestamp", millis(at), "username", "sim", "user_id", 1)
	n.log = append(n.log, row{at, currency, append(words, object(fields...)...)})
}

// settlement is the last moment of settlement: 08:00 UTC.
func settlement(now exchange.Time) exchange.Time {
	const hour = 8 * exchange.Hour
	return (now-hour)/exchange.Day*exchange.Day + hour
}

// settle moves to the balances what the session has made, at 08:00.
func (d *dialect) settle() {
	now := d.state.Clock.Now()
	at := settlement(now)
	if at <= d.settled || now < at+exchange.Second { // what is charged at 08:00 belongs to it
		return
	}
	d.settled = at
	for _, a := range d.state.Accounts() {
		n := sessionOf(a)
		for _, m := range d.state.Markets() {
			x := n.of[m.In.ID]
			if x == nil {
				continue
			}
			open := a.Funds.PositionMargin(m.In.ID).Unrealised
			floating := open.Sub(x.settled)
			n.write(at, m.In.Settle(), "settlement", "instrument_name", m.In.Symbol, "change", number(x.profit.Add(x.funding).Add(floating)), "cashflow", number(x.profit.Add(x.funding).Add(floating)),
				"session_rpl", number(x.profit.Add(x.funding)), "session_upl", number(floating), "total_interest_pl", number(x.funding), "interest_pl", number(x.funding),
				"position", amount(m.In, a.Funds.Position(m.In.ID).Qty), "price", number(m.MarkPrice()), "price_currency", m.In.Quote, "trade_id", nil, "order_id", nil, "commission", nil)
			*x = made{settled: open}
		}
	}
}

// unsettled is what a currency has made in the session, and what of open positions was
// settled before.
func unsettled(d *dialect, a *simserver.Account, currency string) (profit, settled decimal.Decimal) {
	for _, m := range d.state.Markets() {
		if x := sessionOf(a).of[m.In.ID]; x != nil && m.In.Perp() && m.In.Settle() == currency {
			profit, settled = profit.Add(x.profit).Add(x.funding), settled.Add(x.settled)
		}
	}
	return profit, settled
}

func summary(d *dialect, a *simserver.Account, currency string) reply.Object {
	held, margin := a.Funds.Balance(api.Wallet, currency), a.Funds.Margin(api.Wallet, currency)
	profit, settled := unsettled(d, a, currency)
	open := decimal.Zero
	for _, m := range d.state.Markets() {
		if m.In.Perp() && m.In.Settle() == currency {
			open = open.Add(a.Funds.PositionMargin(m.In.ID).Unrealised)
		}
	}
	available := decimal.Max(decimal.Zero, decimal.Min(held.Free, margin.Available))
	m, o := d.limits.Matching, d.limits.Other
	bucket := func(b Bucket) reply.Object { return object("rate", b.Rate, "burst", b.Burst) }
	return object("currency", currency, "balance", number(held.Total.Sub(profit).Add(settled)), "equity", number(held.Total.Add(open)), "margin_balance", number(held.Total.Add(open)),
		"available_funds", number(available), "available_withdrawal_funds", number(available), "initial_margin", number(margin.Initial), "maintenance_margin", number(margin.Maintenance),
		"session_rpl", number(profit), "session_upl", number(open.Sub(settled)), "futures_session_rpl", number(profit), "futures_session_upl", number(open.Sub(settled)),
		"futures_pl", number(open), "total_pl", number(open), "options_pl", number(decimal.Zero), "options_value", number(decimal.Zero), "fee_balance", number(decimal.Zero),
		"margin_model", "segregated_sm", "portfolio_margining_enabled", false, "cross_collateral_enabled", false, "spot_reserve", number(held.Locked),
		"limits", object("limits_per_currency", false, "non_matching_engine", bucket(o), "matching_engine", object("trading", object("total", bucket(m)), "spot", bucket(m), "cancel_all", bucket(m))))
}

func identity(d *dialect, a *simserver.Account) reply.Object {
	return object("id", 1000+a.Number, "email", "sim@example.com", "username", "sim", "system_name", "sim", "type", "subaccount", "self_trading_reject_mode", "cancel_maker",
		"self_trading_extended_to_subaccounts", false, "creation_timestamp", int64(1687352432143))
}

func accountSummary(d *dialect, q *request) (any, *fault) {
	if !slices.Contains(held(d), q.text("currency")) {
		return nil, badParam("currency", "unknown")
	}
	return append(identity(d, q.account), summary(d, q.account, q.text("currency"))...), nil
}

func accountSummaries(d *dialect, q *request) (any, *fault) {
	all := list()
	for _, c := range held(d) {
		all = append(all, summary(d, q.account, c))
	}
	return identity(d, q.account).With(reply.Field{"summaries", all}), nil
}

func holding(d *dialect, a *simserver.Account, m *simserver.Market) reply.Object {
	p, margin := a.Funds.Position(m.In.ID), a.Funds.PositionMargin(m.In.ID)
	x := sessionOf(a).of[m.In.ID]
	if x == nil {
		x = &made{}
	}
	side := "zero"
	if p.Qty != 0 {
		side = direction(exchange.Buy)
		if p.Qty < 0 {
			side = direction(exchange.Sell)
		}
	}
	coins := m.In.QtyDecimal(p.Qty)
	if m.In.Inverse() {
		coins = coins.DivRound(m.MarkPrice(), 9)
	}
	out := object("instrument_name", m.In.Symbol, "kind", "future", "direction", side, "size", amount(m.In, p.Qty), "size_currency", number(coins), "average_price", number(p.Entry),
		"mark_price", number(m.MarkPrice()), "index_price", index(m), "settlement_price", number(m.MarkPrice()), "total_profit_loss", number(margin.Unrealised),
		"floating_profit_loss", number(margin.Unrealised.Sub(x.settled)), "realized_profit_loss", number(x.profit.Add(x.funding)), "realized_funding", number(x.funding),
		"initial_margin", number(margin.Position), "maintenance_margin", number(margin.Maintenance), "open_orders_margin", number(margin.Orders), "leverage", a.Funds.Leverage(m.In.ID), "delta", number(coins))
	if at, ok := a.Funds.LiquidationPrice(m.In.ID); ok {
		out = out.With(reply.Field{"estimated_liquidation_price", number(at)})
	}
	return out
}

// positions implements private/get_positions: what was closed in the session is there too.
func positions(d *dialect, q *request) (any, *fault) {
	out := list()
	for _, m := range d.markets(q.text("currency"), q.text("kind")) {
		if m.In.Perp() && (q.account.Funds.Position(m.In.ID).Qty != 0 || sessionOf(q.account).of[m.In.ID] != nil) {
			out = append(out, holding(d, q.account, m))
		}
	}
	return out, nil
}

func position(d *dialect, q *request) (any, *fault) {
	m, e := known(d, q)
	if e != nil {
		return nil, e
	}
	return holding(d, q.account, m), nil
}

func transactionLog(d *dialect, q *request) (any, *fault) {
	if !slices.Contains(held(d), q.text("currency")) {
		return nil, badParam("currency", "unknown")
	}
	from, to := q.time("start_timestamp", 0), q.time("end_timestamp", 1<<62)
	before := q.integer("continuation", 1<<62)
	n := int(min(250, max(1, q.integer("count", 100))))
	out, next := list(), any(nil)
	log := sessionOf(q.account).log
	for i := len(log) - 1; i >= 0; i-- {
		r := &log[i]
		if r.currency != q.text("currency") || r.at < from || r.at > to || int64(i) >= before || q.has("query") && !strings.Contains(string(reply.Encode(r.words)), q.text("query")) {
			continue
		}
		if len(out) == n {
			next = i + 1
			break
		}
		out = append(out, r.words)
	}
	return object("logs", out, "continuation", next), nil
}
