package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/datatest"
)

// venue makes a recording the way an exchange does: every change of its book
// has an id, the ticker follows each change of the touch, and diffs sum up what
// changed since the last one. futures selects the linking rule.
type venue struct {
	rng        *rand.Rand
	futures    bool
	bids, asks map[int]int // price in cents -> lots of 0.001
	id, sent   int
	changed    map[int]bool
	trades     int
	lines      []string
	touch      string
}

func newVenue(seed uint64, futures bool) *venue {
	v := &venue{rng: rand.New(rand.NewPCG(seed, 1)), futures: futures, bids: map[int]int{}, asks: map[int]int{}, changed: map[int]bool{}, id: 1000, sent: 1000}
	for i := range 30 {
		v.bids[9999-i], v.asks[10001+i] = 1000+i, 1000+i
	}
	return v
}

func (v *venue) line(format string, args ...any) {
	v.lines = append(v.lines, fmt.Sprintf("%d ", 1000000000000+int64(len(v.lines))*1000)+fmt.Sprintf(format, args...))
}

func (v *venue) best() (bid, ask int) {
	ask = 1 << 30
	for p := range v.bids {
		bid = max(bid, p)
	}
	for p := range v.asks {
		ask = min(ask, p)
	}
	return bid, ask
}

// change sets one random level, and tells the ticker and the tape.
func (v *venue) change() {
	bid, ask := v.best()
	side, price := v.bids, bid-v.rng.IntN(8)
	if v.rng.IntN(2) == 0 {
		side, price = v.asks, ask+v.rng.IntN(8)
	}
	v.id += 1 + v.rng.IntN(3)*v.rng.IntN(2)
	v.changed[price] = true
	if q := v.rng.IntN(5); q == 0 && len(side) > 12 {
		delete(side, price)
		v.trades++
		v.line(`{"stream":"abcusdt@trade","data":{"e":"trade","E":%d,"T":%d,"s":"ABCUSDT","t":%d,"p":"%.2f","q":"0.001","X":"MARKET","m":true%s}}`,
			v.id, v.id, v.trades, float64(price)/100, map[bool]string{false: `,"M":true`}[v.futures])
	} else {
		side[price] = 1 + v.rng.IntN(5000)
	}
	v.ticker()
}

func (v *venue) ticker() {
	bid, ask := v.best()
	now := fmt.Sprintf(`"b":"%.2f","B":"%.3f","a":"%.2f","A":"%.3f"`, float64(bid)/100, float64(v.bids[bid])/1000, float64(ask)/100, float64(v.asks[ask])/1000)
	if now == v.touch {
		return
	}
	v.touch = now
	if v.futures {
		v.line(`{"stream":"abcusdt@bookTicker","data":{"e":"bookTicker","u":%d,"s":"ABCUSDT",%s,"T":1,"E":1}}`, v.id, now)
		return
	}
	v.line(`{"stream":"abcusdt@bookTicker","data":{"u":%d,"s":"ABCUSDT",%s}}`, v.id, now)
}

func levelsOf(side map[int]int, only map[int]bool, zeros map[int]int) string {
	var prices []int
	for p := range side {
		if only == nil || only[p] {
			prices = append(prices, p)
		}
	}
	for p := range only {
		_, here := side[p]
		if _, other := zeros[p]; !here && !other {
			prices = append(prices, p)
		}
	}
	sort.Ints(prices)
	var s []string
	for _, p := range prices {
		s = append(s, fmt.Sprintf(`["%.2f","%.3f"]`, float64(p)/100, float64(side[p])/1000))
	}
	return "[" + strings.Join(s, ",") + "]"
}

func (v *venue) diff() {
	link := ""
	if v.futures {
		link = fmt.Sprintf(`"pu":%d,`, v.sent)
	}
	v.line(`{"stream":"abcusdt@depth@100ms","data":{"e":"depthUpdate","E":%d,%s"s":"ABCUSDT","U":%d,"u":%d,%s"b":%s,"a":%s}}`,
		v.id, map[bool]string{true: `"T":1,`}[v.futures], v.sent+1, v.id, link,
		levelsOf(v.bids, v.changed, v.asks), levelsOf(v.asks, v.changed, v.bids))
	v.sent = v.id
	clear(v.changed)
}

func reversed(levels string) string {
	parts := strings.Split(strings.TrimSuffix(strings.TrimPrefix(levels, "[["), "]]"), "],[")
	for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
		parts[i], parts[j] = parts[j], parts[i]
	}
	return "[[" + strings.Join(parts, "],[") + "]]"
}

