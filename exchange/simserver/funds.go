package simserver

import (
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// uid is the number that the exchange gives an account.
func (a *account) uid() int64 { return 1_000_000 + int64(a.number) }

// alias is the text that futures name an account by.
func (a *account) alias() string { return "sim" + strconv.Itoa(a.number) }

// spotAccount is GET api/v3/account.
func spotAccount(s *sim, c *call) (any, *fault) {
	omit, f := c.flag("omitZeroBalances")
	if f != nil {
		return nil, f
	}
	maker, taker := decimal.Zero, decimal.Zero
	if all := s.all(exchange.Spot); len(all) > 0 {
		maker, taker = all[0].in.MakerFee, all[0].in.TakerFee
	}
	balances := list{}
	for _, asset := range c.account.spotAssets(omit) {
		b := c.account.venue.Balance(exchange.Spot, asset)
		balances = append(balances, object{{"asset", asset}, {"free", b.Free}, {"locked", b.Locked}})
	}
	return object{
		{"makerCommission", int(maker.Shift(4).IntPart())}, {"takerCommission", int(taker.Shift(4).IntPart())}, {"buyerCommission", 0}, {"sellerCommission", 0},
		{"commissionRates", object{{"maker", maker}, {"taker", taker}, {"buyer", decimal.Zero}, {"seller", decimal.Zero}}},
		{"canTrade", true}, {"canWithdraw", false}, {"canDeposit", true}, {"brokered", false}, {"requireSelfTradePrevention", false}, {"preventSor", false},
		{"updateTime", millis(s.now)}, {"accountType", "SPOT"}, {"balances", balances}, {"permissions", list{"SPOT"}}, {"uid", c.account.uid()},
	}, nil
}

// spotAssets lists the assets of the spot wallet: those held, or all there are.
func (a *account) spotAssets(held bool) []string {
	assets := a.assets(exchange.Spot)
	if held {
		return assets
	}
	seen := map[string]bool{}
	for _, asset := range assets {
		seen[asset] = true
	}
	for _, m := range a.s.all(exchange.Spot) {
		for _, asset := range []string{m.in.Base, m.in.Quote} {
			if !seen[asset] {
				seen[asset] = true
				assets = append(assets, asset)
			}
		}
	}
	return assets
}

func spotCommission(s *sim, c *call) (any, *fault) {
	m, f := s.named(c)
	if f != nil {
		return nil, f
	}
	rates := func(maker, taker decimal.Decimal) object {
		return object{{"maker", maker}, {"taker", taker}, {"buyer", decimal.Zero}, {"seller", decimal.Zero}}
	}
	zero := decimal.Zero
	return object{{"symbol", m.in.Symbol}, {"standardCommission", rates(m.in.MakerFee, m.in.TakerFee)}, {"specialCommission", rates(zero, zero)},
		{"taxCommission", rates(zero, zero)},
		{"discount", object{{"enabledForAccount", false}, {"enabledForSymbol", false}, {"discountAsset", "BNB"}, {"discount", decimal.New(75, -2)}}}}, nil
}

// apiRestrictions says what the key may do: everything but withdraw.
func apiRestrictions(s *sim, _ *call) (any, *fault) {
	return object{{"ipRestrict", false}, {"createTime", millis(s.origin)}, {"enableReading", true}, {"enableSpotAndMarginTrading", true},
		{"enableWithdrawals", false}, {"enableInternalTransfer", false}, {"permitsUniversalTransfer", true}, {"enableVanillaOptions", false},
		{"enableFixApiTrade", false}, {"enableFixReadOnly", false}, {"enableFutures", true}, {"enableMargin", false}, {"enablePortfolioMarginTrading", false}}, nil
}

// orderUsage is rateLimit/order: spot tells the counts too.
func orderUsage(s *sim, c *call) (any, *fault) {
	rules, n := s.orderLimits(c.market), &c.account.orderCount[pool(c.market)]
	if c.market != exchange.Spot {
		return rules, nil
	}
	now := s.wall()
	return list{rules[0].with(field{"count", n.short.add(now, 0)}), rules[1].with(field{"count", n.long.add(now, 0)})}, nil
}

// move is one transfer between wallets.
type move struct {
	kind   string
	asset  string
	amount decimal.Decimal
	id     int64
	at     exchange.Time
	reason string // why it failed
	done   bool
}

// transferTypes are the wallets of the types that are simulated. Source:
// asset/transfer; there is no direct way between the futures wallets.
var transferTypes = map[string][2]exchange.Market{
	"MAIN_UMFUTURE": {exchange.Spot, exchange.USDM}, "UMFUTURE_MAIN": {exchange.USDM, exchange.Spot},
	"MAIN_CMFUTURE": {exchange.Spot, exchange.COINM}, "CMFUTURE_MAIN": {exchange.COINM, exchange.Spot},
}

func transfer(s *sim, c *call) (any, *fault) {
	wallets, ok := transferTypes[c.get("type")]
	switch {
	case !c.has("type"):
		return nil, missing("type")
	case !ok:
		return nil, bad(-9000, "Unsupported transfer type %s.", c.get("type"))
	case !c.has("asset"):
		return nil, missing("asset")
	}
	amount, f := c.amount("amount")
	if f != nil {
		return nil, f
	}
	a := c.account
	a.tran++
	a.moving = &move{kind: c.get("type"), asset: c.get("asset"), amount: amount, id: a.tran, at: s.now}
	a.venue.Transfer(&exchange.Transfer{ID: uint64(a.tran), Strategy: -1, Asset: a.moving.asset, From: wallets[0], To: wallets[1], Amount: amount}, s.now)
	a.drain()
	if !a.moving.done {
		return nil, bad(-5013, "Asset transfer failed: insufficient balance")
	}
	return object{{"tranId", a.moving.id}}, nil
}

// onTransfer books the end of the transfer under way and tells both wallets.
func (a *account) onTransfer(t *exchange.Transfer, at exchange.Time) {
	mv := a.moving
	if t.Failed {
		mv.reason = t.Reason
		return
	}
	mv.done = true
	a.moves = append(a.moves, mv)
	for _, side := range []struct {
		wallet exchange.Market
		amount decimal.Decimal
		reason string
	}{{t.From, t.Amount.Neg(), "WITHDRAW"}, {t.To, t.Amount, "DEPOSIT"}} {
		if side.wallet == exchange.Spot {
			a.tellSpotChange(t.Asset, side.amount, at)
			continue
		}
		a.incomes = append(a.incomes, incomeRow{market: side.wallet, kind: "TRANSFER", amount: side.amount, asset: t.Asset, info: "TRANSFER", at: at, tran: mv.id})
		a.tellAccount(side.wallet, side.reason, t.Asset, side.amount, nil, at)
	}
}

func transferHistory(_ *sim, c *call) (any, *fault) {
	if !c.has("type") {
		return nil, missing("type")
	}
	from, to, f := c.window()
	if f != nil {
		return nil, f
	}
	size, f := c.bounded("size", 10, 100)
	if f != nil {
		return nil, f
	}
	page, f := c.bounded("current", 1, 1<<30)
	if f != nil {
		return nil, f
	}
	rows := list{}
	for i := len(c.account.moves) - 1; i >= 0; i-- { // newest first
		if mv := c.account.moves[i]; mv.kind == c.get("type") && within(mv.at, from, to) {
			rows = append(rows, object{{"asset", mv.asset}, {"amount", mv.amount.String()}, {"type", mv.kind}, {"status", "CONFIRMED"}, {"tranId", mv.id}, {"timestamp", millis(mv.at)}})
		}
	}
	total := len(rows)
	rows = rows[min(total, (page-1)*size):]
	return object{{"total", total}, {"rows", rows[:min(size, len(rows))]}}, nil
}
