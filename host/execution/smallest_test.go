package execution

import (
	"regexp"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange/intent"
)

// What a refusal asks for is enough: with it the first slice is sent, and with a
// hundredth less it is refused.
func TestWhatARefusalAsksForIsEnough(t *testing.T) {
	least := regexp.MustCompile(`want at least (\S+)$`)
	for _, style := range []intent.Style{intent.Taker, intent.Maker} {
		for _, l := range append(legsOf, []struct{ name, long, short string }{
			{"thousands", "south.linear:1000ABCUSDT", "north.linear:ABCUSDT"}, {"thousands and inverse", "south.linear:1000ABCUSDT", "south.inverse:ABCUSD"},
			{"inverse long", "south.inverse:ABCUSD", "east.linear:ABCUSDT"},
		}...) {
			if l.long == "north.spot:ABCUSDT" { // of their own house: no spread
				l.long = "south.spot:ABCUSDC"
			}
			v, r := liquidLegs(t, l.long, l.short)
			r.Style, r.MaxUnhedged = style, decimal.New(1, -2)
			_, err := checkedMachine(r, v)
			if err == nil {
				t.Errorf("%s: a bound of %s is accepted", l.name, r.MaxUnhedged)
				continue
			}
			word := least.FindStringSubmatch(err.Error())
			if word == nil {
				t.Errorf("%s: %v", l.name, err)
				continue
			}
			r.MaxUnhedged = dec(word[1])
			m, err := checkedMachine(r, v)
			if err != nil {
				t.Errorf("%s: %s was asked for, and is refused: %v", l.name, r.MaxUnhedged, err)
				continue
			}
			v.desk.m = m
			if m.Step(v); !m.working.any() {
				t.Errorf("%s: with %s nothing is sent: %s", l.name, r.MaxUnhedged, m.Pair.Reason)
			}
			r.MaxUnhedged = r.MaxUnhedged.Mul(dec("0.99"))
			r.Batch = decimal.Zero
			if _, err := checkedMachine(r, v); err == nil {
				t.Errorf("%s: %s is accepted", l.name, r.MaxUnhedged)
			}
		}
	}
}
