package basis_test

import (
	"testing"

	"github.com/perilune/perilune/bindings/basis"
	"github.com/perilune/perilune/bindings/bindtest"
	"github.com/perilune/perilune/exchange"
)

func TestBasis(t *testing.T) {
	bindtest.New(t, basis.Module()).Run(`
local function near(a, b) assert(math.abs(a - b) < 1e-12, a .. " is not " .. b) end
local s, p = "spot:BTCUSDT", "usdm:BTCUSDT"
near(basis.open(s, p), 100.5 / 100.01 - 1)
near(basis.open(s, p, 5), 100.1 / 100.05 - 1)
near(basis.close(s, p), 100.6 / 100 - 1)
assert(basis.open(s, p, 6) == nil, "there is no sixth level")
near(basis.open("spot:SHIBUSDT", "usdm:1000SHIBUSDT"), (0.0101 / 1000) / 0.00001001 - 1)
near(basis.open(s, "coinm:BTCUSD_PERP"), 100.5 / 100.01 - 1)
near(basis.open(p, "coinm:BTCUSD_PERP"), 100.5 / 100.6 - 1)
near(basis.open("usdm:1000SHIBUSDT", "spot:SHIBUSDT"), 0.00001000 / (0.010101 / 1000) - 1)
`)
}

// TestAnnual is 1 % with 84 days and some hours to go.
func TestAnnual(t *testing.T) {
	bt := bindtest.New(t, basis.Module())
	bt.Run(`
local days = (os.time{year = 2026, month = 3, day = 27, hour = 8} - os.time{year = 2026, month = 1, day = 2, hour = 3, min = 4, sec = 5}) / 86400
assert(math.abs(basis.annual(0.01, "usdm:BTCUSDT_260327") - 0.01 * 365 / days) < 1e-12)
`)
	bt.Run(`
local yearly = basis.annual(0.01, "usdm:BTCUSDT") -- 1 % less the half per mille that the formula forgives, three times a day
assert(math.abs(yearly - (0.01 - 0.0005) * 3 * 365) < 1e-6, yearly)
`)
	bt.Fail(`basis.annual(0.01, "spot:BTCUSDT")`, "spot:BTCUSDT is a spot market")
	bt.Fail(`basis.annual(0.01, "usdm:BTCUSDT_260327", "usdm:BTCUSDT")`, "usdm:BTCUSDT has no delivery")
	bt.Run(`assert(basis.annual(0.01, "usdm:BTCUSDT_260327", "usdm:BTCUSDT_260327") == nil)`)
	bt.Env.Time = exchange.Date(2026, 3, 26) + 9*exchange.Hour
	bt.Run(`assert(basis.annual(0.01, "usdm:BTCUSDT_260327") == nil)`)
}

// TestSizeAware takes 300 USDT: two units of spot at 100.01 and the rest at
// 100.02, one perpetual at 100.5 and the rest at 100.4.
func TestSizeAware(t *testing.T) {
	bindtest.New(t, basis.Module()).Run(`
local function average(notional, p1, q1, p2)
  return notional / (q1 + (notional - p1 * q1) / p2)
end
local want = average(300, 100.5, 1, 100.4) / average(300, 100.01, 2, 100.02) - 1
local got = basis.open_for("spot:BTCUSDT", "usdm:BTCUSDT", 300)
assert(math.abs(got - want) < 1e-12, got .. " is not " .. want)
assert(basis.open_for("spot:BTCUSDT", "usdm:BTCUSDT", 1e9) == nil, "too thin")
assert(basis.close_for("spot:BTCUSDT", "usdm:BTCUSDT", "10") == basis.close("spot:BTCUSDT", "usdm:BTCUSDT"))
`)
}

func TestBasisOfAnEmptyBook(t *testing.T) {
	bt := bindtest.New(t, basis.Module())
	id := bt.Env.ID("spot:BTCUSDT")
	bt.Env.Books[id].Apply(&exchange.Event{Kind: exchange.KindSnapshot, Instrument: id, LastID: 2})
	bt.Run(`assert(basis.open("spot:BTCUSDT", "usdm:BTCUSDT") == nil)`)
	bt.Fail(`basis.open("usdm:BTCUSDT", "spot:SHIBUSDT")`, "spot:SHIBUSDT is of another coin than usdm:BTCUSDT")
	bt.Fail(`basis.open("spot:BTCUSDT", "spot:BTCUSDT")`, "spot:BTCUSDT is both legs")
}
