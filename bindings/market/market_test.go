package market_test

import (
	"testing"

	"github.com/perilune/perilune/bindings/bindtest"
	"github.com/perilune/perilune/bindings/market"
	"github.com/perilune/perilune/exchange"
)

func TestBook(t *testing.T) {
	bt := bindtest.New(t, market.Module())
	bt.Env.Time += 250 * exchange.Millisecond
	bt.Run(`
local b = market.book("usdm:BTCUSDT")
assert(b == market.book("usdm:BTCUSDT"), "one handle per instrument")
assert(b:symbol() == "usdm:BTCUSDT")
local p, q = b:bid()
assert(p == 100.5 and q == 1)
p, q = b:ask(5)
assert(p == 101 and q == 10)
assert(b:ask(6) == nil)
assert(b:mid() == 100.55)
assert(math.abs(b:spread() - 0.1) < 1e-12)
assert(math.abs(b:microprice() - (100.5*2 + 100.6*1)/3) < 1e-9)
assert(b:imbalance(5) == (15-30)/45)
assert(b:depth("buy") == 5)
assert(b:age() == 0.25)
assert(b:integrity() == "verified", b:integrity())
assert(b:ready() == true)
assert(tostring(b:ready()) == "true")
local avg, filled, worst = b:walk("buy", 5)
assert(filled == 5 and worst == 100.7, worst)
assert(math.abs(avg - (100.6*2 + 100.7*3)/5) < 1e-9)
avg, filled = b:walk("sell", 100)
assert(filled == 15, "only what is there")
`)
}

func TestBookNotReady(t *testing.T) {
	bt := bindtest.New(t, market.Module())
	id := bt.Env.ID("usdm:BTCUSDT")
	bt.Env.Books[id].Apply(&exchange.Event{Kind: exchange.KindSnapshot, Instrument: id, Time: bt.Env.Time, LastID: 2})
	bt.Run(`
local b = market.book("usdm:BTCUSDT")
local ready, why = b:ready()
assert(ready == false and type(why) == "string")
assert(b:bid() == nil and b:mid() == nil and b:microprice() == nil and b:spread() == nil and b:imbalance(3) == nil)
local avg, filled = b:walk("buy", 1)
assert(avg == nil and filled == 0)
`)
}

func TestMistakesRaiseAtTheCall(t *testing.T) {
	bt := bindtest.New(t, market.Module())
	bt.Fail("local x = 1\nmarket.book('usdm:BTCUSTD')", "test.lua:2:", "market.book: argument symbol", `did you mean "usdm:BTCUSDT"`)
	bt.Fail("market.book('usdm:BTCUSDT'):bids()", `no method "bids"`, `did you mean "bid"`)
	bt.Fail("market.book('usdm:BTCUSDT').bid()", "with a colon")
	bt.Fail("market.book('usdm:BTCUSDT'):bid(0)", "whole number from 1")
	bt.Fail("market.book('usdm:BTCUSDT'):bid(0/0)", "whole number from 1")
	bt.Fail("market.book('usdm:BTCUSDT'):walk('by', 1)", "want one of buy, sell")
	bt.Fail("market.book('usdm:BTCUSDT'):walk('buy', -1)", "above 0")
	bt.Fail("market.book(nil)", "missing")
	bt.Fail("market.mark('spot:BTCUSDT')", "spot market and has no mark price")
	bt.Fail("market.pairs{marign = 'usdt'}", `unknown field "marign"`, `did you mean "margin"`)
	bt.Fail("market.pairs{margin = 'euro'}", "want one of usdt, coin")
	bt.Fail("market.instruments('[')", "not a glob")
	if err := bt.Load("market.now()"); err == nil {
		t.Error("market.now answered while loading")
	}
}

