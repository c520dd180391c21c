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
	beside(b, []byte(frame("ticker.BTC-PERPETUAL.100ms", `{"timestamp":1764403200000,"best_bid_price":42500.0,"best_bid_amount":950.0,"best_ask_price":42500.5,"best_ask_amount":20.0,"mark_price":42500.27,"index_price":42490.1,"current_funding":0.0001,"open_interest":1132329370.0}`)), func(data json.RawMessage) error {
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
	b.Run("encoding/json with decimals", func(b *testing.B) {
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
