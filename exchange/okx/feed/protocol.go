package feed

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/perilune/perilune/exchange/okx/client"
	"github.com/perilune/perilune/exchange/wire"
)

// Protocol spells subscriptions. The name of a stream is its argument.
type Protocol struct{}

var (
	_ wire.Protocol = Protocol{}
	_ wire.Pinger   = Protocol{}
)

// arg is the argument of a channel, as it is written in messages.
func arg(channel, symbol string) string {
	return `{"channel":"` + channel + `","instId":"` + symbol + `"}`
}

// Greet implements wire.Protocol.
func (Protocol) Greet() ([][]byte, error) { return nil, nil }

// Ping implements wire.Pinger: a connection ends after 30 seconds in which nothing was sent
// to either side. It is text, and no JSON.
func (Protocol) Ping() []byte { return []byte("ping") }

// Subscribe implements wire.Protocol.
func (Protocol) Subscribe(id uint64, streams []string) []byte {
	return request("subscribe", id, streams)
}

// Unsubscribe implements wire.Protocol.
func (Protocol) Unsubscribe(id uint64, streams []string) []byte {
	return request("unsubscribe", id, streams)
}

// request spells one. Ids are letters and digits: a hyphen is answered 60033.
func request(op string, id uint64, streams []string) []byte {
	return fmt.Appendf(nil, `{"id":"%d","op":"%s","args":[%s]}`, id, op, strings.Join(streams, ","))
}

var argKey = []byte(`{"arg":`)

// Classify looks at the argument, which every push begins with: it is flat.
func (Protocol) Classify(frame []byte) wire.Message {
	if rest, ok := bytes.CutPrefix(frame, argKey); ok {
		if end := bytes.IndexByte(rest, '}'); end >= 0 && rest[0] == '{' {
			return wire.Message{Class: wire.Data, Stream: rest[:end+1]}
		}
	}
	return client.Reply(frame)
}
