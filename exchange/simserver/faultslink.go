package simserver

import (
	"slices"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
)

// Faults of connections, streams and user events.

// routeNames are how faults name what an address gives access to.
var routeNames = map[string]access{"public": publicOnly, "market": marketOnly, "private": privateOnly, "all": everything, "api": apiAccess}

// hit returns the connections that a fault is for.
func (s *sim) hit(a *armed) []*client {
	var out []*client
	for _, c := range s.hub.clients {
		if (a.market == 0 || a.market == c.end.market) && (a.Route == "" || routeNames[a.Route] == c.end.access) {
			out = append(out, c)
		}
	}
	return out
}

func dropConnections(s *sim, a *armed) {
	for _, c := range s.hit(a) {
		c.peer.Drop()
	}
}

func cutFrames(s *sim, a *armed) {
	for _, c := range s.hit(a) {
		c.peer.Cut()
	}
}

func holdConnections(s *sim, a *armed) {
	for _, c := range s.hit(a) {
		c.peer.Hold()
	}
}

func slowConnections(s *sim, a *armed) {
	for _, c := range s.hit(a) {
		c.peer.Slow(milliseconds(a.Millis))
	}
}

// forever is the end of what has none.
const forever = exchange.Time(1<<63 - 1)

// muteUsers keeps user events from connections that stay otherwise alive. What
// is not sent is lost, as there is no replay.
func muteUsers(s *sim, a *armed) {
	until := forever
	if a.Millis > 0 {
		until = s.wall() + exchange.UnixMilli(a.Millis)
	}
	for _, c := range s.hit(a) {
		c.mutedUntil = until
	}
}

// stallStreams stops single streams of connections that carry others: nothing
// comes until the stream is subscribed anew.
func stallStreams(s *sim, a *armed) {
	hit := s.hit(a)
	for _, ch := range s.hub.channels {
		if ch.id == exchange.NoInstrument || a.Symbol != "" && s.markets[ch.id].in.Symbol != a.Symbol {
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
func announceShutdown(s *sim, a *armed) {
	event := encode(object{{"e", "serverShutdown"}, {"E", millis(s.now)}})
	for _, c := range s.hit(a) {
		switch {
		case c.end.market != api.Spot:
		case c.end.access == apiAccess:
			c.peer.Send(encode(object{{"event", raw(event)}}))
		default:
			c.send("!serverShutdown", event)
		}
	}
	if a.Millis > 0 {
		s.desk.follow(s, a, a.Millis, Fault{Kind: "drop", Market: api.Spot.String(), Route: a.Route})
	}
}

// follow arms the second act of a fault.
func (d *faultDesk) follow(s *sim, a *armed, after int64, f Fault) {
	f.AfterMS, f.Scheduled = after, a.Scheduled
	if err := d.arm(s, f); err != nil {
		s.opt.Log("fault " + a.Kind + ": " + err.Error())
	}
}

func expireKeys(s *sim, a *armed) {
	for _, acc := range s.accounts {
		for _, m := range []api.Market{api.USDM, api.COINM} {
			if a.market == 0 || a.market == m {
				acc.expireListenKey(m)
			}
		}
	}
}

// lateEvent is a user event that a fault keeps back.
type lateEvent struct {
	account *account
	event   userEvent
	at      time.Time
}

// delayed keeps the events of a fill back when a fault wants that, and tells the
// order event twice when another does. made is how many events there were before
// the fill's.
func (d *faultDesk) delayed(a *account, o *order, made int) {
	m, symbol := api.Of(o.m.in.Venue), o.m.in.Symbol
	if d.strikes(a.s, "duplicate_fill", m, symbol) {
		a.outbox = slices.Insert(a.outbox, made, a.outbox[made])
	}
	f, hit := d.take(a.s, "late_fill", m, symbol)
	if !hit {
		return
	}
	at := a.s.opt.Clock().Add(milliseconds(f.Millis))
	for _, ev := range a.outbox[made:] {
		d.late = append(d.late, lateEvent{a, ev, at})
	}
	a.outbox = a.outbox[:made]
}

// releaseLate sends what has been kept back for long enough, oldest first.
func (d *faultDesk) releaseLate(s *sim) {
	if len(d.late) == 0 {
		return
	}
	now := s.opt.Clock()
	d.late = slices.DeleteFunc(d.late, func(l lateEvent) bool {
		ripe := !now.Before(l.at)
		if ripe {
			s.hub.tell(l.account, l.event)
		}
		return ripe
	})
}
