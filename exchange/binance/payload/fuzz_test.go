package payload

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// The decoder agrees with the plain way over encoding/json: the same event, or
// both ignore the frame, or both refuse it. Where it is stricter, and documented
// to be, only the refusal is checked.
func FuzzDecode(f *testing.F) {
	for _, tt := range decoded {
		f.Add(uint8(tt.market), []byte(tt.frame))
		f.Add(uint8(tt.market), []byte(`{"stream":"btcusdt@depth@100ms","data":`+tt.frame+`}`))
		f.Add(uint8(tt.market), []byte(strings.ReplaceAll(tt.frame, ",", " ,\n")))
	}
	f.Add(uint8(1), []byte(forcedOrder))
	f.Add(uint8(2), []byte(`{"result":null,"id":1}`))
	f.Add(uint8(2), []byte(`[{"e":"markPriceUpdate"}]`))
	f.Fuzz(func(t *testing.T, m uint8, frame []byte) {
		market := api.Markets[int(m)%len(api.Markets)]
		d, in := forBTC(t, market)
		before := bytes.Clone(frame)
		var ev, tolerant exchange.Event
		err := d.Decode(frame, &ev)
		if !bytes.Equal(frame, before) {
			t.Fatalf("the frame was changed")
		}
		d2, _ := forBTC(t, market)
		err2 := decodeTolerant(d2, frame, &tolerant)
		if class(t, err) != class(t, err2) {
			t.Fatalf("strict says %v, tolerant says %v", err, err2)
		}
		if err == nil {
			sameEvent(t, frame, &ev, &tolerant)
		}
		if stricter(frame, err) {
			return
		}
		want, refErr := naive{market, in, in}.decode(frame)
		var bad *jsonscan.DecodeError
		if errors.As(err, &bad) && isLevels(bad.Field) && errors.Is(refErr, ErrIgnored) {
			return // levels are decoded before it is known that nobody wants them
		}
		if class(t, err) != referenceClass(refErr) {
			t.Fatalf("%q\n  we say: %v\n the reference says: %v", frame, err, refErr)
		}
		if err == nil {
			sameEvent(t, frame, &ev, want)
		}
	})
}

// class is 0 for an event, 1 for an ignored frame, 2 for a malformed one.
func class(t *testing.T, err error) int {
	var bad *jsonscan.DecodeError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, ErrIgnored):
		return 1
	case errors.As(err, &bad):
		return 2
	}
	t.Fatalf("neither ErrIgnored nor a *jsonscan.DecodeError: %v", err)
	return 0
}

func referenceClass(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, ErrIgnored):
		return 1
	}
	return 2
}

// stricter reports whether the decoder may refuse or ignore what encoding/json
// accepts: keys given twice, keys or symbols in escapes, invalid UTF-8, deep
// nesting.
func stricter(frame []byte, err error) bool {
	var bad *jsonscan.DecodeError
	if errors.As(err, &bad) && (strings.Contains(bad.Reason, "twice") || strings.Contains(bad.Reason, "deeply")) {
		return true
	}
	return bytes.IndexByte(frame, '\\') >= 0 || !utf8.Valid(frame) || bytes.Count(frame, []byte(`"data"`)) > 1 ||
		bytes.Contains(frame, []byte("forceOrder")) // which the reference does not know
}

func isLevels(field string) bool {
	return field == "b" || field == "a" || field == "bids" || field == "asks"
}

// No frame makes the decoder panic, whatever the market and the mode.
func FuzzDecodeEach(f *testing.F) {
	f.Add([]byte(`{"stream":"!markPrice@arr","data":[` + usdmMark + `,{}]}`))
	f.Add([]byte(`[` + quarterly + `,[1],` + usdmDiff + `]`))
	f.Fuzz(func(t *testing.T, frame []byte) {
		for _, m := range api.Markets {
			d, _ := forBTC(t, m)
			var ev exchange.Event
			used := 0
			err := d.DecodeEach(frame, &ev, func(*exchange.Event) error { used++; return nil })
			if c := class(t, err); c == 0 && used == 0 || c == 1 && used > 0 {
				t.Fatalf("%d messages used, error %v", used, err)
			}
		}
	})
}

// Cutting a frame anywhere is an error and never an event.
func TestEveryPrefixIsMalformed(t *testing.T) {
	for _, tt := range decoded {
		d, _ := forBTC(t, tt.market)
		for i := range len(tt.frame) {
			var ev exchange.Event
			var bad *jsonscan.DecodeError
			if err := d.Decode([]byte(tt.frame[:i]), &ev); !errors.As(err, &bad) {
				t.Fatalf("%s cut at %d: %v", tt.name, i, err)
			}
		}
	}
}
