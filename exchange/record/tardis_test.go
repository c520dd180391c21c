package record

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/datatest"
)

const tardisL2Rows = `exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount
binance-futures,ABCUSDT,1700000000000000,1700000000000900,false,bid,9.9,1
binance-futures,ABCUSDT,1700000001000000,1700000001000100,true,bid,10,5
binance-futures,ABCUSDT,1700000001000000,1700000001000100,true,ask,10.1,6
binance-futures,ABCUSDT,1700000001000000,1700000001000200,true,ask,10.25,7
binance-futures,ABCUSDT,1700000002000000,1700000002000100,false,bid,10,0
binance-futures,ABCUSDT,1700000002000000,1700000002000100,false,bid,9.95,2.5
binance-futures,ABCUSDT,1700000003000000,1700000003000100,false,ask,10.1,1
binance-futures,ABCUSDT,1700000004000000,1700000004000100,true,bid,8,1
binance-futures,ABCUSDT,1700000004000000,1700000004000100,true,ask,9,1
`

func openTardis(t *testing.T, name, text string) *Recording {
	t.Helper()
	r, err := formats.Open([]string{write(t, name, text)}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTardisGroupsRows(t *testing.T) {
	r := openTardis(t, "a.csv.gz", tardisL2Rows)
	evs, err := drain(t, r)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := kinds(evs), "snapshot diff diff diff snapshot"; got != want {
		t.Fatalf("events %s, want %s", got, want)
	}
	b := book.New(r.Universe().Get(0))
	for i, want := range []string{"1000/1010 1", "1000/1010 2", "995/1010 2", "995/1010 2", "800/900 1"} {
		b.Apply(&evs[i])
		bid, _ := b.Best(exchange.Buy)
		ask, _ := b.Best(exchange.Sell)
		if got := fmt.Sprintf("%d/%d %d", bid.Price, ask.Price, b.Depth(exchange.Sell)); got != want {
			t.Errorf("after event %d: %s, want %s (%s)", i, got, want, b.Reason())
		}
	}
	if in := r.Universe().Get(0); in.Key() != "usdm:ABCUSDT" || in.Lot.String() != "0.1" {
		t.Errorf("instrument %s lot %s", in.Key(), in.Lot)
	}
	if s := r.Stats(); s.Ignored != 1 || evs[0].Time != exchange.Time(1700000001000100)*exchange.Microsecond {
		t.Errorf("stats %+v, first at %d: want one message ignored before the snapshot", s, evs[0].Time)
	}
}

func TestTardisBadRowMakesTheBookUnusable(t *testing.T) {
	rows := strings.SplitAfter(tardisL2Rows, "\n")
	r := openTardis(t, "a.csv", strings.Join(rows[:5], "")+"binance-futures,ABCUSDT,17\n"+strings.Join(rows[5:], ""))
	evs, err := drain(t, r)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := kinds(evs), "snapshot diff gap diff diff snapshot"; got != want {
		t.Fatalf("events %s, want %s", got, want)
	}
	b := book.New(r.Universe().Get(0))
	ready := ""
	for i := range evs {
		b.Apply(&evs[i])
		ready += fmt.Sprint(b.Ready(), " ")
	}
	if want := "true true false false false true "; ready != want {
		t.Errorf("ready %s, want %s", ready, want)
	}
}

func TestTardisTruncated(t *testing.T) {
	r := openTardis(t, "a.csv", tardisL2Rows+"binance-futures,ABCUSDT,17000")
	evs, err := drain(t, r)
	var te *TruncatedError
	if !errors.As(err, &te) || te.Line != 10 || te.Byte != int64(len(tardisL2Rows)) {
		t.Fatalf("error %v, want a *TruncatedError after line 10", err)
	}
	if got, want := kinds(evs), "snapshot diff diff diff snapshot gap"; got != want {
		t.Errorf("events %s, want %s", got, want)
	}
}

// A price of bankruptcy is no whole number of ticks, and does not say how fine they are.
func TestLiquidationsDoNotRefineTicks(t *testing.T) {
	dir := put(t, t.TempDir(), map[string]string{
		"trades.csv":       "exchange,symbol,timestamp,local_timestamp,id,side,price,amount\nbinance-futures,ABCUSDT,1700000000000000,1700000000000900,42,sell,9.9,1.5\n",
		"liquidations.csv": "exchange,symbol,timestamp,local_timestamp,id,side,price,amount\nbinance-futures,ABCUSDT,1700000001000000,1700000001000900,,sell,9.87654321,1.5\n",
	})
	r, err := formats.Open([]string{dir}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	in := r.Universe().Get(0)
	evs, err := drain(t, r)
	if err != nil || in.Tick.String() != "0.1" || len(r.Universe().All()) != 1 {
		t.Fatalf("tick %s, error %v", in.Tick, err)
	}
	if last := evs[len(evs)-1]; last.Kind != exchange.KindLiquidation || last.Price != 98 {
		t.Errorf("%+v", last)
	}
}

func TestTardisSingleRows(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"trades": {"exchange,symbol,timestamp,local_timestamp,id,side,price,amount\nbinance,ABCUSDT,1700000000000000,1700000000000900,42,sell,9.9,1.5\n",
			"spot trade 42 sell 99x15"},
		"liquidations": {"exchange,symbol,timestamp,local_timestamp,id,side,price,amount\nbinance-futures,ABCUSDT,1700000000000000,1700000000000900,,sell,9.95,1.5\nbinance-futures,ABCUSDT,1700000001000000,1700000001000900,,short,9.9,1\n",
			"usdm liquidation sell 995x15"},
		"quotes": {"exchange,symbol,timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount\nbinance-delivery,ABCUSD_PERP,1700000000000000,1700000000000900,4,9.9,9.8,3\n",
			"coinm ticker 98x3 99x4"},
		"top": {"exchange,symbol,timestamp,local_timestamp,asks[0].price,asks[0].amount,bids[0].price,bids[0].amount,asks[1].price,asks[1].amount,bids[1].price,bids[1].amount\n" +
			"bybit,ABCUSDT,1700000000000000,1700000000000900,9.9,4,9.8,3,10.0,1,,\n",
			"usdm snapshot [{98 3}] [{99 4} {100 1}]"},
	} {
		r := openTardis(t, name+".csv", c.text)
		evs, err := drain(t, r)
		evs = slices.DeleteFunc(evs, func(e exchange.Event) bool { return e.Kind == exchange.KindGap })
		if err != nil || len(evs) != 1 {
			t.Fatalf("%s: %d events, error %v", name, len(evs), err)
		}
		e := evs[0]
		got := fmt.Sprintf("%s %s ", r.Universe().Get(0).Segment(), e.Kind)
		switch e.Kind {
		case exchange.KindTrade:
			got += fmt.Sprintf("%d %s %dx%d", e.ID, e.Side, e.Price, e.Qty)
		case exchange.KindLiquidation:
			got += fmt.Sprintf("%s %dx%d", e.Side, e.Price, e.Qty)
		case exchange.KindTicker:
			got += fmt.Sprintf("%dx%d %dx%d", e.Price, e.Qty, e.Price2, e.Qty2)
		case exchange.KindSnapshot:
			got += fmt.Sprintf("%v %v", e.Bids, e.Asks)
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if foreign := strings.Contains(r.Describe(), "it is of bybit"); foreign != (name == "top") {
			t.Errorf("%s: description\n%s", name, r.Describe())
		}
	}
}

func TestRecordedTardis(t *testing.T) {
	for _, f := range []string{"binance-futures_book_snapshot_5_BTCUSDT.csv", "binance-futures_book_snapshot_25_BTCUSDT.csv",
		"bitmex_trades_XBTUSD.csv", "deribit_incremental_book_L2_BTC-PERPETUAL.csv", "huobi-dm-swap_quotes_BTC-USD.csv"} {
		r, err := formats.Open([]string{datatest.Path(t, "tardis-csv/tardis/"+f)}, Options{})
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		evs, err := drain(t, r)
		if s := r.Stats(); err != nil || len(evs) == 0 || s.Malformed != 0 {
			t.Errorf("%s: %d events, error %v, stats %+v", f, len(evs), err, s)
		}
	}
}

func FuzzTardis(f *testing.F) {
	f.Add(tardisL2Rows)
	f.Add(strings.ReplaceAll(tardisL2Rows, "true", "maybe"))
	f.Add(strings.ReplaceAll(tardisL2Rows, ",9.95,2.5", ",-9.95,2.5"))
	f.Add(strings.ReplaceAll(tardisL2Rows, ",2.5", ",-2.5"))
	f.Add(strings.ReplaceAll(tardisL2Rows, "bid,10,5", "bid,0,5"))
	f.Fuzz(func(t *testing.T, text string) {
		r, err := formats.Open([]string{write(t, "a.csv", "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n"+text)}, Options{})
		if err != nil {
			return
		}
		most := (strings.Count(text, "\n") + 2) * (r.Universe().Len() + 1) // a bad row is a gap for each
		evs, _ := drain(t, r)
		if len(evs) > most {
			t.Fatalf("%d events of %d lines", len(evs), strings.Count(text, "\n"))
		}
		believable(t, r, evs)
	})
}

// A derivative_ticker leaves out what did not change, and says of a settlement only that
// another one is due.
func TestTardisDerivativeTicker(t *testing.T) {
	r := openTardis(t, "a.csv", `exchange,symbol,timestamp,local_timestamp,funding_timestamp,funding_rate,predicted_funding_rate,open_interest,last_price,index_price,mark_price
binance-futures,ABCUSDT,1699999200000000,1699999200000900,1700006400000000,0.0001,,1000.5,9.9,9.91,9.92
binance-futures,ABCUSDT,1700006399000000,1700006399000900,1700006400000000,1.2e-05,,1000.5,9.9,,
binance-futures,ABCUSDT,1700006399500000,1700006399500900,,,,1001.5,,,
binance-futures,ABCUSDT,1700006400500000,1700006400500900,1700020800000000,0.0003,,1001.5,9.9,9.81,9.82
binance-futures,ABCUSDT,1700006401500000,1700006401500900,1700020800000000,x,,1001.5,9.9,9.81,9.82
binance-futures,ABCUSDT,1700020801000000,1700020801000900,1700035200000000,0.0002,,1001.5,9.9,9.81,9.82
`)
	evs, err := drain(t, r)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range evs {
		switch e.Kind {
		case exchange.KindMark:
			got = append(got, fmt.Sprintf("mark %d index %d rate %d due %d every %d", e.Mark, e.Index, e.Rate, e.NextFunding/exchange.Second, e.Hours))
		case exchange.KindOpenInterest:
			got = append(got, fmt.Sprintf("interest %d", e.Qty))
		case exchange.KindFunding:
			got = append(got, fmt.Sprintf("settled %d at %d every %d mark %d", e.Rate, e.VenueTime/exchange.Second, e.Hours, e.Mark))
		default:
			got = append(got, e.Kind.String())
		}
	}
	want := []string{
		"mark 992000000 index 991000000 rate 10000 due 1700006400 every 8", "interest 10005",
		"mark 992000000 index 991000000 rate 1200 due 1700006400 every 8",
		"mark 992000000 index 991000000 rate 1200 due 1700006400 every 8", "interest 10015",
		"settled 1200 at 1700006400 every 4 mark 992000000",
		"mark 982000000 index 981000000 rate 30000 due 1700020800 every 4",
		"gap",
		"settled 30000 at 1700020800 every 4 mark 982000000",
		"mark 982000000 index 981000000 rate 20000 due 1700035200 every 4",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if s := r.Stats(); s.Malformed != 1 {
		t.Errorf("%+v: want one row that can't be read", s)
	}
	if !strings.Contains(r.Describe(), "no settled funding") {
		t.Errorf("%v: it does not say where settlements are from", r.Describe())
	}
}
