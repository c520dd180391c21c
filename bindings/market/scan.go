package market

import (
	"cmp"
	"math"
	"path"
	"slices"
	text "strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
)

var scanFilter = bindings.Type{
	Name: "ScanFilter",
	Doc:  "Which perpetuals are asked for, and in which order.",
	Fields: []bindings.Value{
		{Name: "venues", Type: "string|string[]", Optional: true, Doc: "houses of this session; all when left out"},
		{Name: "symbols", Type: "string|string[]", Optional: true, Doc: "keys and globs, such as \"*:BTC*\"; all when left out"},
		{Name: "min_turnover", Type: "number", Optional: true, Unit: "USD in 24 hours", Doc: "less is left out"},
		{Name: "sort", Type: "\"net\"|\"annual\"|\"rate\"|\"basis\"|\"spread\"|\"depth\"|\"turnover\"|\"cost\"|\"days\"|\"symbol\"", Optional: true,
			Doc: "the best first: the greatest, of spread, cost and days the smallest; net when left out. Rows without a hedge are last by net, cost and days"},
		{Name: "limit", Type: "integer", Optional: true, Doc: "rows at most: 1 to 2000; 50 when left out"},
	},
}

var scanRow = bindings.Type{
	Name: "ScanRow",
	Doc:  "What a perpetual pays now, as perilune rates has it.",
	Fields: []bindings.Value{
		{Name: "symbol", Type: "string"},
		{Name: "rate", Type: "number", Unit: "fraction per interval", Doc: "estimate of the coming settlement"},
		{Name: "after", Type: "number?", Unit: "fraction per interval", Doc: "of the one after it, where the venue tells"},
		{Name: "hours", Type: "integer", Unit: "hours", Doc: "interval; 0: it accrues all the time, and rate is that of 8 hours"},
		{Name: "next", Type: "number?", Unit: "seconds since the epoch", Doc: "the coming settlement"},
		{Name: "annual", Type: "number", Unit: "fraction per year", Doc: "365 days of rate, without compounding"},
		{Name: "basis", Type: "number", Unit: "fraction", Doc: "middle of its book to that of the spot market, else mark to index"},
		{Name: "spread", Type: "number", Unit: "fraction", Doc: "of its book; 0: it is not quoted"},
		{Name: "depth", Type: "number", Unit: "USD", Doc: "at the best prices, on the thinner side"},
		{Name: "turnover", Type: "number", Unit: "USD in 24 hours"},
		{Name: "hedge", Type: "string?", Doc: "the other leg that earns its cost back soonest, another perpetual, or a spot market: bought, or where the perpetual is paid to be held sold with borrowed coins, whose cost is off net; nil: none does"},
		{Name: "net", Type: "number?", Unit: "fraction per year", Doc: "what both legs are paid"},
		{Name: "cost", Type: "number?", Unit: "fraction", Doc: "taking both legs and leaving them again"},
		{Name: "days", Type: "number?", Unit: "days", Doc: "when net has paid for cost"},
	},
}

func scanFuncs() []bindings.Func {
	return []bindings.Func{
		{Spec: bindings.Spec{Name: "scan", Doc: "What the perpetuals of this session's venues pay, also those that it does not trade; nil and the reason until the first answer is there. Live the venues are asked once a minute, from the first call on, and of more than 2000 the most traded are kept; elsewhere there is nobody to ask.",
			Args:    []bindings.Value{{Name: "filter", Type: "ScanFilter", Optional: true}},
			Returns: []bindings.Value{{Name: "rows", Type: "ScanRow[]?", Doc: "the best first"}, {Name: "age", Type: "number|string", Unit: "seconds", Doc: "since they were told; without rows the reason"}},
			Example: "local rows, age = market.scan{symbols = \"*:BTC*\", min_turnover = 1e6}\nif not rows then return log.info(age) end\nfor _, r in ipairs(rows) do log.info(r.symbol, r.annual, r.hedge, r.days) end"}, Call: scan},
	}
}

