package order_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/shopspring/decimal"
	lua "github.com/yuin/gopher-lua"
	"pgregory.net/rapid"

	"github.com/perilune/perilune/bindings/bindtest"
	"github.com/perilune/perilune/bindings/market"
	"github.com/perilune/perilune/bindings/num"
	"github.com/perilune/perilune/bindings/order"
	"github.com/perilune/perilune/exchange"
)

// Where the increment grows with the price, a price goes to one that there is.
func TestSubmitOnACoarserGrid(t *testing.T) {
	for code, want := range map[string]exchange.Ticks{`side = "buy", price = 99.9`: 999, `side = "buy", price = 100.9`: 1005, `side = "sell", price = 100.9`: 1010} {
		bt := bindtest.New(t, order.Module(), num.Module(), market.Module())
		bt.Env.Universe().Get(bt.Env.ID("usdm:BTCUSDT")).Coarser = []exchange.Coarser{{From: 1000, Every: 5}}
		bt.Run(`assert(order.submit{symbol = "usdm:BTCUSDT", qty = 1, ` + code + `})`)
		if got := bt.Env.Submitted[0].Price; got != want {
			t.Errorf("%s: %d ticks, want %d", code, got, want)
		}
	}
}

func TestSubmit(t *testing.T) {
	cases := []struct {
		name, code string
		want       exchange.Order
	}{
		{"a limit order", `{symbol = "usdm:BTCUSDT", side = "buy", qty = 1.5, price = 100.5}`,
			exchange.Order{Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Qty: 1500, Price: 1005}},
		{"a buy price goes down to the tick, quantity down to the lot", `{symbol = "usdm:BTCUSDT", side = "buy", qty = 0.0019, price = 100.59}`,
			exchange.Order{Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Qty: 1, Price: 1005}},
		{"a sell price goes up", `{symbol = "usdm:BTCUSDT", side = "sell", qty = 1, price = "100.51"}`,
			exchange.Order{Side: exchange.Sell, Type: exchange.Limit, TIF: exchange.GTC, Qty: 1000, Price: 1006}},
		{"three tenths are three ticks", `{symbol = "usdm:BTCUSDT", side = "buy", qty = 1, price = 0.3}`,
			exchange.Order{Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Qty: 1000, Price: 3}},
		{"decimals", `{symbol = "usdm:BTCUSDT", side = "buy", qty = num.dec("0.1") + num.dec("0.2"), price = num.dec(7)}`,
			exchange.Order{Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Qty: 300, Price: 70}},
		{"a market order", `{symbol = "usdm:BTCUSDT", side = "sell", qty = 2, type = "market", reduce_only = true}`,
			exchange.Order{Side: exchange.Sell, Type: exchange.MarketOrder, TIF: exchange.IOC, Qty: 2000, ReduceOnly: true}},
		{"a book stands for its symbol", `{symbol = market.book("usdm:BTCUSDT"), side = "buy", qty = 1, price = 1, tif = "post_only"}`,
			exchange.Order{Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.PostOnly, Qty: 1000, Price: 10}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			bt := bindtest.New(t, order.Module(), num.Module(), market.Module())
			bt.Run("assert(order.submit" + c.code + ` == "1")`)
			c.want.Instrument = bt.Env.ID("usdm:BTCUSDT")
			if got := bt.Env.Submitted[0]; got != c.want {
				t.Errorf("submitted %+v\nwant      %+v", got, c.want)
			}
		})
	}
}

