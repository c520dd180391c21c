package journal

import (
	"errors"
	"io"
	"math"
	"reflect"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/perilune/perilune/exchange"
)

func kinds() []exchange.Kind {
	var out []exchange.Kind
	for k := exchange.KindSnapshot; k <= exchange.KindMargin; k++ {
		out = append(out, k)
	}
	return out
}

var (
	anyInt  = rapid.OneOf(rapid.Int64(), rapid.Int64Range(-300, 300), rapid.SampledFrom([]int64{math.MinInt64, math.MaxInt64, 0}))
	anyText = rapid.String()
)

func genTicks(t *rapid.T) exchange.Ticks { return exchange.Ticks(anyInt.Draw(t, "price")) }
func genLots(t *rapid.T) exchange.Lots   { return exchange.Lots(anyInt.Draw(t, "qty")) }
func genE8(t *rapid.T) exchange.E8       { return exchange.E8(anyInt.Draw(t, "e8")) }
func genTime(t *rapid.T) exchange.Time   { return exchange.Time(anyInt.Draw(t, "time")) }
func genByte(t *rapid.T) byte            { return rapid.Byte().Draw(t, "byte") }
func genText(t *rapid.T) string          { return anyText.Draw(t, "text") }
func genBool(t *rapid.T) bool            { return rapid.Bool().Draw(t, "bool") }
func genInt32(t *rapid.T) int32          { return rapid.Int32().Draw(t, "int32") }

func genDecimal(t *rapid.T) decimal.Decimal {
	d := decimal.New(anyInt.Draw(t, "coefficient"), rapid.Int32Range(-30, 30).Draw(t, "exponent"))
	if genBool(t) {
		d = d.Mul(decimal.New(anyInt.Draw(t, "factor"), -18)) // more than 64 bits
	}
	return d
}

func genLevels(t *rapid.T) []exchange.Level {
	var out []exchange.Level
	for range rapid.IntRange(0, 30).Draw(t, "levels") {
		out = append(out, exchange.Level{Price: genTicks(t), Qty: genLots(t)})
	}
	return out
}

// genEvent sets exactly the fields that the kind documents.
func genEvent(t *rapid.T) exchange.Event {
	ev := exchange.Event{
		Kind:       rapid.SampledFrom(kinds()).Draw(t, "kind"),
		Seq:        rapid.Uint64().Draw(t, "seq"),
		Instrument: exchange.InstrumentID(genInt32(t)),
		Time:       genTime(t),
		VenueTime:  genTime(t),
	}
	if ev.Kind.MarketData() {
		ev.More = genBool(t)
		genMarket(t, &ev)
	} else {
		genOwn(t, &ev)
	}
	return ev
}

func genMarket(t *rapid.T, ev *exchange.Event) {
	switch ev.Kind {
	case exchange.KindSnapshot:
		ev.LastID, ev.Bids, ev.Asks, ev.Synthetic = anyInt.Draw(t, "id"), genLevels(t), genLevels(t), genBool(t)
	case exchange.KindDiff:
		ev.FirstID, ev.LastID, ev.PrevID = anyInt.Draw(t, "U"), anyInt.Draw(t, "u"), anyInt.Draw(t, "pu")
		ev.Bids, ev.Asks, ev.Synthetic = genLevels(t), genLevels(t), genBool(t)
	case exchange.KindTicker:
		ev.LastID, ev.Synthetic = anyInt.Draw(t, "id"), genBool(t)
		ev.Price, ev.Qty, ev.Price2, ev.Qty2 = genTicks(t), genLots(t), genTicks(t), genLots(t)
	case exchange.KindTrade:
		ev.ID, ev.Price, ev.Qty = anyInt.Draw(t, "id"), genTicks(t), genLots(t)
		ev.Side = exchange.Side(rapid.SampledFrom([]int8{-1, 0, 1}).Draw(t, "side"))
	case exchange.KindLiquidation:
		ev.Price, ev.Qty, ev.Side = genTicks(t), genLots(t), exchange.Side(rapid.SampledFrom([]int8{-1, 0, 1}).Draw(t, "side"))
	case exchange.KindMark:
		ev.Mark, ev.Index, ev.Rate, ev.NextFunding = genE8(t), genE8(t), genE8(t), genTime(t)
		ev.Hours = int(anyInt.Draw(t, "hours"))
		if genBool(t) {
			ev.Path = exchange.MarkPath{Open: genE8(t), High: genE8(t), Low: genE8(t), Interval: genTime(t)}
		}
	case exchange.KindFunding:
		ev.Rate, ev.Mark, ev.Hours = genE8(t), genE8(t), int(anyInt.Draw(t, "hours"))
	case exchange.KindBar:
		ev.Bar = exchange.Bar{Open: genTicks(t), High: genTicks(t), Low: genTicks(t), Close: genTicks(t),
			Volume: rapid.Float64().Draw(t, "volume"), Interval: genTime(t)}
		ev.Bar.Flow = genFlow(t)
	case exchange.KindGap:
		ev.Reason = genText(t)
	case exchange.KindDay:
		ev.Day = exchange.DayStats{Open: genTicks(t), High: genTicks(t), Low: genTicks(t), Last: genTicks(t),
			Volume: rapid.Float64().Draw(t, "volume"), Quote: rapid.Float64().Draw(t, "quote"), Count: anyInt.Draw(t, "count")}
	case exchange.KindOpenInterest:
		ev.Qty = genLots(t)
	case exchange.KindPremium:
		ev.Rate = genE8(t)
	case exchange.KindVolume:
		ev.Reason = genText(t)
		ev.Volumes = &exchange.Volumes{Length: genTime(t), Qty: rapid.SliceOfN(rapid.Float64(), 0, 20).Draw(t, "volumes")}
	}
}

