package carry_test

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/bindings/bindtest"
	"github.com/perilune/perilune/bindings/carry"
	"github.com/perilune/perilune/exchange"
)

// market is bindtest's with funding: BTC pays 2 bp per 8 hours and SHIB 3 bp per 4,
// due in 10 minutes.
func market(t *testing.T) *bindtest.T {
	bt := bindtest.New(t, carry.Module())
	due := bt.Env.Time + 10*exchange.Minute
	fund := func(key string, rate exchange.E8, hours int) {
		bt.Env.Marks[bt.Env.ID(key)] = exchange.MarkState{Mark: 1, Rate: rate, Predicted: rate + 1000, NextFunding: due, Hours: hours, Time: bt.Env.Time}
	}
	fund("usdm:BTCUSDT", 20000, 8)
	fund("usdm:1000SHIBUSDT", 30000, 4)
	fund("coinm:BTCUSD_PERP", 10000, 8)
	bt.Env.SettledList[bt.Env.ID("usdm:BTCUSDT")] = []exchange.Settled{{Rate: 90000, Hours: 8}, {Rate: 10000, Hours: 8}, {Rate: 30000, Hours: 8}, {Rate: 15000}}
	return bt
}

func TestRank(t *testing.T) {
	bt := market(t)
	bt.Run(`
local function near(a, b, what) assert(math.abs(a - b) < 1e-12, (what or "") .. ": " .. a .. " is not " .. b) end
local memory = {}
local list = carry.rank{horizon = "24h", near = 3600, mean = 0, persistence = 0.5, slice = 150, memory = memory}
assert(#list == 2)
local b
for _, c in ipairs(list) do if c.base == "BTC" then b = c end end
assert(b.spot == "spot:BTCUSDT" and b.perp == "usdm:BTCUSDT" and b.hours == 8 and b.settled == 4 and b.due == 600)
near(b.rate, 2e-4); near(b.predicted, 2.1e-4)
near(b.median, 1.5e-4, "the median of the last three")
near(b.low, 1.5e-4); near(b.high, 2.1e-4)
near(b.gain, 1.5e-4 * 1.75, "three settlements in a day"); near(b.stay, 2.1e-4 * 1.75 + b.close - b.usual)
near(b.near_low, 1.5e-4, "one within an hour")
near(b.open, 100.1 / 100.05 - 1); near(b.close, 101 / 99.96 - 1)
near(b.fees, 0.001); assert(b.tradable)
assert(math.abs(b.usual - b.close) < 1e-5 and math.abs(b.entry - b.open) < 1e-5, "the only sample")
near(b.edge, b.gain + b.open - b.usual - 2 * b.fees)
assert(b.break_even == nil)
assert(memory["usdm:BTCUSDT"] == "1767323045 50/1040", memory["usdm:BTCUSDT"])
assert(list[1].edge >= list[2].edge)
for _, c in ipairs(list) do if c.base == "SHIB" then near(c.rate, 6e-4); near(c.median, c.predicted) end end

list = carry.rank{margin = "coin", horizon = "24h", slice = 105, memory = memory}
assert(#list == 1 and list[1].perp == "coinm:BTCUSD_PERP" and not list[1].tradable, "105 is one contract, with too little room")
assert(carry.rank{margin = "coin", horizon = "24h", slice = 111, memory = memory}[1].tradable)
assert(not carry.rank{margin = "coin", horizon = "24h", slice = 111, depth = 1000, memory = memory}[1].tradable)
`)
}

// What was remembered comes back from the table, and a sample is taken four hours later.
func TestRankRemembers(t *testing.T) {
	bt := market(t)
	bt.Run(`
local memory = {["usdm:BTCUSDT"] = "1767308000 -50/-40 -30/-20 10/20"}
local function btc() for _, c in ipairs(carry.rank{horizon = 86400, slice = 150, days = 0.5, memory = memory}) do if c.base == "BTC" then return c end end end
local b = btc()
assert(math.abs(b.usual - 20e-5) < 1e-9, tostring(b.usual))
assert(memory["usdm:BTCUSDT"] == "1767323045 -30/-20 10/20 50/1040", memory["usdm:BTCUSDT"])
btc()
assert(memory["usdm:BTCUSDT"] == "1767323045 -30/-20 10/20 50/1040", "not twice")
assert(b.entry == b.open, "of three samples")
memory["usdm:BTCUSDT"] = "1767323000 -30/-20 10/20 50/1040 5/9 6/9 7/9"
for _, c in ipairs(carry.rank{horizon = 86400, slice = 150, entry_quantile = 0.5, exit_quantile = 0.2, memory = memory}) do
  if c.base == "BTC" then assert(math.abs(c.entry - 6e-5) < 1e-12 and math.abs(c.exit - 9e-5) < 1e-12, c.entry .. " " .. c.exit) end
end
`)
}

func TestUnknownIsLeftOut(t *testing.T) {
	bt := market(t)
	delete(bt.Env.Marks, bt.Env.ID("usdm:BTCUSDT"))
	id := bt.Env.ID("spot:SHIBUSDT")
	bt.Env.Books[id].Apply(&exchange.Event{Kind: exchange.KindSnapshot, Instrument: id, LastID: 2})
	bt.Run(`assert(#carry.rank{horizon = 86400, slice = 150, memory = {}} == 0)`)
}

