package debug

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// Breakpoints on events are worded as people say them: "event 4711", "fill", "fill
// usdm:BTCUSDT", "pair 3", "pair 3 fills", "order 12", "order denied", "error", "halt",
// "reload", "log TEXT". A leading "when" or "on" may be there.

// EventForms are the words for breakpoints on events, for help.
var EventForms = []string{"event N", "fill [SYMBOL]", "pair N", "pair N fills", "pair N STATE", "order N", "order denied|rejected|filled|canceled [SYMBOL]",
	"funding [SYMBOL]", "error", "halt", "reload", "command [NAME]", "timer NAME", "log TEXT"}

var leading = regexp.MustCompile(`^(?i:when|on|a|an|the)\s+`)

// eventNamed reads such a wording. It returns nil where the words are none of an event, and
// then why, which a function of that name makes good.
func eventNamed(text string) (func(*replay) bool, string) {
	words := strings.TrimSpace(text)
	for leading.MatchString(words) {
		words = leading.ReplaceAllString(words, "")
	}
	f := strings.Fields(words)
	if len(f) == 0 {
		return nil, "nothing is named"
	}
	if len(f) > 2 { // "order 3 is filled", "fill of usdm:BTCUSDT"; but a timer may be called "of"
		f = slices.DeleteFunc(f, func(w string) bool { return w == "is" || w == "of" })
	}
	arg := func(i int) string {
		if i < len(f) {
			return f[i]
		}
		return ""
	}
	number := func(i int) (uint64, bool) {
		n, err := strconv.ParseUint(arg(i), 10, 64)
		return n, err == nil
	}
	switch verb := strings.TrimSuffix(strings.ToLower(f[0]), "s"); verb {
	case "event":
		if n, ok := number(1); ok && len(f) == 2 {
			return func(r *replay) bool { return r.at.Event == n }, ""
		}
	case "fill":
		return effect("fill", of(arg(1))), ""
	case "funding":
		return effect("funding", of(arg(1))), ""
	case "pair":
		if n, ok := number(1); ok {
			return pairEvent(n, strings.ToLower(arg(2))), ""
		}
	case "order":
		if n, ok := number(1); ok && len(f) == 2 {
			id := fmt.Sprintf(" id=%d ", n)
			fill := fmt.Sprintf(" order=%d ", n)
			return func(r *replay) bool {
				return effect("submit", id)(r) || effect("order", id)(r) || effect("held", id)(r) || effect("fill", fill)(r)
			}, ""
		}
		status := strings.ToLower(arg(1))
		for st := exchange.OrderStatus(0); st < 32; st++ {
			if st.String() == status {
				return effect("order", " status="+status+" ", of(arg(2))), ""
			}
		}
	case "error":
		return func(r *replay) bool {
			for _, l := range r.recorded {
				if isFault(string(l)) {
					return true
				}
			}
			return false
		}, ""
	case "halt":
		return effect("halt"), ""
	case "reload":
		return func(r *replay) bool { return r.event.Kind == exchange.KindReload }, ""
	case "command":
		return func(r *replay) bool {
			return r.event.Kind == exchange.KindCommand && (len(f) == 1 || r.event.Name == f[1])
		}, ""
	case "timer":
		if len(f) == 2 {
			return func(r *replay) bool { return r.event.Kind == exchange.KindTimer && r.event.Name == f[1] }, ""
		}
	case "log":
		part := strings.TrimSpace(words[len(f[0]):])
		return effect("log", part), ""
	}
	return nil, fmt.Sprintf("no function is called %q, and no event: there are %s", text, strings.Join(EventForms, ", "))
}

func of(symbol string) string {
	if symbol == "" {
		return ""
	}
	return " of=" + symbol + " "
}

// pairEvent is something of a pair: its fills, a state that it came to, or anything.
func pairEvent(n uint64, what string) func(*replay) bool {
	id := fmt.Sprintf(" id=%d ", n)
	ofPair := fmt.Sprintf(" pair=%d ", n)
	fills := func(r *replay) bool {
		if r.event.Kind != exchange.KindFill {
			return false
		}
		return effect("order", ofPair)(r) || effect("fill", ofPair)(r) || effect("pair", id)(r)
	}
	switch what {
	case "":
		return effect("pair", id)
	case "fill", "fills", "filled":
		return fills
	}
	return effect("pair", id, " state="+what+" ")
}

// effect matches events with a line of a kind that the journal has of them, with parts in it.
func effect(kind string, parts ...string) func(*replay) bool {
	return func(r *replay) bool {
	lines:
		for _, l := range r.recorded {
			first, rest, _ := bytes.Cut(l, []byte(" "))
			if string(first) != kind {
				continue
			}
			text := " " + string(rest) + " "
			for _, part := range parts {
				if !strings.Contains(text, part) {
					continue lines
				}
			}
			return true
		}
		return false
	}
}
