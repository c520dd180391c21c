package payload_test

import (
	"bufio"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/datatest"
	"github.com/perilune/perilune/exchange/deribit/payload"
)

// Books of a capture link without a gap by prev_change_id, and come to the touch that the
// ticker of the same instant tells. The capture is of options: no other one is public.
func TestRecordedBooks(t *testing.T) {
	f, err := os.Open(datatest.Path(t, "samples/venues/captures/deribit_2021-07-22_raw.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	books := map[string]*book.Book{}
	var list []*book.Book
	d := payload.New(func(symbol []byte) *exchange.Instrument {
		b := books[string(symbol)]
		if b == nil {
			in := &exchange.Instrument{ID: exchange.InstrumentID(len(list)), Symbol: string(symbol), Tick: exchange.MustStep("0.0001"), Lot: exchange.MustStep("0.1")}
			b = book.New(in)
			books[in.Symbol], list = b, append(list, b)
		}
		return b.Instrument()
	})
	changes, compared, ignored := 0, 0, 0
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	// The ticker of an instant comes before the change of the book.
	tickers := map[exchange.InstrumentID]exchange.Event{}
	for lines.Scan() {
		err := d.Decode(lines.Bytes(), func(ev *exchange.Event, _ int64) {
			b := list[ev.Instrument]
			switch ev.Kind {
			case exchange.KindTicker:
				tickers[ev.Instrument] = *ev
			case exchange.KindDiff:
				changes++
				fallthrough
			case exchange.KindSnapshot:
				b.Apply(ev)
				told := tickers[ev.Instrument]
				if told.VenueTime != ev.VenueTime {
					return
				}
				bid, _ := b.Best(exchange.Buy)
				ask, _ := b.Best(exchange.Sell)
				if bid != (exchange.Level{Price: told.Price, Qty: told.Qty}) || ask != (exchange.Level{Price: told.Price2, Qty: told.Qty2}) {
					t.Errorf("%s at %s: ticker %+v, book %v %v", b.Instrument().Symbol, ev.VenueTime, told, bid, ask)
				}
				compared++
			}
		})
		if errors.Is(err, connect.ErrIgnored) {
			ignored++
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if lines.Err() != nil || ignored != 1 {
		t.Errorf("%d lines ignored, %v", ignored, lines.Err())
	}
	for _, b := range list {
		if s := b.Stats(); s.Gaps+s.Crossed+s.Corrupt+s.Ignored > 0 {
			t.Errorf("%s: %+v", b.Instrument().Symbol, s)
		}
	}
	t.Logf("%d books, %d changes, %d tickers agree", len(list), changes, compared)
	if changes != 36 || compared < 30 {
		t.Errorf("%d changes, %d tickers: want 36, and 30 or more", changes, compared)
	}
}

// What others recorded, and examples of the manual, decode or are of channels that are not
// used.
func TestRecordedExamples(t *testing.T) {
	d := payload.New(resolve)
	for _, name := range []string{"ws_book_delta", "ws_book_snapshot", "ws_book_grouped_snapshot", "ws_order_buy_response", "ws_portfolio", "ws_quote", "ws_subscribe_response",
		"ws_test_request", "ws_ticker", "ws_trades", "ws_trades_option_combo", "ws_volatility_index"} {
		frame, err := os.ReadFile(datatest.Path(t, "samples/venues/deribit/"+name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		err = d.Decode(frame, func(*exchange.Event, int64) { n++ })
		used := strings.Contains(name, "_book_delta") || strings.HasSuffix(name, "_book_snapshot") || strings.HasSuffix(name, "_quote") || strings.HasSuffix(name, "_ticker") || strings.HasSuffix(name, "_trades")
		if used != (err == nil) || used != (n > 0) || !used && !errors.Is(err, connect.ErrIgnored) {
			t.Errorf("%s: %d events, %v", name, n, err)
		}
	}
}