func TestMarkAndFunding(t *testing.T) {
	bt := bindtest.New(t, market.Module())
	id := bt.Env.ID("usdm:1000SHIBUSDT")
	next := exchange.Date(2026, 1, 2) + 4*exchange.Hour
	bt.Env.Marks[id] = exchange.MarkState{Mark: 1010000, Index: 1009000, Rate: 5000, Predicted: 7000, NextFunding: next, Hours: 4, Time: bt.Env.Time}
	bt.Env.SettledList[id] = []exchange.Settled{{Time: next - 8*exchange.Hour, Rate: 1}, {Time: next - 4*exchange.Hour, Rate: 2, Hours: 4, Mark: 3}}
	bt.Env.Open = map[exchange.InstrumentID]exchange.OpenInterest{id: {Qty: 123_456, Time: bt.Env.Time}}
	bt.Fail("market.open_interest('spot:BTCUSDT')", "spot market and has no open interest")
	bt.Run(`
local s = "usdm:1000SHIBUSDT"
local open, at = market.open_interest(s)
assert(open == 123456 and at == market.now(), open)
assert(market.open_interest("usdm:BTCUSDT") == nil)
local m = market.mark(s)
assert(m.mark == 0.0101 and m.index == 0.01009 and m.rate == 0.00005 and m.hours == 4)
local rate, hours, next, r8, predicted = market.funding(s)
assert(rate == 0.00005 and hours == 4 and next == 1767326400, next)
assert(math.abs(r8 - 0.0001) < 1e-15 and predicted == 0.00007)
local all = market.settled(s)
assert(#all == 2 and all[2].rate == 2e-8 and all[2].rate_8h == 4e-8 and all[1].hours == 8)
assert(#market.settled(s, 1) == 1 and market.settled(s, 1)[1].rate == 2e-8)
assert(market.mark("usdm:BTCUSDT") == nil and market.funding("usdm:BTCUSDT") == nil)
`)
}

func TestTradesQuotesAndBars(t *testing.T) {
	bt := bindtest.New(t, market.Module())
	id := bt.Env.ID("usdm:BTCUSDT")
	bt.Env.Trades[id] = exchange.Trade{Time: bt.Env.Time + 123456*exchange.Microsecond, Price: 1005, Qty: 1500, Side: exchange.Sell}
	bt.Env.Quotes[id] = [2]exchange.Level{{Price: 1005, Qty: 1}, {Price: 1006, Qty: 2}}
	bt.Env.BarList[id] = []exchange.Bar{{Open: 1, High: 4, Low: 1, Close: 2, Volume: 8, Interval: exchange.Minute,
		Flow: exchange.Flow{Quote: 700.5, TakerBuy: 2, Trades: 12, Known: exchange.FlowAll}}, {Close: 3}}
	bt.Run(`
local s = "usdm:BTCUSDT"
local tr = market.last_trade(s)
assert(tr.price == 100.5 and tr.qty == 1.5 and tr.side == "sell" and tr.symbol == s)
assert(tr.notional == 150.75 and tr.time == market.now() + 0.123456)
local ok, err = pcall(function() return tr.prise end)
assert(not ok and err:find('did you mean "price"', 1, true), err)
local b, bq, a, aq = market.quote(s)
assert(b == 100.5 and bq == 0.001 and a == 100.6 and aq == 0.002)
local bars = market.bars(s)
assert(#bars == 2 and bars[1].high == 0.4 and bars[1].interval == 60 and bars[2].close == 0.3)
assert(bars[1].quote_volume == 700.5 and bars[1].trades == 12 and bars[1].taker_buy_volume == 2 and bars[1].taker_share == 0.25)
assert(bars[2].quote_volume == nil and bars[2].trades == nil and bars[2].taker_buy_volume == nil and bars[2].taker_share == nil)
assert(#market.bars(s, 1) == 1)
assert(market.last_trade("spot:BTCUSDT") == nil and market.quote("spot:BTCUSDT") == nil)
`)
}

func TestInstruments(t *testing.T) {
	bindtest.New(t, market.Module()).Run(`
assert(#market.instruments() == 6)
local l = market.instruments("usdm:*")
assert(#l == 3 and l[1] == "usdm:1000SHIBUSDT" and l[2] == "usdm:BTCUSDT")
local p = market.pairs{margin = "usdt"}
assert(#p == 2 and p[1].base == "BTC" and p[1].spot == "spot:BTCUSDT" and p[1].perp == "usdm:BTCUSDT")
assert(p[2].perp == "usdm:1000SHIBUSDT")
local d = market.pairs{dated = true}
assert(#d == 1 and d[1].perp == "usdm:BTCUSDT_260327" and d[1].delivery == 1774598400)
p = market.pairs{margin = "coin"}
assert(#p == 1 and p[1].perp == "coinm:BTCUSD_PERP")
assert(#market.pairs() == 2)
local i = market.instrument("usdm:BTCUSDT")
assert(i.tick == 0.1 and i.lot == 0.001 and i.min_qty == 0.001 and i.min_notional == 100)
assert(i.max_qty == nil and i.perp and not i.inverse and i.settle == "USDT" and i.taker_fee == 0.0005)
assert(market.instrument("coinm:BTCUSD_PERP").contract_size == 100)
`)
}

