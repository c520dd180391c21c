package record

import (
	"errors"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
)

// Formats are the venues whose recordings can be read. The first is meant where nothing
// names another: histories of bars are of its instruments, its segments go by their
// names without its house, and what Tardis has of a venue that is not among them is
// taken for one of its markets.
type Formats []connect.Format

var errNoFormats = errors.New("no venue's format was given: recordings can't be read")

func (f Formats) check() error {
	if len(f) == 0 {
		return errNoFormats
	}
	return nil
}

// name is what a venue is called where the first house is the default.
func (f Formats) name(v exchange.Venue) string { return string(v.Within(f[0].House())) }

// segment returns the venue of a name, with its house or, of the first, without.
func (f Formats) segment(name string) (exchange.Venue, error) {
	for _, format := range f[1:] {
		if short := exchange.Within(name, format.House()); short != name {
			return format.Segment(short)
		}
	}
	return f[0].Segment(exchange.Within(name, f[0].House()))
}

// tardis returns the venue that Tardis calls something, and its format.
func (f Formats) tardis(name string) (connect.Format, exchange.Venue, bool) {
	for _, format := range f {
		if v, ok := format.Tardis()[name]; ok {
			return format, v, true
		}
	}
	return nil, "", false
}
