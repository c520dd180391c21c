package simfront

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/hyperliquid/api"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// question is what /info is asked.
type question struct {
	Type  string          `json:"type"`
	User  string          `json:"user"`
	Coin  string          `json:"coin"`
	OID   json.RawMessage `json:"oid"`
	Start int64           `json:"startTime"`
	End   int64           `json:"endTime"`
	Req   struct {
		Coin     string `json:"coin"`
		Interval string `json:"interval"`
		Start    int64  `json:"startTime"`
		End      int64  `json:"endTime"`
	} `json:"req"`
}

// quotes answer questions about markets, and statements those about an account.
type (
	quotes     struct{ *dialect }
	statements struct{ *dialect }
)

// asked is how a question is answered, and what it weighs.
type asked struct {
	weight int
	market func(d quotes, q *question) any                           // of nobody's account
	user   func(d statements, a *simserver.Account, q *question) any // of one
}

// questions are those that are answered.
var questions map[string]asked

func init() { // some ask others
	questions = map[string]asked{
		"meta": {weight: 20, market: func(d quotes, _ *question) any { return d.meta() }}, "metaAndAssetCtxs": {weight: 20, market: quotes.contexts},
		"spotMeta": {weight: 20, market: func(d quotes, _ *question) any { return d.spotMeta() }}, "spotMetaAndAssetCtxs": {weight: 20, market: quotes.spotContexts},
		"perpDexs": {weight: 20, market: func(quotes, *question) any { return reply.List{nil} }}, "allMids": {weight: 2, market: quotes.mids},
		"l2Book": {weight: 2, market: quotes.wholeBook}, "recentTrades": {weight: 20, market: quotes.recent}, "candleSnapshot": {weight: 20, market: quotes.candles},
		"fundingHistory": {weight: 20, market: quotes.settled}, "predictedFundings": {weight: 20, market: quotes.predicted},
		"exchangeStatus": {weight: 2, market: func(d quotes, _ *question) any {
			return reply.Object{{"time", millis(d.s.Clock.Wall())}, {"specialStatuses", nil}}
		}},
		"userRole":           {weight: 60, market: quotes.role},
		"clearinghouseState": {weight: 2, user: statements.clearinghouse}, "spotClearinghouseState": {weight: 2, user: statements.coins},
		"openOrders": {weight: 20, user: statements.openOrders}, "frontendOpenOrders": {weight: 20, user: statements.openOrders}, "orderStatus": {weight: 2, user: statements.orderStatus},
		"historicalOrders": {weight: 20, user: statements.pastOrders}, "userFills": {weight: 20, user: statements.fills}, "userFillsByTime": {weight: 20, user: statements.fills},
		"userFunding": {weight: 20, user: statements.funding}, "userNonFundingLedgerUpdates": {weight: 20, user: statements.moves},
		"userRateLimit": {weight: 20, user: statements.rateLimit}, "userFees": {weight: 20, user: statements.fees}, "activeAssetData": {weight: 20, user: statements.assetData},
		"userAbstraction": {weight: 20, user: func(statements, *simserver.Account, *question) any { return "default" }},
		"extraAgents":     {weight: 20, user: func(statements, *simserver.Account, *question) any { return reply.List{} }},
	}
}

// info answers /info.
func (d *dialect) info(ip string, body []byte) *simserver.Answer {
	var q question
	if json.Unmarshal(body, &q) != nil {
		return text(http.StatusUnprocessableEntity, "Failed to deserialize the JSON body into the target type")
	}
	how, ok := questions[q.Type]
	if !ok {
		return text(http.StatusUnprocessableEntity, "Failed to deserialize the JSON body into the target type: "+q.Type+" is not simulated")
	}
	if a := d.refusedFirst(ip, how.weight); a != nil {
		return a
	}
	var a *simserver.Answer
	if how.user != nil {
		a = d.infoOf(how, &q)
	} else {
		a = answer(how.market(quotes{d}, &q))
	}
	if f, hit := d.s.Faults.Occasion("slow_answer", nil, ""); hit {
		a.Delay = time.Duration(f.Millis) * time.Millisecond
	}
	return a
}