func scan(rt *bindings.Runtime) int {
	f := rt.Fields(1, &scanFilter)
	order := f.Get("sort").Choice("net", "annual", "rate", "basis", "spread", "depth", "turnover", "cost", "days", "symbol")
	limit := f.Get("limit").IntOr(50, 1, exchange.MostScanned)
	venues, globs := names(rt, f.Get("venues")), names(rt, f.Get("symbols"))
	for _, g := range globs {
		if _, err := path.Match(g, ""); err != nil {
			f.Get("symbols").Fail("%q is not a glob: write * for anything, as in \"*:BTC*\"", g)
		}
	}
	for _, v := range venues {
		if houses := housesOf(rt.Env().Universe()); !slices.Contains(houses, v) {
			f.Get("venues").Fail("%q is not a venue of this session, which has %s%s", v, text.Join(houses, ", "), bindings.DidYouMean(v, houses))
		}
	}
	least := 0.0
	if f.Has("min_turnover") {
		least = f.Get("min_turnover").Finite()
	}
	s, age, why := env(rt).Scan()
	if why != "" {
		return rt.PushNil() + rt.PushString(why)
	}
	rt.Charge(len(s.Rows) * (1 + len(globs)))
	var list []*exchange.ScanRow
	for i := range s.Rows {
		r := &s.Rows[i]
		fits := func(glob string) bool { return exchange.KeyFits(glob, r.Symbol) }
		if float64(r.Turnover) >= least && (len(venues) == 0 || slices.Contains(venues, exchange.KeyHouse(r.Symbol))) && (len(globs) == 0 || slices.ContainsFunc(globs, fits)) {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b *exchange.ScanRow) int {
		return cmp.Or(cmp.Compare(rankOf(order, a), rankOf(order, b)), cmp.Compare(a.Symbol, b.Symbol))
	})
	list = list[:min(limit, len(list))]
	rt.Charge(16 * len(list))
	out := rt.L.CreateTable(len(list), 0)
	for _, r := range list {
		out.Append(newScanRow(rt, r))
	}
	return rt.Push(out) + rt.PushNumber(bindings.Seconds(age))
}

// rankOf is what rows are sorted by, the smallest first.
func rankOf(order string, r *exchange.ScanRow) float64 {
	if r.Hedge == "" && (order == "net" || order == "cost" || order == "days") {
		return math.Inf(1)
	}
	switch order {
	case "net":
		return -float64(r.Net)
	case "annual":
		return -r.Annual()
	case "rate":
		return -float64(r.Rate)
	case "basis":
		return -float64(r.Basis)
	case "depth":
		return -float64(r.Depth)
	case "turnover":
		return -float64(r.Turnover)
	case "cost":
		return float64(r.Cost)
	case "days":
		return r.Days()
	case "spread":
		if r.Spread == 0 {
			return math.Inf(1) // not quoted
		}
		return float64(r.Spread)
	}
	return 0 // by symbol
}

func newScanRow(rt *bindings.Runtime, r *exchange.ScanRow) *lua.LTable {
	t := rt.L.CreateTable(0, len(scanRow.Fields))
	num := func(k string, f float64) { t.RawSetString(k, rt.Number(f)) }
	home := rt.Env().Universe().House()
	t.RawSetString("symbol", lua.LString(exchange.Within(r.Symbol, home)))
	num("rate", r.Rate.Float())
	if r.After != nil {
		num("after", r.After.Float())
	}
	num("hours", float64(r.Hours))
	if r.Next != 0 {
		num("next", bindings.Seconds(r.Next))
	}
	num("annual", r.Annual())
	num("basis", r.Basis.Float())
	num("spread", r.Spread.Float())
	num("depth", float64(r.Depth))
	num("turnover", float64(r.Turnover))
	if r.Hedge != "" {
		t.RawSetString("hedge", lua.LString(exchange.Within(r.Hedge, home)))
		num("net", r.Net.Float())
		num("cost", r.Cost.Float())
		num("days", r.Days())
	}
	return t
}

// names reads one text or a list of them; none when it is left out.
func names(rt *bindings.Runtime, in bindings.Input) (out []string) {
	if in.Nil() {
		return nil
	}
	if s, ok := in.Value().(lua.LString); ok {
		return []string{string(s)}
	}
	t := in.Table()
	rt.Charge(t.Len())
	for i := 1; i <= t.Len(); i++ {
		s, ok := t.RawGetInt(i).(lua.LString)
		if !ok {
			in.Fail("entry %d: want text, got %s", i, bindings.Describe(t.RawGetInt(i)))
		}
		out = append(out, string(s))
	}
	return out
}

// housesOf are the houses of the session.
func housesOf(u *exchange.Universe) (out []string) {
	for _, in := range u.All() {
		if house := in.Venue.House(); !slices.Contains(out, house) {
			out = append(out, house)
		}
	}
	return out
}
