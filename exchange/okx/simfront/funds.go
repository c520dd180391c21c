package simfront

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/okx/api"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// bill is a row of what was booked.
type bill struct {
	id      int64
	kind    string
	sub     string
	symbol  string
	market  string // instType
	asset   string
	change  decimal.Decimal
	balance decimal.Decimal
	client  string // of a transfer
	at      exchange.Time
}

// booked adds a bill of the trading account.
func (d *dialect) booked(a *simserver.Account, b bill) {
	if b.change.IsZero() {
		return
	}
	n := noteOf(a)
	b.id = int64(len(n.bills)) + 1
	b.balance = a.Funds.Balance(api.Trading, b.asset).Total
	n.bills = append(n.bills, b)
}

// bookTrade adds what a fill booked: coins and money on spot, profit and fee elsewhere.
func (d *dialect) bookTrade(a *simserver.Account, t *simserver.Trade) {
	o := t.Order
	in := o.Market.In
	b := bill{kind: "2", sub: "2", symbol: in.Symbol, market: string(typeOf(o.Market)), at: t.Time}
	switch orderNote(o).category {
	case "full_liquidation":
		b.kind, b.sub = "5", "103"
	case "adl":
		b.kind, b.sub = "9", "125"
	case "delivery":
		b.kind, b.sub = "3", "112"
	default:
		if o.Side == exchange.Buy {
			b.sub = "1"
		}
	}
	if in.Perp() {
		b.asset, b.change = in.Settle(), t.Realised.Sub(t.Fee)
		d.booked(a, b)
		return
	}
	coins, worth := in.QtyDecimal(t.Qty), t.Worth.Neg()
	if o.Side == exchange.Sell {
		coins, worth = coins.Neg(), worth.Neg()
	}
	for i, change := range []decimal.Decimal{coins, worth} {
		b.asset, b.change = []string{in.Base, in.Quote}[i], change
		if t.FeeAsset == b.asset {
			b.change = b.change.Sub(t.Fee)
		}
		d.booked(a, b)
	}
}

func (c *call) bills() (rows, *fault) {
	limit, keep := c.page(100)
	out := rows{}
	for _, b := range slices.Backward(noteOf(c.a).bills) {
		if keep(b.id) && len(out.list) < limit && c.span(b.at) && (c.q.Get("type") == "" || c.q.Get("type") == b.kind) && (c.q.Get("ccy") == "" || c.q.Get("ccy") == b.asset) {
			out.list = append(out.list, reply.Object{{"bal", money(b.balance)}, {"balChg", money(b.change)}, {"billId", strconv.FormatInt(b.id, 10)}, {"ccy", b.asset}, {"instId", b.symbol}, {"instType", b.market},
				{"mgnMode", "cross"}, {"pnl", money(b.change)}, {"subType", b.sub}, {"sz", "0"}, {"ts", ms(b.at)}, {"type", b.kind}, {"fee", "0"}, {"ordId", ""}, {"from", ""}, {"to", ""}, {"notes", ""}})
		}
	}
	return out, nil
}

func (c *call) config() (rows, *fault) {
	may := []string{"read_only"}
	if c.key.May(simserver.MaySpot) || c.key.May(simserver.MayFutures) {
		may = append(may, "trade")
	}
	if c.key.May(simserver.MayWithdraw) {
		may = append(may, "withdraw")
	}
	mode := "net_mode"
	if c.a.Hedge {
		mode = "long_short_mode"
	}
	return rows{list: []reply.Object{{{"acctLv", noteOf(c.a).accountLevel()}, {"acctStpMode", "cancel_maker"}, {"autoLoan", noteOf(c.a).loans}, {"ctIsoMode", "automatic"}, {"enableSpotBorrow", false}, {"greeksType", "PA"}, {"ip", ""}, {"kycLv", "2"}, {"label", "sim"},
		{"level", "Lv1"}, {"levelTmp", ""}, {"mainUid", strconv.Itoa(1000 + c.a.Number)}, {"mgnIsoMode", "automatic"}, {"opAuth", "0"}, {"perm", strings.Join(may, ",")}, {"posMode", mode}, {"roleType", "0"}, {"spotOffsetType", ""},
		{"type", "0"}, {"uid", strconv.Itoa(1000 + c.a.Number)}}}}, nil
}

func (c *call) setPositions() (rows, *fault) {
	var f fields
	if err := json.Unmarshal(c.body, &f); err != nil {
		return rows{}, &fault{400, "50002", "JSON syntax error"}
	}
	mode := f.text("posMode")
	if mode != "net_mode" && mode != "long_short_mode" {
		return rows{}, refuse("51000", "Parameter posMode error")
	}
	for _, m := range c.d.s.Markets() {
		if m.Segment != nil && c.a.Funds.Position(m.In.ID).Qty != 0 {
			return rows{}, refuse("59000", "Setting failed. Cancel any open orders, close positions, and stop trading bots first.")
		}
	}
	c.a.Hedge = mode == "long_short_mode"
	return rows{list: []reply.Object{{{"posMode", mode}}}}, nil
}

