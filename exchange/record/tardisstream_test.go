package record

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
)

// lineList are messages in memory.
type lineList struct {
	left [][]byte
	end  error
}

func (l *lineList) Next() ([]byte, error) {
	if len(l.left) == 0 {
		return nil, l.end
	}
	line := l.left[0]
	l.left = l.left[1:]
	return line, nil
}

func (l *lineList) Close() error { return nil }

// streamOf is a stream of messages, the last of which come after the head.
func streamOf(rest int, end error, lines ...string) *Stream {
	s := &Stream{Name: "ws://test", Rest: &lineList{end: end}}
	for i, line := range lines {
		if i < len(lines)-rest {
			s.Head = append(s.Head, []byte(line))
		} else {
			s.Rest.(*lineList).left = append(s.Rest.(*lineList).left, []byte(line))
		}
	}
	return s
}

// wrote is a message of a symbol at a second.
func wrote(kind string, second int, rest string) string {
	return fmt.Sprintf(`{"type":%q,"symbol":"ABCUSDT","exchange":"binance-futures",%s,"timestamp":"2023-11-14T22:13:%02d.000Z","localTimestamp":"2023-11-14T22:13:%02d.090Z"}`,
		kind, rest, second, second)
}

const lost = `{"type":"disconnect","exchange":"binance-futures","localTimestamp":"2023-11-14T22:13:23.000Z"}`

var streamLines = []string{
	wrote("book_change", 20, `"isSnapshot":false,"bids":[{"price":9.9,"amount":1}],"asks":[]`),
	wrote("book_change", 21, `"isSnapshot":true,"bids":[{"price":10,"amount":5}],"asks":[{"price":10.1,"amount":6},{"price":10.25,"amount":7}]`),
	wrote("book_change", 22, `"isSnapshot":false,"bids":[{"price":10,"amount":0},{"price":9.95,"amount":2.5}],"asks":[]`),
	wrote("book_snapshot", 22, `"name":"book_snapshot_2_1s","depth":2,"interval":1000,"bids":[{"price":9.95,"amount":2.5},{}],"asks":[]`),
	lost,
	wrote("book_change", 24, `"isSnapshot":false,"bids":[],"asks":[{"price":10.1,"amount":1}]`),
	wrote("book_change", 25, `"isSnapshot":true,"bids":[{"price":8,"amount":1}],"asks":[{"price":9,"amount":1}]`),
	wrote("trade", 26, `"id":"42","price":9,"amount":1e-1,"side":"sell"`),
	wrote("book_ticker", 27, `"askAmount":4,"askPrice":9.05,"bidPrice":8,"bidAmount":3`),
	wrote("liquidation", 28, `"id":"7","price":8.123456,"amount":1.5,"side":"buy"`),
	wrote("derivative_ticker", 29, `"lastPrice":9,"openInterest":77.5,"fundingRate":-1.5e-7,"indexPrice":9.01,"markPrice":9.02,"fundingTimestamp":"2023-11-15T00:00:00.000Z"`),
	wrote("trade_bar", 30, `"name":"trade_bar_1m"`),
}

// TestStreamPlaysWhatAFilePlays: every kind of message, a book that begins with its
// snapshot, and again after a disconnect.
func TestStreamPlaysWhatAFilePlays(t *testing.T) {
	r, err := formats.OpenStream(streamOf(3, io.EOF, streamLines...), Options{})
	if err != nil {
		t.Fatal(err)
	}
	evs, err := drain(t, r)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := kinds(evs), "snapshot diff gap snapshot trade ticker liquidation mark open_interest"; got != want {
		t.Fatalf("events %s, want %s", got, want)
	}
	in := r.Universe().Get(0)
	b := book.New(in)
	ready := ""
	for i := range evs {
		b.Apply(&evs[i])
		ready += fmt.Sprintf("%t ", b.Ready())
	}
	if !strings.HasPrefix(ready, "true true false true ") {
		t.Errorf("ready %s, want a book from the snapshot to the disconnect, and from the next", ready)
	}
	if got := in.QtyDecimal(evs[4].Qty).String(); got != "0.1" || evs[4].Side != exchange.Sell {
		t.Errorf("trade of %s, side %s", got, evs[4].Side)
	}
	if m := evs[7]; m.Rate.Decimal().String() != "-0.00000015" || m.Mark.Decimal().String() != "9.02" || m.NextFunding != exchange.Date(2023, 11, 15) {
		t.Errorf("mark %+v", m)
	}
	if s := r.Stats(); s.Ignored != 4 || s.Malformed != 0 || !strings.Contains(evs[2].Reason, "lost its connection") {
		t.Errorf("stats %+v, gap %q: want the changes before snapshots, the shallow snapshot and the bar ignored", s, evs[2].Reason)
	}
}

