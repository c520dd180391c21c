// Package relay reads order books from a relay: a service that passes on the books of a
// venue's perpetuals over sockets of its own. It has books only; everything else of an
// instrument is the venue's.
//
// # Protocol
//
// It is that of a guide, the service itself was never seen from here. What the guide shows:
//
//   - One socket a symbol, whose name in small letters is in the address; the header
//     "Authorization: Bearer KEY".
//   - We send {"type":"subscribe","channel":"orderbook","symbol":"btcusdt","depth":20} and
//     {"type":"ping"}.
//   - It sends {"type":"snapshot","bids":[[p,q]…],"asks":[[p,q]…],"updateId":n}, which
//     replaces the book, and {"type":"update","b":[[p,q]…],"a":[[p,q]…],"u":n}: absolute
//     quantities, 0 removes, and what has u at or below the last is old.
//   - HTTP status 401 with {"error":{"code":401,"message":"…"}}.
//
// What it leaves open, and how it is taken here:
//
//   - No answer to a subscription is shown: the first data is one. Frames with "error" are
//     refusals, {"type":"pong"} is one of ours coming back.
//   - Prices and quantities may be numbers or text.
//   - Updates do not name the one before. A gap cannot be seen: the book is
//     exchange.LinkUnproved, is begun anew every Options.Resync, and at once when it is crossed.
//   - An update without u is taken as it comes, and is no number to go back behind.
//   - Whether levels that fall out of the subscribed depth are removed is not said. They are
//     removed here, or they would stay for ever.
//   - There is no time of the venue, and no way to ask for a snapshot but to subscribe again.
package relay

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/connect/live"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/exchange/wire"
)

// What stands in a URL for the symbol in small letters, and for the house of its venue.
const (
	Placeholder = "{symbol}"
	House       = "{house}"
)

// Usual is where the guide says that the service is.
const Usual = "wss://api.holysheep.ai/v1/ws/" + House + "/futures/" + Placeholder

// KeyName is the variable that the key is in where nothing names another, and Switch the one
// by which the guide turns the relay on and off.
const (
	KeyName = "HOLYSHEEP_API_KEY"
	Switch  = "USE_HOLYSHEEP"
)

// Asked reports whether the environment asks for the relay, and in which words; "": it says
// nothing of it. lookup is os.LookupEnv.
func Asked(lookup func(string) (string, bool)) (wanted bool, by string, err error) {
	text, ok := lookup(Switch)
	if !ok || text == "" {
		return false, "", nil
	}
	by = Switch + "=" + text
	switch strings.ToLower(text) {
	case "true", "1":
		return true, by, nil
	case "false", "0":
		return false, by, nil
	}
	return false, by, fmt.Errorf("%s: want true or false", by)
}

// Options say which relay, and how far it is believed.
type Options struct {
	URL   string      // with Placeholder and, where it counts, House; default Usual
	Key   sign.Secret // required
	Depth int         // levels of a side; default 20
	// Resync is after how long a book is begun anew, whatever it looks like; default 5
	// minutes. Stale is the longest silence of a book; default 10 s.
	Resync, Stale time.Duration
}

// Bounds of Options.
const (
	mostDepth    = 1000
	leastResync  = 10 * time.Second
	defaultDepth = 20
)

// Complete checks the options and fills in what is left out. The error names the key.
func (o Options) Complete() (Options, error) {
	if o.URL == "" {
		o.URL = Usual
	}
	if o.Depth == 0 {
		o.Depth = defaultDepth
	}
	if o.Resync == 0 {
		o.Resync = 5 * time.Minute
	}
	if o.Stale == 0 {
		o.Stale = 10 * time.Second
	}
	u, err := url.Parse(o.URL)
	switch {
	case err != nil:
		return o, fmt.Errorf("url: %w", err)
	case u.Scheme != "ws" && u.Scheme != "wss" || u.Host == "":
		return o, fmt.Errorf("url %q: want ws:// or wss:// and a host", o.URL)
	case !strings.Contains(o.URL, Placeholder):
		return o, fmt.Errorf("url %q: want %s where the symbol belongs, as in %s", o.URL, Placeholder, Usual)
	case o.Key.Empty():
		return o, errors.New("key is missing: name it as env:NAME, file:PATH or credential:NAME")
	case o.Depth < 1 || o.Depth > mostDepth:
		return o, fmt.Errorf("depth %d: want 1 to %d levels", o.Depth, mostDepth)
	case o.Resync < leastResync:
		return o, fmt.Errorf("resync %s: want %s or more", o.Resync, leastResync)
	case o.Stale < time.Second:
		return o, fmt.Errorf("stale %s: want 1s or more", o.Stale)
	}
	return o, nil
}

// Host is where the relay is, for people.
func (o *Options) Host() string {
	if u, err := url.Parse(o.URL); err == nil {
		return u.Host
	}
	return o.URL
}

// Market is the books of some instruments as a relay passes them on.
type Market struct {
	connect.Market
	stop context.CancelFunc
	done chan struct{}
}

// Open connects, for the books of instruments as their venue lists them. Universe has the
// same instruments with the linking of a relay; the numbers of instruments are its own.
func Open(o Options, listed connect.Listings, d connect.DataOptions, sink connect.Sink) (*Market, error) {
	o, err := o.Complete()
	if err != nil {
		return nil, err
	}
	d.Data, d.Past = connect.Books, nil
	lo := live.Options{Data: d}
	for _, l := range listed {
		in := *l.Instrument
		in.Linking = exchange.LinkUnproved
		lo.Listings = append(lo.Listings, connect.Listing{Instrument: &in, Trading: l.Trading, Status: l.Status})
		lo.Routes = append(lo.Routes, o.route(&in))
	}
	m, err := live.Open(lo, sink)
	if err != nil {
		return nil, fmt.Errorf("relay at %s: %w", o.Host(), err)
	}
	ctx, stop := context.WithCancel(context.Background())
	out := &Market{Market: m, stop: stop, done: make(chan struct{})}
	go out.resync(ctx, o.Resync)
	return out, nil
}

// route is the socket of one symbol.
func (o *Options) route(in *exchange.Instrument) live.Route {
	symbol, venue := strings.ToLower(in.Symbol), in.Venue
	return live.Route{
		Wire: wire.Options{Name: "relay " + symbol, URLs: []string{strings.NewReplacer(Placeholder, symbol, House, venue.House()).Replace(o.URL)}, Protocol: protocol{symbol, o.Depth},
			Header: http.Header{"Authorization": {"Bearer " + o.Key.Reveal()}}, Mute: true, BatchStreams: 1},
		Streams: func(x *exchange.Instrument) []live.Stream {
			if x.Venue != venue || !strings.EqualFold(x.Symbol, symbol) {
				return nil
			}
			return []live.Stream{{Name: symbol, Silence: o.Stale, Book: true}}
		},
		Decoder: func(s live.Session) connect.Decoder {
			return newDecoder(s.Resolve([]byte(in.Symbol)), o.Depth)
		},
	}
}

// resync begins each book anew, one after the other within the time for all.
func (m *Market) resync(ctx context.Context, every time.Duration) {
	defer close(m.done)
	n := m.Universe().Len()
	for i := 0; wire.Sleep(ctx, every/time.Duration(n)) == nil; i++ {
		m.Snapshot(exchange.InstrumentID(i % n))
	}
}

// Close implements connect.Market.
func (m *Market) Close() error {
	m.stop()
	<-m.done
	return m.Market.Close()
}
