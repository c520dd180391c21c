package simfront

import (
	"net/http"
	"slices"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/simserver"
)

// Kinds are the faults of the venue's own. ack_reject: an order is taken, and then rejected on the
// stream. settling: an order is refused because funding is being settled. batch_partial: one
// order of a batch is refused. restart: the service restarts (10019): nothing is taken on this
// connection any more. reset_book: a book begins anew with u=1, in a snapshot; reset_delta: in a
// delta, which must not be believed. snapshot_first: a snapshot comes before the answer to its
// subscription. forget: canceled orders without a fill are no longer in the history. auth_expired:
// logins are worth nothing any more: the private stream ends, that of orders refuses what comes.
var Kinds = simserver.Kinds{
	Timed:      []string{"forget", authExpired},
	Occasional: []string{"ack_reject", "settling", "batch_partial", "restart", "reset_book", "reset_delta", "snapshot_first"},
	Lasting:    []string{"forget"},
	Missing:    []string{"listen_key_expired", "server_shutdown"},
}

const authExpired = "auth_expired"

// Kinds implements simserver.Mischievous.
func (d *dialect) Kinds() simserver.Kinds { return Kinds }

// Routes implements simserver.Striker.
func (d *dialect) Routes() []string { return []string{"public", "private", "trade"} }

// Strike implements simserver.Striker.
func (d *dialect) Strike(f *simserver.Strike) {
	switch f.Kind {
	case "stall":
		d.hub.stall(f)
	case authExpired:
		for _, c := range d.hub.clients {
			if c.account == nil || !slices.Contains(f.Conns, c.conn) {
				continue
			}
			if c.account, c.key = nil, nil; c.end.route == "private" {
				c.conn.Peer.Drop()
			}
		}
	case "forget":
		for _, a := range d.accounts {
			a.forgot = int64(len(a.Orders.All()))
		}
	}
}

// concerns is what a request is about, for faults.
func (d *door) concerns(c *call) (*simserver.Segment, string) {
	category := api.Category(c.text("category"))
	return d.state.Segments.Of(category.Venue()), c.text("symbol")
}

func (d *door) strikes(kind string, c *call) bool {
	seg, symbol := d.concerns(c)
	return d.state.Faults.Strikes(kind, seg, symbol)
}

// barred shuts an address out, a fault.
func (d *door) barred(c *call) bool {
	seg, symbol := d.concerns(c)
	f, hit := d.state.Faults.Occasion("418", seg, symbol)
	if !hit {
		return false
	}
	until := d.state.Clock.Wall() + banFor
	if f.Millis > 0 {
		until = d.state.Clock.Wall() + exchange.UnixMilli(f.Millis)
	}
	d.quota.ban(c.address, until)
	return true
}

// refuseFirst refuses a request that is not to be carried out.
func (d *door) refuseFirst(c *call) *fault {
	switch {
	case d.strikes("429", c):
		return bad(10006, "Too many visits. Exceeded the API Rate Limit.")
	case c.enters() && d.strikes("unavailable", c):
		return bad(170191, "Can't be operated due to the busy system. Please try again.")
	case c.enters() && d.strikes("internal", c):
		return bad(10016, "Internal server error.")
	case c.enters() && d.strikes("throttled", c):
		return bad(10429, "System level frequency protection")
	case c.enters() && d.strikes("settling", c):
		return bad(110063, "Settlement in progress! ETHUSDT not available for trading.")
	case c.path == transferPath && d.state.Faults.Strikes("transfer_lost", nil, ""):
		return bad(10016, "Internal server error.")
	}
	return nil
}

// enters reports order entry.
func (c *call) enters() bool {
	return c.path == "/v5/order/create" || c.path == "/v5/order/create-batch"
}

// changes reports order entry and cancels.
func (c *call) changes() bool {
	switch c.path {
	case "/v5/order/cancel", "/v5/order/amend", "/v5/order/cancel-all", "/v5/order/cancel-batch", "/v5/order/amend-batch":
		return true
	}
	return c.enters()
}

// lose loses the answer to what was carried out, or keeps it back.
func (d *door) lose(c *call, rt route, a *simserver.Answer) {
	seg, symbol := d.concerns(c)
	if rt.need != "" {
		if f, hit := d.state.Faults.Occasion("slow_answer", seg, symbol); hit {
			a.Delay = after(f.Millis)
		}
	}
	lost := func(code int, msg string) { a.Status, a.Body = http.StatusOK, d.envelope(code, msg, nil, nil) }
	switch {
	case c.path == transferPath && d.state.Faults.Strikes("transfer_unknown", nil, ""):
		lost(10016, "Internal server error.")
	case !c.changes():
	case d.strikes("timeout", c):
		lost(10000, "Server Timeout")
	case d.strikes("unknown", c):
		lost(10016, "Internal server error.")
	case d.strikes("reset", c):
		a.Reset = true
	}
}
