// Package api names the segments of Deribit v2, its instruments, channels and addresses.
package api

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// House is the name of the venue.
const House = "deribit"

// Wallet holds all currencies of a (sub)account. Unless collateral is crossed, each
// currency is margin for what settles in it and for nothing else.
const Wallet exchange.Wallet = House + ".account"

// Segment is a part of the venue whose instruments are alike. Source: get_instruments, kind
// and instrument_type.
type Segment string

// The segments that are traded: kind spot, and kind future by what it settles in, perpetual
// and dated ones together.
const (
	Spot    Segment = "spot"
	Linear  Segment = "linear"
	Inverse Segment = "inverse" // instrument_type "reversed": USD amounts, settled in the coin
)

// Segments are all of them, in the order in which they are told of.
var Segments = []Segment{Spot, Linear, Inverse}

// Names are those of Segments.
var Names = []string{string(Spot), string(Linear), string(Inverse)}

// Venue is the full name of the segment.
func (s Segment) Venue() exchange.Venue { return exchange.Venue(House + "." + string(s)) }

// Contract is what is traded in it.
func (s Segment) Contract() exchange.Contract {
	switch s {
	case Linear:
		return exchange.Linear
	case Inverse:
		return exchange.Inverse
	}
	return exchange.Spot
}

// Of is the segment of a venue.
func Of(v exchange.Venue) Segment { return Segment(v.Within(House)) }

// SegmentOf is the segment of an instrument by its name: BTC_USDC, BTC_USDC-PERPETUAL and
// BTC_USDC-25DEC26, BTC-PERPETUAL and BTC-25DEC26; "" for options and combos, which have
// more parts or other ones. Source: the manual, "Naming".
func SegmentOf[T string | []byte](name T) Segment {
	dashes, pair, last := 0, false, 0
	for i := range len(name) {
		switch name[i] {
		case '-':
			dashes++
			last = i + 1
		case '_':
			pair = pair || dashes == 0
		}
	}
	switch {
	case dashes == 0 && pair:
		return Spot
	case dashes != 1 || last == len(name) || !term(string(name[last:])):
		return ""
	case pair:
		return Linear
	}
	return Inverse
}

// term reports whether a text is the second part of the name of a future.
func term(text string) bool {
	if text == "PERPETUAL" {
		return true
	}
	_, ok := Day(text)
	return ok
}

var months = [...]string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}

// Day reads a day as it stands in names, 25DEC26 or 5JUN26: contracts are delivered on it
// at 08:00 UTC.
func Day(text string) (exchange.Time, bool) {
	n := len(text)
	if n != 6 && n != 7 {
		return 0, false
	}
	day, month, year := 0, 0, 0
	for i := range n {
		switch c := text[i]; {
		case i >= n-5 && i < n-2:
		case c < '0' || c > '9':
			return 0, false
		case i < n-5:
			day = day*10 + int(c-'0')
		default:
			year = year*10 + int(c-'0')
		}
	}
	for i, m := range months {
		if text[n-5:n-2] == m {
			month = i + 1
		}
	}
	if month == 0 || day == 0 || day > 31 {
		return 0, false
	}
	return exchange.Date(2000+year, month, day) + 8*exchange.Hour, true
}

// Linking is how books follow each other: prev_change_id is the change_id before. Source:
// the manual, "book.{instrument_name}.{interval}"; 36 of 36 changes of a capture of raw
// books of 2021 do.
const Linking = exchange.LinkPrevious

// Endpoints are where the venue is asked. An empty one is the production one.
type Endpoints struct {
	Rest string // https://www.deribit.com/api/v2, before the method
	WS   string // wss://www.deribit.com/ws/api/v2
}

// Production are the addresses of the real venue.
func Production() Endpoints {
	return Endpoints{Rest: "https://www.deribit.com/api/v2", WS: "wss://www.deribit.com/ws/api/v2"}
}

// networks are the other places. The test network has accounts, keys and books of its own;
// "coinbase" is where the contracts of Coinbase's international exchange were moved to in
// September 2026, which speaks the same protocol.
var networks = map[string]Endpoints{
	"test":     {Rest: "https://test.deribit.com/api/v2", WS: "wss://test.deribit.com/ws/api/v2"},
	"coinbase": {Rest: "https://drb.coinbase.com/api/v2", WS: "wss://drb.coinbase.com/ws/api/v2"},
}

// Network returns the addresses of a place by its name.
func Network(name string) (Endpoints, error) {
	e, ok := networks[name]
	if !ok {
		return e, fmt.Errorf(`network = %q: want "test" or "coinbase", or leave it out for the real venue`, name)
	}
	return e, nil
}

// Complete fills in what is empty and checks the rest.
func (e Endpoints) Complete() (Endpoints, error) {
	p := Production()
	for _, x := range []struct {
		key    string
		at     *string
		usual  string
		scheme string
	}{{"rest", &e.Rest, p.Rest, "http"}, {"ws", &e.WS, p.WS, "ws"}} {
		if *x.at == "" {
			*x.at = x.usual
		}
		u, err := url.Parse(*x.at)
		if err != nil || u.Host == "" || u.Scheme != x.scheme && u.Scheme != x.scheme+"s" || u.RawQuery != "" {
			return e, fmt.Errorf("%s = %q: want an address such as %s", x.key, *x.at, x.usual)
		}
		*x.at = strings.TrimSuffix(*x.at, "/")
	}
	return e, nil
}

// Test reports whether the addresses are those of the test network. Every answer says of
// itself whether it is from there.
func (e Endpoints) Test() bool { return e == networks["test"] }
