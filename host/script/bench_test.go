package script_test

import (
	"fmt"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings/bindtest"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/script"
)

// The callback of the benchmarks reads the best bid and ask and keeps an average.
const onBook = `
local mean = 0
return {name = "bench", on_book = function(b)
  local bid, bq = b:bid()
  local ask, aq = b:ask()
  local micro = (bid * aq + ask * bq) / (bq + aq)
  mean = mean + 0.1 * (micro - mean)
end}`

func benchVM(b *testing.B, text string) (*script.VM, *bindtest.Env, *core.Callback) {
	vm, env := newVM(b, text), bindtest.NewEnv()
	n := &core.Callback{Handler: core.OnBook, Instrument: env.ID("usdm:BTCUSDT")}
	if err := vm.Call(env, n); err != nil {
		b.Fatal(err)
	}
	return vm, env, n
}

// BenchmarkOnBook is an event's way to on_book and back. "ours" has the budget
// on; "fresh table" is what is usually done: a table of the five best levels for
// every event, without a budget.
func BenchmarkOnBook(b *testing.B) {
	b.Run("ours", func(b *testing.B) {
		vm, env, n := benchVM(b, onBook)
		b.ReportAllocs()
		for b.Loop() {
			if err := vm.Call(env, n); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("fresh table", func(b *testing.B) {
		L := lua.NewState()
		defer L.Close()
		if err := L.DoString(`
local mean = 0
function on_book(b)
  local bid, bq = b.bids[1].price, b.bids[1].qty
  local ask, aq = b.asks[1].price, b.asks[1].qty
  local micro = (bid * aq + ask * bq) / (bq + aq)
  mean = mean + 0.1 * (micro - mean)
end`); err != nil {
			b.Fatal(err)
		}
		env := bindtest.NewEnv()
		bk, fn := env.Books[env.ID("usdm:BTCUSDT")], L.GetGlobal("on_book")
		b.ReportAllocs()
		for b.Loop() {
			if err := L.CallByParam(lua.P{Fn: fn, Protect: true}, bookTable(L, bk, 5)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func bookTable(L *lua.LState, bk *book.Book, depth int) *lua.LTable {
	t := L.CreateTable(0, 2)
	t.RawSetString("bids", sideTable(L, bk, exchange.Buy, depth))
	t.RawSetString("asks", sideTable(L, bk, exchange.Sell, depth))
	return t
}

func sideTable(L *lua.LState, bk *book.Book, side exchange.Side, depth int) *lua.LTable {
	levels := L.CreateTable(depth, 0)
	for i := 1; i <= depth; i++ {
		l, ok := bk.Level(side, i)
		if !ok {
			break
		}
		e := L.CreateTable(0, 2)
		e.RawSetString("price", lua.LNumber(bk.Instrument().PriceFloat(l.Price)))
		e.RawSetString("qty", lua.LNumber(bk.Instrument().QtyFloat(l.Qty)))
		levels.Append(e)
	}
	return levels
}

// BenchmarkImbalance compares the method with the same sum written in Lua.
func BenchmarkImbalance(b *testing.B) {
	for name, code := range map[string]string{
		"best and native imbalance": `return {name = "x", on_book = function(b) local bid = b:bid() local i = b:imbalance(5) end}`,
		"native":                    `return {name = "x", on_book = function(b) local i = b:imbalance(5) end}`,
		"in Lua": `return {name = "x", on_book = function(b)
			local s, d = 0, 0
			for i = 1, 5 do
				local _, bq = b:bid(i)
				local _, aq = b:ask(i)
				s, d = s + bq + aq, d + bq - aq
			end
			local i = d / s
		end}`,
	} {
		b.Run(name, func(b *testing.B) {
			vm, env, n := benchVM(b, code)
			b.ReportAllocs()
			for b.Loop() {
				if err := vm.Call(env, n); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// twoHundredLines is a strategy of the size people write.
func twoHundredLines() string {
	var b strings.Builder
	for i := range 24 {
		fmt.Fprintf(&b, `local function signal%d(book, level)
  local price, qty = book:bid(level)
  if not price then
    return nil
  end
  local score = (price * qty) / (1 + %d)
  return "s%d:" .. num.fmt(score, 4)
end
`, i, i, i)
	}
	b.WriteString(`return {name = "long", params = {level = {type = "integer", default = 5}}, on_book = function(book) signal1(book, 1) end,
on_reload = function(s, from) s.n = (s.n or 0) + 1 end}`)
	return b.String()
}

func BenchmarkCompile(b *testing.B) {
	sources := src("s.lua", twoHundredLines())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := script.Compile(sources); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	o := options(b, src("s.lua", twoHundredLines()))
	b.ReportAllocs()
	for b.Loop() {
		vm, err := script.New(o)
		if err != nil {
			b.Fatal(err)
		}
		vm.Close()
	}
}

// BenchmarkReload is what the loop waits for: the swap, without compiling.
func BenchmarkReload(b *testing.B) {
	vm := newVM(b, twoHundredLines())
	env := bindtest.NewEnv()
	b.ReportAllocs()
	for b.Loop() {
		next, err := script.Reload(env, vm, vm.Program())
		if err != nil {
			b.Fatal(err)
		}
		next.Close()
	}
}

// TestOnBookAllocates bounds what one event costs the collector.
func TestOnBookAllocates(t *testing.T) {
	vm, env := newVM(t, onBook), bindtest.NewEnv()
	n := &core.Callback{Handler: core.OnBook, Instrument: env.ID("usdm:BTCUSDT")}
	allocs := testing.AllocsPerRun(1000, func() {
		if err := vm.Call(env, n); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 1 {
		t.Errorf("an on_book takes %v allocations, want at most 1", allocs)
	}
}
