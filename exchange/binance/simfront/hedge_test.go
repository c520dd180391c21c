package simfront

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange/simserver"
)

// TestHedgeMode: a contract has a long and a short position, each of which is opened and closed
// by its own name.
func TestHedgeMode(t *testing.T) {
	for _, v := range []struct{ api, symbol, qty, half string }{{"/fapi", "BTCUSDT", "0.02", "0.01"}, {"/dapi", "BTCUSD_PERP", "4", "2"}} {
		t.Run(v.symbol, func(t *testing.T) {
			b := running(t, nil)
			b.must("POST", "/fapi/v1/positionSide/dual", "dualSidePosition=true")
			order := func(params ...string) []string {
				return append([]string{"symbol=" + v.symbol, "type=MARKET"}, params...)
			}
			place := v.api + "/v1/order"
			b.refused(-4061, "POST", place, order("side=BUY", "quantity="+v.qty)...)
			b.refused(-4061, "POST", place, order("side=BUY", "quantity="+v.qty, "positionSide=BOTH")...)
			b.refused(-1106, "POST", place, order("side=BUY", "quantity="+v.qty, "positionSide=LONG", "reduceOnly=false")...)
			b.refused(-2022, "POST", place, order("side=SELL", "quantity="+v.qty, "positionSide=LONG")...)
			b.must("POST", place, order("side=BUY", "quantity="+v.qty, "positionSide=LONG")...)
			b.refused(-2022, "POST", place, order("side=BUY", "quantity="+v.half, "positionSide=SHORT")...)
			short := b.must("POST", place, order("side=SELL", "quantity="+v.half, "positionSide=SHORT", "newOrderRespType=RESULT")...).object(t)
			if short["positionSide"] != "SHORT" || short["status"] != "FILLED" {
				t.Errorf("the short order is %v", short)
			}
			held := b.held(v.api, v.symbol)
			if held["LONG"] != v.qty || held["SHORT"] != "-"+v.half || len(held) != 2 {
				t.Errorf("positions %v, want LONG %s and SHORT -%s", held, v.qty, v.half)
			}
			b.refused(-4068, "POST", "/fapi/v1/positionSide/dual", "dualSidePosition=false")
			b.refused(-2022, "POST", place, order("side=SELL", "quantity=1000", "positionSide=LONG")...)
			b.must("POST", place, order("side=SELL", "quantity="+v.half, "positionSide=LONG")...)
			b.must("POST", place, order("side=BUY", "quantity="+v.half, "positionSide=SHORT")...)
			if held := b.held(v.api, v.symbol); held["LONG"] != v.half || len(held) != 1 {
				t.Errorf("positions %v, want LONG %s alone", held, v.half)
			}
			for _, row := range b.must("GET", v.api+"/v1/userTrades", "symbol="+v.symbol).list(t) {
				if side := row.(map[string]any)["positionSide"]; side != "LONG" && side != "SHORT" {
					t.Errorf("a trade of position %v", side)
				}
			}
		})
	}
}

// held are the positions in a symbol that are there, by their side.
func (b *bench) held(api, symbol string) map[string]string {
	path := api + "/v1/positionRisk"
	if api == "/fapi" {
		path = api + "/v3/positionRisk"
	}
	all := map[string]string{}
	for _, row := range b.must("GET", path).list(b.t) {
		if p := row.(map[string]any); p["symbol"] == symbol && !decimal.RequireFromString(p["positionAmt"].(string)).IsZero() {
			all[p["positionSide"].(string)] = decimal.RequireFromString(p["positionAmt"].(string)).String()
		}
	}
	return all
}

// TestHedgedOrdersRest: what rests against one of two positions ends with it, and both are
// closed by a liquidation.
func TestHedgedOrdersRest(t *testing.T) {
	b := running(t, nil)
	b.must("POST", "/fapi/v1/positionSide/dual", "dualSidePosition=true")
	b.must("POST", "/fapi/v1/order", "symbol=BTCUSDT", "side=BUY", "type=MARKET", "quantity=0.01", "positionSide=LONG")
	_, ask := b.touch("/fapi/v1", "BTCUSDT")
	high := ask.Mul(decimal.New(102, -2)).Round(0).String()
	b.must("POST", "/fapi/v1/order", "symbol=BTCUSDT", "side=SELL", "type=LIMIT", "timeInForce=GTC", "price="+high, "quantity=0.01", "positionSide=LONG", "newClientOrderId=closing")
	b.refused(-4067, "POST", "/fapi/v1/positionSide/dual", "dualSidePosition=false")
	b.must("POST", "/fapi/v1/order", "symbol=BTCUSDT", "side=SELL", "type=MARKET", "quantity=0.01", "positionSide=LONG")
	if o := b.must("GET", "/fapi/v1/order", "symbol=BTCUSDT", "origClientOrderId=closing").object(t); o["status"] != "EXPIRED" {
		t.Errorf("the order that closed a position that is gone is %v", o["status"])
	}
	b.must("POST", "/fapi/v1/positionSide/dual", "dualSidePosition=false")
	b.server.Do(func(s *simserver.State) {
		if s.Truth().Accounts[0].Hedge {
			t.Error("the account is hedged still")
		}
	})
}
