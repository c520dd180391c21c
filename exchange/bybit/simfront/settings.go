package simfront

import (
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// info is GET account/info: a unified account 2.0.
func (v *accountViews) info(c *call) (any, *fault) {
	mode := "REGULAR_MARGIN"
	for _, on := range c.account.Isolated { // order does not matter: any
		if on {
			mode = "ISOLATED_MARGIN"
		}
	}
	return reply.Object{{"marginMode", mode}, {"updatedTime", stamp(v.state.Clock.Origin())}, {"unifiedMarginStatus", 5}, {"dcpStatus", "OFF"}, {"timeWindow", 0}, {"smpGroup", 0},
		{"isMasterTrader", false}, {"spotHedgingStatus", "OFF"}}, nil
}

// key is GET user/query-api.
func (v *accountViews) key(c *call) (any, *fault) {
	contract, spot, wallet := []string{}, []string{}, []string{}
	readOnly := 1
	if c.key.May(simserver.MayFutures) {
		contract, readOnly = []string{"Order", "Position"}, 0
	}
	if c.key.May(simserver.MaySpot) {
		spot, readOnly = []string{"SpotTrade"}, 0
	}
	if c.key.May(simserver.MayTransfer) {
		wallet = []string{"AccountTransfer", "SubMemberTransfer"}
	}
	if c.key.May(simserver.MayWithdraw) {
		wallet = append(wallet, "Withdraw")
	}
	id := strconv.FormatInt(c.account.uid(), 10)
	return reply.Object{{"id", id}, {"note", "simulated"}, {"apiKey", c.key.Name}, {"readOnly", readOnly}, {"secret", ""}, {"permissions", reply.Object{{"ContractTrade", contract}, {"Spot", spot},
		{"Wallet", wallet}, {"Options", []string{}}, {"Derivatives", []string{}}, {"CopyTrading", []string{}}, {"BlockTrade", []string{}}, {"Exchange", []string{}}, {"NFT", []string{}},
		{"Affiliate", []string{}}, {"Earn", []string{}}}}, {"ips", []string{"*"}}, {"type", 1}, {"deadlineDay", 90}, {"expiredAt", "2027-12-31T00:00:00Z"}, {"createdAt", "2026-01-01T00:00:00Z"},
		{"unified", 0}, {"uta", 1}, {"userID", c.account.uid()}, {"inviterID", 0}, {"vipLevel", "No VIP"}, {"mktMakerLevel", "0"}, {"affiliateID", 0}, {"rsaPublicKey", ""}, {"isMaster", true},
		{"parentUid", "0"}, {"kycLevel", "LEVEL_DEFAULT"}, {"kycRegion", ""}}, nil
}

// settings is GET account/user-setting-config: what becomes of prices beyond the band.
func (v *accountViews) settings(c *call) (any, *fault) {
	m := c.account.moves
	return reply.Object{{"lpaSpot", m[api.Spot]}, {"lpaPerp", m[api.Linear] || m[api.Inverse]}, {"deltaEnable", false}}, nil
}

// setBand is POST account/set-limit-px-action.
func (v *accountViews) setBand(c *call) (any, *fault) {
	k, f := c.category()
	if f != nil {
		return nil, f
	}
	c.account.moves[k] = c.flag("modifyEnable")
	if k != api.Spot { // contracts have one setting
		c.account.moves[api.Linear], c.account.moves[api.Inverse] = c.flag("modifyEnable"), c.flag("modifyEnable")
	}
	return reply.Object{}, nil
}

// setLeverage is POST position/set-leverage: of one-way mode both sides alike.
func (v *accountViews) setLeverage(c *call) (any, *fault) {
	m, f := v.market(c)
	if f != nil {
		return nil, f
	}
	buy, ok := c.amount("buyLeverage")
	sell, ok2 := c.amount("sellLeverage")
	n := int(buy.IntPart())
	switch {
	case !ok || !ok2 || !buy.Equal(sell) || n < 1 || n > 100:
		return nil, invalid("buy leverage invalid")
	case m.spot():
		return nil, invalid("Illegal category")
	case c.account.Funds.Leverage(m.In.ID) == n:
		return nil, bad(110043, "leverage not modified")
	}
	if err := c.account.Funds.SetLeverage(m.In.ID, n); err != nil {
		return nil, bad(110013, "cannot set leverage: "+err.Error())
	}
	return reply.Object{}, nil
}

// switchMode is POST position/switch-mode: hedge mode can be set, and not traded in.
func (v *accountViews) switchMode(c *call) (any, *fault) {
	mode := c.text("mode")
	hedge := mode == "3"
	switch {
	case mode != "0" && mode != "3":
		return nil, invalid("params error: mode invalid")
	case hedge == c.account.Hedge:
		return nil, bad(110025, "Position mode is not modified")
	}
	c.account.Hedge = hedge
	return reply.Object{}, nil
}

func (v *accountViews) switchIsolated(c *call) (any, *fault) {
	m, f := v.market(c)
	if f != nil {
		return nil, f
	}
	on := c.text("tradeMode") == "1"
	if on == c.account.Isolated[m.In.ID] {
		return nil, bad(110026, "Cross/isolated margin mode is not modified")
	}
	c.account.Isolated[m.In.ID] = on
	return reply.Object{}, nil
}

// setMargin is POST account/set-margin-mode: cross margin is what there is.
func (v *accountViews) setMargin(c *call) (any, *fault) {
	if c.text("setMarginMode") != "REGULAR_MARGIN" {
		return nil, bad(3400045, "Set margin mode failed: only cross margin is simulated")
	}
	clear(c.account.Isolated)
	return reply.Object{{"reasons", reply.List{}}}, nil
}

func (v *accountViews) borrowable(c *call) (any, *fault) {
	m, f := v.market(c)
	if f != nil {
		return nil, f
	}
	quote, base := c.account.Funds.Balance(unified, m.In.Quote).Free, c.account.Funds.Balance(unified, m.In.Base).Free
	price := m.In.PriceDecimal(m.LastPrice())
	most := decimal.Zero
	if price.IsPositive() {
		most = quote.DivRound(price, 8)
	}
	own, coin := most, m.In.Quote
	if c.text("side") == "Sell" {
		most, coin = base, m.In.Base
		own = most
		if m.In.Lends() && !c.account.cash {
			owed, _ := c.account.Funds.Debt(unified, m.In.Base)
			most = most.Add(decimal.Max(decimal.Zero, m.In.Lending.Most.Sub(owed)))
		}
	}
	return reply.Object{{"symbol", m.In.Symbol}, {"side", c.text("side")}, {"maxTradeQty", most}, {"maxTradeAmount", most.Mul(price)}, {"spotMaxTradeQty", own}, {"spotMaxTradeAmount", own.Mul(price)}, {"borrowCoin", coin}}, nil
}

// walletOf is the wallet of an accountType.
func walletOf(kind string) (exchange.Wallet, bool) {
	switch strings.ToUpper(kind) {
	case "UNIFIED":
		return unified, true
	case "FUND":
		return api.Funding, true
	}
	return "", false
}

// transfer is POST asset/transfer/inter-transfer. An id is taken once.
func (v *accountViews) transfer(c *call) (any, *fault) {
	id := c.text("transferId")
	from, ok := walletOf(c.text("fromAccountType"))
	to, ok2 := walletOf(c.text("toAccountType"))
	amount, isAmount := c.amount("amount")
	switch {
	case len(id) != 36:
		return nil, bad(131202, "TransferId must be UUID")
	case !ok || !ok2 || from == to:
		return nil, bad(131203, "account type is error")
	case !isAmount || !amount.IsPositive():
		return nil, bad(131228, "Your balance is not enough. Please check transferable balance: amount "+c.text("amount"))
	}
	if c.account.Funds.Balance(from, c.text("coin")).Free.LessThan(amount) {
		return nil, bad(131212, "Insufficient balance, please check your wallet balance")
	}
	if c.account.sent[id] != nil {
		return nil, bad(131214, "Transfer Id duplicated")
	}
	kind := strings.ToUpper(c.text("fromAccountType")) + ">" + strings.ToUpper(c.text("toAccountType"))
	t, err := c.account.Funds.Transfer(kind, c.text("coin"), &simserver.Segment{Wallet: from}, &simserver.Segment{Wallet: to}, amount)
	if err != nil {
		return nil, bad(131212, "Insufficient balance, please check your wallet balance")
	}
	c.account.sent[id] = t
	return reply.Object{{"transferId", id}, {"status", transferStatus(t)}}, nil
}

func transferStatus(t *simserver.Transfer) string {
	if t.Done {
		return "SUCCESS"
	}
	return "PENDING"
}

// transfers is GET asset/transfer/query-inter-transfer-list.
func (v *accountViews) transfers(c *call) (any, *fault) {
	a := c.account
	names := map[*simserver.Transfer]string{}
	for id, t := range a.sent { // order does not matter: it is turned round
		names[t] = id
	}
	var list []entry
	for _, t := range a.Ledger.Transfers() {
		from, to, _ := strings.Cut(t.Type, ">")
		if only := c.text("transferId"); only != "" && only != names[t] || c.text("coin") != "" && c.text("coin") != t.Asset || c.text("status") != "" && c.text("status") != transferStatus(t) {
			continue
		}
		list = append(list, entry{t.ID, t.Time, func() reply.Object {
			return reply.Object{{"transferId", names[t]}, {"coin", t.Asset}, {"amount", t.Amount}, {"fromAccountType", from}, {"toAccountType", to}, {"timestamp", stamp(t.Time)}, {"status", transferStatus(t)}}
		}})
	}
	rows, next, f := c.paged(list, 20, 50)
	if f != nil {
		return nil, f
	}
	return reply.Object{{"list", rows}, {"nextPageCursor", next}}, nil
}

// coins is GET asset/transfer/query-account-coins-balance.
func (v *accountViews) coins(c *call) (any, *fault) {
	w, ok := walletOf(c.text("accountType"))
	if !ok {
		return nil, bad(131203, "account type is error")
	}
	rows := reply.List{}
	for _, d := range c.account.Funds.Balances() {
		if d.Wallet.Within(api.House) == w.Within(api.House) && (c.text("coin") == "" || strings.Contains(","+c.text("coin")+",", ","+d.Asset+",")) {
			b := c.account.Funds.Balance(w, d.Asset)
			rows = append(rows, reply.Object{{"coin", d.Asset}, {"transferBalance", b.Free}, {"walletBalance", b.Total}, {"bonus", "0"}})
		}
	}
	return reply.Object{{"memberId", strconv.FormatInt(c.account.uid(), 10)}, {"accountType", c.text("accountType")}, {"balance", rows}}, nil
}

func (v *accountViews) coin(c *call) (any, *fault) {
	w, ok := walletOf(c.text("accountType"))
	if !ok || c.text("coin") == "" {
		return nil, bad(131203, "account type is error")
	}
	b := c.account.Funds.Balance(w, c.text("coin"))
	return reply.Object{{"accountType", c.text("accountType")}, {"accountId", strconv.FormatInt(c.account.uid(), 10)}, {"memberId", strconv.FormatInt(c.account.uid(), 10)},
		{"balance", reply.Object{{"coin", c.text("coin")}, {"transferBalance", b.Free}, {"walletBalance", b.Total}, {"transferSafeAmount", ""}, {"ltvTransferSafeAmount", ""}}}}, nil
}

// coinInfo is GET asset/coin/query-info: coins without chains, because nothing leaves.
func (v *accountViews) coinInfo(c *call) (any, *fault) {
	rows := reply.List{}
	for _, asset := range c.account.assets() {
		if only := c.text("coin"); only == "" || only == asset {
			rows = append(rows, reply.Object{{"name", asset}, {"coin", asset}, {"remainAmount", "0"}, {"chains", reply.List{}}})
		}
	}
	return reply.Object{{"rows", rows}}, nil
}
