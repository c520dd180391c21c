package payload

import (
	"bufio"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/rules"
	"github.com/perilune/perilune/exchange/datatest"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// recording reads the frames of a gzipped file of "<local ns> <frame>" lines.
func recording(t testing.TB, name string) [][]byte {
	t.Helper()
	zr := datatest.Gunzip(t, datatest.Path(t, "l2/"+name))
	lines := bufio.NewScanner(zr)
	lines.Buffer(nil, 1<<22)
	var frames [][]byte
	for lines.Scan() {
		_, frame, ok := bytes.Cut(lines.Bytes(), []byte(" "))
		if !ok {
			t.Fatalf("%s line %d: no space between stamp and frame", name, len(frames)+1)
		}
		frames = append(frames, bytes.Clone(frame))
	}
	if lines.Err() != nil {
		t.Fatal(lines.Err())
	}
	return frames
}

// forBTC returns a decoder that knows the one instrument of a recording.
func forBTC(t testing.TB, m api.Market) (*Decoder, *exchange.Instrument) {
	t.Helper()
	symbol := "BTCUSDT"
	if m == api.COINM {
		symbol = "BTCUSD_PERP"
	}
	in, ok := rules.Known(m, symbol)
	if !ok {
		t.Fatalf("no rules for %s", symbol)
	}
	in.ID = 7
	d := NewDecoder(m, func(s []byte) *exchange.Instrument {
		if string(s) == symbol {
			return &in
		}
		return nil
	})
	d.SetDefault(&in)
	return d, &in
}

var recordings = []struct {
	file    string
	market  api.Market
	rounded int
	counts  map[exchange.Kind]int
}{
	{"spot-btcusdt-20240808.jsonl.gz", api.Spot, 3, map[exchange.Kind]int{
		exchange.KindDiff: 3451, exchange.KindTicker: 28040, exchange.KindTrade: 9757, exchange.KindSnapshot: 1}},
	{"usdm-btcusdt-20240808.jsonl.gz", api.USDM, 0, map[exchange.Kind]int{
		exchange.KindDiff: 6551, exchange.KindTicker: 66089, exchange.KindTrade: 21313, exchange.KindSnapshot: 1}},
	{"coinm-btcusd_perp-20240808.jsonl.gz", api.COINM, 0, map[exchange.Kind]int{
		exchange.KindDiff: 26847, exchange.KindTicker: 19136, exchange.KindTrade: 2286, exchange.KindSnapshot: 1}},
	{"spot-btcusdt-20240809.jsonl.gz", api.Spot, 4, map[exchange.Kind]int{
		exchange.KindDiff: 3044, exchange.KindTicker: 45134, exchange.KindTrade: 10147}},
	{"coinm-btcusd_perp-20240809.jsonl.gz", api.COINM, 0, map[exchange.Kind]int{
		exchange.KindDiff: 17948, exchange.KindTicker: 29219, exchange.KindTrade: 2949}},
}

// Every recorded frame decodes by its shape, the diffs link, the trade
// ids are consecutive, and the tolerant path and the plain way over
// encoding/json and decimals give the same events.
func TestRecordedFrames(t *testing.T) {
	for _, rec := range recordings {
		t.Run(rec.file, func(t *testing.T) {
			frames := recording(t, rec.file)
			d, in := forBTC(t, rec.market)
			slow, _ := forBTC(t, rec.market)
			counts := map[exchange.Kind]int{}
			var last, lastTrade int64
			for i, frame := range frames {
				before := d.Rounded()
				var ev, other exchange.Event
				if err := d.Decode(frame, &ev); err != nil {
					t.Fatalf("frame %d: %v", i, err)
				}
				if !inShape(slow, frame) && d.Rounded() == before {
					t.Fatalf("frame %d is in no shape: %.200s", i, frame)
				}
				if err := decodeTolerant(slow, frame, &other); err != nil {
					t.Fatalf("frame %d, tolerant: %v", i, err)
				}
				sameEvent(t, frame, &ev, &other)
				if i%16 == 0 {
					ref, err := naive{rec.market, in, in}.decode(frame)
					if err != nil {
						t.Fatalf("frame %d, reference: %v", i, err)
					}
					sameEvent(t, frame, &ev, ref)
				}
				counts[ev.Kind]++
				switch ev.Kind {
				case exchange.KindDiff:
					previous := ev.PrevID
					if rec.market == api.Spot {
						previous = ev.FirstID - 1
					}
					if last != 0 && previous != last {
						t.Fatalf("frame %d: links to %d after %d", i, previous, last)
					}
					last = ev.LastID
				case exchange.KindTrade:
					if lastTrade != 0 && ev.ID != lastTrade+1 {
						t.Fatalf("frame %d: trade %d after %d", i, ev.ID, lastTrade)
					}
					lastTrade = ev.ID
				case exchange.KindTicker:
					if ev.Price >= ev.Price2 || ev.Qty <= 0 || ev.Qty2 <= 0 {
						t.Fatalf("frame %d: bad quote %+v", i, ev)
					}
				}
			}
			if d.Rounded() != rec.rounded {
				t.Errorf("%d quantities rounded, want %d", d.Rounded(), rec.rounded)
			}
			for k, want := range rec.counts {
				if counts[k] != want {
					t.Errorf("%d of kind %s, want %d", counts[k], k, want)
				}
			}
		})
	}
}

// The aggressor of a trade takes from the side that the quote before it shows:
// buys at the ask and sells at the bid, as far as the two streams keep step.
func TestAggressorSide(t *testing.T) {
	d, _ := forBTC(t, api.USDM)
	var bid, ask exchange.Ticks
	right, wrong := 0, 0
	for _, frame := range recording(t, "usdm-btcusdt-20240808.jsonl.gz") {
		var ev exchange.Event
		if err := d.Decode(frame, &ev); err != nil {
			t.Fatal(err)
		}
		switch {
		case ev.Kind == exchange.KindTicker:
			bid, ask = ev.Price, ev.Price2
		case ev.Kind != exchange.KindTrade || bid == 0:
		case ev.Price >= ask && ev.Side == exchange.Buy, ev.Price <= bid && ev.Side == exchange.Sell:
			right++
		case ev.Price >= ask || ev.Price <= bid:
			wrong++
		}
	}
	if right < 3*wrong {
		t.Errorf("%d trades on the side of their aggressor, %d on the other", right, wrong)
	}
}

// Every sample of a message that the decoder knows decodes, and every other
// JSON sample is ignored or refused, never more.
func TestSamples(t *testing.T) {
	used := map[string]int{}
	root := datatest.Path(t, "samples/binance")
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".json") {
			return err
		}
		frame, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		group := filepath.Base(filepath.Dir(path))
		market := api.USDM
		if strings.HasPrefix(group, "spot") || strings.Contains(path, "_spot_") {
			market = api.Spot
		} else if strings.HasPrefix(group, "cm") || strings.HasPrefix(filepath.Base(path), "cm_") {
			market = api.COINM
		}
		// The steps of documentation examples are anybody's guess.
		in := rules.Assume(market, "ANYUSDT", exchange.MustStep("0.00000001"), exchange.MustStep("0.00000001"))
		d := NewDecoder(market, func([]byte) *exchange.Instrument { return &in })
		d.SetDefault(&in)
		ref := naive{market, &in, &in}
		var ev exchange.Event
		err = d.DecodeEach(frame, &ev, func(ev *exchange.Event) error {
			used[ev.Kind.String()]++
			if bytes.TrimSpace(frame)[0] == '[' || ev.Kind == exchange.KindLiquidation { // which the reference does not know
				return nil
			}
			want, err := ref.decode(frame)
			if err != nil {
				t.Errorf("%s: the reference says %v", path, err)
				return nil
			}
			sameEvent(t, frame, ev, want)
			return nil
		})
		var malformed *jsonscan.DecodeError
		if errors.As(err, &malformed) {
			t.Logf("%s: %v", path, err)
			if _, refErr := ref.decode(frame); refErr == nil {
				t.Errorf("%s: %v, but the reference decodes it", path, err)
			}
			if strings.Contains(group, "streams") {
				t.Errorf("%s: %v", path, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for kind, least := range map[string]int{"diff": 8, "ticker": 6, "trade": 6, "mark": 6, "snapshot": 3} {
		if used[kind] < least {
			t.Errorf("%d samples of kind %s, want at least %d; all: %v", used[kind], kind, least, used)
		}
	}
}

// The hand-written table agrees with a public table of tick and lot sizes.
func TestRulesAgainstPublicTable(t *testing.T) {
	zr := datatest.Gunzip(t, datatest.Path(t, "instruments/lean_symbol-properties-database_202608.csv.gz"))
	lines := bufio.NewScanner(zr)
	seen := 0
	for lines.Scan() {
		col := strings.Split(lines.Text(), ",")
		if len(col) < 9 || col[0] != "binance" {
			continue
		}
		seen += checkPublicRule(t, col)
	}
	if seen < 40 {
		t.Errorf("only %d rules were in the public table", seen)
	}
}

func checkPublicRule(t *testing.T, col []string) int {
	markets := []api.Market{api.Spot}
	if col[2] == "cryptofuture" {
		markets = []api.Market{api.USDM, api.COINM}
	}
	i := slices.IndexFunc(markets, func(m api.Market) bool { _, ok := rules.Known(m, col[8]); return ok })
	if i < 0 {
		return 0
	}
	in, _ := rules.Known(markets[i], col[8])
	tick, lot := decimal.RequireFromString(col[6]), decimal.RequireFromString(col[7])
	if !in.Tick.Decimal(1).Equal(tick) || !in.Lot.Decimal(1).Equal(lot) {
		t.Errorf("%s: tick %s lot %s, want %s and %s", in.Key(), in.Tick, in.Lot, tick, lot)
	}
	if api.Of(in.Venue) == api.Spot && !in.MinNotional.Equal(decimal.RequireFromString(col[9])) {
		t.Errorf("%s: minimum notional %s, want %s", in.Key(), in.MinNotional, col[9])
	}
	return 1
}
