package host

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/control"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/script"
)

// strategyNow is how a strategy is, as the loop has it.
type strategyNow struct {
	control.Strategy
	held   []core.Held
	params []script.Param
}

// strategiesNow runs on the loop.
func (d *deskReader) strategiesNow(c *core.Core, on core.Onlooker) []strategyNow {
	r := d.s.r
	out := make([]strategyNow, len(r.strategies().Running))
	for i, name := range r.strategies().Running {
		s := &out[i]
		faults := c.Faults(i)
		s.Strategy = control.Strategy{Name: name, Version: c.Version(i), State: "running", Errors: faults.Count, LastError: faults.Last}
		switch {
		case c.Paused(i) != "":
			s.State, s.Why = "paused", c.Paused(i)
		case c.Latched(i) != "":
			s.State, s.Why = "halted", c.Latched(i)
		case c.Asleep(i) != "":
			s.State, s.Why = "asleep", c.Asleep(i)
		}
		if i < len(r.scripts) {
			s.Path = r.scripts[i].path
		}
		if v := r.memory.versions[name]; v != nil {
			s.Hash, s.Refused = v.hash, v.refused
			s.Loaded = utc(v.at)
		}
		if r.watcher != nil && i < len(r.scripts) {
			s.Refused = cmp.Or(r.watcher.refused(i), s.Refused)
		}
		s.Refused = cmp.Or(r.preflight.refusal(i), s.Refused)
		s.held = on.Strategy(int32(i))
		if p, ok := c.Inner(i).(interface{ Parameters() []script.Param }); ok {
			s.params = p.Parameters()
		}
		s.HandlerP50, s.HandlerP99 = r.memory.handlers.quantiles(i)
	}
	for _, o := range c.WorkingOrders() {
		if o.Strategy >= 0 && int(o.Strategy) < len(out) {
			out[o.Strategy].Orders++
		}
	}
	for _, o := range on.Conditionals() {
		if o.Strategy >= 0 && int(o.Strategy) < len(out) && o.Child == 0 {
			out[o.Strategy].Orders++
		}
	}
	for _, p := range c.OpenPairs() {
		if p.Strategy >= 0 && int(p.Strategy) < len(out) {
			out[p.Strategy].Pairs++
		}
	}
	return out
}

// views completes the views of strategies, off the loop.
func (d *deskReader) views(list []strategyNow, booked map[string]decimal.Decimal) []control.Strategy {
	out := make([]control.Strategy, len(list))
	for i := range list {
		s := list[i].Strategy
		s.Positions, s.Params = positions(list[i].held, s.Name), paramViews(list[i].params)
		if v, ok := booked[s.Name]; ok {
			s.PnL = &v
		}
		out[i] = s
	}
	return out
}

// Strategies implements control.Reader.
func (d *deskReader) Strategies(ctx context.Context) ([]control.Strategy, error) {
	var list []strategyNow
	if err := d.see(ctx, func(c *core.Core, on core.Onlooker) { list = d.strategiesNow(c, on) }); err != nil {
		return nil, err
	}
	return d.views(list, d.booked(ctx)), nil
}

// bookedFor is how long what strategies booked is remembered: the whole ledger is read for
// it.
const bookedFor = 10 * time.Second

// booked is what strategies made, in the account's currency, as perilune pnl has it.
func (d *deskReader) booked(context.Context) map[string]decimal.Decimal {
	k, ok := d.kept()
	if !ok {
		return nil
	}
	m := &d.s.r.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	if time.Since(m.bookedAt) < bookedFor {
		return m.booked
	}
	if sums, err := k.booked(d.s.r.core.Currency()); err == nil {
		m.booked = sums
	}
	m.bookedAt = time.Now()
	return m.booked
}

