package payload

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/connect"
)

// Events is a Decoder as connect wants it: it yields what a frame holds. The order of
// trades and tickers is their id, that of marks their time.
type Events struct {
	decoder *Decoder
	ev      exchange.Event
	yield   func(*exchange.Event, int64) // of the call at hand
	pass    func(*exchange.Event) error  // made once: it would allocate
}

var (
	_ connect.Decoder   = (*Events)(nil)
	_ connect.Defaulter = (*Events)(nil)
)

// NewEvents is NewDecoder.
func NewEvents(m api.Market, resolve func(symbol []byte) *exchange.Instrument) *Events {
	e := &Events{decoder: NewDecoder(m, resolve)}
	e.pass = func(ev *exchange.Event) error {
		e.yield(ev, orderOf(ev))
		return nil
	}
	return e
}

func orderOf(ev *exchange.Event) int64 {
	switch ev.Kind {
	case exchange.KindTrade:
		return ev.ID
	case exchange.KindMark, exchange.KindLiquidation:
		return int64(ev.VenueTime)
	}
	return ev.LastID
}

// SetDefault implements connect.Defaulter.
func (e *Events) SetDefault(in *exchange.Instrument) { e.decoder.SetDefault(in) }

// Decode implements connect.Decoder.
func (e *Events) Decode(frame []byte, yield func(ev *exchange.Event, order int64)) error {
	e.ev, e.yield = exchange.Event{}, yield
	return e.decoder.DecodeEach(frame, &e.ev, e.pass)
}
