package feed

import (
	"testing"

	"github.com/perilune/perilune/exchange/wire"
)

// The wording of an acceptance differs by category; what is subscribed to already is.
func TestReplies(t *testing.T) {
	for frame, want := range map[string]string{
		`{"success":true,"ret_msg":"","conn_id":"x","req_id":"3","op":"subscribe"}`:                                                       "3 <nil>",
		`{"success":true,"ret_msg":"subscribe","conn_id":"x","req_id":"3","op":"subscribe"}`:                                              "3 <nil>",
		`{"success":false,"ret_msg":"error:already subscribed,topic:publicTrade.BTCUSDT","conn_id":"x","req_id":"3","op":"subscribe"}`:    "3 <nil>",
		`{"success":false,"ret_msg":"error:handler not found,topic:orderbook.1000.NOPEUSDT","conn_id":"x","req_id":"3","op":"subscribe"}`: `3 the venue says "error:handler not found,topic:orderbook.1000.NOPEUSDT"`,
		`{"success":true,"ret_msg":"pong","conn_id":"x","req_id":"","op":"ping"}`:                                                         "other",
		`{"op":"pong","args":["1672916271846"],"req_id":"1"}`:                                                                             "other",
	} {
		m := protocol{}.Classify([]byte(frame))
		got := "other"
		if m.Class == wire.Reply {
			got = "3 <nil>"
			if m.Err != nil {
				got = "3 " + m.Err.Error()
			}
			if m.ID != 3 {
				got = "another id"
			}
		}
		if got != want {
			t.Errorf("%s: %s, want %s", frame, got, want)
		}
	}
}

func FuzzClassify(f *testing.F) {
	f.Add([]byte(`{"topic":"orderbook.200.BTCUSDT","type":"delta"}`))
	f.Add([]byte(`{"success":false,"ret_msg":"error:handler not found","req_id":"3","op":"subscribe"}`))
	f.Fuzz(func(t *testing.T, frame []byte) {
		if m := (protocol{}).Classify(frame); m.Class == wire.Data && len(m.Stream) == 0 && len(frame) < 10 {
			t.Errorf("%q is data of no stream", frame)
		}
	})
}
