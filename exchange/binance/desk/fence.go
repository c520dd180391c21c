package desk

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/account"
	"github.com/perilune/perilune/exchange/binance/api"
)

// fences are the client ids of runs with real orders: when the run began, by the
// venue's clock, in milliseconds, and the order's number.
var fences = regexp.MustCompile(`^pl([0-9a-z]{8,9})-[0-9a-z]+$`)

// Tag begins the client ids of a run that began at a time. The venue checks an id
// against open orders only, so no two runs on an account may make the same ones; and
// whoever meets an id can tell which of two runs is the newer one.
func Tag(began exchange.Time) string {
	return "pl" + strconv.FormatInt(int64(began/exchange.Millisecond), 36)
}

// RunOf tells when the run began that made a client id; false: none of ours did.
func RunOf(clientID string) (exchange.Time, bool) {
	m := fences.FindStringSubmatch(clientID)
	if m == nil {
		return 0, false
	}
	ms, err := strconv.ParseInt(m[1], 36, 64)
	return exchange.Time(ms) * exchange.Millisecond, err == nil && ms < int64(never/exchange.Millisecond)
}

// Fence keeps two runs from trading on one account. The newer one goes on.
type Fence struct {
	// Run is when this run began: the time in its Tag. 0: nobody looks out.
	Run exchange.Time
	// TakeOver cancels the orders of older runs and never gives way to one.
	TakeOver bool
}

// Rival is an order of another run on the account, because of which this one gave way.
type Rival struct {
	Market   api.Market
	Symbol   string
	ClientID string
	Newer    bool // than this run, which was taken over; otherwise it was here first
}

func (r *Rival) String() string {
	if r.Newer {
		return fmt.Sprintf("order %s of %s:%s is of a run that began after this one, which it takes over from", r.ClientID, r.Market, r.Symbol)
	}
	return fmt.Sprintf("order %s of %s:%s was placed by a run that began before this one and still trades", r.ClientID, r.Market, r.Symbol)
}

// lookOut takes a report on an order that is not ours. Any word of a newer run means
// that it took over. Of an older one only a placing shows that it lives: what it left
// in the book may be filled or cancelled long after its end. Between two that live
// the newer one goes on once it has sent something, which the older one will see.
func (d *Desk) lookOut(r *account.Report) {
	run, ok := RunOf(r.ClientID)
	own := d.opt.Fence.Run
	if !ok || own == 0 || run == own {
		return
	}
	rival := &Rival{Market: r.Market, Symbol: r.Symbol, ClientID: r.ClientID, Newer: run > own}
	switch {
	case rival.Newer:
		d.yield(rival)
	case d.opt.Fence.TakeOver:
		if !r.Status.Terminal() && !d.ousted[r.ClientID] {
			d.ousted[r.ClientID] = true
			d.request(Request{Kind: Cancel, Market: r.Market, Symbol: r.Symbol, ClientID: r.ClientID})
		}
	case r.Status == exchange.StatusAccepted && r.Time > own && !d.placed:
		d.yield(rival)
	}
}

// yield stops everything: what is ours is cancelled, and nothing more is sent.
func (d *Desk) yield(to *Rival) {
	if d.rival == nil {
		d.rival = to
		d.Leave(d.now)
	}
}

// gaveWay is why nothing is sent any more.
const gaveWay = "another run trades on this account: nothing is sent any more"
