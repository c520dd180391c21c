package client

import (
	"fmt"
	"strconv"

	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/wire"
)

// ofLogin are the codes of a login that is refused: they name no request. Source: the
// manual, "Error codes", WebSocket.
var ofLogin = map[string]bool{"60001": true, "60002": true, "60003": true, "60004": true, "60005": true, "60006": true, "60007": true, "60009": true,
	"60022": true, "60023": true, "60024": true, "60032": true, "63999": true}

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
