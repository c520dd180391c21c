package simfront

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/simserver"
)

// listenKey is what a futures stream is found by.
type listenKey struct {
	key     string
	expires exchange.Time // on the request clock
}

// listenFor is how long a listen key lives without being kept alive.
const listenFor = exchange.Hour

// owner returns the account that has a listen key.
func (h *streamKeys) owner(m api.Market, key string) *account {
	for _, a := range h.accounts {
		if key != "" && a.listenKeys[m].key == key {
			return a
		}
	}
	return nil
}

// startListenKey is POST listenKey: one that lives is extended and told again.
func (h *streamKeys) startListenKey(c *call) (any, *fault) {
	k := &c.account.listenKeys[c.market]
	if k.key == "" {
		k.key = h.newName("listen key")
	}
	k.expires = h.clock.Wall() + listenFor
	return object{{"listenKey", k.key}}, nil
}

// keepListenKey is PUT listenKey.
func (h *streamKeys) keepListenKey(c *call) (any, *fault) {
	k := &c.account.listenKeys[c.market]
	if k.key == "" {
		return nil, errListenKey
	}
	k.expires = h.clock.Wall() + listenFor
	return object{{"listenKey", k.key}}, nil
}

// closeListenKey is DELETE listenKey: streams on it stay open and are mute.
func (h *streamKeys) closeListenKey(c *call) (any, *fault) {
	c.account.listenKeys[c.market] = listenKey{}
	return object{}, nil
}

// expireDue ends keys that nobody kept alive.
func (h *streamKeys) expireDue(a *account) {
	now := h.clock.Wall()
	for _, m := range []api.Market{api.USDM, api.COINM} {
		if k := a.listenKeys[m]; k.key != "" && k.expires <= now {
			h.expire(a, m)
		}
	}
}

// expire tells the streams of a key that it has ended; the sockets stay
// open and say nothing more.
func (h *streamKeys) expire(a *account, m api.Market) {
	k := a.listenKeys[m].key
	if k == "" {
		return
	}
	a.events.queueEvent(m, "listenKeyExpired", object{{"e", "listenKeyExpired"}, {"E", millis(h.clock.Now())}, {"listenKey", k}})
	a.Outbox.Flush()
	a.listenKeys[m] = listenKey{}
}

// expireStruck ends the keys that a fault is for.
func (h *streamKeys) expireStruck(f *simserver.Strike, of *segments) {
	for _, a := range h.accounts {
		for _, m := range []api.Market{api.USDM, api.COINM} {
			if f.Segment == nil || f.Segment == of[m] {
				h.expire(a, m)
			}
		}
	}
}
