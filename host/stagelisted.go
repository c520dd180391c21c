package host

import (
	"sync"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/synth"
)

// Listed are the instruments of a house as the built-in market lists them, with their rules;
// "": those of the house that is meant where nothing names another. None: there is no such house.
func Listed(house string) []exchange.Instrument {
	if house == "" {
		house = defaultVenue().House()
	}
	return listings()[house]
}

var listings = sync.OnceValue(func() map[string][]exchange.Instrument {
	out := make(map[string][]exchange.Instrument)
	for _, l := range venueList {
		m, err := synth.New(synth.Options{Houses: []synth.House{l.lists}})
		if err != nil {
			continue // TestEveryVenueIsListed
		}
		for _, in := range m.Universe().All() {
			house := l.connect.House()
			one := *in
			if one.Wallet.House() == "" { // its own universe left the house out, another one may not
				one.Wallet = exchange.Wallet(house + "." + string(one.Wallet))
			}
			out[house] = append(out[house], one)
		}
	}
	return out
})
