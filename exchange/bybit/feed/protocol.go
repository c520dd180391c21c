package feed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/wire"
)

// protocol spells subscriptions of public streams.
type protocol struct{}

var (
	_ wire.Protocol = protocol{}
	_ wire.Pinger   = protocol{}
)

func (protocol) Greet() ([][]byte, error) { return nil, nil }

// Ping implements wire.Pinger: without it a connection ends after some minutes.
func (protocol) Ping() []byte { return []byte(`{"op":"ping"}`) }

func (protocol) Subscribe(id uint64, streams []string) []byte {
	return Request("subscribe", id, streams)
}

func (protocol) Unsubscribe(id uint64, streams []string) []byte {
	return Request("unsubscribe", id, streams)
}

// Request spells one; ids are text.
func Request(op string, id uint64, streams []string) []byte {
	args, err := json.Marshal(streams)
	if err != nil {
		return nil // not reached: strings can always be marshalled
	}
	return fmt.Appendf(nil, `{"req_id":"%d","op":"%s","args":%s}`, id, op, args)
}

var topicKey = []byte(`{"topic":"`)

// Classify looks at the topic, which nearly every message begins with.
func (protocol) Classify(frame []byte) wire.Message {
	if rest, ok := bytes.CutPrefix(frame, topicKey); ok {
		if end := bytes.IndexByte(rest, '"'); end >= 0 {
			return wire.Message{Class: wire.Data, Stream: rest[:end]}
		}
	}
	return Reply(frame)
}

// Reply reads what is no message of a topic. The wording of an acceptance differs by
// category; that a topic is subscribed to already is one too.
func Reply(frame []byte) wire.Message {
	var id, msg string
	var op, topic []byte
	success := false
	f := jsonscan.Object(frame)
	for f.Next() {
		switch string(f.Key()) {
		case "topic":
			topic = f.Word()
		case "req_id":
			id = f.Text()
		case "op":
			op = f.Word()
		case "success":
			success = f.Bool()
		case "ret_msg":
			msg = f.Text()
		}
	}
	switch {
	case f.Err() != nil:
		return wire.Message{}
	case len(topic) > 0:
		return wire.Message{Class: wire.Data, Stream: topic}
	case string(op) == "ping", string(op) == "pong", string(op) == "unsubscribe":
		return wire.Message{Class: wire.Pong}
	case string(op) == "auth":
		return wire.Message{Class: wire.Greeted, Err: refusal(success, msg)}
	case string(op) != "subscribe":
		return wire.Message{}
	}
	m := wire.Message{Class: wire.Reply}
	m.ID, _ = strconv.ParseUint(id, 10, 64) // 0: nobody's
	m.Err = refusal(success || strings.Contains(msg, "already subscribed"), msg)
	return m
}

func refusal(success bool, msg string) error {
	if success {
		return nil
	}
	return fmt.Errorf("the venue says %q", msg)
}