// empty is what is said of an account that nobody has, or that is an agent's; of other things
// there is an empty list.
var empty = map[string]any{
	"clearinghouseState":     reply.Object{{"marginSummary", reply.Object{{"accountValue", "0.0"}}}, {"withdrawable", "0.0"}, {"assetPositions", reply.List{}}},
	"spotClearinghouseState": reply.Object{{"balances", reply.List{}}}, "orderStatus": reply.Object{{"status", "unknownOid"}}, "userAbstraction": "default",
	"userRateLimit": reply.Object{{"cumVlm", "0.0"}, {"nRequestsUsed", 0}, {"nRequestsCap", 10_000}, {"nRequestsSurplus", 0}},
}

// infoOf answers a question about an account.
func (d *dialect) infoOf(how asked, q *question) *simserver.Answer {
	address, err := sign.ParseAddress(q.User)
	if err != nil {
		return text(http.StatusUnprocessableEntity, "Failed to deserialize the JSON body into the target type")
	}
	o := d.owners[address]
	if o == nil || !o.self {
		if v, ok := empty[q.Type]; ok {
			return answer(v)
		}
		return answer(reply.List{})
	}
	return answer(how.user(statements{d}, o.account, q))
}

// failed is a question that makes no sense, which the venue answers with null.
func failed() any { return nil }

func (d quotes) meta() reply.Object {
	universe, tables := reply.List{}, reply.List{}
	for _, m := range d.of(api.Perp) {
		most := 1
		if len(m.In.Brackets) > 0 {
			most = max(1, m.In.Brackets[0].MaxLeverage)
		}
		row := reply.Object{{"szDecimals", int(m.In.Lot.Scale)}, {"name", m.In.Symbol}, {"maxLeverage", most}, {"marginTableId", most}}
		if m.Rules.Halted {
			row = row.With(reply.Field{"isDelisted", true})
		}
		universe = append(universe, row)
		tables = append(tables, reply.List{most, reply.Object{{"description", ""}, {"marginTiers", reply.List{reply.Object{{"lowerBound", "0.0"}, {"maxLeverage", most}}}}}})
	}
	return reply.Object{{"universe", universe}, {"marginTables", tables}, {"collateralToken", 0}}
}

func (d quotes) contexts(*question) any {
	list := reply.List{}
	for _, m := range d.of(api.Perp) {
		list = append(list, d.context(m))
	}
	return reply.List{d.meta(), list}
}

// context is what is so of a perpetual now. Open interest is what the accounts hold.
func (d quotes) context(m *simserver.Market) reply.Object {
	held := exchange.Lots(0)
	for _, a := range d.s.Accounts() {
		held += a.Funds.Position(m.In.ID).Qty.Abs()
	}
	day, _ := m.Day(d.s.Clock.Now())
	return reply.Object{{"funding", m.Mark.Rate.Decimal()}, {"openInterest", m.In.QtyDecimal(held)}, {"prevDayPx", m.In.PriceDecimal(day.Open)}, {"dayNtlVlm", day.Worth},
		{"premium", premium(m)}, {"oraclePx", m.Mark.Index.Decimal()}, {"markPx", m.MarkPrice()}, {"midPx", mid(m)}, {"impactPxs", impact(m)}, {"dayBaseVlm", m.In.QtyDecimal(day.Volume)}}
}

// impact is the touch, for the prices of a fixed notional; nothing where a side is empty.
func impact(m *simserver.Market) any {
	if mid(m) == nil {
		return nil
	}
	return reply.List{m.In.PriceDecimal(m.Touch[0].Price), m.In.PriceDecimal(m.Touch[1].Price)}
}

