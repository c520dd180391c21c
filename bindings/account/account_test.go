package account_test

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/bindings/account"
	"github.com/perilune/perilune/bindings/bindtest"
	"github.com/perilune/perilune/exchange"
)

func TestAccount(t *testing.T) {
	bt := bindtest.New(t, account.Module())
	dec := decimal.RequireFromString
	bt.Env.Balances["spot USDT"] = exchange.Balance{Total: dec("100.5"), Free: dec("60.25"), Locked: dec("40.25")}
	bt.Env.Positions[bt.Env.ID("usdm:BTCUSDT")] = exchange.Position{Qty: -1500, Entry: dec("100.25"), Realised: dec("3")}
	bt.Env.Margins["usdm USDT"] = exchange.Margin{Equity: dec("900"), Exposure: dec("1000"), Initial: dec("200"), Maintenance: dec("4.5"), Movable: dec("650")}
	bt.Run(`
local b = account.balance("spot", "USDT")
assert(b.total == 100.5 and b.free == 60.25 and b.locked == 40.25)
assert(account.balance("usdm", "USDT").total == 0, "a wallet of its own")
local p = account.position("usdm:BTCUSDT")
assert(p.qty == -1.5 and p.entry == 100.25 and p.realised == 3)
p = account.position("spot:BTCUSDT")
assert(p.qty == 0 and p.entry == nil)
local m = account.margin("usdm", "USDT")
assert(m.equity == 900 and m.exposure == 1000 and m.initial == 200 and m.maintenance == 4.5 and m.movable == 650)
assert(account.margin("coinm", "BTC").exposure == 0, "nothing is held")
assert(account.equity() == 10000)
local maker, taker = account.fees("usdm:BTCUSDT")
assert(maker == 0.0002 and taker == 0.0005)
`)
	in := bt.Env.U.Get(bt.Env.ID("spot:BTCUSDT"))
	bt.Env.Positions[in.ID] = exchange.Position{Qty: exchange.Lots(in.Lot.Floor(dec("55"))), Entry: dec("20"), FeeQty: dec("0.055")}
	bt.Run(`
local p = account.position("spot:BTCUSDT")
assert(p.qty == 54.945 and p.entry == 20, "coins that a fee took are gone: " .. p.qty)
`)
	bt.Env.Positions[in.ID] = exchange.Position{Qty: exchange.Lots(in.Lot.Floor(dec("0.05"))), Entry: dec("20"), FeeQty: dec("0.05")}
	bt.Run(`
local p = account.position("spot:BTCUSDT")
assert(p.qty == 0 and p.entry == nil, "all that was left after the fee was sold")
`)
	bt.Fail(`account.balance("bank", "USDT")`, "want one of [spot usdm coinm]")
	bt.Fail(`account.margin("spot", "USDT")`, "no contract is margined in the spot wallet")
	bt.Fail(`account.balance("spot", "")`, "1 to 64 bytes")
}
