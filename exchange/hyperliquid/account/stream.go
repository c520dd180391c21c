package account

import (
	"errors"
	"io"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/hyperliquid/api"
	"github.com/perilune/perilune/exchange/hyperliquid/feed"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/wire"
)

// stream is the one stream of the account, for both segments. Nobody signs in: what an
// account does is public, as everything on the chain.
type stream struct {
	*connect.Events
	wire *wire.Client
}

// Close implements io.Closer. The sink is not called after.
func (s *stream) Close() error {
	s.Events.Close()
	return s.wire.Close()
}

// Listen implements what connect.Account wants: there is one stream, whatever the segments.
func (a *Account) Listen(_ []exchange.Venue, sink func(oms.AccountEvent)) (io.Closer, error) {
	mine := string(a.User())
	names := []wire.Stream{{Name: feed.UserStream("orderUpdates", mine)}, {Name: feed.UserStream("userFills", mine)}, {Name: feed.UserStream("userFundings", mine)}}
	s := &stream{Events: connect.NewEvents(connect.EventsOptions{Sink: sink, Log: a.log, Now: a.Now})}
	var err error
	s.wire, err = wire.Start(wire.Options{Name: "the account's stream", URLs: []string{a.endpoints.WS}, Protocol: &feed.Protocol{}, BatchStreams: 1, FramesPerSecond: 20,
		Attempts: a.attempts, Streams: names, Open: func(uint64) wire.Handler {
			return &connect.Listener{Events: s.Events, Streams: len(names), Read: func(frame []byte) error {
				s.Take(frame, func(pass func(oms.AccountEvent)) error { return read(frame, mine, a.unless(pass)) })
				return nil
			}}
		}})
	return s, err
}

// unless passes on all but the end of an order that was replaced.
func (a *Account) unless(pass func(oms.AccountEvent)) func(oms.AccountEvent) {
	return func(e oms.AccountEvent) {
		if e.Report == nil || !a.replaced.whole(e.Report) || e.Report.Status != exchange.StatusCanceled {
			pass(e)
		}
	}
}

// read passes on what a message tells. The first one of a stream repeats the past, which is
// listed where it is wanted.
func read(frame []byte, mine string, pass func(oms.AccountEvent)) (err error) {
	var channel string
	var data []byte
	f := jsonscan.Object(frame)
	for f.Next() {
		switch string(f.Key()) {
		case "channel":
			channel = f.Text()
		case "data":
			data = f.Raw()
		}
	}
	if f.Err() != nil {
		return f.Err()
	}
	switch channel {
	case "orderUpdates":
		return each(data, func(raw []byte) error {
			r, err := readStatus(raw)
			if err == nil {
				pass(oms.AccountEvent{Venue: r.Venue, Report: &r, Time: r.Time})
			}
			return err
		})
	case "userFills":
		return fresh(data, "fills", func(raw []byte) error {
			e, err := readFill(raw, mine)
			if err == nil {
				pass(oms.AccountEvent{Venue: e.Venue, Execution: &e, Time: e.Time})
			}
			return err
		})
	case "userFundings":
		return fresh(data, "fundings", func(raw []byte) error {
			i := oms.Income{Venue: api.Perp, Wallet: api.PerpWallet, Kind: oms.IncomeFunding, Asset: api.USDC}
			f := jsonscan.Object(raw)
			for f.Next() {
				switch string(f.Key()) {
				case "time":
					i.Time = exchange.UnixMilli(f.Int())
				case "coin":
					i.Symbol = f.Text()
				case "usdc":
					i.Amount = f.Decimal()
				}
			}
			if f.Err() == nil {
				pass(oms.AccountEvent{Venue: api.Perp, Funding: &i, Time: i.Time})
			}
			return f.Err()
		})
	}
	return nil
}

// fresh hands on the rows of a message that is no snapshot.
func fresh(data []byte, key string, row func([]byte) error) (err error) {
	var rows []byte
	snapshot := false
	f := jsonscan.Object(data)
	for f.Next() {
		switch string(f.Key()) {
		case "isSnapshot":
			snapshot = f.Bool()
		case key:
			rows = f.Raw()
		}
	}
	if f.Err() != nil || snapshot || rows == nil {
		return f.Err()
	}
	return each(rows, row)
}

func each(list []byte, row func([]byte) error) (err error) {
	f := jsonscan.Array(list)
	for f.Next() && err == nil {
		err = row(f.Raw())
	}
	return errors.Join(err, f.Err())
}