// dollars is what a coin is worth, by its market against the dollar.
func (d *dialect) dollars(asset string, amount decimal.Decimal) decimal.Decimal {
	for _, m := range d.all(api.Spot) {
		if m.In.Base == asset && exchange.IsDollar(m.In.Quote) {
			return amount.Mul(m.In.PriceDecimal(m.LastPrice()))
		}
	}
	return amount
}

// balances words the trading account.
func balances(d *dialect, a *simserver.Account) reply.Object {
	var details []reply.Object
	sum := decimal.Zero
	for _, asset := range a.Funds.Assets(d.types[api.Swap]) {
		if b := a.Funds.Balance(api.Trading, asset); !b.Total.IsZero() || !b.Free.IsZero() {
			total, free := money(b.Total), money(decimal.Max(decimal.Zero, b.Free))
			owed, _ := a.Funds.Debt(api.Trading, asset)
			worth := d.dollars(asset, b.Total)
			sum = sum.Add(worth)
			details = append(details, reply.Object{{"availBal", free}, {"availEq", free}, {"cashBal", total}, {"ccy", asset}, {"disEq", money(worth)}, {"eq", total}, {"eqUsd", money(worth)}, {"frozenBal", money(b.Total.Sub(b.Free))},
				{"imr", ""}, {"mmr", ""}, {"liab", money(owed)}, {"crossLiab", money(owed)}, {"interest", "0"}, {"ordFrozen", "0"}, {"uTime", d.now()}, {"upl", "0"}})
		}
	}
	if details == nil {
		details = []reply.Object{}
	}
	return reply.Object{{"adjEq", ""}, {"details", details}, {"imr", ""}, {"isoEq", "0"}, {"mgnRatio", ""}, {"mmr", ""}, {"ordFroz", ""}, {"totalEq", money(sum)}, {"uTime", d.now()}}
}

func (c *call) balance() (rows, *fault) {
	return rows{list: []reply.Object{balances(c.d, c.a)}}, nil
}

func (c *call) assets() (rows, *fault) {
	out := rows{}
	for _, b := range c.a.Funds.Balances() {
		if b.Wallet.Within(api.House) == api.Funding.Within(api.House) && !b.Amount.IsZero() {
			out.list = append(out.list, reply.Object{{"availBal", money(b.Amount)}, {"bal", money(b.Amount)}, {"ccy", b.Asset}, {"frozenBal", "0"}})
		}
	}
	return out, nil
}

func (c *call) currencies() (rows, *fault) {
	var out rows
	var seen []string
	for _, m := range c.d.s.Markets() {
		for _, asset := range []string{m.In.Base, m.In.Quote} {
			if m.Segment == c.d.types[api.Spot] && !slices.Contains(seen, asset) {
				seen = append(seen, asset)
				out.list = append(out.list, reply.Object{{"canDep", false}, {"canInternal", true}, {"canWd", false}, {"ccy", asset}, {"chain", asset + "-" + asset}, {"minWd", "1"}, {"maxWd", "0"}, {"minFee", "0"}, {"maxFee", "0"}, {"wdTickSz", "8"}, {"name", asset}})
			}
		}
	}
	return out, nil
}

// fees are negative: they are charged.
func (c *call) fees() (rows, *fault) {
	list, f := data{c}.asked()
	if f != nil || len(list) == 0 {
		return rows{}, f
	}
	in := list[0].In
	maker, taker := in.MakerFee.Neg().String(), in.TakerFee.Neg().String()
	group := []reply.Object{{{"groupId", "1"}, {"maker", maker}, {"taker", taker}}}
	linear := [2]string{"", ""}
	if in.Perp() {
		linear = [2]string{maker, taker}
	}
	return rows{list: []reply.Object{{{"category", "1"}, {"delivery", ""}, {"exercise", ""}, {"feeGroup", group}, {"instType", c.q.Get("instType")}, {"level", "Lv1"}, {"maker", maker}, {"makerU", linear[0]}, {"makerUSDC", linear[0]}, {"taker", taker},
		{"takerU", linear[1]}, {"takerUSDC", linear[1]}, {"ts", c.d.now()}}}}, nil
}

