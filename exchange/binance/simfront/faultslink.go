package simfront

import (
	"slices"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/simserver"
)

// Faults of streams and their keys.

// routeNames are how faults name what an address gives access to: all is spot's and
// COIN-M's.
var routeNames = map[access]string{publicOnly: "public", marketOnly: "market", privateOnly: "private", everything: "all", apiAccess: "api"}

// struck returns the connections that a fault is for.
func (h *hub) struck(f *simserver.Strike) []*client {
	var out []*client
	for _, c := range h.clients {
		if slices.Contains(f.Conns, c.conn) {
			out = append(out, c)
		}
	}
	return out
}

// stallStreams stops single streams of connections that carry others: nothing
// comes until the stream is subscribed anew.
func (h *hub) stallStreams(f *simserver.Strike) {
	hit := h.struck(f)
	for _, ch := range h.channels {
		if ch.id == exchange.NoInstrument || f.Symbol != "" && h.markets[ch.id].In.Symbol != f.Symbol {
			continue
		}
		for i := range ch.subs {
			if slices.Contains(hit, ch.subs[i].client) {
				ch.subs[i].stalled = true
			}
		}
	}
}

// announceShutdown is spot's serverShutdown in the three forms it has. The cut
// comes ms later, if at all.
func (h *hub) announceShutdown(f *simserver.Strike) {
	event := encode(object{{"e", "serverShutdown"}, {"E", millis(h.clock.Now())}})
	for _, c := range h.struck(f) {
		switch {
		case c.end.market != api.Spot:
		case c.end.access == apiAccess:
			c.conn.Peer.Send(encode(object{{"event", raw(event)}}))
		default:
			c.send("!serverShutdown", event)
		}
	}
	if f.Millis > 0 {
		f.Follow(f.Millis, simserver.Fault{Kind: "drop", Market: api.Spot.String(), Route: f.Route})
	}
}
