package shadow

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// Limits say when a new version behaves too differently from the one that runs. 0 is the
// default that is named with each field.
type Limits struct {
	FloodFactor    float64 // 5: orders and cancels of the busiest minute, times the old one's
	FloodMin       int     // 60: fewer in a minute are no flood
	ExposureFactor float64 // 3: what is held at most, times the old one's
	ExposureMin    float64 // 0.25: less of the account's equity is not far from anything
	FlipMin        float64 // 0.01: of the account's equity; a smaller position may change its sign
	Reopen         int     // 3: pairs of the same legs opened in the span
	Turns          int     // 12: fills of an instrument that turn from buying to selling or back
}

// Default is the limits with the defaults in the place of zeros.
func (l Limits) Default() Limits {
	l.FloodFactor, l.FloodMin = cmp.Or(l.FloodFactor, 5), cmp.Or(l.FloodMin, 60)
	l.ExposureFactor, l.ExposureMin = cmp.Or(l.ExposureFactor, 3), cmp.Or(l.ExposureMin, 0.25)
	l.FlipMin, l.Reopen, l.Turns = cmp.Or(l.FlipMin, 0.01), cmp.Or(l.Reopen, 3), cmp.Or(l.Turns, 12)
	return l
}

// Check says what is wrong with the limits.
func (l Limits) Check() error {
	for _, x := range []struct {
		name        string
		v, min, max float64
	}{{"flood_factor", l.FloodFactor, 1, 1e6}, {"exposure_factor", l.ExposureFactor, 1, 1e6}, {"exposure_min", l.ExposureMin, 1e-6, 1e6}, {"flip_min", l.FlipMin, 1e-6, 1e6},
		{"flood_min", float64(l.FloodMin), 1, 1e6}, {"reopen", float64(l.Reopen), 2, 1e6}, {"turns", float64(l.Turns), 2, 1e6}} {
		if x.v != 0 && !(x.v >= x.min && x.v <= x.max) {
			return fmt.Errorf("%s = %v: want %v to %v", x.name, x.v, x.min, x.max)
		}
	}
	return nil
}

// Finding is something that speaks against a version.
type Finding struct {
	Rule string // error, stuck, limit, flood, exposure, flip, reopen, churn
	Text string // for its author
	Mild bool   // the old version does it too, or it lowers risk: told, and refuses nothing
}

// Judge compares what two versions did over the same time. old is nil when the version that
// runs could not be run; what is compared with it is then compared with nothing done.
func (l Limits) Judge(f *Flight, old, fresh *Record) []Finding {
	l = l.Default()
	if old == nil {
		old = &Record{held: make([]held, len(fresh.held)), From: fresh.From, To: fresh.To}
	}
	j := judge{l, old, fresh, nil}
	j.errors(f)
	j.flood()
	// An asset without a price makes the account no smaller than the rest of it.
	equity := fresh.StartEq
	if !equity.IsPositive() {
		equity = fresh.EndEq // its prices came later
	}
	value := equity.InexactFloat64()
	j.exposure(value)
	j.flips(value)
	j.reopened()
	j.churn()
	j.denials()
	return j.found
}

type judge struct {
	Limits
	old, fresh *Record
	found      []Finding
}

func (j *judge) find(rule, format string, a ...any) {
	j.found = append(j.found, Finding{Rule: rule, Text: fmt.Sprintf(format, a...)})
}

func (j *judge) mild(rule, format string, a ...any) {
	j.find(rule, format, a...)
	j.found[len(j.found)-1].Mild = true
}

func (j *judge) errors(f *Flight) {
	if f.Stopped != "" {
		j.find("stuck", "it can't go on: %s", f.Stopped)
	}
	if len(j.fresh.Errors) > 0 { // one is enough to go on with
		e := j.fresh.Errors[0]
		text := fmt.Sprintf("%s fails %s after the start: %s", e.Handler, ago(e.At-j.fresh.From), e.Text)
		if j.old.fails(e.Handler, e.Text) {
			j.mild("error", "%s (as it does in the version that runs)", text)
		} else {
			j.find("error", "%s", text)
		}
	}
	if j.fresh.Paused != "" && j.old.Paused == "" && len(j.fresh.Errors) == 0 {
		j.find("stuck", "it was paused: %s", j.fresh.Paused)
	}
}

// fails reports whether the record has an error of a handler in the same words, but for
// where it is.
func (r *Record) fails(handler, text string) bool {
	for _, e := range r.Errors {
		if e.Handler == handler && message(e.Text) == message(text) {
			return true
		}
	}
	return false
}

// message is the first line of an error without its file and line.
func message(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	for _, part := range strings.SplitN(text, ": ", 2) {
		if !strings.Contains(part, ".lua:") {
			return part
		}
	}
	return text
}

