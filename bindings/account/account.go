// Package account is the Lua module for what the account holds.
//
// Amounts are numbers for decisions; the exact decimals are in the ledger. A
// wallet belongs to a market: money in "spot" does not margin "usdm".
package account

import (
	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
)

var symbolArg = bindings.Value{Name: "symbol", Type: "string|Book", Doc: "such as \"usdm:BTCUSDT\""}

var balanceType = bindings.Type{
	Name: "Balance",
	Doc:  "One asset in one wallet.",
	Fields: []bindings.Value{
		{Name: "total", Type: "number", Unit: "asset"},
		{Name: "free", Type: "number", Unit: "asset", Doc: "what is neither in orders nor needed as margin"},
		{Name: "locked", Type: "number", Unit: "asset"},
	},
}

var marginType = bindings.Type{
	Name: "Margin",
	Doc:  "What a derivatives wallet holds and what it has to back, at the mark price. The venue liquidates when equity falls to maintenance.",
	Fields: []bindings.Value{
		{Name: "equity", Type: "number", Unit: "asset", Doc: "wallet balance and unrealised profit"},
		{Name: "exposure", Type: "number", Unit: "asset", Doc: "value of the positions, long and short added up; of all strategies"},
		{Name: "initial", Type: "number", Unit: "asset", Doc: "needed to keep positions and working orders open"},
		{Name: "maintenance", Type: "number", Unit: "asset", Doc: "needed to keep the positions from liquidation"},
		{Name: "movable", Type: "number", Unit: "asset", Doc: "what a transfer may take: unrealised profit may not leave"},
	},
}

var positionType = bindings.Type{
	Name: "Position",
	Doc:  "The sum of this strategy's fills in one instrument, less the coins that fees took on spot.",
	Fields: []bindings.Value{
		{Name: "qty", Type: "number", Unit: "units of quantity", Doc: "signed; 0 when flat"},
		{Name: "entry", Type: "number?", Unit: "quote", Doc: "average entry price; nil when flat"},
		{Name: "realised", Type: "number", Unit: "settlement asset", Doc: "profit of what was closed, without fees and funding"},
	},
}

// Module returns the module.
func Module() bindings.Module {
	return bindings.Module{
		Name: "account",
		Doc:  "What the account holds.",
		Funcs: []bindings.Func{
			{Spec: bindings.Spec{Name: "balance", Doc: "One asset in one wallet; zeros when there is none.",
				Args:    []bindings.Value{{Name: "wallet", Type: "string", Doc: bindings.WalletDoc}, {Name: "asset", Type: "string", Doc: "such as \"USDT\""}},
				Returns: []bindings.Value{{Name: "balance", Type: "Balance"}}, Example: "local free = account.balance(\"spot\", \"USDT\").free"}, Call: balance},
			{Spec: bindings.Spec{Name: "margin", Doc: "The margin of a derivatives wallet.",
				Args:    []bindings.Value{{Name: "wallet", Type: "string", Doc: bindings.WalletDoc}, {Name: "asset", Type: "string", Doc: "such as \"USDT\""}},
				Returns: []bindings.Value{{Name: "margin", Type: "Margin"}}, Example: "local m = account.margin(\"usdm\", \"USDT\")\nlocal distance = (m.equity - m.maintenance) / m.exposure"}, Call: margin},
			{Spec: bindings.Spec{Name: "margin_of", Doc: "What stands behind the account's position in a contract: its own margin where that is isolated, and otherwise that of its wallet.",
				Args:    []bindings.Value{symbolArg},
				Returns: []bindings.Value{{Name: "margin", Type: "Margin"}}, Example: "local m = account.margin_of(\"usdm:BTCUSDT\")"}, Call: marginOf},
			{Spec: bindings.Spec{Name: "position", Doc: "This strategy's position in an instrument: the sum of its fills, less the coins that fees took on spot. Transfers do not count; account.balance tells what the wallet holds.", Args: []bindings.Value{symbolArg},
				Returns: []bindings.Value{{Name: "position", Type: "Position"}}}, Call: position},
			{Spec: bindings.Spec{Name: "equity", Doc: "What the account is worth. What is held and has no price yet counts nothing: on a market of venues that can be so for some seconds after the start.",
				Returns: []bindings.Value{{Name: "equity", Type: "number", Unit: "the account's currency"}}}, Call: equity},
			{Spec: bindings.Spec{Name: "fees", Doc: "The account's fees on an instrument.", Args: []bindings.Value{symbolArg},
				Returns: []bindings.Value{{Name: "maker", Type: "number", Unit: "fraction of notional"}, {Name: "taker", Type: "number", Unit: "fraction of notional"}}}, Call: fees},
		},
		Types: []bindings.Type{balanceType, marginType, positionType},
	}
}

func balance(rt *bindings.Runtime) int {
	b := env(rt).Balance(rt.Arg(1).Wallet(), rt.Arg(2).Name())
	t := rt.L.CreateTable(0, 3)
	t.RawSetString("total", rt.Number(exchange.Float(b.Total)))
	t.RawSetString("free", rt.Number(exchange.Float(b.Free)))
	t.RawSetString("locked", rt.Number(exchange.Float(b.Locked)))
	return rt.Push(t)
}

func margin(rt *bindings.Runtime) int {
	wallet := rt.Arg(1).Wallet()
	if !rt.Env().Universe().HasMargin(wallet) {
		rt.Arg(1).Fail("no contract is margined in the %s wallet", wallet)
	}
	return pushMargin(rt, env(rt).Margin(wallet, rt.Arg(2).Name()))
}

func marginOf(rt *bindings.Runtime) int {
	in := rt.Arg(1).Instrument()
	if !in.Perp() {
		rt.Arg(1).Fail("%s is no contract: it has no margin", in.Key())
	}
	return pushMargin(rt, env(rt).PositionMargin(in.ID))
}

func pushMargin(rt *bindings.Runtime, m exchange.Margin) int {
	t := rt.L.CreateTable(0, 5)
	t.RawSetString("equity", rt.Number(exchange.Float(m.Equity)))
	t.RawSetString("exposure", rt.Number(exchange.Float(m.Exposure)))
	t.RawSetString("initial", rt.Number(exchange.Float(m.Initial)))
	t.RawSetString("maintenance", rt.Number(exchange.Float(m.Maintenance)))
	t.RawSetString("movable", rt.Number(exchange.Float(m.Movable)))
	return rt.Push(t)
}

func position(rt *bindings.Runtime) int {
	in := rt.Arg(1).Instrument()
	p := env(rt).Position(in.ID)
	t := rt.L.CreateTable(0, 3)
	qty := in.QtyFloat(p.Qty)
	if !p.FeeQty.IsZero() {
		qty = exchange.Float(p.Held(in))
	}
	t.RawSetString("qty", rt.Number(qty))
	if qty != 0 && p.Qty != 0 {
		t.RawSetString("entry", rt.Number(exchange.Float(p.Entry)))
	}
	t.RawSetString("realised", rt.Number(exchange.Float(p.Realised)))
	return rt.Push(t)
}

func equity(rt *bindings.Runtime) int { return rt.PushNumber(exchange.Float(env(rt).Equity())) }

func fees(rt *bindings.Runtime) int {
	maker, taker := env(rt).Fees(rt.Arg(1).Instrument().ID)
	rt.PushNumber(exchange.Float(maker))
	rt.PushNumber(exchange.Float(taker))
	return 2
}
