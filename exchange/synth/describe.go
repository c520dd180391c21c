package synth

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
)

// Describe says in plain lines what the market is, what it models, how it was
// calibrated and what it leaves out, for people to read before they believe a
// result.
func Describe() []string {
	lines := []string{
		"SIMULATED market: prices, books, trades and funding are made up; no exchange is connected.",
		"models: a market factor with coin factors, clustered volatility, jumps, shocks, the rhythm of the day; resting premiums near -4 bp; books of 20 levels that thin out and recover; funding by the exchange's formula from 5-second premium samples.",
		fmt.Sprintf("funding squeezes: per alt one every %d days on average after the last has ended, premium 18 to 120 bp, half-life 4 to 13 hours, a quarter of them negative; majors %d times rarer and smaller.", squeezeEvery/exchange.Day, majorPatience),
		"opening act, in every market: one of AVAX, DOGE, LINK is squeezed within the first 2.5 hours and another after 27 to 33 hours. It is there to be seen; do not take its income for typical.",
		fmt.Sprintf("violent days: one in %d, never in the first %d; the market moves 4 to 12 %% in hours, 70 %% of them down.", violentEvery, quietStart/exchange.Day),
		fmt.Sprintf("shocks: one of the whole market every %d days and one of each coin every %d on average, without warning: volatility four to nine times the usual, halving in about an hour; premiums move with it, in no direction that could be known.", marketShock/exchange.Day, coinShock/exchange.Day),
		"intervals: ADA and LINK settle every 4 h, AVAX changes from 8 h to 4 h on day 4, a rate at its cap makes a contract hourly until rates are small again.",
		"prints: as large as recorded ones and far fewer, so volume is about 1 % of the recorded one on BTC and 10 % on alts: orders bound to a share of the volume are slower here than they would be.",
		"not modelled: market impact, queues, news, outages, delistings, auto-deleveraging, a USDT off its peg; squeezes do not move the price, and nothing makes prices predictable.",
	}
	for _, f := range Calibration {
		line := fmt.Sprintf("calibration: %s: recorded %.4g, simulated %.4g (%s)", f.What, f.Recorded, f.Simulated, f.Source)
		if f.Differs != "" {
			line += "; they differ: " + f.Differs
		}
		lines = append(lines, line)
	}
	return lines
}

// Describe is the package's Describe with what this market's options chose.
func (m *Market) Describe() []string {
	lines := Describe()
	o := m.opt
	head := fmt.Sprintf("this market: seed %d, from %v, a book update of each of %d instruments every %v", o.Seed, o.Start, m.universe.Len(), seconds(o.Step))
	if o.Calm {
		return append([]string{lines[0], head + "; calm: no squeezes, no opening act, no jumps, no shocks, no violent days"}, lines[1:]...)
	}
	return append([]string{lines[0], head, "this market's opening act: " + m.act()}, lines[1:]...)
}

// act names the opening squeezes in order of time.
func (m *Market) act() string {
	text := ""
	for i, s := range opening(m.opt.Seed, m.opt.Start) {
		if i > 0 {
			text += ", then "
		}
		text += fmt.Sprintf("%s from %v up to %.0f bp", s.coin, s.start, s.peak)
	}
	return text
}

func seconds(t exchange.Time) string { return fmt.Sprintf("%g s", float64(t)/1e9) }
