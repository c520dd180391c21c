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

// Routes implements simserver.Striker.
func (s *sim) Routes() (all []string) {
	for _, name := range routeNames { // order does not matter: they are sorted by who asks
		all = append(all, name)
	}
	return all
}

// Strike implements simserver.Striker.
func (s *sim) Strike(f *simserver.Strike) {
	switch f.Kind {
	case "stall":
		s.stallStreams(f)
	case "server_shutdown":
		s.announceShutdown(f)
	case "listen_key_expired":
		s.expireKeys(f)
	}
}

// hit returns the connections that a fault is for.
func (s *sim) hit(f *simserver.Strike) []*client {
	var out []*client
	for _, c := range s.hub.clients {
		if slices.Contains(f.Conns, c.conn) {
			out = append(out, c)
		}
	}
	return out
}

// stallStreams stops single streams of connections that carry others: nothing
// comes until the stream is subscribed anew.
func (s *sim) stallStreams(f *simserver.Strike) {
	hit := s.hit(f)
	for _, ch := range s.hub.channels {
		if ch.id == exchange.NoInstrument || f.Symbol != "" && s.markets[ch.id].In.Symbol != f.Symbol {
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
func (s *sim) announceShutdown(f *simserver.Strike) {
	event := encode(object{{"e", "serverShutdown"}, {"E", millis(s.Clock.Now())}})
	for _, c := range s.hit(f) {
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

func (s *sim) expireKeys(f *simserver.Strike) {
	for _, a := range s.accounts {
		for _, m := range []api.Market{api.USDM, api.COINM} {
			if f.Segment == nil || f.Segment == s.segments[m] {
				a.expireListenKey(m)
			}
		}
	}
}
