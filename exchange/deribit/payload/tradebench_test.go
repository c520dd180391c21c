package payload_test

import (
	"encoding/json"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/deribit/payload"
)

// BenchmarkTrade and BenchmarkTicker are beside encoding/json with decimals.
func BenchmarkTrade(b *testing.B) {
	beside(b, []byte(frame("trades.BTC-PERPETUAL.100ms", `[{"trade_seq":59,"trade_id":"1","timestamp":1764403200000,"tick_direction":1,"price":42500.5,"mark_price":42500.1,"instrument_name":"BTC-PERPETUAL","index_price":42490.1,"direction":"sell","amount":10.0}]`)), func(data json.RawMessage) error {
		var m []struct {
			TradeSeq  int64           `json:"trade_seq"`
			Timestamp int64           `json:"timestamp"`
			Price     decimal.Decimal `json:"price"`
			Amount    decimal.Decimal `json:"amount"`
			Direction string          `json:"direction"`
		}
		return json.Unmarshal(data, &m)
	})
}

func BenchmarkTicker(b *testing.B) {
	beside(b, []byte(frame("ticker.BTC-PERPETUAL.100ms", `{"timestamp":1765541474086,"state":"open","stats":{"high":93612.0,"low":89277.5,"price_change":2.3275,"volume":11897.27640428,"volume_usd":1092371540.0,"volume_notional":1092371540.0},"index_price":92263.55,"instrument_name":"BTC-PERPETUAL","last_price":92283.5,"settlement_price":92464.66,"min_price":90897.5,"max_price":93666.5,"open_interest":1132329370.0,"mark_price":92281.78,"interest_value":0.0028213400122472977,"best_ask_price":92284.0,"best_bid_price":92283.5,"estimated_delivery_price":92263.55,"best_ask_amount":186520.0,"best_bid_amount":117660.0,"current_funding":1.0e-5,"funding_8h":0.00001742}`)), func(data json.RawMessage) error {
		var m struct {
			Timestamp int64           `json:"timestamp"`
			Bid       decimal.Decimal `json:"best_bid_price"`
			BidSize   decimal.Decimal `json:"best_bid_amount"`
			Ask       decimal.Decimal `json:"best_ask_price"`
			AskSize   decimal.Decimal `json:"best_ask_amount"`
			Mark      decimal.Decimal `json:"mark_price"`
			Index     decimal.Decimal `json:"index_price"`
			Funding   decimal.Decimal `json:"current_funding"`
			Open      decimal.Decimal `json:"open_interest"`
		}
		return json.Unmarshal(data, &m)
	})
}

func beside(b *testing.B, frame []byte, data func(json.RawMessage) error) {
	b.Run("decoder", func(b *testing.B) {
		d := payload.New(resolve)
		b.ReportAllocs()
		for b.Loop() {
			if err := d.Decode(frame, func(*exchange.Event, int64) {}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("by encoding/json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var m struct {
				Params struct {
					Channel string
					Data    json.RawMessage
				}
			}
			if err := json.Unmarshal(frame, &m); err != nil {
				b.Fatal(err)
			}
			if err := data(m.Params.Data); err != nil {
				b.Fatal(err)
			}
		}
	})
}
