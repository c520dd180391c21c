package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/attribution"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/core"
)

// Notifier is told of what a person should know at once: see Options.Notifier.
//
// It is called on a goroutine of its own, one alert after the other, and may take its time:
// 256 alerts wait for it at most, and what there was no room for is counted in the next one.
// ctx ends after 10 seconds. An error, or a panic, is a warning of the log, and the alert is
// not told again. The same alert again and again is told once a minute, with its count.
//
// The last alert is AlertEnded, which says why the session ended. Run waits for it, and for
// what is told before it, 5 seconds at most.
type Notifier interface {
	Notify(ctx context.Context, a Alert) error
}

// NotifierFunc is a function that is a Notifier.
type NotifierFunc func(ctx context.Context, a Alert) error

// Notify implements Notifier.
func (f NotifierFunc) Notify(ctx context.Context, a Alert) error { return f(ctx, a) }

// Severity is how soon a person should look.
type Severity = intent.Severity

// The severities, from the least.
const (
	Notice   = intent.Notice   // when there is time: a session ended in good order, a hold passed
	Warning  = intent.Warning  // today: a callback failed, an instrument is held
	Critical = intent.Critical // now: money is at risk, or nothing trades any more
)

// AlertKind is what an alert is about.
type AlertKind string

// The kinds of alerts.
const (
	AlertHalt        AlertKind = "halt"        // a kill latch was tripped: daily loss, exec.halt, exec.halt_all, Session.Halt
	AlertLiquidation AlertKind = "liquidation" // the venue took a position: liquidation, deleveraging, delivery
	AlertUnhedged    AlertKind = "unhedged"    // a pair is unhedged by more, or for longer, than it may be
	AlertPaused      AlertKind = "paused"      // a strategy is not called any more
	AlertHeld        AlertKind = "held"        // nothing new is begun on the account; as a Notice: it is again
	AlertDrift       AlertKind = "drift"       // an instrument is held until ledger and venue agree; as a Notice: they do
	AlertFeed        AlertKind = "feed"        // market data comes late; as a Notice: it is in time again
	AlertVenue       AlertKind = "venue"       // a venue can't be reached; as a Notice: it can again
	AlertMargin      AlertKind = "margin"      // a position is near its liquidation; as a Notice: it is not any more
	AlertFunding     AlertKind = "funding"     // what a position that is held is paid turned into what it pays, or back
	AlertAccount     AlertKind = "account"     // trouble with the account, another run on it, or with a Broker
	AlertStorage     AlertKind = "storage"     // trouble with the ledger, the journal or the disk; as a Notice: it passed
	AlertError       AlertKind = "error"       // any other error of the log
	AlertMessage     AlertKind = "message"     // what a strategy tells: notify.send
	AlertDaily       AlertKind = "daily"       // how the day went
	AlertStarted     AlertKind = "started"     // the session begins, or goes on
	AlertEnded       AlertKind = "ended"       // the session is over, and why
)

// AlertKinds are the kinds of alerts.
func AlertKinds() []AlertKind {
	return []AlertKind{AlertHalt, AlertLiquidation, AlertUnhedged, AlertPaused, AlertHeld, AlertDrift, AlertFeed, AlertVenue, AlertMargin,
		AlertFunding, AlertAccount, AlertStorage, AlertError, AlertMessage, AlertDaily, AlertStarted, AlertEnded}
}

// Alert is something that a person should know.
type Alert struct {
	Time     exchange.Time // the session's
	Severity Severity
	Kind     AlertKind
	Strategy string // "host" for the host itself
	Text     string // in one line
	// Count is how often it came since it was told last: 1, or more of one that repeats.
	Count int
	// Dropped is how many alerts before it there was no room for.
	Dropped int
}

// Bounds of what a notifier is told.
const (
	alertsMost   = 256
	alertsKnown  = 1024             // that are remembered, to know a repetition
	alertAgain   = time.Minute      // between two of the same
	notifyWithin = 10 * time.Second // one
	notifyLast   = 5 * time.Second  // all that wait at the end
)

