package client

import (
	"errors"
	"fmt"

	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/wire"
)

// Ids of requests on a websocket. Those of subscriptions are given by package wire and begin
// at 1.
const (
	Nobody    uint64 = 1<<52 + iota // whose answer nobody waits for
	Token                           // signing in
	Greeting                        // the last of what a connection begins with
	FirstCall                       // and those above it: of whoever waits for the answer
)

// Heartbeat asks the venue to ask whether we are there, every so many seconds. Unanswered,
// it ends the connection, and cancel-on-disconnect strikes.
func Heartbeat(seconds int) Request {
	return Request{What: "set the heartbeat", Method: "public/set_heartbeat", Params: Params{"interval": seconds}}
}

// Channels spells a subscription, or the end of one.
func Channels(method string, id uint64, names []string) []byte {
	q := Request{Method: method, Params: Params{"channels": names}}
	f, err := q.Frame(id)
	if err != nil {
		return nil // not reached: strings can always be marshalled
	}
	return f
}

// Alive answers a test_request, and is a sign of life at any time.
func Alive() []byte { return alive }

var alive = fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%d,"method":"public/test","params":{}}`, Nobody)

// Classify looks at what is no notification of a channel: answers and heartbeats. A
// subscription is answered by the channels that are subscribed to, which may be fewer than
// were asked for (11052 when there are none). What answers nobody here is of class Other.
func Classify(frame []byte) wire.Message {
	var id uint64
	var method, beat, result []byte
	var err error
	f := jsonscan.Object(frame)
	for f.Next() {
		switch string(f.Key()) {
		case "id":
			id = uint64(f.Int())
		case "method":
			method = f.Word()
		case "params":
			beat = f.Raw()
		case "result":
			result = f.Raw()
		case "error":
			code, message, bad := fault(f.Raw())
			err = errors.Join(fmt.Errorf("code %d: %s", code, message), bad)
		}
	}
	switch {
	case f.Err() != nil:
		return wire.Message{}
	case string(method) == "heartbeat":
		m := wire.Message{Class: wire.Pong}
		if typeOf(beat) == "test_request" {
			m.Answer = alive
		}
		return m
	case id == Nobody:
		return wire.Message{Class: wire.Pong}
	case id == Greeting || id == Token && err != nil:
		return wire.Message{Class: wire.Greeted, Err: err}
	case id == 0 || id > Nobody:
		return wire.Message{}
	case err != nil:
		return wire.Message{Class: wire.Reply, ID: id, Err: err}
	case len(result) > 0 && result[0] == '[':
		return wire.Message{Class: wire.Reply, ID: id, Accepted: words(result)}
	}
	return wire.Message{}
}

// Unauthorized reports whether an answer says that its connection is not signed in. Source: the
// manual, "Error codes": 13009 unauthorized, 13778 raw_subscriptions_not_available_for_unauthorized.
func Unauthorized(frame []byte) bool {
	f, code := jsonscan.Object(frame), 0
	for f.Next() {
		if string(f.Key()) == "error" {
			code, _, _ = fault(f.Raw())
		}
	}
	return code == 13009 || code == 13778
}

// Answered is the request that a message answers, and its result; 0: none.
func Answered(frame []byte) (id uint64, result []byte) {
	f := jsonscan.Object(frame)
	for f.Next() {
		switch string(f.Key()) {
		case "id":
			id = uint64(f.Int())
		case "result":
			result = f.Raw()
		}
	}
	return id, result
}

func typeOf(params []byte) (text string) {
	if len(params) == 0 || params[0] != '{' {
		return ""
	}
	f := jsonscan.Object(params)
	for f.Next() {
		if string(f.Key()) == "type" {
			text = f.Text()
		}
	}
	return text
}

func words(list []byte) []string {
	out := []string{}
	f := jsonscan.Array(list)
	for f.Next() {
		out = append(out, f.Text())
	}
	return out
}
