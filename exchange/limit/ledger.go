package limit

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/perilune/perilune/exchange"
)

// Priority says how much of a limit a request may use up.
type Priority uint8

const (
	Query  Priority = iota // market data and bookkeeping
	Open                   // orders that add to a position
	Hedge                  // orders that reduce or offset one, and finding out an unknown outcome
	Cancel                 // cancels, and arming the dead-man switch

	priorities = iota
)

var priorityNames = [priorities]string{"query", "open", "hedge", "cancel"}

func (p Priority) String() string {
	if int(p) < len(priorityNames) {
		return priorityNames[p]
	}
	return fmt.Sprintf("priority(%d)", uint8(p))
}

// Options of a Ledger. Table is required.
type Options struct {
	Table *Table
	// Guard bounds the error of our clock and the time a request is on its way,
	// together; 0 means 500 ms, the most is 4 s.
	Guard exchange.Time
	// Shares are the parts of each limit, in percent, that a priority may use,
	// those above included; 0 means 70 for Query, 80 for Open, 90 for Hedge.
	// Cancels have it all.
	Shares [priorities]int
	// Store keeps bans over a restart; nil keeps them in memory only.
	Store Store
}

const (
	defaultGuard = 500 * exchange.Millisecond
	maxGuard     = 4 * exchange.Second
)

var defaultShares = [priorities]int{Query: 70, Open: 80, Hedge: 90, Cancel: 100}

// Ledger is the account of all pools. It is for one goroutine: the one that
// sends.
type Ledger struct {
	table    *Table
	banLeast exchange.Time
	banMost  exchange.Time
	step     exchange.Time
	guard    exchange.Time
	shares   [priorities]int
	store    Store
	windows  [MaxMeters]window
	blocks   [MaxPools + 1]block
}

// New returns a ledger with the bans that the store remembers.
func New(o Options) (*Ledger, error) {
	l := &Ledger{table: o.Table, guard: o.Guard, shares: o.Shares, store: o.Store}
	if l.table == nil {
		return nil, errors.New("limit: no table of what the venue counts")
	}
	l.banLeast, l.banMost = cmp.Or(l.table.BanLeast, 2*exchange.Minute), cmp.Or(l.table.BanMost, 3*exchange.Day)
	l.step = cmp.Or(l.table.Step, exchange.Minute)
	if l.guard == 0 {
		l.guard = defaultGuard
	}
	if l.guard < 0 || l.guard > maxGuard {
		return nil, fmt.Errorf("limit: guard of %d ms: want 0 to %d", l.guard/exchange.Millisecond, maxGuard/exchange.Millisecond)
	}
	if err := l.table.check(l.guard); err != nil {
		return nil, err
	}
	if err := l.fillShares(); err != nil {
		return nil, err
	}
	for m, r := range l.table.Meters {
		l.windows[m] = window{period: r.Period, limit: r.Limit}
		switch {
		case r.Rolling:
			l.windows[m].free = new(span)
		case r.Refills:
			l.windows[m].free = new(bucket)
		}
	}
	return l, l.restore()
}

func (l *Ledger) fillShares() error {
	for p, d := range defaultShares {
		if l.shares[p] == 0 {
			l.shares[p] = d
		}
		if l.shares[p] < 1 || l.shares[p] > 100 || p > 0 && l.shares[p] < l.shares[p-1] {
			return fmt.Errorf("limit: share of %d%% for %v: want 1 to 100, and no less than what matters less", l.shares[p], Priority(p))
		}
	}
	if l.shares[Cancel] != 100 {
		return fmt.Errorf("limit: share of %d%% for cancels: want 100", l.shares[Cancel])
	}
	return nil
}

// SetLimit takes a limit from the venue's rateLimits, or a lower one to leave
// room for others at the same address.
func (l *Ledger) SetLimit(m Meter, limit int) error {
	if int(m) >= len(l.table.Meters) || limit < 1 {
		return fmt.Errorf("limit: %s of %d: want at least 1", l.name(m), limit)
	}
	l.windows[m].limit = limit
	return nil
}

// Verdict is the answer to a request for permission.
type Verdict struct {
	OK bool
	// Until is when to ask again, if not OK; 0: it will never fit.
	Until exchange.Time
	// Reason says why not, for people.
	Reason string
}

// Reserve charges a cost if it fits, all of it or none. The request must then be
// sent at once: what is charged is not given back, because a request that failed
// may have been counted. now is the venue's time as well as it is known.
//
// A verdict with Until 0 is final: the cost is over what its priority may ever
// use in one window.
func (l *Ledger) Reserve(c Cost, p Priority, now exchange.Time) Verdict {
	if p >= priorities {
		return Verdict{Reason: fmt.Sprintf("%v is unknown: want query, open, hedge or cancel", p)}
	}
	if v := l.blocked(c, now); !v.OK {
		return v
	}
	wait := Verdict{OK: true}
	for i := range l.table.Meters {
		n := int(c.Use[i])
		if n == 0 {
			continue
		}
		l.windows[i].roll(now)
		switch v := l.fits(Meter(i), n, p, now); {
		case v.OK:
		case v.Until == 0:
			return v
		case v.Until > wait.Until:
			wait = v
		}
	}
	if wait.OK {
		l.charge(c, now)
	}
	return wait
}

func (l *Ledger) fits(m Meter, n int, p Priority, now exchange.Time) Verdict {
	w := &l.windows[m]
	ceiling := w.limit * l.shares[p] / 100
	switch {
	case w.fits(n, ceiling, now, l.guard):
		return Verdict{OK: true}
	case n > ceiling:
		return Verdict{Reason: fmt.Sprintf("%v: %d at once are over the %d of %d that a request of priority %v may use", l.name(m), n, ceiling, w.limit, p)}
	}
	return Verdict{
		Until:  w.earliest(n, ceiling, now, l.guard),
		Reason: fmt.Sprintf("%v: %d more are over the %d of %d that a request of priority %v may use, with %d used", l.name(m), n, ceiling, w.limit, p, w.cur),
	}
}

func (l *Ledger) name(m Meter) string {
	if int(m) < len(l.table.Meters) {
		return l.table.Meters[m].Name
	}
	return fmt.Sprintf("meter(%d)", uint8(m))
}

func (l *Ledger) charge(c Cost, now exchange.Time) {
	for i, n := range c.Use {
		if n > 0 {
			l.windows[i].charge(int(n), now, l.guard)
		}
	}
}

// Used returns what is used of a meter in the window of now, and its limit.
func (l *Ledger) Used(m Meter, now exchange.Time) (used, limit int) {
	w := l.windows[m]
	w.roll(now)
	return w.cur, w.limit
}

// Table is what the ledger counts by.
func (l *Ledger) Table() *Table { return l.table }