// premium is how far the price is from the oracle's; nothing where either is missing.
func premium(m *simserver.Market) any {
	middle, ok := mid(m).(decimal.Decimal)
	index := m.Mark.Index.Decimal()
	if !ok || !index.IsPositive() {
		return nil
	}
	return middle.Sub(index).DivRound(index, 10)
}

// mid is the middle of the book; nothing where a side is empty.
func mid(m *simserver.Market) any {
	bid, ask := m.Touch[0].Price, m.Touch[1].Price
	if bid == 0 || ask == 0 {
		return nil
	}
	return m.In.PriceDecimal(bid + ask).Div(decimal.NewFromInt(2))
}

func (d quotes) spotMeta() reply.Object {
	tokens := reply.List{reply.Object{{"name", api.USDC}, {"szDecimals", 8}, {"weiDecimals", 8}, {"index", 0}, {"tokenId", "0x6d1e7cde53ba9467b783cb7c530ce054"}, {"isCanonical", true}}}
	universe := reply.List{}
	for i, m := range d.of(api.Spot) {
		tokens = append(tokens, reply.Object{{"name", m.In.Base}, {"szDecimals", int(m.In.Lot.Scale)}, {"weiDecimals", 8}, {"index", i + 1}, {"tokenId", "0x0"}, {"isCanonical", false}})
		universe = append(universe, reply.Object{{"tokens", reply.List{i + 1, 0}}, {"name", m.In.Symbol}, {"index", indexOf(m)}, {"isCanonical", false}})
	}
	return reply.Object{{"tokens", tokens}, {"universe", universe}}
}

// spotContexts are found by the index of a pair: those that are listed no more keep their
// places, as at the venue, where there are more contexts than pairs.
func (d quotes) spotContexts(*question) any {
	list := reply.List{}
	for _, m := range d.of(api.Spot) {
		for len(list) < indexOf(m) {
			list = append(list, reply.Object{{"prevDayPx", "0.0"}, {"dayNtlVlm", "0.0"}, {"markPx", "0.0"}, {"midPx", nil}, {"circulatingSupply", "0.0"}, {"coin", "@" + strconv.Itoa(len(list))}})
		}
		list = append(list, d.spotContext(m))
	}
	return reply.List{d.spotMeta(), list}
}

func (d quotes) spotContext(m *simserver.Market) reply.Object {
	day, _ := m.Day(d.s.Clock.Now())
	return reply.Object{{"prevDayPx", m.In.PriceDecimal(day.Open)}, {"dayNtlVlm", day.Worth}, {"markPx", m.MarkPrice()}, {"midPx", mid(m)}, {"circulatingSupply", "0.0"}, {"coin", m.In.Symbol}, {"dayBaseVlm", m.In.QtyDecimal(day.Volume)}}
}

func (d quotes) mids(*question) any {
	out := reply.Object{}
	for _, m := range d.s.Markets() {
		if v := mid(m); v != nil && m.Segment != nil {
			out = append(out, reply.Field{m.In.Symbol, v})
		}
	}
	return out
}

// levelsMost is how many levels a side of a book has.
const levelsMost = 20

func (d quotes) wholeBook(q *question) any {
	m := d.byCoin(q.Coin)
	if m == nil {
		return failed()
	}
	return d.book(m)
}

func (d quotes) book(m *simserver.Market) reply.Object {
	return reply.Object{{"coin", m.In.Symbol}, {"time", millis(d.s.Clock.Now())}, {"levels", reply.List{side(m, exchange.Buy), side(m, exchange.Sell)}}}
}

func side(m *simserver.Market, s exchange.Side) reply.List {
	out := reply.List{}
	for _, l := range m.Book.AppendLevels(nil, s, levelsMost) {
		out = append(out, level(m, l))
	}
	return out
}

func level(m *simserver.Market, l exchange.Level) reply.Object {
	return reply.Object{{"px", m.In.PriceDecimal(l.Price)}, {"sz", m.In.QtyDecimal(l.Qty)}, {"n", 1}}
}

