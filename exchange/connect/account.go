package connect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/sign"
)

// AccountOptions say which account is meant.
type AccountOptions struct {
	Key    sign.Key
	Access Access
	Log    func(string) // what people should know, from any goroutine; nil: nobody is told
}

// Account is an account of a venue: what the order manager needs of one, what it is
// charged, and its own stream of events. Errors are *exchange.VenueError.
type Account interface {
	oms.Account
	// UID is the account's name at the venue. Asking for it tries the key.
	UID(ctx context.Context) (string, error)
	// Admission looks at what forbids or hurts a session with real orders: what the key
	// may do and the modes of the account. A Fail refuses the session.
	Admission(ctx context.Context) []Finding
	// Settings looks at what else a person should know of the account's settings.
	Settings(ctx context.Context) []Finding
	// Terms puts the account's own fees and margin steps into the instruments, in the
	// place of those that everybody is told, and takes them out of Assumed. leverage is
	// what all of their contracts have at least; 0: not known.
	Terms(ctx context.Context, list []exchange.Instrument) (leverage int, err error)
	// VenueTime is the time that trades of an instrument are stamped with now: see [Stamped].
	// What is older is not of a ledger that begins.
	VenueTime(ctx context.Context, in *exchange.Instrument) (exchange.Time, error)
	// Listen connects to the account's own events in some segments and stays connected
	// until it is closed. The sink is called by several goroutines, for one segment by
	// one at a time; it must not wait for long. That a segment can't be reached is no
	// error: its first event, a Gap, is late.
	Listen(segments []exchange.Venue, sink func(oms.AccountEvent)) (io.Closer, error)
	// Close ends the account's connections. What is at the venue stays there.
	Close() error
}

// Verdict is the outcome of one check.
type Verdict string

// The verdicts.
const (
	OK   Verdict = "ok"
	Warn Verdict = "warn" // it can go on; somebody should know
	Fail Verdict = "fail" // a session with real orders would be refused, or hurt
	Skip Verdict = "skip" // it could not be looked at
)

// Finding is one thing that was looked at.
type Finding struct {
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	Text    string  `json:"text"`         // what was found, with numbers
	Do      string  `json:"do,omitempty"` // what to do about it
	Err     error   `json:"-"`            // of a question that was not answered; Text says it
}

// Findings are what was looked at, in order.
type Findings []Finding

// Say adds a finding.
func (l *Findings) Say(name string, v Verdict, do, format string, a ...any) {
	*l = append(*l, Finding{Name: name, Verdict: v, Text: fmt.Sprintf(format, a...), Do: do})
}

// Failed adds that a question was not answered.
func (l *Findings) Failed(name string, err error) {
	text, do := Advised(err)
	*l = append(*l, Finding{name, Fail, text, do, err})
}

// Listed is a list of names for people, cut when it is long.
func Listed(names []string) string {
	const most = 8
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], " "), len(names)-most)
	}
	return strings.Join(names, " ")
}

// Advised is an error's text and, apart from it, what a person can do about it: some clients
// word that into the error, too.
func Advised(err error) (text, do string) {
	text, do = err.Error(), Advice(err)
	if do != "" {
		text = strings.TrimSuffix(text, ": "+do)
	}
	return text, do
}

// Advice is what a person can do about a venue's error; "" where it says so itself.
func Advice(err error) string {
	var e *exchange.VenueError
	if errors.As(err, &e) {
		return e.Advice
	}
	return ""
}
