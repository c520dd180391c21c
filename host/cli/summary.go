package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/tearsheet"
)

// printSummary tells people what a session came to. What it assumed comes
// first: the figures are what should be on the screen at the end.
func printSummary(w io.Writer, s *host.Summary) {
	shortAssumptions(w, s.Assumptions)
	printProblems(w, s.DataProblems)
	band := strings.ToUpper(s.Mode)
	if s.Simulated {
		band += ", SIMULATED MARKET"
	}
	fmt.Fprintf(w, "\n%s: %s on %s\n", band, strings.Join(s.Strategies, ", "), s.Market)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, a ...any) { fmt.Fprintf(t, "  %s\t%s\n", name, fmt.Sprintf(format, a...)) }
	row("time", "%s to %s UTC (%s)", second(s.From), second(s.To), span(s.Days))
	row("ended by", "%s", ended(s))
	row("equity", "%s -> %s %s (%+.3f %%)", s.StartEq.StringFixed(2), s.EndEq.StringFixed(2), s.Currency, change(s))
	row("profit", "%s %s%s, of which funding %s, fees %s", s.PnL.StringFixed(2), s.Currency, covers(s), s.Funding.StringFixed(2), s.Fees.Neg().StringFixed(2))
	if !s.OthersFees.IsZero() || !s.OthersFunding.IsZero() {
		row("not the strategies'", "funding %s and fees %s of these: trades by hand, and positions that no strategy holds",
			s.OthersFunding.StringFixed(2), s.OthersFees.Neg().StringFixed(2))
	}
	for _, v := range s.Valued {
		row("valued", "%s", valuedText(&v))
	}
	if len(s.Unpriced) > 0 {
		row("not in the equity", "%s: no market of this session prices them", strings.Join(s.Unpriced, ", "))
	}
	for _, b := range s.Whole {
		row("the whole session", "%s, as far as positions were closed (perilune pnl --db %s --session %s)", bookedText(&b), s.DB, s.Session)
	}
	if !s.Insurance.IsZero() {
		row("insurance fund", "paid %s %s into a liquidated wallet, which is part of the profit", s.Insurance.StringFixed(2), s.Currency)
	}
	if !s.Interest.IsZero() {
		row("interest", "%s %s on borrowed coins, which is part of the profit", s.Interest.StringFixed(4), s.Currency)
	}
	sureRows(row, s)
	row("max drawdown", "%.3f %%%s", 100*s.Drawdown, sharpe(s.Metrics))
	if s.PairsOpened > 0 || s.PairsLive > 0 || s.Metrics == nil {
		row("pairs", "%d opened, %d closed, %d live", s.PairsOpened, s.PairsClosed, s.PairsLive)
		row("unhedged at most", "%s %s, for %.2f s", s.MaxUnhedged.StringFixed(2), s.Currency, s.MaxUnhedSec)
	} else {
		row("trades", "%s", trades(s))
		row("exposure", "in the market %s of the time, on average with %s of equity", figure(s.Metrics.Get("time_in_market")), grossText(s.Metrics))
	}
	row("fills", "%d%s", s.Fills, refusedText(s.OrdersRefused))
	if s.Held != "" {
		row("held", "%s: nothing watches them until the next session", s.Held)
	}
	row("events", "%d in %.1f s (%.0f/s)", s.Events, s.WallSeconds, float64(s.Events)/max(s.WallSeconds, 1e-9))
	row("reloads", "%d, refused %d", s.Reloads, s.ReloadsRefused)
	if s.Errors > 0 || s.Gaps > 0 || s.Malformed > 0 {
		row("trouble", "%d strategy errors, %d gaps, %d malformed lines", s.Errors, s.Gaps, s.Malformed)
	}
	for _, l := range latencyTexts(s.Latency) {
		row("feed latency", "%s", l)
	}
	for i := range s.Feeds {
		row("two feeds", "%s: %s", s.Feeds[i].House, s.Feeds[i].String())
	}
	if s.Halted != "" {
		row("HALTED", "%s", s.Halted)
	}
	for _, l := range s.Latched {
		row("HALTED", "%s", l)
	}
	row("ledger", "%s (session %s)", s.DB, s.Session)
	if s.Journal != "" {
		row("journal", "%s", s.Journal)
	}
	if s.Report != "" {
		row("report", "%s", s.Report)
	}
	row("effects hash", "%.16s… (all of it with --json)", s.EffectsHash)
	t.Flush()
	printShadow(w, s)
	if s.Twin != nil {
		fmt.Fprint(w, "\npaper twin\n")
		printTwin(w, s.Twin)
	}
}

// sharpe is the ratio where it is defined.
func sharpe(m tearsheet.Metrics) string {
	x := m.Get("sharpe")
	if !x.Defined {
		return ""
	}
	return fmt.Sprintf(", Sharpe %.2f", x.Float)
}

// trades tells round trips in a line; those of the whole session, over all its runs.
func trades(s *host.Summary) string {
	m := s.Metrics
	text := fmt.Sprintf("%s closed, %s open", figure(m.Get("trades")), figure(m.Get("open_trades")))
	if m.Get("win_rate").Defined {
		text += fmt.Sprintf("; won %s, profit factor %s, expectancy %s %s", figure(m.Get("win_rate")), figure(m.Get("profit_factor")), figure(m.Get("expectancy")), s.Currency)
	}
	if s.Resumed {
		text += " (the whole session)"
	}
	return text
}

func grossText(m tearsheet.Metrics) string {
	x := m.Get("mean_gross_exposure")
	return percentage(x.Float, x.Defined)
}

