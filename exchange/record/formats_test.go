package record

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/fixed"
)

// acme is a house of one market whose frames are {"sym":"ABC-PERP","px":"1.5","sz":"2"}.
type acme struct{}

type acmeTrade struct {
	Sym string `json:"sym"`
	Px  string `json:"px"`
	Sz  string `json:"sz"`
}

func (acme) House() string { return "acme" }

func (acme) Segment(name string) (exchange.Venue, error) {
	if name != "swap" {
		return "", fmt.Errorf("unknown market %q: want swap", name)
	}
	return "acme.swap", nil
}

func (acme) VenueOf(c exchange.Contract) exchange.Venue {
	if c == exchange.Linear {
		return "acme.swap"
	}
	return ""
}

func (acme) Tardis() map[string]exchange.Venue {
	return map[string]exchange.Venue{"acme-swap": "acme.swap"}
}

func (acme) Known(exchange.Venue, string) (exchange.Instrument, bool) {
	return exchange.Instrument{}, false
}

func (acme) Assume(v exchange.Venue, symbol string, price, qty exchange.Step) exchange.Instrument {
	return exchange.Instrument{Venue: v, Symbol: symbol, Contract: exchange.Linear, Base: symbol[:3], Quote: "USD", Tick: price, Lot: qty, Assumed: "all"}
}

func (acme) Symbol([]byte) []byte { return nil }

func (acme) Inspect(frame []byte) (connect.Frame, bool) {
	var t acmeTrade
	if json.Unmarshal(frame, &t) != nil || t.Sym == "" {
		return connect.Frame{}, false
	}
	return connect.Frame{Symbol: t.Sym, Venue: "acme.swap", Numbers: func(price, qty func(string)) {
		price(t.Px)
		qty(t.Sz)
	}}, true
}

func (acme) Aggregate([]byte) bool { return false }

func (acme) SkippedTrade([]byte) (string, int64, bool) { return "", 0, false }

func (acme) Decoder(_ exchange.Venue, resolve func([]byte) *exchange.Instrument) connect.Decoder {
	return acmeDecoder{resolve}
}

type acmeDecoder struct {
	resolve func([]byte) *exchange.Instrument
}

func (acme) Numbering(exchange.Venue) connect.Numbering { return connect.Numbering{} }

func (d acmeDecoder) Decode(frame []byte, yield func(*exchange.Event, int64)) (err error) {
	var t acmeTrade
	if err := json.Unmarshal(frame, &t); err != nil {
		return err
	}
	if t.Sym == "" {
		return connect.ErrIgnored
	}
	in := d.resolve([]byte(t.Sym))
	if in == nil {
		return connect.ErrIgnored
	}
	ev := exchange.Event{Kind: exchange.KindTrade, Instrument: in.ID, Side: exchange.Buy}
	if ev.Price, err = fixed.Ticks([]byte(t.Px), in.Tick); err != nil {
		return err
	}
	if ev.Qty, err = fixed.Lots([]byte(t.Sz), in.Lot); err == nil {
		yield(&ev, 0)
	}
	return err
}

const acmeLines = `1000000002500 {"sym":"ABC-PERP","px":"10.125","sz":"2"}
1000000004500 {"hello":1}
1000000004600 {"sym":"XYZ-PERP","px":"7","sz":"1"}
`

