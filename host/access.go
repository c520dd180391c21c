package host

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/account"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/weight"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/wire"
	"github.com/perilune/perilune/host/loop"
)

// access is what everything that asks the venue from this address shares, because
// the venue counts by address: weights, connections and bans.
type access struct {
	throttle *limit.Throttle
	attempts *wire.Attempts
	client   atomic.Pointer[account.Client] // knows the venue's time; nil: nobody does
}

// now is the venue's time as well as it is known.
func (a *access) now() exchange.Time {
	if c := a.client.Load(); c != nil {
		return c.Now()
	}
	return loop.Now()
}

// newAccess remembers the bans of earlier processes, which are kept beside the
// ledger. A ban that is in force is told of and waited out: who asks meanwhile
// makes it longer.
func newAccess(db string, venue *LiveOptions, log func(text string)) (*access, error) {
	file := filepath.Join(filepath.Dir(db), venue.banFile())
	l, err := weight.NewLedger(limit.Options{Store: limit.File(file)})
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
	a := &access{attempts: wire.NewAttempts(300, 5*time.Minute)}
	a.throttle = limit.NewThrottle(l, a.now)
	return a, nil
}

// banFile names the file of a venue's bans. Another host has others.
func (l *LiveOptions) banFile() string {
	address := l.Endpoints.RestSpot
	if address == "" {
		address = api.Production().RestSpot
	}
	host := address
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		host = u.Host
	}
	return "bans-" + strings.ReplaceAll(host, ":", "-") + ".json"
}
