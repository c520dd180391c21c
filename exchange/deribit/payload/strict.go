package payload

import (
	"bytes"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// shapes are what trades and tickers are made of.
type shapes struct{ trade, ticker *jsonscan.Shape }

const (
	tradeSeq = iota
	tradeTime
	tradePrice
	tradeSide
	tradeAmount
	tradeForced
	tradeBlock
)

const (
	tickerTime = iota
	tickerIndex
	tickerInterest
	tickerMark
	tickerAsk
	tickerBid
	tickerAskSize
	tickerBidSize
	tickerRate
)

func newShapes() shapes {
	return shapes{
		trade: jsonscan.NewShape("trade_seq whole", "timestamp whole", "price ticks", "direction text", "amount lots", "liquidation text", "block_trade_id text"),
		ticker: jsonscan.NewShape("timestamp whole", "index_price e8", "open_interest lots", "mark_price e8", "best_ask_price ticks", "best_bid_price ticks",
			"best_ask_amount lots", "best_bid_amount lots", "current_funding rate"),
	}
}

// strictTrades reads a list of trades as the venue writes it, in one pass and all of them
// before the first is told; false: it is written otherwise, and left to trades.
func (d *Decoder) strictTrades(in *exchange.Instrument, data []byte) bool {
	s := jsonscan.Strict{B: data}
	d.deals = d.deals[:0]
	for more := s.List(); more; more = s.More() {
		w := d.shapes.trade.Walk(&s)
		w.Tick, w.Lot, w.Quotes = in.Tick, in.Lot, jsonscan.Texts
		w.Next()
		t := trade{at: exchange.UnixMilli(w.N[tradeTime]), seq: w.N[tradeSeq], price: exchange.Ticks(w.N[tradePrice]), qty: exchange.Lots(w.N[tradeAmount]),
			side: Side(s.Text(w.N[tradeSide])), block: w.Has(1 << tradeBlock)}
		if w.Has(1 << tradeForced) {
			t.force(s.Text(w.N[tradeForced]))
		}
		if s.Bad || t.seq <= 0 || t.price <= 0 || t.side == 0 || t.at <= 0 {
			return false
		}
		d.deals = append(d.deals, t)
	}
	return s.Whole()
}

// force reads T: the taker was liquidated, M: the maker, MT: both. Source: the manual,
// "trades.{instrument_name}.{interval}".
func (t *trade) force(word []byte) {
	t.forced = [2]bool{bytes.IndexByte(word, 'T') >= 0, bytes.IndexByte(word, 'M') >= 0}
}

// strictTicker reads a ticker as the venue writes it; false: it is written otherwise.
func (d *Decoder) strictTicker(in *exchange.Instrument, data []byte) (q quote, ok bool) {
	s := jsonscan.Strict{B: data}
	w := d.shapes.ticker.Walk(&s)
	w.Tick, w.Lot, w.Quotes = in.Tick, in.Lot, jsonscan.Texts
	w.Next()
	return quote{at: exchange.UnixMilli(w.N[tickerTime]), bid: exchange.Ticks(w.N[tickerBid]), ask: exchange.Ticks(w.N[tickerAsk]),
		bidQty: exchange.Lots(w.N[tickerBidSize]), askQty: exchange.Lots(w.N[tickerAskSize]), mark: exchange.E8(w.N[tickerMark]), index: exchange.E8(w.N[tickerIndex]),
		rate: exchange.E8(w.N[tickerRate]), interest: exchange.Lots(w.N[tickerInterest]), marked: w.Has(1 << tickerMark), interested: w.Has(1 << tickerInterest),
	}, s.Whole() && w.N[tickerTime] > 0
}
