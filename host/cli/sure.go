package cli

import (
	"strconv"

	"github.com/perilune/perilune/host"
)

// parseSure reads how many runs say how sure a result is.
func parseSure(s string) (int, error) {
	switch s {
	case "auto":
		return host.SureAuto, nil
	case "off", "":
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > host.MostSure {
		return 0, fail(ExitUsage, "--sure %q: want a number of runs of 1 to %d, off or auto", s, host.MostSure)
	}
	return n, nil
}

// shownBeyond is how many instruments a summary names whose orders went beyond the data.
const shownBeyond = 3

// sureRows tell how sure the profit is, and where orders went beyond the data.
func sureRows(row func(name, format string, a ...any), s *host.Summary) {
	name := "how sure"
	for _, text := range s.Sure.Sentences(s.PnL, s.Currency) {
		row(name, "%s", text)
		name = ""
	}
	for i := range s.Beyond {
		if i == shownBeyond {
			row("", "and in %d more instruments (--json has them)", len(s.Beyond)-i)
			break
		}
		name = ""
		if i == 0 {
			name = "beyond the data"
		}
		row(name, "%s", s.Beyond[i].String())
	}
}
