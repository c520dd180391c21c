package cli

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/perilune/perilune/host"
)

// field is a part of the status line, from its fullest form to its shortest, which
// may be "".
type field struct {
	forms []string
	// give says when it gives way on a narrow terminal: the highest first.
	give int
}

// statusText is the state of a session in one line of at most width columns; 0: of
// any length. What does not fit is shortened and then left out, the least important
// first: whatever went wrong stays.
func statusText(s host.Status, width int) string {
	fields := statusFields(s)
	for give := 9; give > 0; give-- {
		for at := 0; at < 3; at++ {
			if text := joined(fields); width == 0 || utf8.RuneCountInString(text) <= width {
				return text
			}
			for i := range fields {
				if f := &fields[i]; f.give == give && len(f.forms) > 1 {
					f.forms = f.forms[1:]
				}
			}
		}
	}
	text := []rune(joined(fields))
	if width > 0 && len(text) > width {
		text = append(text[:width-1], '…')
	}
	return string(text)
}

func joined(fields []field) string {
	var parts []string
	for _, f := range fields {
		if f.forms[0] != "" {
			parts = append(parts, f.forms[0])
		}
	}
	return strings.Join(parts, "  ")
}

func statusFields(s host.Status) []field {
	var out []field
	add := func(give int, forms ...string) { out = append(out, field{forms, give}) }
	if s.Halted != "" {
		add(0, "HALTED")
	}
	for _, p := range s.Paused {
		name, _, _ := strings.Cut(p, ":") // why was said when it happened
		add(3, "PAUSED "+name, "PAUSED")
	}
	for _, why := range s.Held {
		add(4, "HELD "+strings.Replace(why, " is held:", ":", 1), fmt.Sprintf("%d HELD", len(s.Held)))
	}
	for _, why := range s.Late {
		name, _, _ := strings.Cut(why, ":")
		add(4, "LATE "+name, fmt.Sprintf("%d LATE", len(s.Late)))
	}
	for _, p := range s.Asleep {
		name, _, _ := strings.Cut(p, ":")
		add(4, "ASLEEP "+name, "ASLEEP")
	}
	if s.Waiting != "" {
		add(1, s.Waiting)
	}
	if s.Fraction > 0 {
		add(5, fmt.Sprintf("%3.0f %%", 100*s.Fraction), "")
	}
	switch {
	case s.Simulated:
		add(2, "SIMULATED", "SIM")
	case s.Real:
		add(2, "LIVE, REAL ORDERS", "LIVE")
	case s.Live:
		add(2, "LIVE DATA / PAPER FILLS", "PAPER FILLS", "PAPER")
	}
	if s.Stuck {
		return out
	}
	add(6, s.Time.UTC().Format("2006-01-02 15:04"), s.Time.UTC().Format("15:04"), "")
	if s.Unvalued != "" {
		add(1, "equity waits for a price of "+s.Unvalued, "eq ?")
	} else {
		add(1, "equity "+s.Equity.StringFixed(2), "eq "+s.Equity.StringFixed(0))
	}
	add(5, "funding "+s.Funding.StringFixed(2), "")
	add(6, fmt.Sprintf("fills %d", s.Fills), "")
	if len(s.Pairs) == 0 {
		add(8, "no pairs", "")
	} else {
		add(7, "pairs "+strings.Join(s.Pairs, " "), fmt.Sprintf("%d pairs", len(s.Pairs)), "")
	}
	if s.Real {
		add(9, s.Account, clause(s.Account, ";"), "")
	}
	if s.Real || s.Live {
		add(8, s.Feed, clause(s.Feed, ","), "")
	}
	return out
}

// clause is the first part of a text: the account's and the feed's begin with what
// matters most.
func clause(text, end string) string {
	first, _, _ := strings.Cut(text, end)
	return first
}