func genOwn(t *rapid.T, ev *exchange.Event) {
	switch ev.Kind {
	case exchange.KindOrder:
		ev.Update = exchange.OrderUpdate{ID: exchange.OrderID(rapid.Uint64().Draw(t, "id")), VenueID: genText(t),
			Status: exchange.OrderStatus(genByte(t)), Filled: genLots(t), Code: int(anyInt.Draw(t, "code")),
			Reason: genText(t), CancelRejected: genBool(t), Qty: genLots(t)}
	case exchange.KindFill:
		ev.Fill = &exchange.Fill{Order: exchange.OrderID(rapid.Uint64().Draw(t, "id")), VenueID: genText(t),
			TradeID: genText(t), Instrument: exchange.InstrumentID(genInt32(t)), Side: exchange.Side(genByte(t)),
			Price: genTicks(t), Qty: genLots(t), Maker: genBool(t), Fee: genDecimal(t), FeeAsset: genText(t),
			Realised: genDecimal(t), Reason: genText(t)}
	case exchange.KindFundingPaid:
		ev.Payment = &exchange.FundingPayment{Instrument: exchange.InstrumentID(genInt32(t)), Settled: genTime(t),
			Rate: genE8(t), Mark: genE8(t), Position: genLots(t), Amount: genDecimal(t), Asset: genText(t), TranID: genText(t)}
	case exchange.KindTransfer:
		ev.Transfer = &exchange.Transfer{ID: rapid.Uint64().Draw(t, "id"), Strategy: genInt32(t), Asset: genText(t),
			From: exchange.Wallet(genText(t)), To: exchange.Wallet(genText(t)), Amount: genDecimal(t),
			Done: genBool(t), Failed: genBool(t), Reason: genText(t)}
	case exchange.KindBalance:
		ev.Wallet, ev.Asset, ev.Amount = exchange.Wallet(genText(t)), genText(t), genDecimal(t)
	case exchange.KindMargin:
		ev.Amount = genDecimal(t)
	case exchange.KindTimer:
		ev.Strategy, ev.Name = genInt32(t), genText(t)
	case exchange.KindReload:
		ev.Reload = &exchange.Reload{Strategy: genInt32(t), Path: genText(t), Hash: genText(t), By: genText(t), Why: genText(t), To: int(genInt32(t))}
		for range rapid.IntRange(0, 4).Draw(t, "sources") {
			ev.Reload.Sources = append(ev.Reload.Sources, exchange.Source{Path: genText(t), Text: genText(t)})
		}
	case exchange.KindCommand, exchange.KindFeed:
		ev.Name, ev.Reason = genText(t), genText(t)
	case exchange.KindVenue:
		ev.Name, ev.Channel, ev.Reason = genText(t), exchange.Channel(genByte(t)), genText(t)
	case exchange.KindScan:
		ev.Reason, ev.Scan = genText(t), genScan(t)
	case exchange.KindPast:
		ev.Reason, ev.Past = genText(t), genPast(t)
	case exchange.KindClock:
		ev.Name, ev.ID = genText(t), anyInt.Draw(t, "offset")
	case exchange.KindAdvice:
		ev.Advice = &exchange.Advice{ID: rapid.Uint64().Draw(t, "id"), Verdict: genText(t), Reason: genText(t), Text: genText(t),
			Model: genText(t), TokensIn: int(anyInt.Draw(t, "in")), TokensOut: int(anyInt.Draw(t, "out")), Cost: genDecimal(t), Cached: genBool(t)}
	}
}