func TestScan(t *testing.T) {
	bt := bindtest.New(t, market.Module())
	u, err := exchange.NewUniverse([]exchange.Instrument{{Venue: "binance.usdm", Contract: exchange.Linear, Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT", Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("1")}})
	if err != nil {
		t.Fatal(err)
	}
	bt.Env.U = u
	after := exchange.E8(7000)
	bt.Run(`
local rows, why = market.scan{}
assert(rows == nil and why == "nobody was asked", why)`)
	bt.Env.Scanned = &exchange.Scan{Rows: []exchange.ScanRow{
		{Symbol: "binance.usdm:BTCUSDT", Hedge: "binance.spot:BTCUSDT", Rate: 10000, After: &after, Hours: 8, Next: 1000 * exchange.Second, Basis: -50000, Spread: 2000, Net: 10950000, Cost: 300000, Depth: 5000, Turnover: 9e6},
		{Symbol: "binance.usdm:ETHUSDT", Rate: -2000, Hours: 4, Spread: 1000, Depth: 7000, Turnover: 2e6},
		{Symbol: "bybit.linear:BTCUSDT", Hedge: "binance.usdm:BTCUSDT", Rate: 10000, Net: 10950000, Cost: 500000, Depth: 7000, Turnover: 1e6},
	}}
	bt.Run(`
local function keys(f) local out = {} for _, r in ipairs((market.scan(f))) do out[#out + 1] = r.symbol end return table.concat(out, " ") end
local function is(got, want) if got ~= want then error("got " .. tostring(got) .. ", want " .. tostring(want), 2) end end
local rows, age = market.scan()
is(#rows, 3) is(age, 1)
local r = rows[1]
is(r.symbol, "usdm:BTCUSDT") is(r.hedge, "spot:BTCUSDT") is(r.rate, 0.0001) is(r.after, 0.00007) is(r.hours, 8) is(r.next, 1000)
is(r.basis, -0.0005) is(r.spread, 0.00002) is(r.depth, 5000) is(r.turnover, 9e6) is(r.net, 0.1095) is(r.cost, 0.003) is(r.days, 10)
assert(math.abs(r.annual - 0.1095) < 1e-12)
is(rows[2].symbol, "bybit.linear:BTCUSDT") is(rows[2].hours, 0) is(rows[2].next, nil) is(rows[2].after, nil) is(rows[2].hedge, "usdm:BTCUSDT")
is(rows[3].hedge, nil) is(rows[3].net, nil) is(rows[3].days, nil)
is(keys{symbols = "*:BTC*"}, "usdm:BTCUSDT bybit.linear:BTCUSDT")
is(keys{symbols = {"usdm:ETH*", "linear:BTC*"}}, "bybit.linear:BTCUSDT usdm:ETHUSDT")
is(keys{symbols = "*:DOGE*"}, "")
is(keys{min_turnover = 2e6}, "usdm:BTCUSDT usdm:ETHUSDT")
is(keys{limit = 1, sort = "turnover"}, "usdm:BTCUSDT")
is(keys{sort = "depth"}, "usdm:ETHUSDT bybit.linear:BTCUSDT usdm:BTCUSDT")
is(keys{sort = "spread"}, "usdm:ETHUSDT usdm:BTCUSDT bybit.linear:BTCUSDT")
is(keys{sort = "days"}, "usdm:BTCUSDT bybit.linear:BTCUSDT usdm:ETHUSDT")
is(keys{sort = "annual"}, "usdm:BTCUSDT bybit.linear:BTCUSDT usdm:ETHUSDT")
is(keys{venues = "binance", sort = "symbol"}, "usdm:BTCUSDT usdm:ETHUSDT")
`)
	for code, want := range map[string]string{
		`market.scan{venues = {"binanc"}}`: `field venues: "binanc" is not a venue of this session, which has binance`,
		`market.scan{symbols = {1}}`:       "field symbols: entry 1: want text, got 1",
		`market.scan{symbols = "[a"}`:      `field symbols: "[a" is not a glob`,
		`market.scan{sort = "yield"}`:      "want one of net, annual",
		`market.scan{limit = 0}`:           "field limit",
		`market.scan{symbol = "x"}`:        "did you mean",
	} {
		bt.Fail(code, want)
	}
}
