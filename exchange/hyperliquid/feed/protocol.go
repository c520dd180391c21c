package feed

import (
	"bytes"
	"errors"
	"fmt"
	"sync"

	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/wire"
)

// Protocol spells subscriptions. A stream's name is the JSON text of its subscription, as
// the venue repeats it; of data, the channel and the coin tell it. It serves one
// wire.Client.
//
// Source: the manual, "Websocket", "Subscriptions", "Timeouts and heartbeats". There are
// no ids of requests: an answer repeats the subscription, and a refusal quotes it.
type Protocol struct {
	mu    sync.Mutex
	names map[string][]byte // of streams that were asked for, and of an account's by their channel
}

var (
	_ wire.Protocol = (*Protocol)(nil)
	_ wire.Pinger   = (*Protocol)(nil)
)

// Stream names that of a channel and a coin.
func Stream(channel, coin string) string {
	return `{"type":"` + channel + `","coin":"` + coin + `"}`
}

// UserStream names that of a channel and an account.
func UserStream(channel, user string) string {
	return `{"type":"` + channel + `","user":"` + user + `"}`
}

// CandleStream names that of candles.
func CandleStream(coin, interval string) string {
	return `{"type":"candle","coin":"` + coin + `","interval":"` + interval + `"}`
}

// Greet implements wire.Protocol: nobody signs in.
func (p *Protocol) Greet() ([][]byte, error) { return nil, nil }

// Ping implements wire.Pinger: after a minute without a message a connection ends.
func (p *Protocol) Ping() []byte { return []byte(`{"method":"ping"}`) }

// Subscribe implements wire.Protocol: a request has one stream.
func (p *Protocol) Subscribe(_ uint64, streams []string) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.names == nil {
		p.names = map[string][]byte{}
	}
	name := []byte(streams[0])
	p.names[streams[0]] = name
	if channel := wordAt(name, "type"); wordAt(name, "user") != nil {
		p.names[string(channel)] = name
	}
	return fmt.Appendf(nil, `{"method":"subscribe","subscription":%s}`, name)
}

// Unsubscribe implements wire.Protocol.
func (p *Protocol) Unsubscribe(_ uint64, streams []string) []byte {
	return fmt.Appendf(nil, `{"method":"unsubscribe","subscription":%s}`, streams[0])
}

// Classify implements wire.Protocol.
func (p *Protocol) Classify(frame []byte) wire.Message {
	channel, data, ok := split(frame)
	if !ok {
		return wire.Message{}
	}
	switch string(channel) {
	case "subscriptionResponse":
		return p.accepted(data)
	case "error":
		return p.refused(data)
	case "pong":
		return wire.Message{Class: wire.Pong}
	}
	if name := p.streamOf(channel, data); name != nil {
		return wire.Message{Class: wire.Data, Stream: name}
	}
	return wire.Message{}
}

// split takes {"channel":"…","data":…} apart.
func split(frame []byte) (channel, data []byte, ok bool) {
	const head, middle = `{"channel":"`, `","data":`
	if rest, found := bytes.CutPrefix(frame, []byte(head)); found {
		if end := bytes.IndexByte(rest, '"'); end >= 0 && bytes.HasPrefix(rest[end:], []byte(middle)) && rest[len(rest)-1] == '}' {
			return rest[:end], rest[end+len(middle) : len(rest)-1], true
		}
	}
	f := jsonscan.Object(frame)
	for f.Next() {
		switch string(f.Key()) {
		case "channel":
			channel = f.Word()
		case "data":
			data = f.Raw()
		}
	}
	return channel, data, f.Err() == nil && len(channel) > 0
}

// accepted finds the stream of an answer.
func (p *Protocol) accepted(data []byte) wire.Message {
	var method, subscription []byte
	f := jsonscan.Object(data)
	for f.Next() {
		switch string(f.Key()) {
		case "method":
			method = f.Word()
		case "subscription":
			subscription = f.Raw()
		}
	}
	if f.Err() != nil || string(method) != "subscribe" {
		return wire.Message{}
	}
	return wire.Message{Class: wire.Reply, Stream: p.asked(subscription)}
}

// asked is the name of a stream as it was asked for; the venue repeats it, perhaps with more
// fields (nSigFigs, aggregateByTime) or in another order.
func (p *Protocol) asked(subscription []byte) []byte {
	if name := p.named(subscription); name != nil {
		return name
	}
	var kind, coin, user, interval string
	f := jsonscan.Object(subscription)
	for f.Next() {
		switch string(f.Key()) {
		case "type":
			kind = f.Text()
		case "coin":
			coin = f.Text()
		case "user":
			user = f.Text()
		case "interval":
			interval = f.Text()
		}
	}
	switch {
	case interval != "":
		return p.named([]byte(CandleStream(coin, interval)))
	case user != "":
		return p.named([]byte(UserStream(kind, user)))
	}
	return p.named([]byte(Stream(kind, coin)))
}

// refused finds the stream that a refusal quotes: "Invalid subscription {…}", with the
// quotes of the quotation escaped. That one is subscribed to already is as good as that
// it is.
func (p *Protocol) refused(data []byte) wire.Message {
	text := data
	list := jsonscan.Array(append(append([]byte{'['}, data...), ']'))
	if list.Next() {
		text = []byte(list.Text())
	}
	from, to := bytes.IndexByte(text, '{'), bytes.LastIndexByte(text, '}')
	if from < 0 || to < from {
		return wire.Message{}
	}
	m := wire.Message{Class: wire.Reply, Stream: p.asked(text[from : to+1])}
	if !bytes.Contains(text, []byte("Already subscribed")) {
		m.Err = errors.New(string(text))
	}
	return m
}

// streamOf is the name of the stream that data is of; nil when it was not asked for. Data
// of an account's streams need not name it: of each there is one.
func (p *Protocol) streamOf(channel, data []byte) []byte {
	key, kind := "coin", channel
	switch string(channel) {
	case "l2Book", "bbo", "activeAssetCtx", "trades":
	case "activeSpotAssetCtx":
		kind = []byte("activeAssetCtx") // which both are subscribed to by
	case "candle":
		key = "s"
	default:
		return p.named(channel)
	}
	coin := wordAt(data, key)
	var buf [128]byte
	b := append(append(buf[:0], `{"type":"`...), kind...)
	b = append(append(b, `","coin":"`...), coin...)
	if key == "s" {
		b = append(append(b, `","interval":"`...), wordAt(data, "i")...)
	}
	return p.named(append(b, `"}`...))
}

func (p *Protocol) named(key []byte) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.names[string(key)]
}

// wordAt finds "key":"value" without reading what is before it.
func wordAt(data []byte, key string) []byte {
	var mark [16]byte
	m := append(append(append(mark[:0], '"'), key...), `":"`...)
	i := bytes.Index(data, m)
	if i < 0 {
		return nil
	}
	rest := data[i+len(m):]
	if end := bytes.IndexByte(rest, '"'); end >= 0 {
		return rest[:end]
	}
	return nil
}
