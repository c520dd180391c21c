package trial

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/host"
)

// conditions are what a test says of the session that its strategy runs in.
func (f *runner) conditions(rt *bindings.Runtime) *host.StageOptions {
	p := rt.Fields(3, &conditionsType)
	o := &host.StageOptions{Seed: f.o.Seed, Limits: host.Limits{StaleAfter: -1}}
	var err error
	o.Instruments, err = instruments(texts(p.Get("symbols")))
	if err != nil {
		rt.Raise("%v", err)
	}
	if p.Has("balances") {
		o.Balances = balances(rt, p.Get("balances"))
	}
	if p.Has("limits") {
		limits(rt.Shape("limits", p.Get("limits").Table(), &limitsType), &o.Limits)
	}
	o.Leverage = p.Get("leverage").IntOr(0, 1, 125)
	if p.Has("seed") {
		o.Seed = uint64(p.Get("seed").Int(1, 1<<50))
	}
	if p.Has("start") {
		t, err := time.Parse(time.RFC3339, p.Get("start").String())
		if err != nil {
			p.Get("start").Fail("want a time such as \"2026-03-02T12:00:00Z\": %v", err)
		}
		o.Start = exchange.Time(t.UnixNano())
	}
	if p.Get("advisor").Bool() {
		o.Advisor = "test"
	}
	o.Latency = paper.Latency{Model: "none"}
	if p.Has("latency") {
		o.Latency = paper.Latency{Model: "const", Median: p.Get("latency").Duration()}
	}
	return o
}

// mostSymbols bounds what one session is shown.
const mostSymbols = 1000

func texts(in bindings.Input) (out []string) {
	if in.Nil() {
		return nil
	}
	t := in.Table()
	if t.Len() > mostSymbols {
		in.Fail("%d symbols: at most %d are listed", t.Len(), mostSymbols)
	}
	for i := 1; i <= t.Len(); i++ {
		s, ok := t.RawGetInt(i).(lua.LString)
		if !ok {
			in.Fail("[%d]: want a symbol such as \"usdm:BTCUSDT\", got %s", i, bindings.Describe(t.RawGetInt(i)))
		}
		out = append(out, string(s))
	}
	return out
}

// instruments are those of the built-in market that symbols and globs name, of the default
// venue or, with its house in front, of another; none: all of the default venue. A symbol that
// is not listed is made, with rules of its own kind.
func instruments(named []string) (out []exchange.Instrument, err error) {
	if len(named) == 0 {
		return host.Listed(""), nil
	}
	for _, name := range named {
		venue, _, _ := strings.Cut(name, ":")
		known := host.Listed(exchange.Venue(venue).House())
		if known == nil {
			return nil, fmt.Errorf("symbols: %q: there is no venue %q", name, exchange.Venue(venue).House())
		}
		found := false
		for _, in := range known {
			if in.Matches(name) || in.FullKey() == name {
				found = true
				if !slices.ContainsFunc(out, func(x exchange.Instrument) bool { return x.FullKey() == in.FullKey() }) {
					out = append(out, in)
				}
			}
		}
		if found {
			continue
		}
		made, err := madeOf(known, name)
		if err != nil {
			return nil, err
		}
		out = append(out, made)
	}
	return out, nil
}

// madeOf is an instrument that nobody lists, after the last one of its venue that is listed,
// which is that of the smallest coin.
func madeOf(known []exchange.Instrument, name string) (exchange.Instrument, error) {
	_, symbol, ok := strings.Cut(name, ":")
	if day := futureDay.FindString(symbol); day != "" {
		return future(known, name, day)
	}
	for i := len(known) - 1; ok && i >= 0; i-- {
		in := known[i]
		venue, _, _ := strings.Cut(in.Key(), ":")
		if !strings.HasPrefix(name, venue+":") && !strings.HasPrefix(name, string(in.Venue)+":") || in.Dated() {
			continue
		}
		base, found := strings.CutSuffix(symbol, in.Symbol[len(in.Base):])
		if !found || base == "" || in.Multiplier > 1 || !strings.HasPrefix(in.Symbol, in.Base) {
			continue
		}
		in.Symbol, in.Base = symbol, base
		return in, nil
	}
	var there []string
	for i := range known {
		if venue, _, _ := strings.Cut(known[i].Key(), ":"); !slices.Contains(there, venue) {
			there = append(there, venue)
		}
	}
	return exchange.Instrument{}, fmt.Errorf("symbols: %q is not listed, and is not spelled as one of its venue: want one such as %s; there are the venues %s",
		name, known[0].Key(), strings.Join(there, ", "))
}

// futureDay ends the symbol of a dated future: _260327.
var futureDay = regexp.MustCompile(`[-_]\d{6}$`)

// future is that of a day, after the perpetual of the same name.
func future(known []exchange.Instrument, name, day string) (exchange.Instrument, error) {
	end, err := time.Parse("060102", day[1:])
	if err != nil {
		return exchange.Instrument{}, fmt.Errorf("symbols: %q: %v", name, err)
	}
	perpetual := strings.TrimSuffix(name, day)
	for _, in := range known {
		if in.Matches(perpetual) && in.Perp() && !in.Dated() {
			in.Symbol += day
			in.Delivery, in.FundingHours = exchange.Time(end.UnixNano())+8*exchange.Hour, 0
			in.FundingCap, in.FundingFloor = decimal.Zero, decimal.Zero
			return in, nil
		}
	}
	return exchange.Instrument{}, fmt.Errorf("symbols: %q is a future of no perpetual that is listed: there is no %q", name, perpetual)
}

// balances are given by wallet and asset.
func balances(rt *bindings.Runtime, in bindings.Input) (out []host.Deposit) {
	wallets := in.Table()
	for _, w := range keys(rt.Charge, wallets) {
		assets, ok := wallets.RawGet(w).(*lua.LTable)
		if !ok {
			in.Fail("%s: want a table of assets, as in { spot = { USDT = 1000 } }, got %s", bindings.ToText(w), bindings.Describe(wallets.RawGet(w)))
		}
		for _, a := range keys(rt.Charge, assets) {
			amount, err := bindings.ToDecimal(assets.RawGet(a))
			if err != nil || !amount.IsPositive() {
				in.Fail("%s %s: want an amount above 0, got %s", bindings.ToText(w), bindings.ToText(a), bindings.Describe(assets.RawGet(a)))
			}
			out = append(out, host.Deposit{Wallet: exchange.Wallet(strings.ToLower(bindings.ToText(w))), Asset: strings.ToUpper(bindings.ToText(a)), Amount: amount})
		}
	}
	return out
}

// limits are those of the gate that a test sets.
func limits(p bindings.Fields, l *host.Limits) {
	if p.Has("max_order_notional") {
		l.MaxOrderNotional = p.Get("max_order_notional").Positive()
	}
	if p.Has("max_position_notional") {
		l.MaxPositionNotional = p.Get("max_position_notional").Positive()
	}
	if p.Has("collar_bp") {
		l.CollarBP = p.Get("collar_bp").Finite()
	}
	if p.Has("orders_per_second") {
		l.OrdersPerSecond = p.Get("orders_per_second").Finite()
	}
	if p.Has("max_open_orders") {
		l.MaxOpenOrders = p.Get("max_open_orders").Int(1, 1e6)
	}
	if p.Has("daily_loss") {
		l.DailyLoss = p.Get("daily_loss").Positive()
	}
	if p.Has("stale_after") {
		l.StaleAfter = p.Get("stale_after").Duration()
	}
}
