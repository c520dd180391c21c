package oms

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/perilune/perilune/exchange"
)

// runTags are the client ids of runs with real orders: when the run began, by the
// venue's clock, in milliseconds, and the order's number.
var runTags = regexp.MustCompile(`^pl([0-9a-z]{8,9})-[0-9a-z]+$`)

// Tag begins the client ids of a run that began at a time. A venue checks an id
// against open orders only, so no two runs on an account may make the same ones; and
// whoever meets an id can tell which of two runs is the newer one.
func Tag(began exchange.Time) string {
	return "pl" + strconv.FormatInt(int64(began/exchange.Millisecond), 36)
}

// RunOf tells when the run began that made a client id; false: none of ours did.
func RunOf(clientID string) (exchange.Time, bool) {
	m := runTags.FindStringSubmatch(clientID)
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
	Instrument string // its key in the session
	ClientID   string
	Newer      bool // than this run, which was taken over; otherwise it was here first
}

func (r *Rival) String() string {
	if r.Newer {
		return fmt.Sprintf("order %s of %s is of a run that began after this one, which it takes over from", r.ClientID, r.Instrument)
	}
	return fmt.Sprintf("order %s of %s was placed by a run that began before this one and still trades", r.ClientID, r.Instrument)
}

// fence looks out for other runs.
type fence struct {
	*outbox
	Fence
	names  names
	orders fenceOrders
	ousted map[string]bool // orders of older runs whose cancel is out
	rival  *Rival          // the run that this one gave way to
}

// fenceOrders is what the fence needs of orders.
type fenceOrders interface {
	leave()
	hasPlaced() bool
}

// lookOut takes a report on an order that is not ours. Any word of a newer run means
// that it took over. Of an older one only a placing shows that it lives: what it left
// in the book may be filled or canceled long after its end. Between two that live
// the newer one goes on once it has sent something, which the older one will see.
func (f *fence) lookOut(r *Report) {
	run, ok := RunOf(r.ClientID)
	if !ok || f.Run == 0 || run == f.Run {
		return
	}
	rival := &Rival{Instrument: string(f.names.short(r.Venue)) + ":" + r.Symbol, ClientID: r.ClientID, Newer: run > f.Run}
	switch {
	case rival.Newer:
		f.yield(rival)
	case f.TakeOver:
		if !r.Status.Terminal() && !f.ousted[r.ClientID] {
			f.ousted[r.ClientID] = true
			f.request(Request{Kind: CancelOrder, Venue: r.Venue, Symbol: r.Symbol, ClientID: r.ClientID, OrderID: r.OrderID})
		}
	case r.Status == exchange.StatusAccepted && r.Time > f.Run && !f.orders.hasPlaced():
		f.yield(rival)
	}
}

// cancelAnswered takes note that an order of an older run may be canceled again.
func (f *fence) cancelAnswered(clientID string) { delete(f.ousted, clientID) }

// yield stops everything: what is ours is canceled, and nothing more is sent.
func (f *fence) yield(to *Rival) {
	if f.rival == nil {
		f.rival = to
		f.orders.leave()
	}
}

// gaveWay is why nothing is sent any more.
const gaveWay = "another run trades on this account: nothing is sent any more"

// refuse says why nothing is sent any more; "": it is.
func (f *fence) refuse() string {
	if f.rival != nil {
		return gaveWay
	}
	return ""
}
