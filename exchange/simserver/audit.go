package simserver

import (
	"fmt"
	"net/url"
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
)

// The simulator's own truth, for tests that compare a client's state with it to
// the last digit: amounts are exact decimals, not rounded as in the exchange's
// answers.

// audit is what a client's own books must agree with, exactly.
func (s *sim) audit() object {
	accounts := list{}
	for _, a := range s.accounts {
		accounts = append(accounts, a.audit())
	}
	return object{{"time", millis(s.now)}, {"server_time", millis(s.wall())}, {"connections", len(s.hub.clients)}, {"accounts", accounts}}
}

func getAccount(s *sim, q url.Values, _ []byte) (any, error) {
	n := 0
	if text := q.Get("account"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			return nil, fmt.Errorf("account %q: want a number", text)
		}
	}
	if n < 0 || n >= len(s.accounts) {
		return nil, fmt.Errorf("account %d: there are %d", n, len(s.accounts))
	}
	return s.accounts[n].audit().with(field{"time", millis(s.now)}, field{"server_time", millis(s.wall())}), nil
}

func (a *account) audit() object {
	orders, open, algos := list{}, list{}, list{}
	for _, g := range a.algos {
		algos = append(algos, g.audit())
	}
	for _, o := range a.orders {
		orders = append(orders, o.audit())
		if o.open() {
			open = append(open, o.audit())
		}
	}
	return object{{"account", a.number}, {"dual_side_position", a.dual}, {"multi_assets_margin", a.multiAssets},
		{"balances", a.auditBalances()}, {"positions", a.auditPositions()}, {"open_orders", open}, {"orders", orders}, {"algo_orders", algos},
		{"trades", a.auditTrades()}, {"income", a.auditIncome()}, {"transfers", a.auditMoves()}}
}

func (a *account) auditBalances() list {
	out := list{}
	for _, d := range a.venue.Balances() {
		b := a.venue.Balance(d.Wallet, d.Asset)
		out = append(out, object{{"wallet", string(d.Wallet)}, {"asset", d.Asset}, {"total", b.Total.String()}, {"free", b.Free.String()}, {"locked", b.Locked.String()}})
	}
	return out
}

func (a *account) auditPositions() list {
	out := list{}
	for _, m := range a.s.markets {
		if p := a.venue.Position(m.in.ID); m.in.Perp() && p.Qty != 0 {
			out = append(out, object{{"market", api.Of(m.in.Venue).String()}, {"symbol", m.in.Symbol}, {"qty", m.in.QtyDecimal(p.Qty).String()}, {"entry", p.Entry.String()},
				{"realised", p.Realised.String()}, {"leverage", a.venue.Leverage(m.in.ID)}})
		}
	}
	return out
}

func (o *order) audit() object {
	in := o.m.in
	return object{{"market", api.Of(in.Venue).String()}, {"symbol", in.Symbol}, {"id", o.id}, {"client_id", o.client}, {"side", sideText(o.side)}, {"type", o.typ},
		{"status", o.status}, {"price", in.PriceDecimal(o.price).String()}, {"qty", in.QtyDecimal(o.qty).String()}, {"filled", in.QtyDecimal(o.filled).String()},
		{"worth", o.worth.String()}, {"reduce_only", o.reduceOnly}, {"created", millis(o.created)}, {"updated", millis(o.updated)}}
}

func (a *account) auditTrades() list {
	out := list{}
	for _, t := range a.trades {
		in := t.order.m.in
		out = append(out, object{{"market", api.Of(in.Venue).String()}, {"symbol", in.Symbol}, {"id", t.id}, {"order", t.order.id}, {"side", sideText(t.order.side)},
			{"price", in.PriceDecimal(t.price).String()}, {"qty", in.QtyDecimal(t.qty).String()}, {"fee", t.fee.String()}, {"fee_asset", t.feeAsset},
			{"realised", t.realised.String()}, {"maker", t.maker}, {"time", millis(t.at)}})
	}
	return out
}

func (a *account) auditIncome() list {
	out := list{}
	for _, r := range a.incomes {
		out = append(out, object{{"wallet", r.market.String()}, {"symbol", r.symbol}, {"type", r.kind}, {"asset", r.asset}, {"amount", r.amount.String()},
			{"id", r.tran}, {"time", millis(r.at)}})
	}
	return out
}

func (a *account) auditMoves() list {
	out := list{}
	for _, mv := range a.moves {
		out = append(out, object{{"id", mv.id}, {"type", mv.kind}, {"asset", mv.asset}, {"amount", mv.amount.String()}, {"status", mv.status()}, {"time", millis(mv.at)}})
	}
	return out
}

// getBook is the whole book as it was last published.
func getBook(s *sim, q url.Values, _ []byte) (any, error) {
	mk, err := api.ParseMarket(q.Get("market"))
	if err != nil {
		return nil, err
	}
	m, f := s.find(mk, q.Get("symbol"))
	if f != nil {
		return nil, fmt.Errorf("there is no symbol %q on %s", q.Get("symbol"), mk)
	}
	return object{{"market", mk.String()}, {"symbol", m.in.Symbol}, {"time", millis(s.now)}, {"last_id", m.published},
		{"bids", m.side(exchange.Buy, m.book.Depth(exchange.Buy))}, {"asks", m.side(exchange.Sell, m.book.Depth(exchange.Sell))}}, nil
}