func (c *call) leverage() (rows, *fault) {
	out := rows{}
	for _, symbol := range strings.Split(c.q.Get("instId"), ",") {
		m := c.d.market(symbol)
		if m == nil || !m.In.Perp() {
			return rows{}, refuse("51001", "Instrument ID doesn't exist.")
		}
		out.list = append(out.list, leverageRow(c.a, m))
	}
	return out, nil
}

func leverageRow(a *simserver.Account, m *simserver.Market) reply.Object {
	return reply.Object{{"ccy", ""}, {"instId", m.In.Symbol}, {"lever", strconv.Itoa(a.Funds.Leverage(m.In.ID))}, {"mgnMode", "cross"}, {"posSide", "net"}}
}

func (c *call) setLeverage() (rows, *fault) {
	var f fields
	if err := json.Unmarshal(c.body, &f); err != nil {
		return rows{}, &fault{400, "50002", "JSON syntax error"}
	}
	m := c.d.market(f.text("instId"))
	n, err := strconv.Atoi(f.text("lever"))
	if m == nil || !m.In.Perp() || err != nil || n < 1 || f.text("mgnMode") != "cross" {
		return rows{}, refuse("51000", "Parameter error: want instId, lever and mgnMode cross")
	}
	if err := c.a.Funds.SetLeverage(m.In.ID, n); err != nil {
		return rows{}, refuse("59102", "Leverage exceeds the maximum limit. "+err.Error())
	}
	return rows{list: []reply.Object{leverageRow(c.a, m)}}, nil
}

// transfer moves money between the two accounts: 6 is funding, 18 trading.
func (c *call) transfer() (rows, *fault) {
	var f fields
	if err := json.Unmarshal(c.body, &f); err != nil {
		return rows{}, &fault{400, "50002", "JSON syntax error"}
	}
	amount, err := decimal.NewFromString(f.text("amt"))
	from, to, kind := c.d.funding, c.d.types[api.Swap], "131"
	if f.text("from") == "18" {
		from, to, kind = to, from, "130"
	}
	switch {
	case err != nil || !amount.IsPositive():
		return rows{}, refuse("51000", "Parameter amt error")
	case f.text("from")+f.text("to") != "618" && f.text("from")+f.text("to") != "186":
		return rows{}, refuse("51000", "Parameter from or to error")
	case !clientIDs.MatchString(f.text("clientId")):
		return rows{}, refuse("51000", "Parameter clientId error")
	}
	t, err := c.a.Funds.Transfer(kind, f.text("ccy"), from, to, amount)
	if err != nil {
		return rows{}, refuse("58350", "Insufficient balance.")
	}
	n := noteOf(c.a)
	n.assets = append(n.assets, bill{id: t.ID, kind: kind, asset: t.Asset, change: amount, client: f.text("clientId"), at: t.Time})
	return rows{list: []reply.Object{{{"transId", strconv.FormatInt(t.ID, 10)}, {"ccy", t.Asset}, {"clientId", f.text("clientId")}, {"from", f.text("from")}, {"amt", money(amount)}, {"to", f.text("to")}}}}, nil
}

func (c *call) transferState() (rows, *fault) {
	for _, b := range noteOf(c.a).assets {
		if id := strconv.FormatInt(b.id, 10); id == c.q.Get("transId") || b.client != "" && b.client == c.q.Get("clientId") {
			from, to := "6", "18"
			if b.kind == "130" {
				from, to = to, from
			}
			return rows{list: []reply.Object{{{"amt", money(b.change)}, {"ccy", b.asset}, {"clientId", b.client}, {"from", from}, {"state", "success"}, {"subAcct", ""}, {"to", to}, {"transId", id}, {"type", "0"}}}}, nil
		}
	}
	return rows{}, refuse("58129", "transId or clientId is incorrect")
}

// assetBills are those of the funding account. This listing is paged by time.
func (c *call) assetBills() (rows, *fault) {
	limit, keep := c.page(100)
	out := rows{}
	for _, b := range slices.Backward(noteOf(c.a).assets) {
		if t := c.transferOf(b.id); t != nil && t.Done && keep(int64(b.at/exchange.Millisecond)) && len(out.list) < limit && (c.q.Get("type") == "" || c.q.Get("type") == b.kind) {
			change := b.change
			if b.kind == "131" {
				change = change.Neg()
			}
			out.list = append(out.list, reply.Object{{"bal", ""}, {"balChg", money(change)}, {"billId", strconv.FormatInt(b.id, 10)}, {"ccy", b.asset}, {"clientId", b.client}, {"ts", ms(b.at)}, {"type", b.kind}})
		}
	}
	return out, nil
}

func (c *call) transferOf(id int64) *simserver.Transfer {
	for _, t := range c.a.Ledger.Transfers() {
		if t.ID == id {
			return t
		}
	}
	return nil
}
