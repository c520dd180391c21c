package cli

import (
	"fmt"
	"log/slog"
	"strings"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/host"
)

// field is a part of the status line, from its fullest form to its shortest, which
// may be "".
type field struct {
	forms []string
	// give says when it gives way on a narrow terminal: the highest first.
	give int
	sgr  string // its color
}

// statusText is the state of a session in one line of at most width columns; 0: of
// any length. What matters most comes first. What does not fit is shortened and then left
// out, the least important first: whatever went wrong stays.
func statusText(s host.Status, width int, color bool) string {
	fields := statusFields(s)
	for give := 9; give > 0; give-- {
		for range 3 {
			if text := joined(fields, false); width == 0 || columns(text) <= width {
				return joined(fields, color)
			}
			for i := range fields {
				if f := &fields[i]; f.give == give && len(f.forms) > 1 {
					f.forms = f.forms[1:]
				}
			}
		}
	}
	if text := joined(fields, false); columns(text) > width {
		return paint(color, fields[0].sgr, shorten(text, width))
	}
	return joined(fields, color)
}

func joined(fields []field, color bool) string {
	var parts []string
	for _, f := range fields {
		if f.forms[0] != "" {
			parts = append(parts, paint(color, f.sgr, f.forms[0]))
		}
	}
	return strings.Join(parts, "  ")
}

// statusFields are the parts in the order of what a person looks for: what is wrong, whose
// money it is, how much, what is open, and then the rest.
func statusFields(s host.Status) []field {
	var out []field
	add := func(give int, sgr string, forms ...string) {
		for i := range forms {
			forms[i] = strings.Join(strings.Fields(bindings.Printable(forms[i])), " ")
		}
		out = append(out, field{forms, give, sgr})
	}
	if s.Halted != "" {
		add(0, bad, "HALTED")
	}
	for _, l := range s.Latched {
		name, _, _ := strings.Cut(l, ":")
		add(3, bad, "HALTED "+name, "HALTED")
	}
	for _, p := range s.Paused {
		name, _, _ := strings.Cut(p, ":") // why was said when it happened
		add(3, bad, "PAUSED "+name, "PAUSED")
	}
	troubles(s.Held, func(why string) string { return "HELD " + strings.Replace(why, " is held:", ":", 1) }, "HELD", add)
	troubles(s.Late, func(why string) string { return "LATE " + clause(why, ":") }, "LATE", add)
	troubles(s.Asleep, func(why string) string { return "ASLEEP " + clause(why, ":") }, "ASLEEP", add)
	if s.Waiting != "" {
		add(1, uneasy, s.Waiting)
	}
	switch {
	case s.Simulated:
		add(2, faint, "SIMULATED", "SIM")
	case s.Real:
		add(2, bad, "LIVE, REAL ORDERS", "LIVE")
	case s.Live:
		add(2, good, "LIVE DATA / PAPER FILLS", "PAPER FILLS", "PAPER")
	}
	if s.Stuck {
		return out
	}
	if s.Unvalued != "" {
		add(1, uneasy, "equity waits for a price of "+s.Unvalued, "eq ?")
	} else {
		add(1, plain, "equity "+s.Equity.StringFixed(2), "eq "+s.Equity.StringFixed(0))
	}
	add(6, plain, "funding "+s.Funding.StringFixed(2), "")
	if len(s.Pairs) == 0 {
		add(8, plain, "no pairs", "")
	} else {
		add(5, plain, "pairs "+strings.Join(s.Pairs, " "), fmt.Sprintf("%d pairs", len(s.Pairs)), "")
	}
	add(7, plain, fmt.Sprintf("fills %d", s.Fills), "")
	add(7, faint, s.Time.UTC().Format("2006-01-02 15:04"), s.Time.UTC().Format("15:04"), "")
	if s.Fraction > 0 {
		add(8, faint, fmt.Sprintf("%.0f %%", 100*s.Fraction), "")
	}
	if s.Real {
		add(9, plain, s.Account, clause(s.Account, ";"), "")
	}
	if s.Real || s.Live {
		add(8, plain, s.Feed, clause(s.Feed, ","), "")
	}
	return out
}

// troubles are a field for the first of several, and one of how many there are beyond it.
func troubles(list []string, word func(string) string, name string, add func(int, string, ...string)) {
	switch n := len(list); {
	case n == 1:
		add(4, uneasy, word(list[0]), name)
	case n > 1:
		add(4, uneasy, fmt.Sprintf("%s and %d more", word(list[0]), n-1), fmt.Sprintf("%d %s", n, name))
	}
}

// statusAttrs are the state as attributes of a record; what says nothing is left out.
func statusAttrs(s *host.Status) []slog.Attr {
	out := []slog.Attr{slog.Bool("simulated", s.Simulated), slog.Bool("real", s.Real)}
	if s.Stuck {
		return append(out, slog.String("waiting", s.Waiting))
	}
	if s.Unvalued == "" {
		out = append(out, slog.String("equity", s.Equity.String()))
	}
	out = append(out, slog.String("funding", s.Funding.String()), slog.Int("fills", s.Fills), slog.Uint64("events", s.Events))
	for _, x := range []struct{ name, text string }{{"unvalued", s.Unvalued}, {"halted", s.Halted}, {"waiting", s.Waiting}, {"account", s.Account}, {"feed", s.Feed}, {"shadow", s.Shadow}, {"twin", s.Twin}} {
		if x.text != "" {
			out = append(out, slog.String(x.name, x.text))
		}
	}
	for _, x := range []struct {
		name string
		list []string
	}{{"pairs", s.Pairs}, {"halted_strategies", s.Latched}, {"paused", s.Paused}, {"held", s.Held}, {"late", s.Late}, {"asleep", s.Asleep}} {
		if len(x.list) > 0 {
			out = append(out, slog.Any(x.name, x.list))
		}
	}
	return out
}

// clause is the first part of a text: the account's and the feed's begin with what
// matters most.
func clause(text, end string) string {
	first, _, _ := strings.Cut(text, end)
	return first
}
