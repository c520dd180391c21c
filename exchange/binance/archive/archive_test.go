package archive

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/frames"
	"github.com/perilune/perilune/exchange/fetch"
	"github.com/perilune/perilune/exchange/record"
)

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestPlanTakesWholeMonthsAndTheDaysAroundThem(t *testing.T) {
	items, err := Request{Market: api.USDM, Kinds: []Kind{Klines, FundingRates}, Symbols: []string{"BTCUSDT"}, Interval: "1h",
		From: day("2024-01-30"), To: day("2024-03-02")}.Plan()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, it := range items {
		got = append(got, it.Path())
		if back, ok := ParsePath(it.Path()); !ok || back != it {
			t.Errorf("ParsePath(%s) = %+v %v", it.Path(), back, ok)
		}
	}
	want := `data/futures/um/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2024-01-30.zip
data/futures/um/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2024-01-31.zip
data/futures/um/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2024-02.zip
data/futures/um/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2024-03-01.zip
data/futures/um/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2024-01.zip
data/futures/um/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2024-02.zip
data/futures/um/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2024-03.zip`
	if strings.Join(got, "\n") != want {
		t.Errorf("planned\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
}

func TestPlanRefuses(t *testing.T) {
	good := Request{Market: api.Spot, Kinds: []Kind{Klines}, Symbols: []string{"BTCUSDT"}, Interval: "1h", From: day("2024-01-01"), To: day("2024-01-02")}
	for want, change := range map[string]func(*Request){
		"at least one symbol":     func(r *Request) { r.Symbols = nil },
		"is not before to":        func(r *Request) { r.To = r.From },
		`interval "7m"`:           func(r *Request) { r.Interval = "7m" },
		`symbol "../x"`:           func(r *Request) { r.Symbols = []string{"../x"} },
		"no fundingRate of spot":  func(r *Request) { r.Kinds = []Kind{FundingRates} },
		`interval "1s"`:           func(r *Request) { r.Market, r.Interval = api.USDM, "1s" },
		"no bookTicker of spot: ": func(r *Request) { r.Kinds = []Kind{BookTickers} },
	} {
		r := good
		change(&r)
		if _, err := r.Plan(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}

// shop serves an archive from memory, and misbehaves as told.
type shop struct {
	mu    sync.Mutex
	files map[string][]byte
	asked map[string]int
	// cut ends the answer for a path after so many bytes, once.
	cut map[string]int
	// broken is answered with 503 so often.
	broken map[string]int
}

func newShop() *shop {
	return &shop{files: map[string][]byte{}, asked: map[string]int{}, cut: map[string]int{}, broken: map[string]int{}}
}

func (s *shop) add(it Item, csv string) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, _ := z.Create(strings.TrimSuffix(filepath.Base(it.Path()), "zip") + "csv")
	_, _ = io.WriteString(f, csv)
	_ = z.Close()
	s.files["/"+it.Path()] = b.Bytes()
	s.files["/"+it.Path()+".CHECKSUM"] = fmt.Appendf(nil, "%x  %s\n", sha256.Sum256(b.Bytes()), filepath.Base(it.Path()))
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked[r.URL.Path]++
	body, ok := s.files[r.URL.Path]
	if s.broken[r.URL.Path] > 0 {
		s.broken[r.URL.Path]--
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if !ok {
		http.NotFound(w, r)
		return
	}
	if n := s.cut[r.URL.Path]; n > 0 {
		delete(s.cut, r.URL.Path)
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		_, _ = w.Write(body[:n])
		panic(http.ErrAbortHandler)
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// hours makes n rows of hourly bars from a day on.
func hours(from string, n int, header bool) string {
	var b strings.Builder
	if header {
		b.WriteString("open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n")
	}
	for i := range n {
		at := day(from).Add(time.Duration(i) * time.Hour).UnixMilli()
		fmt.Fprintf(&b, "%d,%d.5,110,90,100.1,7.25,%d,700,3,1,100,0\n", at, 95+i%5, at+3599999)
	}
	return b.String()
}

func fetcher(t *testing.T, s *shop) *Downloader {
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return &Downloader{Base: srv.URL, Dir: t.TempDir(), Client: srv.Client(), Pause: time.Millisecond, Attempts: 3}
}

func TestDownloadChecksContinuesAndSkips(t *testing.T) {
	s := newShop()
	items, err := Request{Market: api.USDM, Kinds: []Kind{Klines}, Symbols: []string{"BTCUSDT", "NEWUSDT"}, Interval: "1h",
		From: day("2024-02-01"), To: day("2024-03-02")}.Plan()
	if err != nil {
		t.Fatal(err)
	}
	s.add(items[0], hours("2024-02-01", 29*24, true))
	s.add(items[1], hours("2024-03-01", 24, true))
	s.cut["/"+items[0].Path()] = 500
	s.broken["/"+items[1].Path()+".CHECKSUM"] = 2
	d := fetcher(t, s)
	results, err := d.Fetch(context.Background(), items)
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, r := range results {
		got += r.State.String() + " "
	}
	if got != "fetched fetched absent absent " {
		t.Errorf("results: %s", got)
	}
	whole := int64(len(s.files["/"+items[0].Path()]))
	if results[0].Bytes != whole {
		t.Errorf("the interrupted file took %d bytes in all; continuing where it stopped takes %d", results[0].Bytes, whole)
	}
	again, err := d.Fetch(context.Background(), items[:2])
	if err != nil || again[0].State != fetch.Present || again[1].State != fetch.Present || s.asked["/"+items[0].Path()] != 2 {
		t.Errorf("a second run: %v %v, asked %d times; want present, and no third request", again, err, s.asked["/"+items[0].Path()])
	}
}

func TestDownloadRefusesADamagedFile(t *testing.T) {
	s := newShop()
	it := Item{Market: api.Spot, Kind: Trades, Symbol: "BTCUSDT", From: day("2024-02-01")}
	s.add(it, "1,2,3,6,1706745600000,true,true\n")
	s.files["/"+it.Path()][30] ^= 1
	d := fetcher(t, s)
	_, err := d.Fetch(context.Background(), []Item{it})
	if err == nil || !strings.Contains(err.Error(), "the archive's .CHECKSUM says") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(d.Dir, it.Path())); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the damaged file took its place: %v", err)
	}
	s.files["/"+it.Path()+".CHECKSUM"] = []byte("<html>not found</html>")
	if _, err := d.Fetch(context.Background(), []Item{it}); err == nil || !strings.Contains(err.Error(), "64 hexadecimal digits") {
		t.Errorf("a page for a checksum: %v", err)
	}
}

// TestImportedBarsRunAsAHistory goes the whole way: archive, download, import, and
// the feed that a backtest runs on.
func TestImportedBarsRunAsAHistory(t *testing.T) {
	s := newShop()
	month := Item{Market: api.USDM, Kind: Klines, Symbol: "BTCUSDT", Interval: "1h", From: day("2024-02-01"), Monthly: true}
	last := month
	last.Monthly, last.From = false, day("2024-02-29")
	spot := month
	spot.Market = api.Spot
	funding := Item{Market: api.USDM, Kind: FundingRates, Symbol: "BTCUSDT", From: day("2024-02-01"), Monthly: true}
	items := []Item{month, last, spot, funding}
	s.add(month, hours("2024-02-01", 29*24, true))
	lines := strings.SplitAfter(hours("2024-02-01", 29*24, false), "\n")
	s.add(last, strings.Join(lines[28*24:], "")) // within the month: every row is a repetition
	micro := strings.ReplaceAll(hours("2024-02-01", 29*24, false), "00000,", "00000000,")
	s.add(spot, micro) // spot since 2025: microseconds
	s.add(funding, "calc_time,funding_interval_hours,last_funding_rate\n1706745600003,8,0.00012\n1706774400000,8,-0.00003\n")
	d := fetcher(t, s)
	if _, err := d.Fetch(context.Background(), items); err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	done, err := Import(context.Background(), d.Dir, out, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range done.Files {
		if strings.Contains(f.Path, "perp_1h") && (f.Rows != 29*24 || f.Repeated != 24 || f.Files != 2) {
			t.Errorf("%+v: want 696 rows of 2 files, 24 of them repeated", f)
		}
	}
	rec, err := record.Formats{frames.Format{}}.Open([]string{out}, record.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer rec.Close()
	kinds := map[exchange.Kind]int{}
	var ev exchange.Event
	for err = rec.Next(&ev); err == nil; err = rec.Next(&ev) {
		kinds[ev.Kind]++
		if ev.Kind == exchange.KindFunding && kinds[ev.Kind] == 1 && ev.Rate != 12000 {
			t.Errorf("first funding rate %d, want 0.00012", ev.Rate)
		}
	}
	if !errors.Is(err, io.EOF) || kinds[exchange.KindBar] != 2*29*24 || kinds[exchange.KindFunding] != 2 {
		t.Errorf("the history holds %v (%v): want 1392 bars and 2 settlements", kinds, err)
	}
}

func TestImportedTradesAndTickersAreARecording(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	s := newShop()
	for it, csv := range map[Item]string{
		{Market: api.Spot, Kind: Trades, Symbol: "BTCUSDT", From: day("2025-02-01")}: "7,100.5,0.25,25.1,1738368000000123,True,True\n8,100.6,1,100.6,1738368000100000,False,True\n",
		{Market: api.USDM, Kind: AggTrades, Symbol: "BTCUSDT", From: day("2025-02-01")}: "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n" +
			"5,100.5,0.25,10,12,1738368000000,true\n",
		{Market: api.USDM, Kind: BookTickers, Symbol: "BTCUSDT", From: day("2025-02-01")}: "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time\n" +
			"9,100.5,2,100.6,3,1738368000000,1738368000004\n",
	} {
		s.add(it, csv)
		path := filepath.Join(dir, it.Path())
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, s.files["/"+it.Path()], 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Import(context.Background(), dir, out, nil); err != nil {
		t.Fatal(err)
	}
	rec, err := record.Formats{frames.Format{}}.Open([]string{filepath.Join(out, "raw")}, record.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer rec.Close()
	var got []string
	var ev exchange.Event
	for rec.Next(&ev) == nil {
		in := rec.Universe().Get(ev.Instrument)
		got = append(got, fmt.Sprintf("%s %s %s %s %s %s", ev.Time, in.Key(), ev.Kind, in.PriceDecimal(ev.Price), in.QtyDecimal(ev.Qty), ev.Side))
	}
	want := `2025-02-01T00:00:00.000Z spot:BTCUSDT trade 100.5 0.25 sell
2025-02-01T00:00:00.000Z usdm:BTCUSDT trade 100.5 0.25 sell
2025-02-01T00:00:00.004Z usdm:BTCUSDT ticker 100.5 2`
	text := strings.Join(got, "\n")
	for _, line := range strings.Split(want, "\n") {
		if !strings.Contains(text, line) {
			t.Errorf("the recording lacks\n%s\nit has\n%s", line, text)
		}
	}
	if s := rec.Stats(); s.Malformed != 0 || len(got) != 4 {
		t.Errorf("%d events, %d malformed: %v", len(got), s.Malformed, s.Problems)
	}
}

func TestImportNamesWhatItCantRead(t *testing.T) {
	it := Item{Market: api.USDM, Kind: Klines, Symbol: "BTCUSDT", Interval: "1h", From: day("2024-02-01")}
	good := hours("2024-02-01", 2, true)
	for want, csv := range map[string]string{
		`.csv:2: field high is "1l0": want a number`: strings.ReplaceAll(good, "110", "1l0"),
		`.csv:2: time "12": want milliseconds`:       "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume\n12,1,1,1,1,1,13,1,1,1\n",
		`.csv:1: column 2 is "close": want "open"`:   "open_time,close,open,high,low,volume\n",
		`.csv:1: 2 fields: want at least 10`:         "1706745600000,1\n",
		`the files hold no rows`:                     "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume\n",
	} {
		dir, out := t.TempDir(), t.TempDir()
		s := newShop()
		s.add(it, csv)
		path := filepath.Join(dir, it.Path())
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, s.files["/"+it.Path()], 0o644)); err != nil {
			t.Fatal(err)
		}
		_, err := Import(context.Background(), dir, out, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
		if left, _ := filepath.Glob(filepath.Join(out, "*", "*")); len(left) > 0 {
			t.Errorf("a failed import left %v", left)
		}
	}
}

func FuzzLine(f *testing.F) {
	f.Add([]byte("1706745600000,1,1,1,1,1"), uint8(0))
	f.Add([]byte("7,100.5,0.25,25.1,1738368000000123,True,True"), uint8(4))
	f.Fuzz(func(t *testing.T, line []byte, kind uint8) {
		it := Item{Market: api.USDM, Kind: Kinds[int(kind)%len(Kinds)], Symbol: "BTCUSDT", Interval: "1h"}
		c, err := converterFor(it)
		if err != nil {
			t.Fatal(err)
		}
		if c.split(line) != nil {
			return
		}
		at, err := c.check()
		if err != nil {
			return
		}
		out := c.write(nil, at, c.row)
		if bytes.Count(out, []byte("\n")) != 1 && !bytes.ContainsAny(line, "\n") {
			t.Errorf("one row became %q", out)
		}
		if _, frame, ok := bytes.Cut(out, []byte(" ")); ok && !json.Valid(frame) {
			t.Errorf("%q became a frame that is no JSON: %q", line, frame)
		}
	})
}
