package host

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance"
	"github.com/perilune/perilune/exchange/binance/frames"
	"github.com/perilune/perilune/exchange/binance/simfront"
	"github.com/perilune/perilune/exchange/bybit"
	bybitframes "github.com/perilune/perilune/exchange/bybit/frames"
	bybitfront "github.com/perilune/perilune/exchange/bybit/simfront"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/deribit"
	deribitframes "github.com/perilune/perilune/exchange/deribit/frames"
	deribitfront "github.com/perilune/perilune/exchange/deribit/simfront"
	"github.com/perilune/perilune/exchange/hyperliquid"
	hyperliquidfeed "github.com/perilune/perilune/exchange/hyperliquid/feed"
	hyperliquidfront "github.com/perilune/perilune/exchange/hyperliquid/simfront"
	"github.com/perilune/perilune/exchange/okx"
	okxframes "github.com/perilune/perilune/exchange/okx/frames"
	okxfront "github.com/perilune/perilune/exchange/okx/simfront"
	"github.com/perilune/perilune/exchange/record"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/synth"
	"github.com/perilune/perilune/exchange/tardis"
)

// venueList is the venues that there are: the one place that names them. The first is the
// one that is meant where nothing names another.
var venueList = []listing{
	{connect: binance.Connector{}, recorded: frames.Format{}, front: func(x *simserver.Exchange) front { return simfront.New(x) }},
	{connect: bybit.Connector{}, recorded: bybitframes.Format{}, front: func(x *simserver.Exchange) front { return bybitfront.New(x) },
		lists: bybitfront.House, faults: bybitfront.Kinds},
	{connect: okx.Connector{}, recorded: okxframes.Format{}, front: func(x *simserver.Exchange) front { return okxfront.New(x) },
		lists: okxfront.House(), faults: okxfront.Faults()},
	{connect: deribit.Connector{}, recorded: deribitframes.Format{}, front: func(x *simserver.Exchange) front { return deribitfront.New(x) },
		lists: deribitfront.House(), faults: deribitfront.Kinds()},
	{connect: hyperliquid.Connector{}, recorded: hyperliquidfeed.Format{}, front: func(x *simserver.Exchange) front { return hyperliquidfront.New(x) },
		lists: synth.House{Name: "hyperliquid", List: hyperliquidfront.Lists}, faults: hyperliquidfront.Kinds()},
}

// listing is a venue of the list.
type listing struct {
	connect  connect.Connector
	recorded connect.Format                  // how its market data stands in recordings; nil: none are read
	front    func(*simserver.Exchange) front // its dialect before a simulated exchange; nil: none
	lists    synth.House                     // what it lists in the built-in market; the zero value is the built-in listing
	faults   simserver.Kinds                 // of its front's own
}

// front is the dialect of a venue before a simulated exchange.
type front interface {
	simserver.Handler
	// Describe names the addresses below a host.
	Describe(host string) map[string]string
}

// Venues are the venues that sessions can trade on, the default first.
func Venues() []connect.Connector {
	out := make([]connect.Connector, len(venueList))
	for i := range venueList {
		out[i] = venueList[i].connect
	}
	return out
}

// Recordings are the venues whose recordings can be read, the default first.
func Recordings() (out record.Formats) {
	for _, l := range venueList {
		if l.recorded != nil {
			out = append(out, l.recorded)
		}
	}
	return out
}

// VenueSection is what the section of the default venue is called in the configuration.
func VenueSection() string { return sectionName(defaultVenue().House()) }

// PastSource is an archive that past data can be fetched from.
type PastSource struct {
	Name string
	connect.Archive
}

// PastSources are the archives of the venues that have one, and those of many venues.
func PastSources() (out []PastSource) {
	for _, l := range venueList {
		if a, ok := l.connect.(connect.Archive); ok {
			out = append(out, PastSource{l.connect.House(), a})
		}
	}
	return append(out, PastSource{tardis.Archive{}.Name(), tardis.Archive{}})
}

// defaultVenue is the venue that is meant where nothing names another.
func defaultVenue() connect.Connector { return venueList[0].connect }

// connectorOf returns the venue of a house.
func connectorOf(house string) (connect.Connector, bool) {
	for _, l := range venueList {
		if l.connect.House() == house {
			return l.connect, true
		}
	}
	return nil, false
}

// section is the section of the configuration of the session's default venue.
func (l *LiveOptions) section() connect.Section { return l.sections()[0] }

// openSection returns the venue that a section describes.
func openSection(s connect.Section) (connect.Venue, error) {
	v, err := s.Open()
	if err != nil {
		return nil, configError("%s %v", sectionName(s.House()), err)
	}
	return v, nil
}

// hostsOf names where a venue is asked, for people; "" when it can't be.
func hostsOf(s connect.Section) string {
	v, err := openSection(s)
	if err != nil {
		return ""
	}
	return v.Hosts()
}

// sectionName is what the section of a house is called in the configuration.
func sectionName(house string) string { return fmt.Sprintf("[venue.%s]", house) }

// walletOf is the wallet that a name means: with its house, or without it one of the
// default venue.
func walletOf(name string) (exchange.Wallet, error) {
	c := defaultVenue()
	wanted := strings.ToLower(name)
	if named, ok := connectorOf(exchange.Wallet(wanted).House()); ok {
		c = named
	}
	var names []string
	for _, s := range c.About().Segments {
		short := string(s.Wallet.Within(c.House()))
		if wanted == short || wanted == string(s.Wallet) {
			return s.Wallet, nil
		}
		if c != defaultVenue() {
			short = string(s.Wallet)
		}
		if !slices.Contains(names, short) {
			names = append(names, short)
		}
	}
	return "", fmt.Errorf("unknown market %q: want %s", name, exchange.OneOf(names))
}
