package host

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/wire"
	"github.com/perilune/perilune/host/loop"
)

// access is a venue and what everything that asks it from this address shares, because
// the venue counts by address: weights, connections and bans.
type access struct {
	venue    connect.Venue
	throttle *limit.Throttle
	attempts *wire.Attempts
	client   atomic.Pointer[connect.Account] // knows the venue's time; nil: nobody does
}

// now is the venue's time as well as it is known.
func (a *access) now() exchange.Time {
	if c := a.client.Load(); c != nil {
		return (*c).Now()
	}
	return loop.Now()
}

// newAccess remembers the bans of earlier processes, which are kept beside the
// ledger. A ban that is in force is told of and waited out: who asks meanwhile
// makes it longer.
func newAccess(db string, venue connect.Venue, log func(text string)) (*access, error) {
	file := filepath.Join(filepath.Dir(db), "bans-"+placeOf(venue)+".json")
	l, err := limit.New(limit.Options{Table: venue.Limits(), Store: limit.File(file)})
	if err != nil {
		return nil, &LedgerError{err}
	}
	for i, name := range l.Table().Pools {
		pool := limit.Pool(i + 1)
		if until, banned := l.Blocked(pool, loop.Now()); until > loop.Now() {
			why := "has asked this address to wait"
			if banned {
				why = "has banned this address"
			}
			log(fmt.Sprintf("the venue %s from its %s endpoints until %s; nothing is asked of them before (%s)", why, name, until, file))
		}
	}
	a := &access{venue: venue, attempts: wire.NewAttempts(300, 5*time.Minute)}
	a.throttle = limit.NewThrottle(l, a.now)
	return a, nil
}

// placeOf is a venue and where it is, as a part of a file's name: several houses may be
// simulated at one address.
func placeOf(venue connect.Venue) string {
	name := strings.ReplaceAll(venue.Address(), ":", "-")
	if house := venue.House(); house != defaultVenue().House() {
		return house + "-" + name
	}
	return name
}

// shared is what market data needs of it.
func (a *access) shared() connect.Access {
	return connect.Access{Throttle: a.throttle, Attempts: a.attempts}
}