func genScan(t *rapid.T) *exchange.Scan {
	e8 := func(name string) exchange.E8 { return exchange.E8(anyInt.Draw(t, name)) }
	s := &exchange.Scan{}
	for range rapid.IntRange(0, 3).Draw(t, "rows") {
		x := exchange.ScanRow{Symbol: genText(t), Hedge: genText(t), Rate: e8("rate"), Hours: int(anyInt.Draw(t, "hours")), Next: genTime(t),
			Basis: e8("basis"), Spread: e8("spread"), Net: e8("net"), Cost: e8("cost"), Depth: anyInt.Draw(t, "depth"), Turnover: anyInt.Draw(t, "turnover")}
		if genBool(t) {
			after := e8("after")
			x.After = &after
		}
		s.Rows = append(s.Rows, x)
	}
	return s
}

func genPast(t *rapid.T) *exchange.Past {
	p := &exchange.Past{}
	for range rapid.IntRange(0, 3).Draw(t, "settled") {
		p.Settled = append(p.Settled, exchange.Settled{Time: genTime(t), Rate: genE8(t), Mark: genE8(t), Hours: int(anyInt.Draw(t, "hours"))})
	}
	for range rapid.IntRange(0, 3).Draw(t, "premiums") {
		p.Premiums = append(p.Premiums, exchange.Premium{Time: genTime(t), Rate: genE8(t)})
	}
	for range rapid.IntRange(0, 3).Draw(t, "bars") {
		p.Bars = append(p.Bars, exchange.Bar{Open: genTicks(t), High: genTicks(t), Low: genTicks(t), Close: genTicks(t),
			Volume: rapid.Float64().Draw(t, "volume"), Interval: genTime(t), Time: genTime(t), Flow: genFlow(t)})
	}
	return p
}

func genFlow(t *rapid.T) exchange.Flow {
	if genBool(t) {
		return exchange.Flow{}
	}
	return exchange.Flow{Quote: rapid.Float64().Draw(t, "quote"), TakerBuy: rapid.Float64().Draw(t, "taker"), Trades: anyInt.Draw(t, "trades"),
		Known: exchange.FlowParts(rapid.IntRange(1, int(exchange.FlowAll)).Draw(t, "known"))}
}

func TestEventRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := genEvent(t)
		var got exchange.Event
		var dec EventDecoder
		if err := dec.Decode(AppendEvent(nil, &want), &got); err != nil {
			t.Fatalf("%v: %v", want.Kind, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("decoded\n%+v\nwant\n%+v", got, want)
		}
	})
}

// Every field of every struct of an event is generated, so a field that is
// added to the vocabulary and not to the codec fails here. Of a fill, Traded is none of the
// event: the core makes it of the event's own times. Nor are Compiled and Took of a reload.
func TestCodecKnowsEveryField(t *testing.T) {
	for _, c := range []struct {
		v    any
		want int
	}{
		{exchange.Event{}, 42}, {exchange.Past{}, 3}, {exchange.Settled{}, 4}, {exchange.Premium{}, 2}, {exchange.Volumes{}, 2}, {exchange.Scan{}, 1}, {exchange.ScanRow{}, 12}, {exchange.MarkPath{}, 4}, {exchange.Advice{}, 9}, {exchange.Fill{}, 13}, {exchange.FundingPayment{}, 8}, {exchange.Transfer{}, 9},
		{exchange.OrderUpdate{}, 8}, {exchange.Bar{}, 8}, {exchange.Flow{}, 4}, {exchange.Reload{}, 9}, {exchange.Source{}, 2},
	} {
		if n := reflect.TypeOf(c.v).NumField(); n != c.want {
			t.Errorf("%T has %d fields, the codec was written for %d: extend it and genEvent", c.v, n, c.want)
		}
	}
	if n := len(kinds()); n != 28 {
		t.Errorf("%d kinds, the codec was written for 28", n)
	}
}

func TestNilPointersSurvive(t *testing.T) {
	for _, k := range []exchange.Kind{exchange.KindFill, exchange.KindFundingPaid, exchange.KindTransfer, exchange.KindReload, exchange.KindAdvice} {
		got := exchange.Event{Fill: &exchange.Fill{}, Payment: &exchange.FundingPayment{}, Transfer: &exchange.Transfer{}, Reload: &exchange.Reload{}, Advice: &exchange.Advice{}}
		var dec EventDecoder
		must(t, dec.Decode(AppendEvent(nil, &exchange.Event{Kind: k}), &got))
		if (k == exchange.KindFill && got.Fill != nil) || (k == exchange.KindReload && got.Reload != nil) || (k == exchange.KindAdvice && got.Advice != nil) ||
			(k == exchange.KindFundingPaid && got.Payment != nil) || (k == exchange.KindTransfer && got.Transfer != nil) {
			t.Errorf("%v: a nil pointer came back set", k)
		}
	}
}

