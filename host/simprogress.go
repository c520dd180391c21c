package host

import (
	"fmt"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange"
)

// How often a local exchange that is being prepared says how far it is: soon, and then
// rarely enough that five days of the past are no page of lines.
const (
	simSaysAfter = 2 * time.Second
	simSaysMost  = 10 * time.Second
)

// simProgress says what a local exchange works out before it answers.
type simProgress struct {
	log    func(string)
	houses []string
	began  time.Time
	pause  time.Duration // between the last line and the next
	due    time.Time     // of the next line
	clock  func() time.Time
}

// newSimProgress says at once what is prepared. log may be nil.
func newSimProgress(log func(string), list []*listing) *simProgress {
	p := &simProgress{log: log, pause: simSaysAfter, clock: time.Now}
	if log == nil {
		return p
	}
	for _, l := range list {
		p.houses = append(p.houses, l.connect.House())
	}
	p.began = p.clock()
	p.due = p.began.Add(p.pause)
	log(fmt.Sprintf("preparing %s: the exchange answers when the market before its opening is worked out", strings.Join(p.houses, ", ")))
	return p
}

// simLooks is how many events of the past pass between looks at the clock.
const simLooks = 1024

// of follows one of the venues to the time at which it opens; nil when nobody listens or
// the venue has no past.
func (p *simProgress) of(venue int, opens exchange.Time) func(exchange.Time) {
	if p.log == nil || opens == 0 {
		return nil
	}
	var from exchange.Time
	events := 0
	return func(at exchange.Time) {
		if from == 0 {
			from = at
		}
		if events++; events%simLooks == 0 && opens > from {
			p.say(venue, float64(at-from)/float64(opens-from))
		}
	}
}

// say tells how far all of it is, when a line is due.
func (p *simProgress) say(venue int, part float64) {
	now := p.clock()
	if now.Before(p.due) {
		return
	}
	p.pause = min(2*p.pause, simSaysMost)
	p.due = now.Add(p.pause)
	done := (float64(venue) + min(part, 1)) / float64(len(p.houses))
	p.log(fmt.Sprintf("preparing %s (%d of %d): %.0f %% of all, after %.0f s", p.houses[venue], venue+1, len(p.houses), 100*done, now.Sub(p.began).Seconds()))
}