func TestShapeErrors(t *testing.T) {
	bt := bindtest.New(t, order.Module())
	const ok = `symbol = "usdm:BTCUSDT", side = "buy", qty = 1, price = 100`
	for code, want := range map[string]string{
		`{` + ok + `, prize = 1}`:                                                         `unknown field "prize"; did you mean "price"?`,
		`{symbol = "usdm:BTCUSTD", side = "buy", qty = 1, price = 1}`:                     `did you mean "usdm:BTCUSDT"`,
		`{side = "buy", qty = 1, price = 1}`:                                              "missing field symbol",
		`{symbol = "usdm:BTCUSDT", qty = 1, price = 1}`:                                   "missing field side",
		`{symbol = "usdm:BTCUSDT", side = "buy", price = 1}`:                              "missing field qty",
		`{symbol = "usdm:BTCUSDT", side = "buy", qty = 1}`:                                `for a market order write type = "market"`,
		`{symbol = "usdm:BTCUSDT", side = "long", qty = 1, price = 1}`:                    "want one of buy, sell",
		`{symbol = "usdm:BTCUSDT", side = "buy", qty = 0.0009, price = 1}`:                "below one lot of usdm:BTCUSDT, which is 0.001",
		`{symbol = "usdm:BTCUSDT", side = "buy", qty = 1, price = 0.05}`:                  "below one tick of usdm:BTCUSDT, which is 0.1",
		`{symbol = "usdm:BTCUSDT", side = "buy", qty = 1e300, price = 1}`:                 "too large",
		`{symbol = "usdm:BTCUSDT", side = "buy", qty = "1e5000", price = 1}`:              "exponent",
		`{symbol = "usdm:BTCUSDT", side = "buy", qty = "0x10", price = 1}`:                "decimal number",
		`{symbol = "usdm:BTCUSDT", side = "buy", qty = "nan", price = 1}`:                 "decimal number",
		`{symbol = "usdm:BTCUSDT", side = "buy", qty = {}, price = 1}`:                    "got a table",
		`{symbol = "usdm:BTCUSDT", side = "buy", qty = 1, price = 1, type = "market"}`:    "a market order has no price",
		`{symbol = "usdm:BTCUSDT", side = "buy", qty = 1, type = "market", tif = "gtc"}`:  "cannot rest",
		`{symbol = "spot:BTCUSDT", side = "buy", qty = 1, price = 1, reduce_only = true}`: "no position to reduce",
		`{symbol = "usdm:BTCUSDT", side = "buy", qty = 1, price = 1, reduce_only = 1}`:    "true or false",
	} {
		bt.Fail("\norder.submit"+code, "test.lua:2: order.submit: ", want)
	}
	bt.Fail(`order.buy("usdm:BTCUSDT", 1)`, "order.buy: argument price: missing")
	bt.Fail(`order.buy("usdm:BTCUSDT", 1, 1, {side = "sell"})`, `unknown field "side"`)
	bt.Fail(`order.cancel(1)`, "want a string")
	bt.Fail(`order.cancel("x")`, "is not an id")
	if len(bt.Env.Submitted) != 0 {
		t.Errorf("a refused call submitted %+v", bt.Env.Submitted)
	}
}

// TestEveryFloat passes numbers of every class. None may reach the core as
// anything but whole positive ticks and lots that are not more aggressive and
// not larger than what was written.
func TestEveryFloat(t *testing.T) {
	bt := bindtest.New(t, order.Module())
	in := bt.Env.U.Get(bt.Env.ID("usdm:BTCUSDT"))
	rapid.Check(t, func(rt *rapid.T) {
		price, qty := anyFloat(rt, "price"), anyFloat(rt, "qty")
		bt.Env.Submitted = nil
		bt.L.SetGlobal("price", number(price))
		bt.L.SetGlobal("qty", number(qty))
		bt.Run(`pcall(order.buy, "usdm:BTCUSDT", qty, price)`)
		for _, o := range bt.Env.Submitted {
			if o.Price <= 0 || in.PriceDecimal(o.Price).GreaterThan(decimal.NewFromFloat(price)) {
				rt.Fatalf("price %v became %d ticks", price, o.Price)
			}
			if o.Qty <= 0 || in.QtyDecimal(o.Qty).GreaterThan(decimal.NewFromFloat(qty)) {
				rt.Fatalf("quantity %v became %d lots", qty, o.Qty)
			}
		}
		sane := price >= 0.1 && price < 1e9 && qty >= 0.001 && qty < 1e9
		if sane && len(bt.Env.Submitted) == 0 {
			rt.Fatalf("price %v and quantity %v were refused", price, qty)
		}
	})
}

// number keeps a float64 as Lua has it.
func number(f float64) lua.LNumber { return lua.LNumber(f) }

func anyFloat(rt *rapid.T, label string) float64 {
	odd := []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), 5e-324, 1e308, -1, 1 << 53, 1<<53 + 2}
	return rapid.OneOf(rapid.Float64(), rapid.SampledFrom(odd), rapid.Float64Range(0, 1e6)).Draw(rt, label)
}

func TestCancelGetOpen(t *testing.T) {
	bt := bindtest.New(t, order.Module())
	perp, spot := bt.Env.ID("usdm:BTCUSDT"), bt.Env.ID("spot:BTCUSDT")
	bt.Env.OrderList = []*exchange.Order{
		{ID: 7, Instrument: perp, Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Price: 1005, Qty: 1000, Filled: 400, Status: exchange.StatusPartial, Pair: 3},
		{ID: 8, Instrument: spot, Side: exchange.Sell, Type: exchange.MarketOrder, Qty: 100000, Filled: 100000, Status: exchange.StatusFilled},
	}
	bt.Run(`
local o = order.get("7")
assert(o.id == "7" and o.symbol == "usdm:BTCUSDT" and o.price == 100.5 and o.qty == 1 and o.filled == 0.4 and o.leaves == 0.6)
assert(o.status == "partial" and not o.done and o.pair == "3" and o.tif == "gtc")
assert(order.get("8").price == nil and order.get("8").done)
assert(order.get("9") == nil)
assert(order.cancel("7") == true and order.cancel("8") == false and order.cancel("9") == false)
assert(#order.open() == 2 and #order.open("usdm:BTCUSDT") == 1)
`)
	if got := fmt.Sprint(bt.Env.Canceled); got != "[7]" {
		t.Errorf("canceled %s, want only the live order", got)
	}
}
