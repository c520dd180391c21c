package connect

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// Stamped is the time that a venue stamps trades with: the later one of its clock, which
// requests are signed by, and of what it last said about a market, which is in the
// milliseconds of a key of the answer. At a venue the two are one clock. A simulated market
// that runs faster than its venue's clock stamps all that happens with its own time, and what
// is compared with stamps must be one.
func Stamped(clock exchange.Time, answer []byte, key string) (exchange.Time, error) {
	last := exchange.Time(0)
	f := jsonscan.Object(answer)
	for f.Next() {
		if string(f.Key()) == key {
			last = exchange.UnixMilli(f.Int())
		}
	}
	return max(clock, last), f.Err()
}
