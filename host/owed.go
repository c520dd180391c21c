package host

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// owedWithin is how long the end of a session waits for the row of a payment of
// funding that the account's stream told of. The next run books one that is later.
const owedWithin = 10 * exchange.Second

// owed reports whether funding that the venue has paid is on its way to the ledger.
func (a *liveAccount) owed() bool {
	if a.unread.Load() > 0 {
		return true
	}
	h := a.venue.Health()
	for i := range h.Sections {
		if m := &h.Sections[i]; m.Coming != 0 && h.Now < m.Heard+owedWithin {
			return true
		}
	}
	// A turn books before it shows its health: what it handed over is counted by now.
	return a.unread.Load() > 0
}

// tellOwed says what a session leaves to the next run.
func (a *liveAccount) tellOwed(now exchange.Time) {
	h := a.venue.Health()
	for i := range h.Sections {
		if m := &h.Sections[i]; m.Coming != 0 {
			a.log(Line{Time: now, Level: intent.Warn, Strategy: a.title,
				Text: fmt.Sprintf("%s: funding of %s is paid and does not show in the income yet: the next run books it", m.Name, m.Coming)})
		}
	}
}
