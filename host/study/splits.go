package study

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange"
)

// Span is a part of history: from From on, until before To.
type Span struct{ From, To exchange.Time }

// Split chooses on Train and judges on Test, which it has nothing in common with.
type Split struct {
	Train []Span
	Test  Span
}

// Period is a length by the calendar.
type Period struct{ Years, Months, Days int }

var periods = regexp.MustCompile(`^(?:(\d+)y)?(?:(\d+)m)?(?:(\d+)w)?(?:(\d+)d)?$`)

// ParsePeriod reads "2y", "6m" (months), "3w", "10d", or several: "1y6m".
func ParsePeriod(text string) (p Period, err error) {
	m := periods.FindStringSubmatch(text)
	if m == nil || text == "" {
		return p, fmt.Errorf("%q: want a length such as 2y, 6m (months), 3w or 10d", text)
	}
	for i, to := range []struct {
		of   *int
		days int
	}{{&p.Years, 1}, {&p.Months, 1}, {&p.Days, 7}, {&p.Days, 1}} {
		if n, err := strconv.Atoi(m[i+1]); err == nil {
			*to.of += n * to.days
		}
	}
	if p == (Period{}) || p.Years > 100 || p.Months > 1200 || p.Days > 36500 {
		return p, fmt.Errorf("%q: want a length above 0 and below 100 years", text)
	}
	return p, nil
}

// after is the moment that is n periods after another.
func (p Period) after(t exchange.Time, n int) exchange.Time {
	at := time.Unix(0, int64(t)).UTC().AddDate(n*p.Years, n*p.Months, n*p.Days)
	return exchange.Time(at.UnixNano())
}

// WalkForward cuts history into windows that move on: values are chosen on Train and
// judged on Test after it.
type WalkForward struct {
	Train, Test Period
	Step        Period // from one window to the next; zero: Test, so that tests follow on one another
	Anchored    bool   // every Train begins at the beginning
	// Purge is left out between Train and Test: as long as what was decided in one reaches
	// into the other, such as the time that a position is held.
	Purge Period
}

// mostSplits bounds a walk.
const mostSplits = 1000

// ParseWalkForward reads "train=2y,test=6m", with ",step=3m", ",purge=7d" and ",anchored".
func ParseWalkForward(text string) (w WalkForward, err error) {
	to := map[string]*Period{"train": &w.Train, "test": &w.Test, "step": &w.Step, "purge": &w.Purge}
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(part, "=")
		switch {
		case part == "anchored":
			w.Anchored = true
		case to[name] == nil:
			return w, fmt.Errorf("%q: want train=2y,test=6m and perhaps step=3m, purge=7d, anchored", part)
		default:
			if *to[name], err = ParsePeriod(value); err != nil {
				return w, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	if w.Train == (Period{}) || w.Test == (Period{}) {
		return w, fmt.Errorf("%q: want both train and test, such as train=2y,test=6m", text)
	}
	return w, nil
}

// Splits are the windows that fit into the time. A last test that is cut short is not
// among them.
func (w *WalkForward) Splits(all Span) ([]Split, error) {
	step := w.Step
	if step == (Period{}) {
		step = w.Test
	}
	var out []Split
	for n := range mostSplits {
		from := step.after(all.From, n)
		end := w.Train.after(from, 1)
		test := Span{w.Purge.after(end, 1), 0}
		if test.To = w.Test.after(test.From, 1); test.To > all.To {
			break
		}
		if w.Anchored {
			from = all.From
		}
		out = append(out, Split{[]Span{{from, end}}, test})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no window fits between %s and %s", all.From, all.To)
	}
	return out, nil
}

// Folds cuts history into K parts, each of which judges what was chosen on all others. On
// both sides of the part that judges Purge is left out of what chooses, and after it
// Embargo beside, because what comes after a time still knows of it.
//
// Source: López de Prado, "Advances in Financial Machine Learning", 2018, chapter 7.
type Folds struct {
	K              int
	Purge, Embargo Period
}

// ParseFolds reads "k=5", with ",purge=7d" and ",embargo=2d".
func ParseFolds(text string) (f Folds, err error) {
	to := map[string]*Period{"purge": &f.Purge, "embargo": &f.Embargo}
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(part, "=")
		switch {
		case name == "k":
			if f.K, err = strconv.Atoi(value); err != nil || f.K < 2 || f.K > 100 {
				return f, fmt.Errorf("%q: want k=2 to k=100", part)
			}
		case to[name] == nil:
			return f, fmt.Errorf("%q: want k=5 and perhaps purge=7d, embargo=2d", part)
		default:
			if *to[name], err = ParsePeriod(value); err != nil {
				return f, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	if f.K == 0 {
		return f, fmt.Errorf("%q: want the number of parts, such as k=5", text)
	}
	return f, nil
}

// Splits are the K of them.
func (f *Folds) Splits(all Span) ([]Split, error) {
	var out []Split
	border := func(i int) exchange.Time {
		if i == f.K {
			return all.To
		}
		at := all.From + (all.To-all.From)/exchange.Time(f.K)*exchange.Time(i)
		return at / exchange.Day * exchange.Day
	}
	for i := range f.K {
		s := Split{Test: Span{border(i), border(i + 1)}}
		if i == 0 {
			s.Test.From = all.From
		}
		if before := (Span{all.From, f.Purge.after(s.Test.From, -1)}); before.To > before.From {
			s.Train = append(s.Train, before)
		}
		if after := (Span{f.Embargo.after(f.Purge.after(s.Test.To, 1), 1), all.To}); after.To > after.From {
			s.Train = append(s.Train, after)
		}
		if len(s.Train) == 0 || s.Test.To <= s.Test.From {
			return nil, fmt.Errorf("%d parts with what is left out around them do not fit between %s and %s", f.K, all.From, all.To)
		}
		out = append(out, s)
	}
	return out, nil
}
