// Package trial runs tests of strategies: files *_test.lua beside them, or in a folder tests.
//
//	describe("hello", function()
//	  it("buys once the book leans", function()
//	    local s = strategy("hello.lua", { notional = 500 }, { symbols = { "spot:BTCUSDT" } })
//	    market.push { symbol = "spot:BTCUSDT", bid = 50000, ask = 50001, bid_qty = 9, ask_qty = 1 }
//	    clock.advance("1m")
//	    expect(s:fills()):to_have { { side = "buy", price = 50001 } }
//	  end)
//	end)
//
// # What a test stands on
//
// A strategy of a test runs in a [host.Stage]: the core, the gate, the virtual machine, the
// paper venue and the loop of every session. What is scripted is the market and the time
// (market.go, clock.go), and what goes wrong at the venue (faults.go). Each test has sessions of
// its own, and the same seed gives the same result.
//
// Test code runs in the sandbox of strategies, with bounds: a test without end is ended and
// named, and those behind it run.
//
// # Where to read
//
// runner.go finds and runs files; suite.go is describe and it; expect.go and match.go what is
// expected; session.go a strategy under test; property.go forall; golden.go decision logs that
// are compared with those of before; cover.go lines that ran; report.go and beside it how all
// of that is told. api.go has the specifications that calls are checked by, and that editors
// and the manual are made from.
package trial