// paramViews words parameters as they are set by hand.
func paramViews(list []script.Param) []control.Param {
	out := []control.Param{}
	for i := range list {
		p := &list[i]
		v := control.Param{Name: p.Name, Type: p.Type, Value: paramText(p.Value), Default: paramText(p.Default), Choices: p.Choices, Doc: p.Doc}
		if p.Unit != "" {
			v.Doc = strings.TrimSpace(v.Doc + " [" + p.Unit + "]")
		}
		bound := func(b *float64) string {
			if b == nil {
				return ""
			}
			return strconv.FormatFloat(*b, 'g', -1, 64)
		}
		v.Min, v.Max = bound(p.Min), bound(p.Max)
		out = append(out, v)
	}
	return out
}

func paramText(v any) string {
	switch v := v.(type) {
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case []any:
		list := make([]string, len(v))
		for i := range v {
			list[i] = paramText(v[i])
		}
		return strings.Join(list, ",")
	case nil:
		return ""
	}
	return fmt.Sprint(v)
}

// Limits implements control.Reader.
func (d *deskReader) Limits(ctx context.Context) ([]control.Limit, error) {
	var u core.Usage
	var equity decimal.Decimal
	if err := d.see(ctx, func(_ *core.Core, on core.Onlooker) {
		u = on.Usage()
		u.Held = on.Account()
		equity, _ = d.worth()
	}); err != nil {
		return nil, err
	}
	return limitViews(&u, equity), nil
}

func limitViews(u *core.Usage, equity decimal.Decimal) []control.Limit {
	l := u.Limits
	off := func(negative bool, v string) string {
		if negative {
			return "off"
		}
		return v
	}
	day := control.Limit{Name: "daily_loss", Value: off(l.DailyLoss.IsNegative(), l.DailyLoss.String()), Doc: "loss since 00:00 UTC that trips the kill latch, as a fraction of equity"}
	if u.DayEquity.IsPositive() && equity.IsPositive() {
		day.Used = decimal.Max(decimal.Zero, decimal.NewFromInt(1).Sub(equity.DivRound(u.DayEquity, 8))).Round(6).String()
	}
	held := control.Limit{Name: "max_position_notional", Value: off(l.MaxPositionNotional.IsNegative(), l.MaxPositionNotional.String()), Doc: "quote value of one instrument's position"}
	var most decimal.Decimal
	for i := range u.Held {
		in, v := u.Held[i].Instrument, u.Held[i].Value()
		if in.Perp() && v.Notional.GreaterThan(most) {
			most, held.Used = v.Notional, v.Notional.Round(2).String()+" "+in.Key()
		}
	}
	return []control.Limit{
		day,
		{Name: "max_order_notional", Value: off(l.MaxOrderNotional.IsNegative(), l.MaxOrderNotional.String()), Doc: "quote value of one order"},
		held,
		{Name: "max_open_orders", Value: strconv.Itoa(l.MaxOpenOrders), Used: strconv.Itoa(u.OpenOrders), Doc: "working orders of the account"},
		{Name: "orders_per_second", Value: strconv.FormatFloat(l.OrdersPerSecond, 'g', -1, 64), Used: fmt.Sprintf("%.0f of %d may be sent at once", u.Tokens, l.OrderBurst), Doc: "orders of all strategies"},
		{Name: "collar_bp", Value: strconv.FormatFloat(l.CollarBP, 'g', -1, 64), Doc: "how far a limit may lie on the taking side of the middle, in basis points"},
		{Name: "stale_after", Value: time.Duration(l.StaleAfter).String(), Doc: "age of a book that nothing is opened on"},
		{Name: "max_borrowed", Value: l.MaxBorrowed.String(), Doc: "value of all coins that may be borrowed, in the account's currency"},
		{Name: "max_feed_latency", Value: off(l.MaxFeedLatency == 0, time.Duration(l.MaxFeedLatency).String()), Doc: "how late market data may come for new risk"},
	}
}

// scriptVersion is what is remembered of a strategy's script.
type scriptVersion struct {
	hash    string
	at      exchange.Time
	refused string // why the last save was
}