func (v *venue) snapshot() {
	extra := ""
	if v.futures {
		extra = `"E":1,"T":1,`
	}
	v.line(`{"lastUpdateId":%d,%s"bids":%s,"asks":%s}`, v.id, extra, reversed(levelsOf(v.bids, nil, nil)), levelsOf(v.asks, nil, nil))
}

// record runs the venue for n diffs, with a snapshot near the start and, if
// asked for, one near the end.
func (v *venue) record(n int, twice bool) []string {
	for i := range n {
		for range 1 + v.rng.IntN(4) {
			v.change()
		}
		if i == 3 || twice && i == n-3 {
			v.snapshot()
		}
		v.diff()
	}
	v.change()
	return v.lines
}

func verifyText(t testing.TB, path string, lines []string) Report {
	t.Helper()
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	rep, err := formats.Verify("", []string{path}, VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func TestVerifyGoodRecording(t *testing.T) {
	for _, futures := range []bool{true, false} {
		for seed := range uint64(20) {
			lines := newVenue(seed, futures).record(60, true)
			rep := verifyText(t, filepath.Join(t.TempDir(), "a.jsonl"), lines)
			if err := rep.Err(); err != nil || rep.Samples < 50 || rep.Levels < 30 || rep.Torn != 0 || rep.Snapshots != 2 {
				t.Fatalf("futures %v seed %d: %v\n%+v", futures, seed, err, rep)
			}
		}
	}
}

// kindOf tells what a line of a recording is.
func kindOf(line string) string {
	for _, k := range []string{"lastUpdateId", "depthUpdate", "bookTicker", `"trade"`} {
		if strings.Contains(line, k) {
			return strings.Trim(k, `"`)
		}
	}
	return "bookTicker"
}

func TestVerifyFindsAnyDeletedMessage(t *testing.T) {
	for _, futures := range []bool{true, false} {
		found, of := map[string]int{}, map[string]int{}
		path := filepath.Join(t.TempDir(), "a.jsonl")
		for seed := range uint64(60) {
			lines := newVenue(seed, futures).record(40, true)
			i := 1 + newVenue(seed, futures).rng.IntN(len(lines)-2)
			kind := kindOf(lines[i])
			if kind == "lastUpdateId" || lastOfKind(lines, i) || firstOfKind(lines, i) {
				continue
			}
			of[kind]++
			rep := verifyText(t, path, append(append([]string(nil), lines[:i]...), lines[i+1:]...))
			if rep.Err() != nil {
				found[kind]++
			}
		}
		t.Logf("futures %v: deleted messages found %v of %v", futures, found, of)
		for _, kind := range []string{"depthUpdate", "trade"} {
			if of[kind] == 0 || found[kind] != of[kind] {
				t.Errorf("futures %v: %d of %d deleted %s messages found, want all", futures, found[kind], of[kind], kind)
			}
		}
	}
}

func lastOfKind(lines []string, i int) bool {
	for _, l := range lines[i+1:] {
		if kindOf(l) == kindOf(lines[i]) {
			return false
		}
	}
	return true
}

func firstOfKind(lines []string, i int) bool {
	for _, l := range lines[:i] {
		if kindOf(l) == kindOf(lines[i]) {
			return false
		}
	}
	return true
}

func TestVerifyFindsWhatALaterSnapshotCovers(t *testing.T) {
	lines := newVenue(3, true).record(40, true)
	first := -1
	for i, l := range lines {
		if kindOf(l) == "lastUpdateId" {
			first = i
			break
		}
	}
	// 98.00 is never touched by the venue, and far from the touch.
	lines[first] = strings.Replace(lines[first], `"1.020"`, `"1.021"`, 1)
	rep := verifyText(t, filepath.Join(t.TempDir(), "a.jsonl"), lines)
	if rep.Mismatches == 0 || !strings.Contains(rep.Problems[0].What, "by snapshot 1.02") {
		t.Errorf("report %+v: want the altered deep level found by the later snapshot", rep)
	}
}

func TestVerifyWithoutSnapshotIsNoSuccess(t *testing.T) {
	var lines []string
	for _, l := range newVenue(1, true).record(20, false) {
		if kindOf(l) != "lastUpdateId" {
			lines = append(lines, l)
		}
	}
	rep := verifyText(t, filepath.Join(t.TempDir(), "a.jsonl"), lines)
	if rep.Samples != 0 || rep.Gaps+rep.Mismatches != 0 || rep.Err() == nil || !strings.Contains(rep.Err().Error(), "no snapshot") {
		t.Errorf("report %+v, Err %v: want an error that says there is no snapshot", rep, rep.Err())
	}
	b, _ := json.Marshal(rep)
	for _, key := range []string{`"messages":`, `"gaps":0`, `"samples":0`, `"mismatches":0`, `"trade_gaps":0`} {
		if !bytes.Contains(b, []byte(key)) {
			t.Errorf("%s is not in %s", key, b)
		}
	}
}

func TestTornIsNarrow(t *testing.T) {
	book := touch{bid: exchange.Level{Price: 99, Qty: 5}, ask: exchange.Level{Price: 101, Qty: 7}}
	tick := touch{bid: exchange.Level{Price: 100, Qty: 4}, ask: exchange.Level{Price: 101, Qty: 7}}
	trade := func(p exchange.Ticks, q exchange.Lots, s exchange.Side, at exchange.Time) exchange.Event {
		return exchange.Event{Price: p, Qty: q, Side: s, VenueTime: at}
	}
	for name, c := range map[string]struct {
		book touch
		ev   exchange.Event
		want bool
	}{
		"the whole level was taken": {book, trade(100, 4, exchange.Sell, exchange.Second), true},
		"a part was taken":          {book, trade(100, 3, exchange.Sell, exchange.Second), false},
		"the other side was taken":  {book, trade(100, 4, exchange.Buy, exchange.Second), false},
		"much later":                {book, trade(100, 4, exchange.Sell, 2*exchange.Second), false},
		"another price":             {book, trade(99, 4, exchange.Sell, exchange.Second), false},
		"the size differs only":     {touch{bid: exchange.Level{Price: 100, Qty: 3}, ask: book.ask}, trade(100, 4, exchange.Sell, exchange.Second), false},
		"a better price":            {touch{bid: exchange.Level{Price: 101, Qty: 4}, ask: book.ask}, trade(100, 4, exchange.Sell, exchange.Second), false},
	} {
		var tn torn
		tn.begin(&exchange.Event{VenueTime: exchange.Second})
		tn.trade(&c.ev)
		if got := tn.doubt(c.book, tick) && tn.explained(); got != c.want {
			t.Errorf("%s: explained %v, want %v", name, got, c.want)
		}
	}
}

func TestVerifyRecorded(t *testing.T) {
	for _, c := range []struct {
		files   []string
		samples int64
	}{
		{[]string{"usdm-btcusdt-20240808"}, 6546},
		{[]string{"spot-btcusdt-20240808", "spot-btcusdt-20240809"}, 6493},
		{[]string{"coinm-btcusd_perp-20240808", "coinm-btcusd_perp-20240809"}, 44771},
	} {
		var paths []string
		for _, f := range c.files {
			paths = append(paths, datatest.Path(t, "l2/"+f+".jsonl.gz"))
		}
		rep, err := formats.Verify("", paths, VerifyOptions{})
		if err != nil || rep.Err() != nil || rep.Samples != c.samples || rep.Torn > 2 {
			t.Errorf("%v: %v, %v\n%+v", c.files, err, rep.Err(), rep)
		}
	}
}

// recordedLines returns the first n lines of a gzip recording.
func recordedLines(t testing.TB, name string, n int) []string {
	t.Helper()
	zr := datatest.Gunzip(t, datatest.Path(t, name))
	var buf bytes.Buffer
	_, _ = buf.ReadFrom(zr)
	lines := strings.Split(buf.String(), "\n")
	return lines[:min(n, len(lines)-1)]
}

// alter changes the quantity of one level of a diff by one in its last place.
// When price is not empty it is that level's.
func alter(line, price string, rng *rand.Rand) (string, bool) {
	from := strings.Index(line, `"b":[`)
	if price != "" {
		i := strings.Index(line[from:], `["`+price+`","`)
		if i < 0 {
			return line, false
		}
		from += i
	} else if n := strings.Count(line[from:], `["`); n > 0 {
		for range 1 + rng.IntN(n) {
			from += strings.Index(line[from:], `["`) + 1
		}
	} else {
		return line, false
	}
	at := from + strings.Index(line[from:], `","`) + 3
	end := at + strings.IndexByte(line[at:], '"')
	step := strings.TrimRight(line[at:end], "0")
	if len(step) == 0 || strings.Trim(line[at:end], "0.") == "" {
		return line, false // a removal
	}
	last := at + len(step) - 1
	if line[last] == '.' {
		last--
	}
	digit := '1' + (line[last]-'0')%9 // another digit, and not 0
	return line[:last] + string(digit) + line[last+1:], true
}

func TestVerifyFindsAlterationsOfRecordedData(t *testing.T) {
	for _, name := range []string{"usdm-btcusdt-20240808", "spot-btcusdt-20240808", "coinm-btcusd_perp-20240808"} {
		lines := recordedLines(t, "l2/"+name+".jsonl.gz", 12000)
		path := filepath.Join(t.TempDir(), strings.SplitN(name, "-", 2)[0]+"-a.jsonl")
		if rep := verifyText(t, path, lines); rep.Err() != nil {
			t.Fatalf("%s untouched: %v", name, rep.Err())
		}
		rng := rand.New(rand.NewPCG(7, 7))
		found, of := map[string]int{}, map[string]int{}
		try := func(what string, i int, replacement ...string) {
			changed := append(append(append([]string(nil), lines[:i]...), replacement...), lines[i+1:]...)
			rep := verifyText(t, path, changed)
			of[what]++
			if rep.Err() != nil {
				found[what]++
			}
		}
		for of["size at the touch"] < 25 {
			i := 200 + rng.IntN(len(lines)-400)
			if kindOf(lines[i]) == "depthUpdate" {
				if l, ok := alter(lines[i], touchAt(lines, i), rng); ok {
					try("size at the touch", i, l)
				}
			}
		}
		for n := 0; n < 25; n++ {
			i := 200 + rng.IntN(len(lines)-400)
			try("deleted "+kindOf(lines[i]), i)
		}
		for of["size anywhere"] < 15 {
			i := 200 + rng.IntN(len(lines)-400)
			if kindOf(lines[i]) == "depthUpdate" {
				if l, ok := alter(lines[i], "", rng); ok {
					try("size anywhere", i, l)
				}
			}
		}
		t.Logf("%s: found %v of %v", name, found, of)
		for _, what := range []string{"size at the touch", "deleted depthUpdate", "deleted trade"} {
			if found[what] != of[what] {
				t.Errorf("%s: %d of %d found: %s", name, found[what], of[what], what)
			}
		}
	}
}

var (
	updateOf = regexp.MustCompile(`"u":([0-9]+)`)
	bidOf    = regexp.MustCompile(`"b":"([0-9.]+)"`)
)

// touchAt is the best bid, as printed, by the last ticker up to the id of the
// diff at line i.
func touchAt(lines []string, i int) string {
	u := updateOf.FindStringSubmatch(lines[i])[1]
	for j := i - 1; j > 0; j-- {
		if kindOf(lines[j]) != "bookTicker" {
			continue
		}
		if tick := updateOf.FindStringSubmatch(lines[j])[1]; len(tick) == len(u) && tick <= u {
			return bidOf.FindStringSubmatch(lines[j])[1]
		}
	}
	return "none"
}

// TestVerifyFindsACrossedTicker: nobody's best bid is above the best ask.
func TestVerifyFindsACrossedTicker(t *testing.T) {
	lines := newVenue(1, true).record(60, false)
	n := 0
	for i, l := range lines {
		if kindOf(l) != "bookTicker" || n > 0 {
			continue
		}
		crossed := bidOf.ReplaceAllString(l, `"b":"9$1"`)
		if crossed != l {
			lines[i], n = crossed, n+1
		}
	}
	rep := verifyText(t, filepath.Join(t.TempDir(), "a.jsonl"), lines)
	if err := rep.Err(); n != 1 || err == nil || !strings.Contains(fmt.Sprint(rep.Problems), "is crossed: best bid 9") {
		t.Errorf("%d changed: %v\n%v", n, err, rep.Problems)
	}
}

// TestTimesInOtherUnitsAreRefused: milliseconds taken for nanoseconds would play a day
// in the blink of an eye, in 1970.
func TestTimesInOtherUnitsAreRefused(t *testing.T) {
	for unit, at := range map[string]string{"milliseconds": "1723161255088", "microseconds": "1723161255088176", "seconds": "1723161255"} {
		path := write(t, "usdm-btcusdt.jsonl", at+` {"e":"trade","E":1723161256322,"T":1723161256322,"s":"BTCUSDT","t":1,"p":"61800.30","q":"0.006","X":"MARKET","m":false}`+"\n")
		if _, err := formats.Open([]string{path}, Options{}); err == nil || !strings.Contains(err.Error(), "begin with a time in "+unit) {
			t.Errorf("%s: %v", unit, err)
		}
	}
}