// latencyTexts are a line for each venue.
func latencyTexts(list []host.FeedLatency) (out []string) {
	for i := range list {
		l := &list[i]
		text := fmt.Sprintf("%s p50 %.1f p99 %.1f ms", l.Stream, l.P50, l.P99)
		if i > 0 && list[i-1].Venue == l.Venue {
			out[len(out)-1] += ", " + text
			continue
		}
		out = append(out, fmt.Sprintf("%s (%s): %s", l.Venue, l.Clock(), text))
	}
	return out
}

// covers says what the profit is of, where that is not plain.
func covers(s *host.Summary) string {
	switch {
	case s.Mode == "live" && s.Resumed:
		return " of the whole account in this run"
	case s.Mode == "live":
		return " of the whole account"
	case s.Resumed:
		return " in this run"
	}
	return ""
}

// bookedText is what a session made in one asset, in the order of the columns of pnl.
func bookedText(b *host.Booked) string {
	figures := func(m host.Money) string { return short(b.Asset, m) }
	return fmt.Sprintf("net %s %s: price %s, basis %s, funding %s, insurance %s, interest %s, fees %s", figures(b.Net), b.Asset,
		figures(b.Trading), figures(b.Basis), figures(b.Funding), figures(b.Insurance), figures(b.Interest), figures(host.Money{Decimal: b.Fees.Neg()}))
}

// printAssumptions leaves out the figures of the calibration, which fill pages.
func printAssumptions(w io.Writer, list []string) {
	fmt.Fprintln(w, "assumptions:")
	left := 0
	for _, a := range list {
		if strings.HasPrefix(a, "calibration: ") {
			left++
			continue
		}
		fmt.Fprintf(w, "  - %s\n", strings.Join(wrap(a, 76), "\n    "))
	}
	if left > 0 {
		fmt.Fprintf(w, "  - how it was calibrated: %d figures, with --json or --report\n", left)
	}
}

// shortAssumptions tells what a session rests on in a few lines: what is not real in full,
// and what the rest is about. All of it is in the report and with --json.
func shortAssumptions(w io.Writer, list []string) {
	var topics []string
	for _, a := range list {
		if isBand(a) {
			fmt.Fprintln(w, strings.Join(wrap(a, 78), "\n"))
			continue
		}
		topic, _, named := strings.Cut(a, ":")
		if topic, _, _ = strings.Cut(topic, ","); named && len(topic) <= mostTopic {
			topic = strings.ToLower(topic[:1]) + topic[1:]
			if !slices.Contains(topics, topic) {
				topics = append(topics, topic)
			}
		}
	}
	if len(list) > 0 {
		text := fmt.Sprintf("%d assumptions, whole with --json and in --report, among them of %s", len(list), strings.Join(topics, ", "))
		fmt.Fprintln(w, strings.Join(wrap(text, 78), "\n"))
	}
}

// mostTopic is how long a word on what an assumption is about may be.
const mostTopic = 30

// isBand reports whether an assumption begins in capitals, as what is not real does.
func isBand(a string) bool {
	first, _, _ := strings.Cut(a, " ")
	return len(first) > 3 && strings.ToUpper(first) == first && strings.ToLower(first) != first
}

// printProblems tells what was wrong with the data, and nothing when they were whole.
func printProblems(w io.Writer, list []string) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintln(w, "WHAT THE DATA LACK:")
	for _, p := range list {
		fmt.Fprintf(w, "  - %s\n", strings.Join(wrap(p, 76), "\n    "))
	}
}

// wrap breaks a text between words into lines of at most width runes; a longer
// word has a line of its own.
func wrap(text string, width int) []string {
	var lines []string
	line, n := "", 0
	for _, word := range strings.Fields(text) {
		size := len([]rune(word))
		if n > 0 && n+1+size > width {
			lines, line, n = append(lines, line), "", 0
		}
		if n > 0 {
			line, n = line+" ", n+1
		}
		line, n = line+word, n+size
	}
	return append(lines, line)
}

// ended says why a session is over, and whether the next run goes on with it.
func ended(s *host.Summary) string {
	switch s.EndedBy {
	case "for":
		return "--for"
	case "data":
		return "the end of the data"
	case "stop":
		if s.Market == "synth" {
			return "you; the next run on this ledger goes on from here"
		}
		return "you"
	}
	return "an error"
}

// second shortens a time of the summary for people.
func second(t string) string {
	if len(t) < 19 {
		return t
	}
	return strings.Replace(t[:19], "T", " ", 1)
}

func refusedText(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (orders refused: %d)", n)
}

// span words a length of time in the unit that suits it.
func span(days float64) string {
	switch hours := 24 * days; {
	case days >= 2:
		return fmt.Sprintf("%.1f days", days)
	case hours >= 2:
		return fmt.Sprintf("%.1f hours", hours)
	default:
		return fmt.Sprintf("%.1f minutes", 60*hours)
	}
}

func change(s *host.Summary) float64 {
	if s.StartEq.IsZero() {
		return 0
	}
	return 100 * s.PnL.InexactFloat64() / s.StartEq.InexactFloat64()
}

// valuedText says what an asset counted for, and by what.
func valuedText(v *host.Valued) string {
	text := v.Asset + " at " + v.Price.String()
	if len(v.Path) > 0 {
		text += fmt.Sprintf(" by %s, %.1f s before the end", strings.Join(v.Path, " and "), v.Age)
	}
	if v.Par != "" {
		text += ", " + v.Par + " at par: no market of this session prices it"
	}
	return text
}
