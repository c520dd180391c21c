package account

import (
	"errors"
	"io"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/okx/api"
	"github.com/perilune/perilune/exchange/okx/feed"
	"github.com/perilune/perilune/exchange/okx/payload"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/wire"
)

// stream is the one stream of the account, for all segments.
type stream struct {
	*connect.Events
	feed.Protocol
	a    *Account
	wire *wire.Client
}

// channels carry all types. That of orders begins without what is open, the others with
// what is so.
var channels = []wire.Stream{{Name: `{"channel":"orders","instType":"ANY"}`}, {Name: `{"channel":"positions","instType":"ANY"}`},
	{Name: `{"channel":"account"}`}, {Name: `{"channel":"balance_and_position"}`}}

// Listen implements what connect.Account wants: there is one stream, whatever the segments.
func (a *Account) Listen(_ []exchange.Venue, sink func(oms.AccountEvent)) (io.Closer, error) {
	s := &stream{a: a, Events: connect.NewEvents(connect.EventsOptions{Sink: sink, Log: a.log, Now: a.Now})}
	var err error
	s.wire, err = wire.Start(wire.Options{Name: "the account's stream", URLs: []string{a.endpoints.Private}, Protocol: s, Await: true, Attempts: a.attempts, Streams: channels,
		Open: func(uint64) wire.Handler {
			return &connect.Listener{Events: s.Events, Streams: len(channels), Read: s.read}
		}})
	return s, err
}

// Close implements io.Closer. The sink is not called after.
func (s *stream) Close() error {
	s.Events.Close()
	return s.wire.Close()
}

// Greet signs in; nothing is subscribed to before the answer.
func (s *stream) Greet() ([][]byte, error) {
	frame, err := s.a.Login()
	return [][]byte{frame}, err
}

// read takes a frame apart into its events.
func (s *stream) read(frame []byte) error {
	var channel, data []byte
	f := jsonscan.Object(frame)
	for f.Next() {
		switch string(f.Key()) {
		case "arg":
			var err error
			if channel, _, err = payload.Arg(f.Raw()); err != nil {
				s.Garbled(err)
				return nil
			}
		case "data":
			data = f.Raw()
		}
	}
	err := f.Err()
	if err == nil && len(channel) > 0 && len(data) > 0 {
		list := jsonscan.Array(data)
		for list.Next() {
			row := list.Raw()
			s.Take(row, func(pass func(oms.AccountEvent)) error {
				if err := s.a.read.event(string(channel), row, pass); !errors.Is(err, errOthers) {
					return err
				}
				return nil
			})
		}
		err = list.Err()
	}
	if err != nil {
		s.Garbled(err)
	}
	return nil
}

// event says what a row of a channel means.
func (w *reader) event(channel string, raw []byte, pass func(oms.AccountEvent)) error {
	switch channel {
	case "orders":
		r, err := w.decodeOrder(raw)
		if err == nil {
			pass(oms.AccountEvent{Venue: r.Venue, Report: &r, Time: r.Time})
		}
		return err
	case "positions":
		p, at, err := w.decodePosition(raw)
		if err == nil {
			pass(oms.AccountEvent{Venue: p.Venue, Position: &p, Time: at})
		}
		return err
	case "account":
		return eachBalance(raw, func(b oms.Balance, at exchange.Time) {
			pass(oms.AccountEvent{Venue: api.Swap.Venue(), Balance: &b, Time: at})
		})
	case "balance_and_position":
		return w.changed(raw, pass)
	}
	return nil
}

// changed tells that funding is coming: its payment is booked from the bills. What else
// this channel has is told by the others.
func (w *reader) changed(raw []byte, pass func(oms.AccountEvent)) error {
	why, asset, at := "", "", exchange.Time(0)
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "eventType":
			why = f.Text()
		case "pTime":
			at = exchange.UnixMilli(f.Int())
		case "balData":
			list := jsonscan.Array(f.Raw())
			for list.Next() {
				row := jsonscan.Object(list.Raw())
				for row.Next() {
					if string(row.Key()) == "ccy" {
						asset = row.Text()
					}
				}
			}
		}
	}
	if f.Err() == nil && why == "funding_fee" {
		pass(oms.AccountEvent{Venue: api.Swap.Venue(), Time: at, Funding: &oms.Income{Venue: api.Swap.Venue(), Wallet: api.Trading, Kind: oms.IncomeFunding, Asset: asset, Time: at}})
	}
	return f.Err()
}