// alertOf is what a line of the log is an alert of; false: of nothing.
func alertOf(l *Line) (Alert, bool) {
	a := Alert{Time: l.Time, Severity: Critical, Strategy: l.Strategy, Kind: AlertError}
	a.Text, _, _ = strings.Cut(l.Text, "\n") // a stack is for the log
	if l.Where != "" {
		a.Text = l.Where + ": " + a.Text
	}
	foreign, _, isForeign := strings.Cut(strings.TrimPrefix(l.Text, core.ForeignFillLine), ")")
	switch {
	case l.Strategy == "storage" && l.Level < intent.Error:
		a.Kind, a.Severity = AlertStorage, Notice
		if l.Level == intent.Warn {
			a.Severity = Warning
		}
	case l.Level < intent.Error:
		return a, false
	case l.Where != "": // a script's own words are no more than that
		a.Severity = Warning
	case strings.HasPrefix(l.Text, core.HaltedLine), strings.HasPrefix(l.Text, core.LatchedLine):
		a.Kind = AlertHalt
	case strings.HasPrefix(l.Text, core.PausedLine):
		a.Kind = AlertPaused
	case strings.HasPrefix(l.Text, core.ForeignFillLine) && isForeign && attribution.ByVenue(foreign):
		a.Kind = AlertLiquidation
	case l.Strategy == "storage":
		a.Kind = AlertStorage
	case l.Strategy == "account" || l.Strategy == "broker":
		a.Kind = AlertAccount
	default:
		a.Severity = Warning
	}
	return a, true
}

// alertKey is what makes two alerts the same.
type alertKey struct {
	kind           AlertKind
	strategy, text string
}

func (a *Alert) key() alertKey { return alertKey{a.Kind, a.Strategy, a.Text} }

// alerts brings what a person should know to the notifier. Its methods may be called on
// nil, and raise from any goroutine.
type alerts struct {
	to      []receiver
	targets *targets // of the configuration; nil: there are none
	from    Severity // the least that anybody wants to hear of
	warn    func(text string)

	mu      sync.Mutex
	queue   []Alert
	known   map[alertKey]*told
	dropped int
	counts  [3]uint64 // told, failed, dropped
	last    *Alert    // the end of the session; nothing comes after it
	mute    bool      // nobody wants to hear of the end
	wake    chan struct{}
	done    chan struct{}
	running context.Context // ends what is being told when there is no more time
	stop    context.CancelFunc

	closing sync.Once

	seen seen // the loop's own
}

// receiver is who is told, from a severity on.
type receiver struct {
	Notifier
	from Severity
}

// told is an alert that was told, or waits to be.
type told struct {
	at      time.Time
	again   Alert // what came since, if its Count is not 0
	waiting bool
}

func openAlerts(o *Options, warn func(string)) *alerts {
	a := &alerts{targets: openTargets(o, warn), from: Critical, warn: warn, known: map[alertKey]*told{}, wake: make(chan struct{}, 1), done: make(chan struct{})}
	if a.targets != nil {
		a.to = append(a.to, receiver{a.targets, Notice})
	}
	if o.Notifier != nil {
		a.to = append(a.to, receiver{o.Notifier, o.NotifyFrom})
	}
	if len(a.to) == 0 {
		return nil
	}
	for _, r := range a.to {
		a.from = min(a.from, r.from)
	}
	a.running, a.stop = context.WithCancel(context.Background())
	go a.run()
	return a
}

// line raises what a line of the log is an alert of.
func (a *alerts) line(l *Line) {
	if a == nil {
		return
	}
	if x, ok := alertOf(l); ok {
		a.raise(x)
	}
}

// raise takes an alert, and never waits.
func (a *alerts) raise(x Alert) {
	if a == nil || x.Severity < a.from {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.last != nil {
		return
	}
	x.Count = 1
	k := a.known[x.key()]
	switch {
	case k != nil && k.waiting:
		for i := range a.queue {
			if a.queue[i].key() == x.key() {
				a.queue[i].Count++
			}
		}
		return
	case k != nil:
		x.Count += k.again.Count
		if k.again = x; time.Since(k.at) < alertAgain {
			return
		}
	}
	a.put(x)
}

// put queues an alert. The caller holds mu.
func (a *alerts) put(x Alert) {
	k := a.known[x.key()]
	if len(a.queue) >= alertsMost {
		a.drop(x)
		if k != nil {
			k.again = Alert{}
		}
		return
	}
	x.Dropped, a.dropped = a.dropped, 0
	a.queue = append(a.queue, x)
	if k == nil && len(a.known) < alertsKnown {
		k = &told{}
		a.known[x.key()] = k
	}
	if k != nil {
		k.waiting, k.again = true, Alert{}
	}
	a.poke()
}

// drop counts an alert that is not told, and what one before it passed on. The caller
// holds mu.
func (a *alerts) drop(x Alert) {
	a.dropped += x.Count + x.Dropped
	a.counts[2] += uint64(x.Count)
}

func (a *alerts) poke() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// run tells alerts until the last one was told.
func (a *alerts) run() {
	defer close(a.done)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-a.wake:
		case <-tick.C:
			a.mu.Lock()
			a.repeat(alertAgain)
			a.mu.Unlock()
		}
		for x, ok := a.next(); ok; x, ok = a.next() {
			a.tell(x)
			if x.Kind == AlertEnded {
				return
			}
		}
	}
}

