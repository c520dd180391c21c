package feed

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/perilune/perilune/exchange/jsonscan"
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

// ofLogin are the codes of a login that is refused: they name no request. Source: the
// manual, "Error codes", WebSocket.
var ofLogin = map[string]bool{"60001": true, "60002": true, "60003": true, "60004": true, "60005": true, "60006": true, "60007": true, "60009": true,
	"60022": true, "60023": true, "60024": true, "60032": true, "63999": true}

var argKey = []byte(`{"arg":`)

// Classify looks at the argument, which every push begins with: it is flat.
func (Protocol) Classify(frame []byte) wire.Message {
	if rest, ok := bytes.CutPrefix(frame, argKey); ok {
		if end := bytes.IndexByte(rest, '}'); end >= 0 && rest[0] == '{' {
			return wire.Message{Class: wire.Data, Stream: rest[:end+1]}
		}
	}
	return Reply(frame)
}

// Reply reads what is no push. Of a request for several channels each is answered by
// itself, with the same id; a refusal has the id alone.
func Reply(frame []byte) wire.Message {
	if string(frame) == "pong" {
		return wire.Message{Class: wire.Pong}
	}
	var event, code, about []byte
	var id, msg string
	f := jsonscan.Object(frame)
	for f.Next() {
		switch string(f.Key()) {
		case "event":
			event = f.Word()
		case "arg":
			about = f.Raw()
		case "id":
			id = f.Text()
		case "code":
			code = f.Word()
		case "msg":
			msg = f.Text()
		}
	}
	if f.Err() != nil {
		return wire.Message{}
	}
	m := wire.Message{Class: wire.Reply, Stream: about}
	switch string(event) {
	case "subscribe":
	case "login":
		return wire.Message{Class: wire.Greeted}
	case "error":
		m.Err = fmt.Errorf("code %s: %s", code, msg)
		if ofLogin[string(code)] {
			return wire.Message{Class: wire.Greeted, Err: m.Err}
		}
	case "notice":
		if string(code) == "64008" { // the server is upgraded in a minute
			return wire.Message{Class: wire.Shutdown}
		}
		return wire.Message{}
	default:
		return wire.Message{}
	}
	var err error
	if m.ID, err = strconv.ParseUint(id, 10, 64); err != nil {
		return wire.Message{} // nobody's
	}
	return m
}
