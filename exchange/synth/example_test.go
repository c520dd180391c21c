package synth_test

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/synth"
)

// The built-in market is a feed like every other: the same options give the same
// events.
func Example() {
	m, err := synth.New(synth.Options{Seed: 1, Step: 10 * exchange.Second})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Close()
	seen := map[exchange.Kind]bool{}
	var ev exchange.Event
	for len(seen) < 4 {
		if err := m.Next(&ev); err != nil {
			fmt.Println(err)
			return
		}
		if !seen[ev.Kind] {
			seen[ev.Kind] = true
			fmt.Println(ev.Time, ev.Kind, m.Universe().Get(ev.Instrument).Key())
		}
	}
	// Output:
	// 2026-01-05T00:00:00.000Z snapshot spot:BTCUSDT
	// 2026-01-05T00:00:00.021Z mark usdm:BTCUSDT
	// 2026-01-05T00:00:10.000Z trade spot:BTCUSDT
	// 2026-01-05T00:00:10.003Z diff spot:BTCUSDT
}