// A cut event must be refused, never half decoded.
func TestTruncatedEvents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ev := genEvent(t)
		data := AppendEvent(nil, &ev)
		cut := rapid.IntRange(0, len(data)-1).Draw(t, "cut")
		var dec EventDecoder
		var got exchange.Event
		if err := dec.Decode(data[:cut], &got); err == nil {
			t.Fatalf("%v cut to %d of %d bytes decodes", ev.Kind, cut, len(data))
		}
		if err := dec.Decode(append(data, 0), &got); err == nil {
			t.Fatalf("%v with a byte too many decodes", ev.Kind)
		}
	})
}

func FuzzDecode(f *testing.F) {
	for i, k := range kinds() {
		ev := rapid.Custom(genEvent).Filter(func(e exchange.Event) bool { return e.Kind == k }).Example(i)
		f.Add(AppendEvent(nil, &ev))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var dec EventDecoder
		var ev, again exchange.Event
		if dec.Decode(data, &ev) != nil {
			return
		}
		if ev.Kind == exchange.KindBar && math.IsNaN(ev.Bar.Volume+ev.Bar.Quote+ev.Bar.TakerBuy) {
			return // NaN is not equal to itself
		}
		var dec2 EventDecoder
		must(t, dec2.Decode(AppendEvent(nil, &ev), &again))
		if !reflect.DeepEqual(ev, again) {
			t.Fatalf("decoded\n%+v\nthen\n%+v", ev, again)
		}
	})
}

func marketSamples() []exchange.Event {
	diff := exchange.Event{Kind: exchange.KindDiff, Instrument: 7, Seq: 123456, Time: exchange.Date(2026, 3, 1), PrevID: -1,
		FirstID: 7_000_000_000, LastID: 7_000_000_020, VenueTime: exchange.Date(2026, 3, 1) - 3*exchange.Millisecond}
	for i := range 20 {
		diff.Bids = append(diff.Bids, exchange.Level{Price: exchange.Ticks(618_003 - 3*i), Qty: exchange.Lots(1000 + 77*i)})
		diff.Asks = append(diff.Asks, exchange.Level{Price: exchange.Ticks(618_004 + 2*i), Qty: exchange.Lots(900 + 55*i)})
	}
	trade := exchange.Event{Kind: exchange.KindTrade, Instrument: 7, Seq: 123457, Time: diff.Time, VenueTime: diff.VenueTime,
		ID: 4_123_456_789, Price: 618_003, Qty: 1520, Side: exchange.Buy}
	mark := exchange.Event{Kind: exchange.KindMark, Instrument: 7, Seq: 123458, Time: diff.Time, VenueTime: diff.VenueTime,
		Mark: 6_180_031_000_000, Index: 6_179_990_000_000, Rate: 10_000, NextFunding: diff.Time + 3*exchange.Hour, Hours: 8}
	ticker := exchange.Event{Kind: exchange.KindTicker, Instrument: 7, Seq: 123459, Time: diff.Time,
		LastID: 7_000_000_020, Price: 618_003, Qty: 1000, Price2: 618_004, Qty2: 900}
	gap := exchange.Event{Kind: exchange.KindGap, Instrument: 7, Seq: 123460, Time: diff.Time, Reason: "pu 12 after u 10"}
	return []exchange.Event{diff, trade, mark, ticker, gap}
}

func TestMarketDataDecodesWithoutAllocation(t *testing.T) {
	for _, ev := range marketSamples() {
		data := AppendEvent(nil, &ev)
		var dec EventDecoder
		var got exchange.Event
		must(t, dec.Decode(data, &got)) // the buffers grow once
		if n := testing.AllocsPerRun(100, func() { _ = dec.Decode(data, &got) }); n != 0 {
			t.Errorf("%v: %v allocations", ev.Kind, n)
		}
		if n := testing.AllocsPerRun(100, func() { data = AppendEvent(data[:0], &ev) }); n != 0 {
			t.Errorf("encoding %v: %v allocations", ev.Kind, n)
		}
	}
}

func TestFeedYieldsMarketDataOnly(t *testing.T) {
	dir := t.TempDir()
	w := create(t, dir, Options{})
	var want []exchange.Event
	for i := range 50 {
		for _, ev := range marketSamples() {
			ev.Seq = uint64(i)
			must(t, w.Append(RecordEvent, AppendEvent(nil, &ev)))
			want = append(want, ev)
		}
		must(t, w.Append(RecordEvent, AppendEvent(nil, &exchange.Event{Kind: exchange.KindTimer, Name: "tick"})))
		must(t, w.Append(RecordEffect, []byte("submit")))
	}
	must(t, w.Close())
	f, err := OpenFeed(dir)
	must(t, err)
	defer f.Close()
	for i := range want {
		var got exchange.Event
		must(t, f.Next(&got))
		if !reflect.DeepEqual(got, want[i]) {
			t.Fatalf("event %d\n%+v\nwant\n%+v", i, got, want[i])
		}
	}
	if err := f.Next(&exchange.Event{}); !errors.Is(err, io.EOF) {
		t.Errorf("after the last event: %v", err)
	}
}
