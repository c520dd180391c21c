package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// recording FILE writes a small recording of one USD-M perpetual in the form
// that the venue sends, prices made up: a snapshot, then diffs that move the
// touch and the ticker after each. It is whole, so verify has nothing to say.
func recording(ts *testscript.TestScript, _ bool, args []string) {
	var b strings.Builder
	n := 0
	line := func(format string, a ...any) {
		n++
		fmt.Fprintf(&b, "%d %s\n", 1700000000000000000+int64(n)*1e8, fmt.Sprintf(format, a...))
	}
	ms := func() int64 { return 1700000000000 + int64(n)*100 }
	line(`{"lastUpdateId":100,"E":%d,"T":%d,"bids":%s,"asks":%s}`, ms(), ms(), ladder(99.99, -0.01), ladder(100.01, 0.01))
	for i := range 40 {
		u, qty := 101+i, fmt.Sprintf("%d.5", 10+i)
		line(`{"stream":"abcusdt@depth@100ms","data":{"e":"depthUpdate","E":%d,"T":%d,"s":"ABCUSDT","U":%d,"u":%d,"pu":%d,"b":[["99.99","%s"]],"a":[["100.01","%s"]]}}`,
			ms(), ms(), u, u, u-1, qty, qty)
		line(`{"stream":"abcusdt@bookTicker","data":{"e":"bookTicker","u":%d,"s":"ABCUSDT","b":"99.99","B":"%s","a":"100.01","A":"%s","T":%d,"E":%d}}`,
			u, qty, qty, ms(), ms())
		line(`{"stream":"abcusdt@trade","data":{"e":"trade","E":%d,"T":%d,"s":"ABCUSDT","t":%d,"p":"100.01","q":"0.5","X":"MARKET","m":false}}`,
			ms(), ms(), 1+i)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(b.String()), 0o644))
}

// ladder is twenty levels of size 5, the best first.
func ladder(from, step float64) string {
	var levels []string
	for i := range 20 {
		levels = append(levels, fmt.Sprintf(`["%.2f","5.0"]`, from+float64(i)*step))
	}
	return "[" + strings.Join(levels, ",") + "]"
}

// history DIR writes four days of hourly bars and funding of one made-up coin.
func history(ts *testscript.TestScript, _ bool, args []string) {
	var bars, funding strings.Builder
	bars.WriteString("date,open,high,low,close,volume\n")
	funding.WriteString("time,funding_rate\n")
	start := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 96 {
		at, price := start.Add(time.Duration(i)*time.Hour), 100+float64(i%7)/10
		fmt.Fprintf(&bars, "%s,%.2f,%.2f,%.2f,%.2f,5000\n", at.Format(time.RFC3339), price, price+0.1, price-0.1, price)
		if i%8 == 0 {
			fmt.Fprintf(&funding, "%s,0.0005\n", at.Format(time.RFC3339))
		}
	}
	for dir, content := range map[string]string{"spot_1h": bars.String(), "perp_1h": bars.String(), "mark_1h": bars.String(), "funding": funding.String()} {
		dir = filepath.Join(ts.MkAbs(args[0]), dir)
		ts.Check(os.MkdirAll(dir, 0o755))
		ts.Check(os.WriteFile(filepath.Join(dir, "ABCUSDT.csv"), []byte(content), 0o644))
	}
}
