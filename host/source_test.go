package host

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
)

var oneCoin = exchange.Instrument{Venue: "spot", Symbol: "ABCUSDT", Base: "ABC", Quote: "USDT", Wallet: "spot",
	Tick: exchange.MustStep("0.01"), Lot: exchange.MustStep("0.001")}

// quotes are books of one coin, one a second.
func quotes(n int) (out []exchange.Event) {
	for i := range n {
		p := exchange.Ticks(100_00 + i%7)
		out = append(out, exchange.Event{Kind: exchange.KindSnapshot, Time: exchange.Date(2026, 1, 1) + exchange.Time(i)*exchange.Second, LastID: int64(i + 1),
			Bids: []exchange.Level{{Price: p, Qty: 50_000}}, Asks: []exchange.Level{{Price: p + 1, Qty: 50_000}}})
	}
	return out
}

// taker buys once, at its first book.
func taker() core.Strategy {
	bought := false
	return anywhere{&gopher{name: "taker", wants: []core.Handler{core.OnBook}, call: func(p *core.Port, n *core.Callback) error {
		if !bought {
			bought = true
			p.Submit(exchange.Order{Instrument: 0, Side: exchange.Buy, Type: exchange.MarketOrder, TIF: exchange.IOC, Qty: 1000})
		}
		return nil
	}}}
}

// anywhere is a strategy that watches all there is.
type anywhere struct{ *gopher }

func (anywhere) Subscriptions() []string { return []string{"*"} }

func TestASessionOnDataOfOnesOwn(t *testing.T) {
	src := &SliceSource{Info: SourceInfo{Name: "quotes", Instruments: []exchange.Instrument{oneCoin}}, Events: quotes(300)}
	o := Options{Source: src, Strategies: []core.Strategy{taker()}, DB: filepath.Join(t.TempDir(), "x.db")}
	with, err := Run(context.Background(), &o)
	if err != nil || with.EndedBy != "data" || with.Fills != 1 || with.Market != "quotes" {
		t.Fatalf("%+v, %v", with, err)
	}
	if res, err := ReplayWith(context.Background(), with.Journal, ReplayOptions{Strategies: []core.Strategy{taker()}}); err != nil || res.Diff != nil {
		t.Errorf("replay: %+v, %v", res, err)
	}
	o.Ledger, o.DB, o.Strategies = LedgerNone, "", []core.Strategy{taker()}
	without, err := Run(context.Background(), &o)
	if err != nil || without.EffectsHash != with.EffectsHash || without.EndEq.String() != with.EndEq.String() || without.Journal != "" {
		t.Errorf("without a ledger: %+v, %v; want what it came to with one: %+v", without, err, with)
	}
	if _, err := os.Stat("perilune-paper.db"); err == nil {
		t.Error("a session without a ledger made one")
	}
}

func TestASessionOnAStream(t *testing.T) {
	before := exchange.Time(time.Now().UnixNano()) // what comes is stamped from Open on
	stream := make(chan exchange.Event)
	s, err := Open(context.Background(), Options{Ledger: LedgerNone, Strategies: []core.Strategy{taker()},
		Source: &ChanSource{Info: SourceInfo{Name: "stream", Instruments: []exchange.Instrument{oneCoin}}, Events: stream}})
	if err != nil {
		t.Fatal(err)
	}
	fills := s.Events(Filter{Kinds: Fills})
	go func() {
		for _, ev := range quotes(3) {
			stream <- ev
		}
		for range fills {
			close(stream)
			return
		}
	}()
	sum, err := s.Run(context.Background())
	if err != nil || sum.EndedBy != "data" || sum.Fills != 1 || sum.From < before.String() {
		t.Errorf("%+v, %v", sum, err)
	}
}

// spoilt describes one coin that is not as it should be.
func spoilt(spoil func(*exchange.Instrument)) SourceInfo {
	in := oneCoin
	spoil(&in)
	return SourceInfo{Name: "x", Instruments: []exchange.Instrument{in}}
}