func (j *judge) denials() {
	if j.fresh.Halted != "" && j.old.Halted == "" {
		j.find("limit", "it trips the kill latch: %s", j.fresh.Halted)
	}
	for _, d := range j.fresh.Denied {
		before := 0
		for _, o := range j.old.Denied {
			if o.Rule == d.Rule {
				before = o.Count
			}
		}
		switch {
		case before == 0:
			j.find("limit", "the gate denies %s of its orders, and none of the version that runs: %s", count(d.Count), d.First)
		case d.Count > 2*before+2:
			j.find("limit", "the gate denies %d of its orders by %q, of the version that runs %d: %s", d.Count, d.Rule, before, d.First)
		}
	}
	if j.fresh.Rejected > 2*j.old.Rejected+2 {
		j.mild("limit", "the venue rejects %d of its orders, of the version that runs %d", j.fresh.Rejected, j.old.Rejected)
	}
}

func count(n int) string {
	if n == 1 {
		return "one"
	}
	return fmt.Sprint(n)
}

func (j *judge) flood() {
	if n := j.fresh.Peak; n > j.FloodMin && float64(n) > j.FloodFactor*float64(j.old.Peak) {
		j.find("flood", "it asks for %d orders and cancels in a minute, the version that runs %d at most (allowed: %g times as many, or %d)",
			n, j.old.Peak, j.FloodFactor, j.FloodMin)
	}
}

func (j *judge) exposure(equity float64) {
	was, is := j.old.Gross(), j.fresh.Gross()
	least := j.ExposureMin * equity
	switch {
	case is > least && is > j.ExposureFactor*was:
		j.find("exposure", "it comes to hold %s, the version that runs %s (allowed: %g times as much, or %s)", money(is), money(was), j.ExposureFactor, money(least))
	case was > least && was > j.ExposureFactor*is:
		j.mild("exposure", "it comes to hold %s, the version that runs %s", money(is), money(was))
	}
}

// flips finds instruments of which one version is long, in the mean, and the other short.
func (j *judge) flips(equity float64) {
	for i := range j.fresh.held {
		id := exchange.InstrumentID(i)
		was, wasAbs := j.old.Mean(id)
		is, isAbs := j.fresh.Mean(id)
		least := j.FlipMin * equity
		if was*is < 0 && wasAbs > least && isAbs > least && math.Abs(was) > wasAbs/2 && math.Abs(is) > isAbs/2 {
			j.find("flip", "it is %s %s of %s in the mean, the version that runs %s %s", side(is), money(math.Abs(is)), j.fresh.u.Get(id).Key(), side(was), money(math.Abs(was)))
			return
		}
	}
	// What the old one holds throughout, and the new one turns around before the end.
	for i := range j.fresh.held {
		id := exchange.InstrumentID(i)
		was, is, least := j.old.held[i].now, j.fresh.held[i].now, j.FlipMin*equity
		mean, abs := j.old.Mean(id)
		if was*is < 0 && math.Abs(was) > least && math.Abs(is) > least && math.Abs(mean) > 0.9*abs {
			j.find("flip", "it ends %s %s of %s, the version that runs %s %s", side(is), money(math.Abs(is)), j.fresh.u.Get(id).Key(), side(was), money(math.Abs(was)))
			return
		}
	}
}

func side(v float64) string {
	if v < 0 {
		return "short"
	}
	return "long"
}

func (j *judge) reopened() {
	for _, x := range j.fresh.Reopened {
		if was := j.old.reopened(x.Spot, x.Perp); x.Count >= j.Reopen && x.Count > 2*was {
			j.find("reopen", "it opens the pair %s, %s %d times in %.0f minutes, the version that runs %d times", j.fresh.u.Get(x.Spot).Key(), j.fresh.u.Get(x.Perp).Key(),
				x.Count, j.fresh.Minutes(), was)
			return
		}
	}
}

// churn finds instruments that are bought and sold in turn.
func (j *judge) churn() {
	for i := range j.fresh.Traded {
		t := &j.fresh.Traded[i]
		if was := j.old.turns(t.Instrument); t.Turns >= j.Turns && float64(t.Turns) > j.FloodFactor*float64(was) {
			j.find("churn", "it trades against itself: %s is bought and sold in turn, %d times in %.0f minutes (%s bought, %s sold); the version that runs turns %d times",
				j.fresh.u.Get(t.Instrument).Key(), t.Turns, j.fresh.Minutes(), money(t.Bought), money(t.Sold), was)
			return
		}
	}
}

// money is a value for people.
func money(v float64) string {
	if v >= 1e5 {
		return fmt.Sprintf("%.0fk", v/1e3)
	}
	return fmt.Sprintf("%.0f", v)
}

// ago is a time for people.
func ago(t exchange.Time) string {
	s := float64(t) / float64(exchange.Second)
	switch {
	case s < 120:
		return fmt.Sprintf("%.3gs", s)
	case s < 7200:
		return fmt.Sprintf("%.3gm", s/60)
	}
	return fmt.Sprintf("%.3gh", s/3600)
}
