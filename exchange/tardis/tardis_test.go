package tardis_test

import (
	"bytes"
	"context"
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

	"github.com/klauspost/compress/gzip"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/frames"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/record"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/exchange/tardis"
)

// store answers as Tardis does.
type store struct {
	mu     sync.Mutex
	files  map[string][]byte
	minute func(query string) string
	key    string // that is asked for but on the first of a month
	busy   map[string]int
	cut    map[string]int // bytes after which a file's connection breaks off, once
	asked  map[string]int
}

func (s *store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked[r.URL.Path]++
	free := strings.Contains(r.URL.Path, "/01/") || strings.HasSuffix(r.URL.Query().Get("from"), "-01")
	switch {
	case !free && r.Header.Get("Authorization") != "Bearer "+s.key:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"code":100,"message":"API key is missing."}`)
		return
	case s.busy[r.URL.Path] > 0:
		s.busy[r.URL.Path]--
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
		return
	case strings.HasPrefix(r.URL.Path, "/v1/data-feeds/"):
		_, _ = io.WriteString(w, s.minute(r.URL.RawQuery))
		return
	}
	body, ok := s.files[r.URL.Path]
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

func packed(text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text)
	_ = z.Close()
	return b.Bytes()
}

func serve(t *testing.T) (*store, connect.ArchiveRequest) {
	s := &store{files: map[string][]byte{}, busy: map[string]int{}, cut: map[string]int{}, asked: map[string]int{}}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	day := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	return s, connect.ArchiveRequest{Segment: "binance-futures", Symbols: []string{"BTCUSDT"}, From: day, To: day.AddDate(0, 0, 1),
		Base: srv.URL, Dir: t.TempDir(), Attempts: 3, Pause: time.Millisecond}
}

func states(list []connect.ArchiveFile) (out string) {
	for _, f := range list {
		out += f.State + " " + f.Path + "\n"
	}
	return out
}

const trades = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount\nbinance-futures,BTCUSDT,1790812800000000,1790812800000900,42,sell,60000.1,0.015\n"

// TestDataSets goes the whole way, from what is refused, busy, cut and empty to a recording.
func TestDataSets(t *testing.T) {
	s, r := serve(t)
	const dir = "/v1/binance-futures/trades/2026/10/"
	s.files[dir+"01/BTCUSDT.csv.gz"], s.files[dir+"02/BTCUSDT.csv.gz"], s.files[dir+"03/BTCUSDT.csv.gz"] = packed(trades), packed(strings.ReplaceAll(trades, "1790812800", "1790899200")), nil
	s.busy[dir+"01/BTCUSDT.csv.gz"], s.cut[dir+"02/BTCUSDT.csv.gz"], s.key = 1, 40, "sesame"
	r.Kinds, r.To, r.Workers = []string{"trades"}, r.From.AddDate(0, 0, 4), 1
	silent := func(connect.ArchiveFile) {}
	got, err := tardis.Archive{}.Download(t.Context(), r, silent)
	if err == nil || !strings.Contains(err.Error(), "API key is missing") || !strings.Contains(err.Error(), "first day of every month") {
		t.Errorf("without a key: %v", err)
	}
	if !strings.HasPrefix(states(got), "fetched binance-futures/trades/2026/10/01/BTCUSDT.csv.gz\nfailed ") {
		t.Errorf("without a key\n%s", states(got))
	}
	r.Key = sign.NewSecret("sesame")
	got, err = tardis.Archive{}.Download(t.Context(), r, silent)
	want := `present binance-futures/trades/2026/10/01/BTCUSDT.csv.gz
fetched binance-futures/trades/2026/10/02/BTCUSDT.csv.gz
absent binance-futures/trades/2026/10/03/BTCUSDT.csv.gz
absent binance-futures/trades/2026/10/04/BTCUSDT.csv.gz
`
	if err != nil || states(got) != want {
		t.Errorf("%v\n%s", err, states(got))
	}
	if n := s.asked[dir+"01/BTCUSDT.csv.gz"]; n != 2 {
		t.Errorf("the first day was asked for %d times, want 2: busy once, and not again in the second run", n)
	}
	events(t, filepath.Join(r.Dir, "binance-futures/trades/2026/10/01/BTCUSDT.csv.gz"), "trade")
}

func TestADamagedDataSetTakesNoPlace(t *testing.T) {
	s, r := serve(t)
	r.Kinds = []string{"trades"}
	body := packed(trades)
	body[len(body)-6] ^= 1
	s.files["/v1/binance-futures/trades/2026/10/01/BTCUSDT.csv.gz"] = body
	got, err := tardis.Archive{}.Download(t.Context(), r, func(connect.ArchiveFile) {})
	if err == nil || !strings.Contains(err.Error(), "damaged") || !strings.HasPrefix(states(got), "failed") {
		t.Errorf("%v\n%s", err, states(got))
	}
	if _, err := os.Stat(filepath.Join(r.Dir, got[0].Path)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it took its place: %v", err)
	}
}

// TestMessages: minutes become one recording, in which the recorder's absence is a gap; and
// what was fetched before an interruption is not fetched again.
func TestMessages(t *testing.T) {
	s, r := serve(t)
	r.Kinds, r.Channels, r.Workers = []string{tardis.Raw}, []string{"trade", "depth"}, 8
	trade := func(at string, id int) string {
		return fmt.Sprintf(`2026-10-01T%s.1234567Z {"stream":"btcusdt@trade","data":{"e":"trade","E":1,"T":1,"s":"BTCUSDT","t":%d,"p":"60000.10","q":"0.015","X":"MARKET","m":true}}`+"\n", at, id)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := 0
	s.minute = func(query string) string {
		if served++; served == 700 {
			cancel()
		}
		if want := "filters=%5B%7B%22channel%22%3A%22trade%22%2C%22symbols%22%3A%5B%22BTCUSDT%22%5D%7D%2C%7B%22channel%22%3A%22depth%22%2C%22symbols%22%3A%5B%22BTCUSDT%22%5D%7D%5D&from=2026-10-01&offset="; !strings.HasPrefix(query, want) {
			t.Errorf("asked for %s", query)
		}
		switch {
		case strings.HasSuffix(query, "&offset=0"):
			return "\n" + trade("00:00:01", 1) + trade("00:00:02", 2)
		case strings.HasSuffix(query, "&offset=1439"):
			return trade("23:59:01", 3) + "\n" + trade("23:59:59", 4)
		}
		return ""
	}
	got, err := tardis.Archive{}.Download(ctx, r, func(connect.ArchiveFile) {})
	if err == nil || !strings.Contains(err.Error(), "of 1440 minutes are here") || !strings.HasPrefix(states(got), "failed") {
		t.Fatalf("interrupted: %v\n%s", err, states(got))
	}
	got, err = tardis.Archive{}.Download(t.Context(), r, func(connect.ArchiveFile) {})
	if err != nil || states(got) != "fetched binance-futures/raw/2026/10/01/BTCUSDT-trade+depth.jsonl.zst\n" {
		t.Fatalf("%v\n%s", err, states(got))
	}
	if served > 1440+2*r.Workers {
		t.Errorf("%d minutes were asked for: those of the first run were asked for again", served)
	}
	file := filepath.Join(r.Dir, got[0].Path)
	events(t, file, "trade trade trade gap trade")
	if _, err := os.Stat(file + ".minutes"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the minutes were left: %v", err)
	}
}

// events opens what was fetched as a session does.
func events(t *testing.T, file, want string) {
	t.Helper()
	rec, err := record.Formats{frames.Format{}}.Open([]string{file}, record.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer rec.Close()
	var got []string
	var ev exchange.Event
	for err = rec.Next(&ev); err == nil; err = rec.Next(&ev) {
		got = append(got, ev.Kind.String())
	}
	if !errors.Is(err, io.EOF) || strings.Join(got, " ") != want {
		t.Errorf("%s: %s, %v; want %s", file, strings.Join(got, " "), err, want)
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	_, r := serve(t)
	for want, change := range map[string]func(*connect.ArchiveRequest){
		"at least one symbol":            func(r *connect.ArchiveRequest) { r.Symbols = nil },
		"is not before":                  func(r *connect.ArchiveRequest) { r.To = r.From },
		`symbol "../x"`:                  func(r *connect.ArchiveRequest) { r.Symbols = []string{"../x"} },
		"channels are of kind raw":       func(r *connect.ArchiveRequest) { r.Channels = []string{"trade"} },
		"and it needs some":              func(r *connect.ArchiveRequest) { r.Kinds = []string{tardis.Raw} },
		`channel "a/b": want one as the`: func(r *connect.ArchiveRequest) { r.Kinds, r.Channels = []string{tardis.Raw}, []string{"a/b"} },
	} {
		bad := r
		bad.Kinds = []string{"trades"}
		change(&bad)
		if _, err := (tardis.Archive{}).Plan(bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	segment, kind := tardis.Archive{}.ArchiveHas("Binance Futures", []string{"klines"})
	if segment == nil || kind == nil || !strings.Contains(kind.Error(), "incremental_book_L2") {
		t.Errorf("%v, %v", segment, kind)
	}
}
