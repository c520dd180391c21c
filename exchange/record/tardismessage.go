package record

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/fixed"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// streamLayout is where the values of a normalised message are put, so that what reads
// rows of Tardis CSV reads it too.
var streamLayout = tardisLayout{
	id: 0, side: 1, price: 2, amount: 3,
	ticker:   tickerLayout{due: 4, rate: 5, interest: 6, last: 7, index: 8, mark: 9},
	askPrice: []int{10}, askQty: []int{11}, bidPrice: []int{12}, bidQty: []int{13},
}

// streamFields are the names of those values in messages. Source: docs.tardis.dev,
// "Tardis Machine Server"; tardis-node, src/types.ts.
var streamFields = [...]string{"id", "side", "price", "amount", "fundingTimestamp", "fundingRate", "openInterest", "lastPrice", "indexPrice", "markPrice",
	"askPrice", "askAmount", "bidPrice", "bidAmount"}

// tardisMessage is one normalised message. Its texts are parts of the line, or of buf.
type tardisMessage struct {
	kind             []byte
	exchange, symbol []byte
	venue, local     []byte // times
	snapshot         bool
	fields           [][]byte // as streamLayout says
	bids, asks       []textLevel
	symbols          []byte // of a disconnect: a list; nil when all are meant
	details          string // of an error
}

// textLevel is a level as it is written.
type textLevel struct{ price, amount []byte }

// streamShape is what a message looks like, for errors.
const streamShape = `want a normalised message such as {"type":"trade","exchange":"bitmex","symbol":"XBTUSD","localTimestamp":"2019-10-23T10:32:49.740Z",…}`

func (m *tardisMessage) parse(line []byte) error {
	*m = tardisMessage{fields: m.fields, bids: m.bids[:0], asks: m.asks[:0]}
	if m.fields == nil {
		m.fields = make([][]byte, len(streamFields))
	}
	clear(m.fields)
	f := jsonscan.Object(line)
	for f.Next() {
		if err := m.member(&f); err != nil {
			return err
		}
	}
	switch {
	case f.Err() != nil:
		return fmt.Errorf("%w: %s", f.Err(), streamShape)
	case len(m.kind) == 0:
		return fmt.Errorf("%.60q has no type: %s", line, streamShape)
	case len(m.local) == 0:
		return fmt.Errorf("%.60q has no localTimestamp: %s", line, streamShape)
	}
	return nil
}

func (m *tardisMessage) member(f *jsonscan.Fields) (err error) {
	switch key := f.Key(); string(key) {
	case "type":
		m.kind = f.Word()
	case "exchange":
		m.exchange = f.Word()
	case "symbol":
		m.symbol = f.Word()
	case "timestamp":
		m.venue = f.Word()
	case "localTimestamp":
		m.local = f.Word()
	case "isSnapshot":
		m.snapshot = f.Bool()
	case "details":
		m.details = f.Text()
	case "symbols":
		if len(f.Word()) > 0 {
			m.symbols = f.Raw()
		}
	case "bids":
		m.bids, err = appendText(m.bids, f.Raw())
	case "asks":
		m.asks, err = appendText(m.asks, f.Raw())
	default:
		for i, name := range streamFields {
			if string(key) == name {
				m.fields[i] = unscientific(f.Word())
			}
		}
	}
	return err
}

// appendText reads levels. One without a price is one that a snapshot of a fixed depth
// lacks.
func appendText(dst []textLevel, list []byte) ([]textLevel, error) {
	all := jsonscan.Array(list)
	for all.Next() {
		var l textLevel
		f := jsonscan.Object(all.Raw())
		for f.Next() {
			switch string(f.Key()) {
			case "price":
				l.price = unscientific(f.Word())
			case "amount":
				l.amount = unscientific(f.Word())
			}
		}
		if f.Err() != nil {
			return dst, f.Err()
		}
		if len(l.price) > 0 {
			dst = append(dst, l)
		}
	}
	return dst, all.Err()
}

// unscientific is a number as fixed reads it: JavaScript writes 1e-7.
func unscientific(text []byte) []byte {
	if bytes.IndexByte(text, 'e') < 0 {
		return text
	}
	if p, ok := plain(text); ok {
		return p
	}
	return text
}

// named reports whether a symbol is meant by a disconnect.
func (m *tardisMessage) named(symbol string) bool {
	if m.symbols == nil {
		return true
	}
	list := jsonscan.Array(m.symbols)
	for list.Next() {
		if string(list.Word()) == symbol {
			return true
		}
	}
	return list.Err() != nil // whom it means can't be read: rather too many
}

// see notes the numbers of a message.
func (m *tardisMessage) see(o *observed) {
	l := &streamLayout
	for _, n := range [...]int{l.price, l.ticker.last, l.askPrice[0], l.bidPrice[0]} {
		if string(m.kind) == "liquidation" {
			o.price.seeLoose(m.fields[n])
		} else {
			o.price.see(m.fields[n])
		}
	}
	for _, n := range [...]int{l.amount, l.ticker.interest, l.askQty[0], l.bidQty[0]} {
		o.qty.see(m.fields[n])
	}
	for _, side := range [...][]textLevel{m.bids, m.asks} {
		for i := range side {
			o.price.see(side[i].price)
			o.qty.see(side[i].amount)
		}
	}
}

// times reads when the venue sent a message, and when it came.
func (m *tardisMessage) times() (venue, local exchange.Time, err error) {
	if local, err = parseTime(m.local); err != nil {
		return 0, 0, fmt.Errorf("localTimestamp: %w", err)
	}
	if len(m.venue) == 0 {
		return local, local, nil
	}
	if venue, err = parseTime(m.venue); err != nil {
		return 0, 0, fmt.Errorf("timestamp: %w", err)
	}
	return venue, local, nil
}

func (m *tardisMessage) levels(b *tardisBook, dst []exchange.Level, side []textLevel) ([]exchange.Level, error) {
	dst = dst[:0]
	for i := range side {
		l, err := b.level(side[i].price, side[i].amount)
		if err != nil {
			return dst, err
		}
		dst = append(dst, l)
	}
	return dst, nil
}

var errNoAmount = errors.New("price and amount: want both, amount above 0")

// priced is what a trade, or a forced order, must have.
func (m *tardisMessage) priced() error {
	l := &streamLayout
	for _, n := range [...]int{l.price, l.amount} {
		if v, err := fixed.E8(m.fields[n]); len(m.fields[n]) == 0 || err == nil && v < 0 {
			return errNoAmount
		}
	}
	return nil
}