// next is what to tell now. Once there is no more time it is the session's end.
func (a *alerts) next() (x Alert, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.last != nil && (len(a.queue) == 0 || a.running.Err() != nil):
		for i := range a.queue {
			a.drop(a.queue[i])
		}
		x, a.queue = *a.last, nil
		x.Dropped = a.dropped
		return x, true
	case len(a.queue) == 0:
		return x, false
	}
	x, a.queue = a.queue[0], a.queue[1:]
	if k := a.known[x.key()]; k != nil {
		k.waiting, k.at = false, time.Now()
	}
	return x, true
}

// repeat queues what came again of alerts that were told so long ago, and forgets those
// that did not come again. The caller holds mu.
func (a *alerts) repeat(after time.Duration) {
	var again []Alert
	for key, k := range a.known {
		if k.waiting || time.Since(k.at) < after {
			continue
		}
		if k.again.Count == 0 {
			delete(a.known, key)
			continue
		}
		again = append(again, k.again)
	}
	slices.SortFunc(again, func(x, y Alert) int { return cmp.Compare(x.Time, y.Time) })
	for _, x := range again {
		a.put(x)
	}
}

// tell tells one alert.
func (a *alerts) tell(x Alert) {
	parent := a.running
	if x.Kind == AlertEnded {
		if a.mute { // set before the end was
			return
		}
		parent = context.Background()
	}
	ctx, cancel := context.WithTimeout(parent, notifyWithin)
	defer cancel()
	var err error
	for _, r := range a.to {
		if x.Severity >= r.from {
			err = errors.Join(err, r.call(ctx, x))
		}
	}
	a.mu.Lock()
	a.counts[0]++
	if err != nil {
		a.counts[1]++
	}
	a.mu.Unlock()
	if err != nil {
		a.warn(fmt.Sprintf("notifier: %v (it was to tell: %s: %s)", err, x.Kind, x.Text))
	}
}

func (r receiver) call(ctx context.Context, x Alert) (err error) {
	defer caught(&err)
	return r.Notify(ctx, x)
}

// close tells what waits and then the end, within bounds: from half of the time on, the end
// alone.
func (a *alerts) close(end Alert) {
	if a != nil {
		a.closing.Do(func() { a.end(end, end.Severity < a.from) })
		a.targets.close(end.Severity == Critical)
	}
}

// quit ends a notifier of a session that did not begin.
func (a *alerts) quit() {
	if a != nil {
		a.closing.Do(func() { a.stop(); a.end(Alert{}, true) })
		a.targets.close(false)
	}
}

func (a *alerts) end(end Alert, mute bool) {
	a.mu.Lock()
	a.repeat(0)
	end.Kind, end.Count = AlertEnded, 1
	a.last, a.mute = &end, mute
	a.mu.Unlock()
	a.poke()
	defer a.stop()
	for range 2 {
		select {
		case <-a.done:
			return
		case <-time.After(notifyLast / 2):
			a.stop()
		}
	}
	a.warn("notifier: it did not return, and is not waited for")
}

// endOf is how a session ended.
func endOf(now exchange.Time, sum *Summary, err error) Alert {
	a := Alert{Time: now, Severity: Notice, Strategy: "host", Text: "the session ended"}
	switch {
	case err != nil:
		a.Severity = Critical
		text, _, _ := strings.Cut(err.Error(), "\n")
		a.Text += ": " + text
		var rival *RivalError
		if errors.As(err, &rival) {
			a.Text += " (it does not begin again by itself)"
		}
	case sum != nil:
		a.Text += map[string]string{"data": ": its data are over", "for": ": its time is over", "stop": ": it was asked to"}[sum.EndedBy]
		if sum.Halted != "" {
			a.Severity, a.Text = Warning, a.Text+"; it is halted: "+sum.Halted
		}
		if len(sum.Latched) > 0 {
			a.Severity, a.Text = Warning, a.Text+"; halted themselves: "+strings.Join(sum.Latched, "; ")
		}
	}
	return a
}

// metrics are those of the notifier.
func (a *alerts) metrics(l *metricList) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	l.add(Counter, "perilune_alerts_total", "Alerts that the notifier was told.", float64(a.counts[0]))
	l.add(Counter, "perilune_alerts_failed_total", "Alerts that the notifier answered with an error.", float64(a.counts[1]))
	l.add(Counter, "perilune_alerts_dropped_total", "Alerts that there was no room for.", float64(a.counts[2]))
	a.targets.metrics(l)
}
