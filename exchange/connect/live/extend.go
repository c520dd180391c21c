package live

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/wire"
)

// later is a stream that is subscribed to when its data is wanted.
type later struct {
	wire.Stream
	only connect.Data
}

// Extend implements connect.Extensible.
func (m *Market) Extend(d connect.Data) {
	if was := connect.Data(m.extra.Swap(uint32(d))); was == d {
		return
	}
	for _, g := range m.extensible {
		var add []wire.Stream
		var drop []string
		for _, l := range g.later {
			if l.only&d != 0 {
				add = append(add, l.Stream)
			} else {
				drop = append(drop, l.Name)
			}
		}
		if len(add) > 0 {
			g.client.Subscribe(add...)
		}
		if len(drop) > 0 {
			g.client.Unsubscribe(drop...)
		}
	}
}

// liquidation sends a forced order, unless it was had already or nobody asked for any: some
// venues tell of them in streams that bring other data too.
func (t *track) liquidation(m *Market, ev *exchange.Event, order int64, conn uint64) bool {
	if !m.has(connect.Liquidations) {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.seen(m, &t.liquidated, order, conn) {
		return false
	}
	m.post(ev)
	return true
}
