package record

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
)

// A few lines in the shape of the venue; the numbers are invented.
const usdmLines = `1000000001000 {"stream":"abcusdt@depth@0ms","data":{"e":"depthUpdate","E":1700000000000,"T":1700000000000,"s":"ABCUSDT","U":90,"u":100,"pu":89,"b":[["10.10","1.500"]],"a":[]}}
1000000002000 {"stream":"abcusdt@bookTicker","data":{"e":"bookTicker","u":101,"s":"ABCUSDT","b":"10.10","B":"1.500","a":"10.20","A":"2.000","T":1700000000001,"E":1700000000001}}
1000000003000 {"lastUpdateId":100,"E":1700000000002,"T":1700000000002,"bids":[["10.10","1.500"],["10.00","4.000"]],"asks":[["10.20","2.000"],["10.30","3.000"]]}
1000000004000 {"stream":"abcusdt@depth@0ms","data":{"e":"depthUpdate","E":1700000000003,"T":1700000000003,"s":"ABCUSDT","U":101,"u":104,"pu":100,"b":[["10.10","0.500"]],"a":[["10.30","0.000"]]}}
1000000005000 {"stream":"abcusdt@trade","data":{"e":"trade","E":1700000000004,"T":1700000000004,"s":"ABCUSDT","t":7,"p":"10.10","q":"0.100","X":"MARKET","m":true}}
`

func openRaw(t *testing.T, path string) *Raw {
	t.Helper()
	r, err := formats.OpenRaw(path, RawOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRawReadsEveryCompression(t *testing.T) {
	for _, name := range []string{"a.jsonl", "a.jsonl.gz", "a.jsonl.zst"} {
		r := openRaw(t, write(t, name, usdmLines))
		evs, err := drain(t, r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, want := kinds(evs), "diff ticker snapshot diff trade"; got != want {
			t.Errorf("%s: events %s, want %s", name, got, want)
		}
		in := r.Universe().Get(0)
		if in.Key() != "usdm:ABCUSDT" || in.Tick.String() != "0.01" || in.Lot.String() != "0.001" {
			t.Errorf("%s: instrument %s tick %s lot %s, want usdm:ABCUSDT 0.01 0.001", name, in.Key(), in.Tick, in.Lot)
		}
		b := book.New(in)
		for i := range evs {
			b.Apply(&evs[i])
		}
		if bid, _ := b.Best(exchange.Buy); !b.Ready() || bid != (exchange.Level{Price: 1010, Qty: 500}) {
			t.Errorf("%s: best bid %v (%s), want 1010 x 500", name, bid, b.Reason())
		}
		if evs[4].Time != 1000000005000 || evs[4].Side != exchange.Sell {
			t.Errorf("%s: trade at %d %s, want local time 1000000005000 and sell", name, evs[4].Time, evs[4].Side)
		}
	}
}

func TestRawBadLineCostsAGap(t *testing.T) {
	lines := strings.SplitAfter(usdmLines, "\n")
	for name, bad := range map[string]string{
		"no time":        "{\"e\":\"trade\"}\n",
		"half a frame":   "1000000003500 {\"stream\":\"abcusdt@tra\n",
		"no number":      strings.Replace(lines[1], `"1.500"`, `"1.5e0"`, 1),
		"time too large": "99999999999999999999 {}\n",
	} {
		r := openRaw(t, write(t, "a.jsonl", lines[0]+lines[1]+lines[2]+bad+lines[3]))
		evs, err := drain(t, r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, want := kinds(evs), "diff ticker snapshot gap diff"; got != want {
			t.Errorf("%s: events %s, want %s", name, got, want)
		}
		s := r.Stats()
		if s.Malformed != 1 || len(s.Problems) != 1 || s.Problems[0].Line != 4 {
			t.Errorf("%s: stats %+v, want one malformed line, number 4", name, s)
		}
	}
}

func TestRawTruncated(t *testing.T) {
	whole := strings.Repeat(usdmLines, 400)
	gz := write(t, "a.jsonl.gz", whole)
	b, err := os.ReadFile(gz)
	if err != nil {
		t.Fatal(err)
	}
	cut := write(t, "cut.jsonl", string(b[:len(b)*2/3])) // told by its content, not its name
	plain := write(t, "p.jsonl", usdmLines[:len(usdmLines)-30])
	for path, atLeast := range map[string]int{cut: 1, plain: 4} {
		evs, err := drain(t, openRaw(t, path))
		var te *TruncatedError
		if !errors.As(err, &te) {
			t.Fatalf("%s: error %v, want a *TruncatedError", path, err)
		}
		if te.Path != path || te.Line < atLeast || te.Byte == 0 || !strings.Contains(err.Error(), path) {
			t.Errorf("error %q (line %d byte %d): want the path, the line and the byte", err, te.Line, te.Byte)
		}
		if n := len(evs); n != te.Line+1 || evs[n-1].Kind != exchange.KindGap {
			t.Errorf("%s: %d events, the last a %s; want one for each of %d lines and a gap", path, n, evs[n-1].Kind, te.Line)
		}
	}
}

func TestRawClockRunningBackIsSetForward(t *testing.T) {
	text := usdmLines + strings.Replace(strings.SplitAfter(usdmLines, "\n")[4], "1000000005000", "1000000000500", 1)
	r := openRaw(t, write(t, "a.jsonl", text))
	if evs, err := drain(t, r); err != nil || len(evs) != 6 || evs[5].Time != 1000000005000 {
		t.Fatalf("events %v, error %v", evs, err)
	}
	if r.Stats().Clamped != 1 {
		t.Errorf("clamped %d, want 1", r.Stats().Clamped)
	}
}

func TestRawCloseBeforeTheEnd(t *testing.T) {
	path := write(t, "a.jsonl.gz", strings.Repeat(usdmLines, 20000)) // more than all blocks hold
	r := openRaw(t, path)
	var ev exchange.Event
	if err := r.Next(&ev); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.Next(&ev); err == nil {
		t.Error("Next after Close: no error")
	}
} // TestMain fails when the reading goroutine is still there

func TestLineLongerThanABlock(t *testing.T) {
	long := strings.Repeat("x", 3*blockSize)
	text := "short\n" + long + "\r\n\nlast"
	r, err := openLines(write(t, "a.txt", text))
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	for i, want := range []string{"short", long, "", "last"} {
		line, err := r.next()
		if err != nil || string(line) != want || r.line != i+1 {
			t.Fatalf("line %d (%d): %d bytes, %v; want %d", i+1, r.line, len(line), err, len(want))
		}
	}
	if _, err := r.next(); err == nil || !r.tail {
		t.Errorf("after the last line: error %v, tail %v", err, r.tail)
	}
}

func TestOpenRefusesWhatIsNoRecording(t *testing.T) {
	for name, text := range map[string]string{"empty.jsonl": "", "readme.txt": "hello\nworld\n", "t.csv": "a,b,c\n1,2,3\n"} {
		if _, err := formats.Open([]string{write(t, name, text)}, Options{}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v, want one that names the file", name, err)
		}
	}
}

func FuzzRawLine(f *testing.F) {
	for _, l := range strings.Split(usdmLines, "\n") {
		f.Add([]byte(l))
	}
	f.Add([]byte("18446744073709551617 {}"))
	f.Fuzz(func(t *testing.T, line []byte) {
		at, frame, ok := splitLine(line)
		if ok && frame != nil && (at < 0 || !strings.HasSuffix(string(line), string(frame)) || len(frame) >= len(line)) {
			t.Fatalf("%q: time %d frame %q", line, at, frame)
		}
	})
}