// The numbers of a source's instruments are the source's: the session finds its own.
func TestASourceMayNumberItsInstrumentsAsItLikes(t *testing.T) {
	other := oneCoin
	other.Symbol, other.Base = "AAAUSDT", "AAA" // before the other in a session
	var got []string
	st := anywhere{&gopher{name: "looks", wants: []core.Handler{core.OnBook}, call: func(p *core.Port, n *core.Callback) error {
		bid, _ := p.Book(n.Instrument).Level(exchange.Buy, 1)
		got = append(got, fmt.Sprintf("%s %d", p.Universe().Get(n.Instrument).Symbol, bid.Price))
		return nil
	}}}
	events := quotes(2)
	events[1].Instrument = 1
	src := &SliceSource{Info: SourceInfo{Name: "two", Instruments: []exchange.Instrument{oneCoin, other}}, Events: events}
	if _, err := Run(context.Background(), &Options{Source: src, Strategies: []core.Strategy{st}, Ledger: LedgerNone}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"ABCUSDT 10000", "AAAUSDT 10001"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestOptionsForOnesOwnDataAreChecked(t *testing.T) {
	ok := SourceInfo{Name: "x", Instruments: []exchange.Instrument{oneCoin}}
	twice := ok
	twice.Instruments = []exchange.Instrument{oneCoin, oneCoin}
	for _, tt := range []struct {
		o    Options
		want string
	}{
		{Options{Source: &SliceSource{}}, "gives no Name"},
		{Options{Source: &SliceSource{Info: SourceInfo{Name: "x"}}}, "has no instruments"},
		{Options{Source: &SliceSource{Info: twice}}, "Source x"},
		{Options{Source: &SliceSource{Info: ok}, Market: []string{"synth"}}, "want one"},
		{Options{Source: &ChanSource{Info: ok}}, "channel is nil"},
		{Options{Source: &SliceSource{Info: spoilt(func(in *exchange.Instrument) { in.Symbol = "" })}}, `Instruments[0] (spot:): Symbol ""`},
		{Options{Source: &SliceSource{Info: spoilt(func(in *exchange.Instrument) { in.Base = "" })}}, `Base ""`},
		{Options{Source: &SliceSource{Info: spoilt(func(in *exchange.Instrument) { in.Contract = 9 })}}, "Contract 9"},
		{Options{Source: &SliceSource{Info: spoilt(func(in *exchange.Instrument) { in.Multiplier = -1 })}}, "Multiplier -1"},
		{Options{Source: &SliceSource{Info: spoilt(func(in *exchange.Instrument) { in.Lot = exchange.Step{} })}}, "Lot 0"},
		{Options{Source: &SliceSource{Info: spoilt(func(in *exchange.Instrument) { in.Tick.Scale = 200 })}}, "Tick 1×10^-200"},
		{Options{Source: &SliceSource{Info: spoilt(func(in *exchange.Instrument) { in.MinQty, in.MaxQty = 5, 4 })}}, "MinQty 5, MaxQty 4"},
		{Options{Source: &SliceSource{Info: spoilt(func(in *exchange.Instrument) { in.Contract = exchange.Inverse })}}, "ContractSize 0"},
		{Options{Source: &SliceSource{Info: spoilt(func(in *exchange.Instrument) { in.Delivery = 5 })}}, "Delivery 5"},
		{Options{Source: &SliceSource{Info: spoilt(func(in *exchange.Instrument) { in.TakerFee = decimal.NewFromInt(3) })}}, "TakerFee 3"},
		{Options{Source: &SliceSource{Info: SourceInfo{Name: "x", Instruments: ok.Instruments, Bars: map[string]exchange.Time{"spot:ABCUSD": exchange.Minute}}}}, `did you mean "spot:ABCUSDT"`},
		{Options{Source: &SliceSource{Info: SourceInfo{Name: "x", Instruments: ok.Instruments, Bars: map[string]exchange.Time{"spot:ABCUSDT": 7}}}}, "Bars of spot:ABCUSDT"},
		{Options{Source: &SliceSource{Info: SourceInfo{Name: "x", Instruments: ok.Instruments, BarsOnly: true}}}, "BarsOnly without Bars"},
		{Options{Loaded: &History{}}, "what LoadHistory returned"},
		{Options{Ledger: LedgerNone, Report: "x.html"}, "want LedgerFile"},
		{Options{Ledger: 7}, "Ledger 7"},
	} {
		tt.o.Strategies = []core.Strategy{taker()}
		if tt.o.Ledger == LedgerFile {
			tt.o.DB = filepath.Join(t.TempDir(), "x.db")
		}
		if _, err := Open(context.Background(), tt.o); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want %q", tt.o.Source, err, tt.want)
		}
	}
}

// A grid comes out as its runs do alone, in the grid's order.
func TestASweepIsItsRuns(t *testing.T) {
	src := &SliceSource{Info: SourceInfo{Name: "quotes", Instruments: []exchange.Instrument{oneCoin}}, Events: quotes(2000)}
	sized := func(params map[string]string) []core.Strategy {
		size := exchange.Lots(len(params["a"]) * 100)
		bought := false
		return []core.Strategy{anywhere{&gopher{name: "sized", wants: []core.Handler{core.OnBook}, call: func(p *core.Port, n *core.Callback) error {
			if !bought {
				bought = true
				p.Submit(exchange.Order{Instrument: 0, Side: exchange.Buy, Type: exchange.MarketOrder, TIF: exchange.IOC, Qty: size})
			}
			return nil
		}}}}
	}
	o := SweepOptions{Session: Options{Source: src}, Grid: map[string][]string{"b": {"1", "2"}, "a": {"x", "xx", "xxx"}}, Workers: 3, Strategies: sized}
	runs, err := Sweep(context.Background(), o)
	if err != nil || len(runs) != 6 || runs[1].Params["a"] != "x" || runs[1].Params["b"] != "2" {
		t.Fatalf("%+v, %v", runs, err)
	}
	for _, run := range runs {
		if run.Err != nil {
			t.Fatalf("%v: %v", run.Params, run.Err)
		}
		alone, err := Run(context.Background(), &Options{Source: src, Ledger: LedgerNone, Strategies: sized(run.Params)})
		if err != nil || alone.EffectsHash != run.Summary.EffectsHash || alone.Fills != 1 {
			t.Errorf("%v came out as %+v, and alone as %+v, %v", run.Params, run.Summary, alone, err)
		}
	}
	if runs[0].Summary.EffectsHash == runs[5].Summary.EffectsHash || runs[0].Summary.EffectsHash != runs[1].Summary.EffectsHash {
		t.Error("the parameter does not decide what comes of a run")
	}
	if _, err := Sweep(context.Background(), SweepOptions{Session: Options{Strategies: []core.Strategy{taker()}}}); err == nil || !strings.Contains(err.Error(), "SweepOptions.Strategies") {
		t.Errorf("a shared strategy: %v", err)
	}
}

// Many sessions in one process leave nothing behind: goroutines, descriptors, heap.
func TestFiftySessionsLeaveNothing(t *testing.T) {
	src := &SliceSource{Info: SourceInfo{Name: "quotes", Instruments: []exchange.Instrument{oneCoin}}, Events: quotes(50)}
	once := func() {
		o := Options{Source: src, Strategies: []core.Strategy{taker()}, DB: filepath.Join(t.TempDir(), "x.db")}
		s, err := Open(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		events := s.Events(Filter{Kinds: Fills})
		if _, err := s.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		for range events {
		}
	}
	measure := func() (goroutines, descriptors int, heap uint64) {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if list, err := os.ReadDir("/proc/self/fd"); err == nil {
			descriptors = len(list)
		}
		return runtime.NumGoroutine(), descriptors, m.HeapAlloc
	}
	for range 3 {
		once()
	}
	g0, d0, h0 := measure()
	for range 50 {
		once()
	}
	g1, d1, h1 := measure()
	for end := time.Now().Add(time.Minute); (g1 > g0 || d1 > d0) && time.Now().Before(end); g1, d1, h1 = measure() {
		runtime.Gosched()
	}
	if g1 > g0 || d1 > d0 || h1 > h0+2<<20 {
		t.Errorf("before 50 sessions %d goroutines, %d descriptors, %d bytes; after them %d, %d, %d", g0, d0, h0, g1, d1, h1)
	}
}

// What a source sends wrongly is an error of the data, with the event's number, and
// panics of what an embedder brings end nothing but the session.
func TestASourceThatIsWrong(t *testing.T) {
	perp := exchange.Instrument{Venue: "swap", Symbol: "ABC", Base: "ABC", Quote: "USDT", Contract: exchange.Linear,
		Tick: oneCoin.Tick, Lot: oneCoin.Lot}
	info := SourceInfo{Name: "wrong", Instruments: []exchange.Instrument{perp, oneCoin}, Bars: map[string]exchange.Time{"spot:ABCUSDT": exchange.Minute}}
	good := quotes(3)
	for i := range good {
		good[i].Instrument = 1
	}
	level := func(price exchange.Ticks, qty exchange.Lots) []exchange.Level {
		return []exchange.Level{{Price: price, Qty: qty}}
	}
	bar := exchange.Bar{Open: 2, High: 3, Low: 1, Close: 2, Interval: exchange.Minute}
	for want, spoil := range map[string]func(*exchange.Event){
		"(snapshot): Instrument 77: the source described 2": func(ev *exchange.Event) { ev.Instrument = 77 },
		"(snapshot): Instrument -1":                         func(ev *exchange.Event) { ev.Instrument = exchange.NoInstrument },
		"(none): Kind 200":                                  func(ev *exchange.Event) { ev.Kind = 200 },
		"(none): Kind 0":                                    func(ev *exchange.Event) { *ev = exchange.Event{} },
		"(fill): Kind":                                      func(ev *exchange.Event) { ev.Kind = exchange.KindFill },
		"(snapshot): Bids[0]: level price -1 ticks":         func(ev *exchange.Event) { ev.Bids = level(-1, 1) },
		"(snapshot): Asks[0]: level quantity -7 lots":       func(ev *exchange.Event) { ev.Asks = level(5, -7) },
		"the best bid of 20 ticks is not below the best ask of 20": func(ev *exchange.Event) {
			ev.Bids, ev.Asks = level(20, 1), level(20, 1)
		},
		"(ticker): Price 20, Price2 19":           func(ev *exchange.Event) { ev.Kind, ev.Price, ev.Price2 = exchange.KindTicker, 20, 19 },
		"(trade): Price 0":                        func(ev *exchange.Event) { ev.Kind = exchange.KindTrade },
		"(trade): Qty 0":                          func(ev *exchange.Event) { ev.Kind, ev.Price = exchange.KindTrade, 5 },
		"(trade): Side 0":                         func(ev *exchange.Event) { ev.Kind, ev.Price, ev.Qty = exchange.KindTrade, 5, 5 },
		"(mark): Kind mark: spot:ABCUSDT is spot": func(ev *exchange.Event) { ev.Kind, ev.Mark = exchange.KindMark, 5 },
		"(premium): Kind premium":                 func(ev *exchange.Event) { ev.Kind = exchange.KindPremium },
		"(liquidation): Kind liquidation": func(ev *exchange.Event) {
			ev.Kind, ev.Price, ev.Qty, ev.Side = exchange.KindLiquidation, 5, 5, exchange.Buy
		},
		"(liquidation): Side 0": func(ev *exchange.Event) { ev.Kind, ev.Instrument, ev.Price, ev.Qty = exchange.KindLiquidation, 0, 5, 5 },
		"(mark): Mark 0":        func(ev *exchange.Event) { ev.Kind, ev.Instrument = exchange.KindMark, 0 },
		"(funding): Hours -8": func(ev *exchange.Event) {
			ev.Kind, ev.Instrument, ev.Mark, ev.Hours = exchange.KindFunding, 0, 5, -8
		},
		"(open_interest): Qty -1": func(ev *exchange.Event) { ev.Kind, ev.Qty = exchange.KindOpenInterest, -1 },
		"(bar): Bar: open 0":      func(ev *exchange.Event) { ev.Kind = exchange.KindBar },
		"(bar): Bar: Volume NaN": func(ev *exchange.Event) {
			ev.Kind, ev.Bar = exchange.KindBar, bar
			ev.Bar.Volume = math.NaN()
		},
		"(bar): Bar: Interval 7": func(ev *exchange.Event) {
			ev.Kind, ev.Bar = exchange.KindBar, bar
			ev.Bar.Interval = 7
		},
		"Bars of spot:ABCUSDT say 1m": func(ev *exchange.Event) {
			ev.Kind, ev.Bar = exchange.KindBar, bar
			ev.Bar.Interval = exchange.Hour
		},
		"Bars of swap:ABC say none": func(ev *exchange.Event) { ev.Kind, ev.Bar, ev.Instrument = exchange.KindBar, bar, 0 },
		"(snapshot): VenueTime -1":  func(ev *exchange.Event) { ev.VenueTime = -1 },
		"(snapshot): Time ":         func(ev *exchange.Event) { ev.Time -= exchange.Hour },
	} {
		events := append([]exchange.Event{}, good...)
		spoil(&events[1])
		stream := make(chan exchange.Event, len(events))
		for _, ev := range events {
			stream <- ev
		}
		sources := []Source{&SliceSource{Info: info, Events: events}, &ChanSource{Info: info, Events: stream}}
		if strings.Contains(want, "): Time") {
			sources = sources[:1] // a stream has no times of its own
		}
		for _, src := range sources {
			sum, err := Run(context.Background(), &Options{Source: src, Strategies: []core.Strategy{taker()}, Ledger: LedgerNone})
			if err == nil || !strings.Contains(err.Error(), "source wrong: event 2 (") || !strings.Contains(err.Error(), want) || Classify(err) != FaultData {
				t.Errorf("%T: %v, want %q and a fault of the data", src, err, want)
			}
			if sum == nil || sum.EndedBy != "error" {
				t.Errorf("%T: %+v, want a summary of what was before", src, sum)
			}
		}
	}
	for want, src := range map[string]Source{
		"panic: in Next":      &panicking{in: "Next"},
		"panicked":            &panicking{in: "Describe"},
		"Close: panic: in Cl": &panicking{in: "Close"},
		"SliceSource is nil":  (*SliceSource)(nil),
	} {
		_, err := Run(context.Background(), &Options{Source: src, Strategies: []core.Strategy{taker()}, Ledger: LedgerNone})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
}

type panicking struct {
	in   string
	left int
}

func (p *panicking) Describe() SourceInfo {
	if p.in == "Describe" {
		panic("in Describe")
	}
	return SourceInfo{Name: "panicking", Instruments: []exchange.Instrument{oneCoin}}
}

func (p *panicking) Open() (exchange.Feed, error) {
	p.left = 2
	return p, nil
}

func (p *panicking) Next(ev *exchange.Event) error {
	if p.left--; p.left < 0 {
		if p.in == "Next" {
			panic("in Next")
		}
		return io.EOF
	}
	*ev = quotes(3)[1-p.left]
	return nil
}

func (p *panicking) Close() error {
	if p.in == "Close" {
		panic("in Close")
	}
	return nil
}

// A strategy whose callback panics is told of in words that a replay finds again.
func TestAPanicReplays(t *testing.T) {
	boom := func() core.Strategy {
		return anywhere{&gopher{name: "boom", wants: []core.Handler{core.OnBook}, call: func(*core.Port, *core.Callback) error { panic("boom") }}}
	}
	src := &SliceSource{Info: SourceInfo{Name: "quotes", Instruments: []exchange.Instrument{oneCoin}}, Events: quotes(30)}
	sum, err := Run(context.Background(), &Options{Source: src, Strategies: []core.Strategy{boom()}, DB: filepath.Join(t.TempDir(), "x.db")})
	if sum == nil {
		t.Fatal(err)
	}
	res, err := ReplayWith(context.Background(), sum.Journal, ReplayOptions{Strategies: []core.Strategy{boom()}})
	if err != nil || res.Diff != nil {
		t.Errorf("%v, %v", err, res.Diff)
	}
}