// TestStreamSaysWhatItCannotPlay: what can't be read costs the books, and is told once
// each.
func TestStreamSaysWhatItCannotPlay(t *testing.T) {
	for name, c := range map[string]struct{ line, events, problem string }{
		"not JSON":       {`{"type":"trade"`, "snapshot diff gap", "want a normalised message"},
		"no type":        {`{"exchange":"okex","localTimestamp":"2023-11-14T22:13:23.000Z"}`, "snapshot diff gap", "has no type"},
		"no time":        {`{"type":"trade"}`, "snapshot diff gap", "has no localTimestamp"},
		"bad time":       {`{"type":"trade","localTimestamp":"noon"}`, "snapshot diff gap", `time "noon"`},
		"no price":       {wrote("trade", 23, `"id":"1","amount":1,"side":"buy"`), "snapshot diff gap", "want both"},
		"nothing traded": {wrote("trade", 23, `"price":10,"amount":0,"side":"buy"`), "snapshot diff gap", "Qty 0 lots (0): want above 0"},
		"text":           {wrote("book_change", 23, `"isSnapshot":false,"bids":[{"price":"cheap","amount":1}],"asks":[]`), "snapshot diff gap", "price of usdm:ABCUSDT"},
		"no levels":      {wrote("book_change", 23, `"isSnapshot":false,"bids":"many","asks":[]`), "snapshot diff gap", "want ["},
		"another symbol": {strings.Replace(streamLines[7], "ABCUSDT", "XYZUSDT", 1), "snapshot diff", "binance-futures:XYZUSDT is not among the first messages"},
		"an error":       {`{"type":"error","exchange":"binance-futures","details":"HTTP 500","localTimestamp":"2023-11-14T22:13:23.000Z"}`, "snapshot diff gap", "tardis-machine says: HTTP 500"},
	} {
		r, err := formats.OpenStream(streamOf(1, io.EOF, append(streamLines[:3:3], c.line)...), Options{})
		if err != nil {
			t.Fatal(err)
		}
		evs, err := drain(t, r)
		s := r.Stats()
		if err != nil || kinds(evs) != c.events || len(s.Problems) != 1 || !strings.Contains(s.Problems[0].What, c.problem) {
			t.Errorf("%s: events %s, problems %+v, %v; want %s and %q", name, kinds(evs), s.Problems, err, c.events, c.problem)
		}
	}
}

func TestStreamThatBreaksOffLeavesNoBook(t *testing.T) {
	broken := errors.New("the stream broke off")
	r, err := formats.OpenStream(streamOf(0, broken, streamLines[:3]...), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if evs, err := drain(t, r); !errors.Is(err, broken) || kinds(evs) != "snapshot diff gap" {
		t.Errorf("%s, %v: want what came, a gap, and the error", kinds(evs), err)
	}
}

// TestStreamsThatCannotBeginAreRefused names the message and what would be right.
func TestStreamsThatCannotBeginAreRefused(t *testing.T) {
	trade := streamLines[7]
	for name, c := range map[string]struct {
		lines []string
		want  string
	}{
		"raw messages": {[]string{`{"e":"trade","s":"BTCUSDT"}`}, "are path and port those of the normalised stream?"},
		"an error":     {[]string{`{"type":"error","details":"no such exchange","localTimestamp":"2023-11-14T22:13:23.000Z"}`}, "tardis-machine says: no such exchange"},
		"nothing":      {[]string{lost}, "none is market data that is played"},
		"contract":     {[]string{strings.Replace(trade, "binance-futures", "bitmex", 1)}, "--contract bitmex:ABCUSDT=linear"},
		"two alike":    {[]string{strings.Replace(trade, "binance-futures", "kraken", 1), strings.Replace(trade, "binance-futures", "coinbase", 1)}, "is in data of two exchanges"},
	} {
		if _, err := formats.OpenStream(streamOf(0, io.EOF, c.lines...), Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func FuzzStream(f *testing.F) {
	for _, line := range streamLines {
		f.Add([]byte(line))
	}
	f.Add([]byte(lost[:len(lost)-1] + `,"symbols":["ABCUSDT"]}`))
	f.Add([]byte(wrote("trade", 23, `"id":"1","price":-5,"amount":1,"side":"buy"`)))
	f.Add([]byte(wrote("derivative_ticker", 23, `"fundingRate":5,"markPrice":9.02`)))
	f.Fuzz(func(t *testing.T, line []byte) {
		r, err := formats.OpenStream(streamOf(1, io.EOF, streamLines[0], streamLines[1], string(line)), Options{})
		if err != nil {
			t.Fatal(err)
		}
		evs, err := drain(t, r)
		if err != nil {
			t.Fatal(err)
		}
		believable(t, r, evs)
	})
}

func BenchmarkStream(b *testing.B) {
	change := []byte(streamLines[2])
	s := streamOf(0, io.EOF, streamLines[1], streamLines[2])
	r, err := formats.OpenStream(s, Options{})
	if err != nil {
		b.Fatal(err)
	}
	endless := &lineList{}
	s.Rest = endless
	b.ReportAllocs()
	var ev exchange.Event
	for b.Loop() {
		endless.left = [][]byte{change}
		if err := r.Next(&ev); err != nil {
			b.Fatal(err)
		}
	}
}