func (d quotes) recent(q *question) any {
	m := d.byCoin(q.Coin)
	if m == nil {
		return failed()
	}
	out := reply.List{}
	for _, p := range m.Recent(10) {
		out = append(out, print(m, &p))
	}
	return out
}

func print(m *simserver.Market, p *simserver.Print) reply.Object {
	return reply.Object{{"coin", m.In.Symbol}, {"side", sideText(p.Side)}, {"px", m.In.PriceDecimal(p.Price)}, {"sz", m.In.QtyDecimal(p.Qty)}, {"time", millis(p.Time)},
		{"hash", "0x" + zeros}, {"tid", p.ID}, {"users", reply.List{"0x0", "0x0"}}}
}

const zeros = "0000000000000000000000000000000000000000000000000000000000000000"

func sideText(s exchange.Side) string {
	if s == exchange.Sell {
		return "A"
	}
	return "B"
}

// lengths are those of candles, with the venue's own names. Source: the manual, info endpoint,
// "Candle snapshot".
var lengths = []string{"1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "8h", "12h", "1d", "3d", "1w", "1M"}

func isInterval(name string) bool { return slices.Contains(lengths, name) }

func (d quotes) candles(q *question) any {
	m, name := d.byCoin(q.Req.Coin), q.Req.Interval
	if m == nil || !isInterval(name) {
		return failed()
	}
	out := reply.List{}
	for _, k := range barsOf(m, name) {
		if _, end := simserver.Opening(k.Begin, name); millis(end) > q.Req.Start && (q.Req.End == 0 || millis(k.Begin) <= q.Req.End) {
			out = append(out, candle(m, &k, name))
		}
	}
	return out
}

// barsOf joins bars of a minute.
func barsOf(m *simserver.Market, interval string) (out []simserver.Bar) {
	for _, b := range m.Bars {
		begin, _ := simserver.Opening(b.Begin, interval)
		if n := len(out); n > 0 && out[n-1].Begin == begin {
			out[n-1].Extend(&b)
			continue
		}
		b.Begin = begin
		out = append(out, b)
	}
	return out
}

func candle(m *simserver.Market, k *simserver.Bar, name string) reply.Object {
	_, end := simserver.Opening(k.Begin, name)
	return reply.Object{{"t", millis(k.Begin)}, {"T", millis(end) - 1}, {"s", m.In.Symbol}, {"i", name}, {"o", m.In.PriceDecimal(k.Open)}, {"c", m.In.PriceDecimal(k.Close)},
		{"h", m.In.PriceDecimal(k.High)}, {"l", m.In.PriceDecimal(k.Low)}, {"v", m.In.QtyDecimal(k.Volume)}, {"n", k.Count}}
}

func (d quotes) settled(q *question) any {
	m := d.byCoin(q.Coin)
	if m == nil {
		return failed()
	}
	out := reply.List{}
	for _, s := range m.Settled {
		if at := millis(s.Time); at >= q.Start && (q.End == 0 || at <= q.End) && len(out) < 500 {
			out = append(out, reply.Object{{"coin", m.In.Symbol}, {"fundingRate", s.Rate.Decimal()}, {"premium", "0.0"}, {"time", at}})
		}
	}
	return out
}

func (d quotes) predicted(*question) any {
	out := reply.List{}
	for _, m := range d.of(api.Perp) {
		out = append(out, reply.List{m.In.Symbol, reply.List{reply.List{"HlPerp", reply.Object{{"fundingRate", m.Mark.Rate.Decimal()}, {"nextFundingTime", millis(m.Mark.NextFunding)}, {"fundingIntervalHours", 1}}}}})
	}
	return out
}

func (d quotes) role(q *question) any {
	address, err := sign.ParseAddress(q.User)
	o := d.owners[address]
	switch {
	case err != nil || o == nil:
		return reply.Object{{"role", "missing"}}
	case o.self:
		return reply.Object{{"role", "user"}}
	}
	return reply.Object{{"role", "agent"}, {"data", reply.Object{{"user", o.main.String()}}}}
}