// TestARecordingOfTwoHouses: each file is read in the format of its frames, whatever its
// name and the order of the formats, and no instrument is taken for another house's.
func TestARecordingOfTwoHouses(t *testing.T) {
	ours, theirs := write(t, "a.jsonl", usdmLines), write(t, "b.jsonl", acmeLines)
	for _, both := range []Formats{{formats[0], acme{}}, {acme{}, formats[0]}} {
		r, err := both.Open([]string{ours, theirs}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, in := range r.Universe().All() {
			keys = append(keys, in.Key())
		}
		slices.Sort(keys)
		if got := strings.Join(keys, " "); got != "acme.swap:ABC-PERP acme.swap:XYZ-PERP binance.usdm:ABCUSDT" {
			t.Fatalf("instruments %s", got)
		}
		abc, _ := r.Universe().Find("acme.swap", "ABC-PERP")
		evs, err := drain(t, r)
		if err != nil || kinds(evs) != "diff ticker trade snapshot diff trade trade" {
			t.Fatalf("%s, %v", kinds(evs), err)
		}
		if e := evs[2]; e.Instrument != abc.ID || e.Price != 10125 || e.Qty != 2 {
			t.Errorf("the trade of the other house is %+v", e)
		}
		if s := r.Stats(); s.Malformed+s.Unknown != 0 || s.Ignored != 1 {
			t.Errorf("%+v: want one frame that is not used", s)
		}
	}
}

// TestNamesOfTwoHouses: the first house's segments go without its name, in files and for
// Verify, and what Tardis has of the other is the other's.
func TestNamesOfTwoHouses(t *testing.T) {
	both := Formats{formats[0], acme{}}
	for name, fault := range map[string]string{"usdm": "", "binance.usdm": "", "acme.swap": "", "swap": "want spot", "acme.usdm": "want swap"} {
		if err := both.CheckMarket(name); (err == nil) != (fault == "") || err != nil && !strings.Contains(err.Error(), fault) {
			t.Errorf("%s: %v, want %q", name, err, fault)
		}
	}
	dir := t.TempDir()
	w, err := both.NewRawWriter(dir, exchange.Day)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []exchange.Venue{"acme.swap", "binance.spot"} {
		in := exchange.Instrument{ID: exchange.InstrumentID(len(v)), Venue: v, Symbol: "ABC"}
		w.Add(&in, exchange.Day, []byte("{}"))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"acme.swap-ABC-19700102T000000Z.jsonl.zst", "spot-ABC-19700102T000000Z.jsonl.zst"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	r, err := both.Open([]string{write(t, "t.csv", tardisTradeHeader+"acme-swap,ABC-PERP,1583020803145000,1583020803307160,1,sell,8531.5,2\n")}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if in := r.Universe().Get(0); in.FullKey() != "acme.swap:ABC-PERP" || strings.Contains(r.Describe(), "a market like it") {
		t.Errorf("%s\n%s", in.FullKey(), r.Describe())
	}
	// What nobody has is taken for a market of the first house, which must have such.
	foreign := write(t, "f.csv", tardisTradeHeader+"coinbase,BTC-USD,1583020803145000,1583020803307160,1,sell,8531.5,2\n")
	if _, err := (Formats{acme{}}).Open([]string{foreign}, Options{}); err == nil || !strings.Contains(err.Error(), "acme has no market of spot contracts") {
		t.Errorf("a spot market of a house that has none: %v", err)
	}
}

// TestWithoutFormatsNothingIsRead rather than taken for something.
func TestWithoutFormatsNothingIsRead(t *testing.T) {
	var none Formats
	_, opened := none.Open([]string{write(t, "a.jsonl", usdmLines)}, Options{})
	_, loaded := none.LoadHistory(historyDir(t))
	_, verified := none.Verify("", []string{write(t, "a.jsonl", usdmLines)}, VerifyOptions{})
	_, written := none.NewRawWriter(t.TempDir(), 0)
	for _, err := range []error{opened, loaded, verified, written, none.CheckMarket("usdm")} {
		if err != errNoFormats {
			t.Errorf("got %v", err)
		}
	}
}

// TestHistoryNamesItsHouse takes symbols by their full names too.
func TestHistoryNamesItsHouse(t *testing.T) {
	r := openHist(t, historyDir(t), HistoryOptions{Symbols: []string{"binance.usdm:ABCUSDT"}})
	defer r.Close()
	if r.Universe().Len() != 1 || r.Universe().Get(0).FullKey() != "binance.usdm:ABCUSDT" {
		t.Errorf("%d instruments", r.Universe().Len())
	}
	if b := r.Bars(); b["usdm:ABCUSDT"] == 0 {
		t.Errorf("lengths of bars %v", b)
	}
}
