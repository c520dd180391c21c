package relay

import (
	"encoding/json"
	"fmt"

	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/wire"
)

// protocol speaks of the one symbol of its socket.
type protocol struct {
	symbol string
	depth  int
}

var (
	_ wire.Protocol = protocol{}
	_ wire.Pinger   = protocol{}
)

func (protocol) Greet() ([][]byte, error) { return nil, nil }

func (protocol) Ping() []byte { return []byte(`{"type":"ping"}`) }

func (p protocol) Subscribe(uint64, []string) []byte {
	out, err := json.Marshal(struct {
		Type    string `json:"type"`
		Channel string `json:"channel"`
		Symbol  string `json:"symbol"`
		Depth   int    `json:"depth"`
	}{"subscribe", "orderbook", p.symbol, p.depth})
	if err != nil {
		return nil // not reached: text and numbers can always be marshalled
	}
	return out
}

// Unsubscribe asks for nothing: the guide knows no such request, and subscribing again is
// what begins a book anew.
func (p protocol) Unsubscribe(uint64, []string) []byte { return p.Ping() }

// Classify implements wire.Protocol. All data is of the socket's symbol.
func (p protocol) Classify(frame []byte) wire.Message {
	var kind, failure []byte
	f := jsonscan.Object(frame)
	for f.Next() {
		switch string(f.Key()) {
		case "type":
			kind = f.Word()
		case "error":
			failure = f.Raw()
		}
	}
	switch {
	case f.Err() != nil:
		return wire.Message{}
	case failure != nil || string(kind) == "error":
		return wire.Message{Class: wire.Reply, Stream: []byte(p.symbol), Err: fmt.Errorf("the relay says %.200s", frame)}
	case string(kind) == "snapshot", string(kind) == "update":
		return wire.Message{Class: wire.Data, Stream: []byte(p.symbol)}
	case string(kind) == "pong":
		return wire.Message{Class: wire.Pong}
	}
	return wire.Message{}
}