func TestSwitchGain(t *testing.T) {
	bt := market(t)
	bt.Run(`
local list = carry.rank{horizon = "720h", slice = 150, memory = {}}
local from, to = list[2], list[1]
local gain, cost = carry.switch_gain(from, to)
assert(math.abs(gain - (to.gain + to.open - to.usual - from.stay)) < 1e-12 and cost == from.fees + to.fees, gain)
`)
	bt.Fail(`local x = carry.rank{horizon = "720h", slice = 150, memory = {}}[1].edgy`, `CarryPair has no field "edgy"`, `"edge"`)
	bt.Fail(`carry.switch_gain({}, {})`, "want a pair that carry.rank returned")
	bt.Fail(`carry.rank{horizon = 86400, slice = 1, memory = {["usdm:BTCUSDT"] = "x"}}`, "memory of usdm:BTCUSDT")
	bt.Fail(`carry.rank{horizon = 86400, slice = 1, persistence = 1, memory = {}}`, "persistence")
	bt.Fail(`carry.rank{horizon = 86400, slice = 1}`, "memory")
}

// Every perpetual against every other one of its coin, both ways round: what one side is
// paid the other one gives, each by its own interval.
func TestRankOfTwoPerpetuals(t *testing.T) {
	bt := market(t)
	bt.Run(`
local function near(a, b, what) assert(math.abs(a - b) < 1e-12, (what or "") .. ": " .. a .. " is not " .. b) end
local function find(list, long, short) for _, c in ipairs(list) do if c.long == long and c.short == short then return c end end end
local memory = {}
local list = carry.rank{legs = "perp-perp", margin = "any", horizon = "24h", near = 3600, mean = 0, persistence = 0.5, slice = 150, memory = memory}
assert(#list == 2, #list)
local there = find(list, "coinm:BTCUSD_PERP", "usdm:BTCUSDT")
local back = find(list, "usdm:BTCUSDT", "coinm:BTCUSD_PERP")
near(there.predicted, 2.1e-4 - 1.1e-4); near(back.predicted, 1.1e-4 - 2.1e-4); near(there.annual, 1e-4 * 1095)
near(there.low, 1.5e-4 - 1.1e-4, "the median is the lower estimate of what comes in"); near(there.high, 2.1e-4 - 1.1e-4)
near(there.gain, (1.5e-4 - 1.1e-4) * 1.75); near(there.near_low, 1.5e-4 - 1.1e-4, "both settle within the hour")
assert(there.base == "BTC" and there.hours == 8 and there.due == 600 and there.settled == 0)
near(there.open, 100.1 / 101 - 1); near(there.edge, there.gain + there.open - there.usual - 2 * there.fees)
assert(memory["coinm:BTCUSD_PERP usdm:BTCUSDT"])
local every = carry.rank{legs = "any", margin = "any", horizon = "24h", slice = 150, memory = memory}
assert(#every == 5, #every)
assert(find(every, "spot:BTCUSDT", "coinm:BTCUSD_PERP") and find(every, "spot:SHIBUSDT", "usdm:1000SHIBUSDT"))
near(carry.annual(0.0001, 8), 0.1095)
`)
	bt.Fail(`carry.rank{margin = "any", horizon = 86400, slice = 1, memory = {}}`, "want usdt or coin where legs is spot-perp")
	bt.Fail(`carry.annual(0.0001, 0)`, "want more than 0")
}

// A perpetual that is paid to be held, against coins that are borrowed: net of the interest.
func TestRankOfBorrowedCoins(t *testing.T) {
	bt := market(t)
	spot := bt.Env.U.Get(bt.Env.ID("spot:BTCUSDT"))
	spot.Lending = exchange.Lending{Rate: decimal.RequireFromString("0.00001"), Most: decimal.NewFromInt(10)}
	perp := bt.Env.ID("usdm:BTCUSDT")
	m := bt.Env.Marks[perp]
	m.Rate, m.Predicted = -30000, -30000
	bt.Env.Marks[perp], bt.Env.SettledList[perp] = m, nil
	bt.Run(`
local function near(a, b, what) assert(math.abs(a - b) < 1e-12, (what or "") .. ": " .. a .. " is not " .. b) end
local memory = {}
local request = {horizon = "24h", near = 3600, mean = 0, persistence = 0.5, slice = 150, memory = memory}
assert(#carry.rank(request) == 2, "nothing is borrowed unless it is asked for")
request.borrow = true
local c
for _, x in ipairs(carry.rank(request)) do if x.long == "usdm:BTCUSDT" then c = x end end
assert(c.short == "spot:BTCUSDT" and c.hours == 8)
near(c.rate, 3e-4); near(c.borrow, 8e-5)
near(c.gain, 3e-4 * 1.75 - 24e-5, "three settlements, and a day of interest")
near(c.edge, c.gain + c.open - c.usual - 2 * c.fees)
`)
	bt.Fail(`carry.rank{legs = "perp-perp", borrow = true, horizon = 86400, slice = 1, memory = {}}`, "coins are borrowed on spot")
}
