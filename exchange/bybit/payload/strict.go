package payload

import (
	"bytes"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/fixed"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// What a message of a book is made of, as the venue writes it: type and ts in either
// order, which differs by category and depth.
var (
	bookKey   = []byte(`{"topic":"orderbook.`)
	tradeKey  = []byte(`{"topic":"publicTrade.`)
	tickerKey = []byte(`{"topic":"tickers.`)
	rowsKey   = []byte(`"data":[`)
	tsKey     = []byte(`"ts":`)
	typeKey   = []byte(`"type":"`)
	dataKey   = []byte(`"data":{"s":"`)
	bidsKey   = []byte(`"b":[`)
	asksKey   = []byte(`,"a":[`)
	uKey      = []byte(`,"u":`)
	seqKey    = []byte(`,"seq":`)
	ctsKey    = []byte(`,"cts":`)
	wholeEnd  = []byte("}")
)

// strict reads books as the venue writes them today, in one pass. What is written otherwise is
// left to the tolerant way, which understands it alike; used is false then, and nothing was yielded.
func (d *Decoder) strict(frame []byte, yield func(*exchange.Event, int64)) (used bool, err error) {
	if rest, ok := bytes.CutPrefix(frame, tradeKey); ok {
		return d.strictTrades(rest, yield), nil
	}
	if bytes.HasPrefix(frame, tickerKey) {
		return d.strictTicker(frame, yield)
	}
	rest, ok := bytes.CutPrefix(frame, bookKey)
	if !ok {
		return false, nil
	}
	var m message
	if m.depth, rest, ok = bytes.Cut(rest, dot); !ok {
		return false, nil
	}
	if m.symbol, rest, ok = word(rest); !ok {
		return false, nil
	}
	in := d.resolve(m.symbol)
	if in == nil {
		return false, nil // what it is must be seen whole
	}
	if rest, ok = head(&m, rest, dataKey); !ok {
		return false, nil
	}
	u, ok := d.body(in, &m, rest)
	if !ok {
		return false, nil
	}
	return true, d.tell(in, &m, u, yield)
}

// head reads type and ts, up to the data.
func head(m *message, b, data []byte) ([]byte, bool) {
	typed, timed := false, false
	for range 2 {
		var ok bool
		if len(b) == 0 || b[0] != ',' {
			return nil, false
		}
		if rest, is := bytes.CutPrefix(b[1:], tsKey); is && !timed {
			var ms int64
			if ms, b, ok = whole(rest); !ok {
				return nil, false
			}
			m.at, timed = exchange.UnixMilli(ms), true
			continue
		}
		rest, is := bytes.CutPrefix(b[1:], typeKey)
		if !is || typed {
			return nil, false
		}
		var kind []byte
		if kind, b, ok = word(rest); !ok {
			return nil, false
		}
		if m.snapshot, typed = string(kind) == "snapshot", true; !m.snapshot && string(kind) != "delta" {
			return nil, false
		}
	}
	if len(b) == 0 || b[0] != ',' {
		return nil, false
	}
	return bytes.CutPrefix(b[1:], data)
}

// body reads the levels and ids, and what comes after them.
func (d *Decoder) body(in *exchange.Instrument, m *message, b []byte) (u int64, ok bool) {
	symbol, b, ok := word(b)
	if !ok || !bytes.Equal(symbol, m.symbol) || len(b) == 0 || b[0] != ',' {
		return 0, false
	}
	if b, ok = bytes.CutPrefix(b[1:], bidsKey); !ok {
		return 0, false
	}
	if d.bids, b, ok = fixed.Levels(d.bids[:0], b, in.Tick, in.Lot); !ok {
		return 0, false
	}
	if b, ok = bytes.CutPrefix(b, asksKey); !ok {
		return 0, false
	}
	if d.asks, b, ok = fixed.Levels(d.asks[:0], b, in.Tick, in.Lot); !ok {
		return 0, false
	}
	if u, b, ok = number(b, uKey); !ok {
		return 0, false
	}
	if _, b, ok = number(b, seqKey); !ok || len(b) == 0 || b[0] != '}' {
		return 0, false
	}
	b = b[1:]
	if cts, rest, is := number(b, ctsKey); is {
		if b = rest; cts > 0 {
			m.at = exchange.UnixMilli(cts)
		}
	}
	return u, u > 0 && bytes.Equal(b, wholeEnd)
}

// number takes a key and its whole number.
func number(b, key []byte) (n int64, rest []byte, ok bool) {
	if rest, ok = bytes.CutPrefix(b, key); !ok {
		return 0, b, false
	}
	return whole(rest)
}

// whole takes a whole number of at most 18 digits.
func whole(b []byte) (n int64, rest []byte, ok bool) {
	i := 0
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		n = n*10 + int64(b[i]-'0')
		if i == 18 {
			return 0, b, false
		}
	}
	return n, b[i:], i > 0 && (i == 1 || b[0] != '0')
}

// word takes the text up to a quote.
func word(b []byte) (text, rest []byte, ok bool) {
	i := jsonscan.TextEnd(b)
	if i == len(b) || b[i] != '"' {
		return nil, nil, false
	}
	return b[:i], b[i+1:], i > 0
}
