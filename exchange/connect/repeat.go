package connect

import "github.com/perilune/perilune/exchange"

// Repeat tells of one stream what a second connection delivers again, while it replaces
// the first (see package wire), by ids that rise. The zero Repeat has seen nothing.
type Repeat struct {
	id   int64
	conn uint64
	at   exchange.Time
}

// Lag is how long after the last message an id that is lower is a duplicate. Later, the
// venue has restarted its ids.
const Lag = exchange.Minute

// Seen reports whether a message was had from another connection already. Ids that fall
// back on one connection are the venue's business.
func (r *Repeat) Seen(id int64, conn uint64, now exchange.Time) bool {
	if id <= r.id && conn != r.conn && now-r.at < Lag {
		return true
	}
	*r = Repeat{id, conn, now}
	return false
}

// Last is the id of the last message that was not seen before.
func (r *Repeat) Last() int64 { return r.id }

// afterLoss is the lag when the connection that had the last message is lost: the next one
// may be behind it, but not for longer.
const afterLoss = 2 * exchange.Second

// Lost takes note that a connection is no more.
func (r *Repeat) Lost(conn uint64, now exchange.Time) {
	if conn == r.conn {
		r.at = min(r.at, now-Lag+afterLoss)
	}
}
