package page_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/host/control"
)

// hostile is what somebody may call an instrument, a strategy or an error.
const hostile = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`

// desk is a session in memory that does what it is told. Its time goes on with what
// happens to it, and not by itself.
type desk struct {
	mu        sync.Mutex
	id        control.Identity
	now       time.Time
	halted    string
	paused    bool
	version   int
	params    map[string]string
	flat      bool
	canceled  map[uint64]bool
	equity    []control.Point
	told      []control.Command
	lines     []control.LogLine
	followers map[chan control.Event]bool // true: it missed some
	many      int                         // instruments
	name      string                      // of the first strategy
}

var began = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func newDesk(mode, strategy string, many int) *desk {
	d := &desk{
		id: control.Identity{Session: "demo", Mode: mode, Market: "built-in", Venues: []string{"binance"}, Currency: "USDT", Ledger: "demo.db",
			Version: "v0", PID: 7, Started: began, Live: mode != "ended"},
		now: began.Add(48 * time.Hour), version: 3, params: map[string]string{"notional": "2500", "legs": "spot-perp", "hedge": "true"},
		canceled: map[uint64]bool{}, followers: map[chan control.Event]bool{}, many: many, name: strategy,
	}
	for i := range 480 {
		at := began.Add(time.Duration(i) * 6 * time.Minute)
		d.equity = append(d.equity, control.Point{T: at.UnixMilli(), V: 30000 + float64(i)*0.6 + 40*math.Sin(float64(i)/23)})
	}
	for i := range 40 {
		d.lines = append(d.lines, control.LogLine{Seq: uint64(i + 1), Time: began.Add(time.Duration(i) * time.Hour), Level: []string{"info", "info", "info", "warn"}[i%4], Strategy: strategy, Where: "demo.lua:12", Text: fmt.Sprintf("look %d came to nothing", i)})
	}
	return d
}

func dec(s string) decimal.Decimal   { return decimal.RequireFromString(s) }
func decp(s string) *decimal.Decimal { v := dec(s); return &v }

func (d *desk) key(i int) string {
	switch {
	case i == 0:
		return "binance.usdm:BTCUSDT"
	case i == 1:
		return "binance.spot:BTCUSDT"
	case i == 2:
		return "binance.usdm:" + hostile
	}
	return fmt.Sprintf("binance.usdm:COIN%dUSDT", i)
}

// did writes down what was told, and tells followers.
func (d *desk) did(by control.Who, op string, args any) {
	raw, err := json.Marshal(args)
	if err != nil {
		panic(err)
	}
	d.now = d.now.Add(time.Minute)
	c := control.Command{Seq: uint64(1000 + len(d.told)), Time: d.now, By: by.String(), Op: op, Args: string(raw), Outcome: "done"}
	d.told = append(d.told, c)
	d.say("command", c)
}

// say tells followers an event; the desk is locked.
func (d *desk) say(kind string, data any) {
	raw, err := json.Marshal(data)
	if err != nil {
		panic(err)
	}
	for ch := range d.followers {
		select {
		case ch <- control.Event{Kind: kind, Time: d.now, Data: raw}:
		default: // too slow
			d.followers[ch] = true
		}
	}
}

// log is a line, and earn a sample of equity, that come from the session.
func (d *desk) log(level, text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	l := control.LogLine{Seq: uint64(len(d.lines) + 1), Time: d.now, Level: level, Strategy: d.name, Text: text}
	d.lines = append(d.lines, l)
	d.say("log", l)
}

func (d *desk) earn(v float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.Add(6 * time.Minute)
	p := control.Point{T: d.now.UnixMilli(), V: v}
	d.equity = append(d.equity, p)
	d.say("equity", p)
}

// restart makes it another session of the same account.
func (d *desk) restart() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.id.PID++
	d.id.Started = d.id.Started.Add(time.Hour)
	d.version = 1
}

func (d *desk) commands() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []string
	for _, c := range d.told {
		out = append(out, c.Op+" "+c.Args+" "+c.By)
	}
	return out
}

func (d *desk) Identity() control.Identity {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.id
}

func (d *desk) Status(context.Context) (*control.Status, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	last := d.equity[len(d.equity)-1].V
	worth, start := decimal.NewFromFloat(last).Round(8), dec("30000")
	pnl := worth.Sub(start)
	s := &control.Status{Identity: d.id, Time: d.now, Events: 123456, State: "running", Halted: d.halted, Held: []string{}, Late: []string{},
		Equity: &worth, Start: &start, PnL: &pnl, Today: decp("21.5"), Drawdown: 0.0012, MaxDraw: 0.0041, Funding: dec("301.204"), Fees: dec("58.12345"), Interest: dec("0"),
		Fills: 812, Orders: 903, Pairs: 2, Unhedged: dec("0"), Errors: 1, Strategies: d.strategies(), Feeds: []control.Feed{}, Loop: control.Loop{Lag: 1.2}}
	if d.halted != "" {
		s.State = "halted"
	}
	if !d.id.Live {
		s.State = "ended"
	}
	return s, nil
}

func (d *desk) strategies() []control.Strategy {
	loaded := began.Add(20 * time.Hour)
	s := control.Strategy{Name: d.name, Path: "strategies/demo.lua", Version: d.version, Hash: "9f3ab2c4d5e6", Loaded: &loaded, State: "running", Errors: 1,
		HandlerP50: 38, HandlerP99: 412, Pairs: 2, Orders: 2, PnL: decp("243.08"), Positions: []control.Position{},
		Params: []control.Param{
			{Name: "notional", Type: "number", Value: d.params["notional"], Default: "1000", Min: "20", Max: "5000", Doc: "value of one order, in USDT"},
			{Name: "legs", Type: "choice", Value: d.params["legs"], Default: "spot-perp", Choices: []string{"spot-perp", "perp-perp", "any"}, Doc: "what is held against a short perpetual"},
			{Name: "hedge", Type: "boolean", Value: d.params["hedge"], Default: "true", Doc: "hold coins against it"},
		}}
	if d.paused {
		s.State, s.Why = "paused", "told to"
	}
	if d.version == 3 {
		s.Refused = "demo.lua:14:9: unexpected symbol near 'ed'\n  14 | local x = ed\n     |         ^"
	}
	two := s
	two.Name, two.Params, two.Path, two.Refused, two.State, two.Why, two.Version, two.Errors = "watcher", []control.Param{}, "", "", "running", "", 1, 0
	return []control.Strategy{s, two}
}

func (d *desk) Strategies(context.Context) ([]control.Strategy, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.strategies(), nil
}

func (d *desk) Accounts(context.Context) ([]control.Account, error) {
	return []control.Account{
		{Venue: "binance", Wallet: "spot", Balances: []control.Balance{{Asset: "USDT", Total: dec("12040.12345678"), Free: decp("12040.12345678"), Value: decp("12040.12345678")}, {Asset: "BTC", Total: dec("0.1042"), Free: decp("0.1042"), Value: decp("10011.5")}}},
		{Venue: "binance", Wallet: "usdm", Balances: []control.Balance{{Asset: "USDT", Total: dec("8120.5"), Free: decp("6100"), Value: decp("8120.5")}}, Margin: &control.Margin{Equity: dec("8120.5"), Maintenance: dec("1461.69"), Ratio: 0.18}},
	}, nil
}

func (d *desk) Positions(context.Context, control.StrategyArgs) ([]control.Position, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := []control.Position{}
	if d.flat {
		return out, nil
	}
	for i := range d.many {
		out = append(out, control.Position{Instrument: d.key(i), Qty: dec("-0.104"), Entry: dec("96010.5"), Mark: decp("96080.1"), Notional: decp("9992.3304"), Unrealised: decp("-7.2384"), Realised: dec("12.5"), Liquidation: decp("131000")})
	}
	return out, nil
}

func (d *desk) Orders(context.Context, control.OrdersArgs) ([]control.Order, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := []control.Order{}
	for _, id := range []uint64{41, 42} {
		if !d.canceled[id] && !d.flat {
			out = append(out, control.Order{ID: id, ClientID: fmt.Sprintf("pl-%d", id), Strategy: d.name, Instrument: d.key(0), Side: "sell", Type: "limit", TIF: "gtc", Price: dec("96081"), Qty: dec("0.104"), Filled: dec("0.03"), Status: "working", PostOnly: true, Created: d.now.Add(-95 * time.Second), Ahead: decp("1.204")})
		}
	}
	return out, nil
}

func (d *desk) Pairs(_ context.Context, a control.PairsArgs) ([]control.Pair, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := []control.Pair{}
	if d.flat {
		return out, nil
	}
	next, rate, basis := d.now.Add(3*time.Hour+12*time.Minute), 0.00012, 0.0004
	for i := range 2 {
		p := control.Pair{ID: uint64(7 + i), Strategy: d.name, State: "hedged", Notional: dec("10000"), Legs: []control.Leg{{Instrument: d.key(1), Side: "long", Qty: dec("0.104"), Cost: dec("9985.1")}, {Instrument: d.key(0), Side: "short", Qty: dec("0.104"), Cost: dec("9992.3")}},
			OpenBasis: 0.0011, Basis: &basis, Funding: dec("150.602"), Fees: dec("12.1"), Realised: dec("-11.9"), Settlements: 5, Next: &next, Rate: &rate, Opened: began.Add(time.Hour)}
		if i == 1 {
			p.State, p.Unhedged, p.UnhedgedMS, p.MaxUnhedged, p.MaxUnhedgedMS, p.Tag = "opening", dec("1202.4"), 840, dec("2001"), 1300, hostile
		}
		out = append(out, p)
	}
	return out, nil
}

func (d *desk) Books(_ context.Context, a control.BooksArgs) ([]control.Book, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []control.Book
	for i := range d.many {
		if k := d.key(i); a.Instrument == "" || a.Instrument == k {
			b := control.Book{Instrument: k, State: "ready", Time: d.now, AgeMS: 12, Integrity: "verified", Mark: decp("96080.1"), Bids: [][2]string{}, Asks: [][2]string{}}
			for l := range cmp.Or(a.Depth, 5) {
				b.Bids = append(b.Bids, [2]string{fmt.Sprint(96080 - l), fmt.Sprintf("%d.%03d", (l*7)%5, 125+l)})
				b.Asks = append(b.Asks, [2]string{fmt.Sprint(96081 + l), fmt.Sprintf("%d.%03d", (l*3)%4, 250+l)})
			}
			out = append(out, b)
		}
	}
	return out, nil
}

func (d *desk) Rates(context.Context) ([]control.Rate, error) { return []control.Rate{}, nil }

func (d *desk) Limits(context.Context) ([]control.Limit, error) {
	return []control.Limit{{Name: "max_order_notional", Value: "5000", Used: "2500", Doc: "value of one order"}, {Name: "max_loss_day", Value: "500", Used: "0", Doc: "loss since 00:00 UTC that halts"}}, nil
}

func (d *desk) Fills(_ context.Context, a control.RangeArgs) ([]control.Fill, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := []control.Fill{}
	for seq := uint64(60); seq > 0 && len(out) < a.Limit; seq-- {
		if a.Before > 0 && seq >= a.Before {
			continue
		}
		out = append(out, control.Fill{Seq: seq, Time: d.now.Add(-time.Duration(60-seq) * 17 * time.Minute), Strategy: d.name, Instrument: d.key(int(seq % 2)), Side: []string{"buy", "sell"}[seq%2], Price: decimal.NewFromInt(96000 + int64(seq)), Qty: dec("0.013"), Fee: dec("0.6240123"), FeeAsset: "USDT", Maker: seq%3 == 0, Order: seq, Pair: 7, TradeID: fmt.Sprint("t", seq)})
	}
	return out, nil
}

func (d *desk) Funding(_ context.Context, a control.RangeArgs) ([]control.Funding, error) {
	out := []control.Funding{}
	for i := range min(6, a.Limit) {
		out = append(out, control.Funding{Seq: uint64(90 - i), Time: began.Add(time.Duration(48-8*i) * time.Hour), Strategy: d.name, Instrument: d.key(0), Rate: 0.00012, Amount: dec("1.1995"), Asset: "USDT", Pair: 7})
	}
	return out, nil
}

func (d *desk) Equity(context.Context, control.SeriesArgs) ([]control.Point, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.equity), nil
}

func (d *desk) Series(_ context.Context, a control.SeriesArgs) ([]control.Series, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	line := slices.Clone(d.equity)
	s := control.Series{Name: "best funding, bp per 8 h", Strategy: a.Strategy, Points: line}
	if a.Instrument != "" {
		s = control.Series{Name: "price", Instrument: a.Instrument, Points: line}
	}
	for i := range line {
		line[i].V = line[i].V*3 + 200*math.Cos(float64(i)/40)
		if a.Instrument == "" {
			line[i].V = 1 + math.Sin(float64(i)/30)
		}
	}
	return []control.Series{s}, nil
}

func (d *desk) Log(_ context.Context, a control.LogArgs) ([]control.LogLine, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := []control.LogLine{}
	for _, l := range d.lines {
		if (a.Level != "warn" || l.Level != "info") && strings.Contains(l.Text, a.Grep) {
			out = append(out, l)
		}
	}
	return out[max(len(out)-a.Limit, 0):], nil
}

func (d *desk) Versions(_ context.Context, a control.VersionsArgs) ([]control.Version, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := []control.Version{}
	for v := 3; v > 0; v-- {
		out = append(out, control.Version{Strategy: d.name, Number: v, Time: began.Add(time.Duration(v*10) * time.Hour), Hash: fmt.Sprint("hash", v), Path: "strategies/demo.lua", Loaded: true, Running: v == d.version, Diff: "@@ -3,1 +3,1 @@\n-local edge = 10\n+local edge = 12\n"})
	}
	return out, nil
}

func (d *desk) Commands(context.Context, control.RangeArgs) ([]control.Command, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := slices.Clone(d.told)
	slices.Reverse(out)
	return append([]control.Command{}, out...), nil
}

func (d *desk) Explain(_ context.Context, a control.ExplainArgs) (*control.Trace, error) {
	if a.Order == 999 {
		return nil, control.Errorf(control.NotFound, "there is no order 999")
	}
	return &control.Trace{Subject: fmt.Sprintf("order %d", a.Order), Steps: []control.Step{
		{Seq: 501, Time: began, Kind: "event", Text: "book of binance.usdm:BTCUSDT changed"},
		{Time: began, Kind: "handler", Text: "on_book of demo, 41 µs", AfterUS: 12},
		{Time: began, Kind: "gate", Text: "within all limits", AfterUS: 8},
		{Time: began, Kind: "order", Text: "sell 0.104 binance.usdm:BTCUSDT at 96081 " + hostile, AfterUS: 95},
		{Seq: 502, Time: began.Add(4 * time.Millisecond), Kind: "ack", Text: "working", AfterUS: 4100},
		{Seq: 509, Time: began.Add(9 * time.Second), Kind: "fill", Text: "0.03 at 96081, maker", AfterUS: 8.9e6},
	}}, nil
}

func (d *desk) Follow(ctx context.Context, _ control.FollowArgs) iter.Seq[control.Event] {
	ch := make(chan control.Event, 256)
	d.mu.Lock()
	d.followers[ch] = false
	d.mu.Unlock()
	return func(yield func(control.Event) bool) {
		defer func() {
			d.mu.Lock()
			delete(d.followers, ch)
			d.mu.Unlock()
		}()
		for {
			select {
			case <-ctx.Done():
				return
			case e := <-ch:
				d.mu.Lock()
				missed := d.followers[ch]
				d.followers[ch] = false
				d.mu.Unlock()
				if missed && !yield(control.Event{Kind: "dropped", Time: e.Time, Data: json.RawMessage("{}")}) || !yield(e) {
					return
				}
			}
		}
	}
}

func (d *desk) tell(by control.Who, op string, args any, do func() *control.Error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.id.Live {
		return control.Errorf(control.Ended, "the session has ended")
	}
	if err := do(); err != nil {
		return err
	}
	d.did(by, op, args)
	return nil
}

func (d *desk) Halt(_ context.Context, by control.Who, a control.StrategyArgs) error {
	return d.tell(by, "halt", a, func() *control.Error {
		if a.Strategy != "" {
			d.paused = true
			return nil
		}
		d.halted = "told by " + by.String()
		d.say("halt", map[string]string{"reason": d.halted})
		return nil
	})
}

func (d *desk) Resume(_ context.Context, by control.Who, a control.StrategyArgs) error {
	return d.tell(by, "resume", a, func() *control.Error {
		if a.Strategy != "" {
			d.paused = false
		} else {
			d.halted = ""
		}
		return nil
	})
}

func (d *desk) CancelAll(_ context.Context, by control.Who, a control.OrdersArgs) error {
	return d.tell(by, "cancel-all", a, func() *control.Error {
		for _, id := range []uint64{41, 42} {
			if a.ID == 0 || a.ID == id {
				d.canceled[id] = true
			}
		}
		return nil
	})
}

func (d *desk) Flatten(_ context.Context, by control.Who, a control.FlattenArgs) error {
	return d.tell(by, "flatten", a, func() *control.Error { d.flat = true; return nil })
}

func (d *desk) Reload(_ context.Context, by control.Who, a control.ReloadArgs) error {
	return d.tell(by, "reload", a, func() *control.Error { d.version = cmp.Or(a.To, d.version); return nil })
}

func (d *desk) Set(_ context.Context, by control.Who, a control.SetArgs) error {
	return d.tell(by, "set", a, func() *control.Error {
		for name, v := range a.Params {
			if d.params[name] == "" {
				return control.Errorf(control.NotFound, "%s has no parameter %s", a.Strategy, name)
			}
			d.params[name] = v
		}
		return nil
	})
}

func (d *desk) Signal(context.Context, control.Who, control.SignalArgs) error { return nil }

func (d *desk) Eval(context.Context, control.Who, control.EvalArgs) (*control.Evaluated, error) {
	return &control.Evaluated{}, nil
}

func (d *desk) Stop(_ context.Context, by control.Who) error {
	return d.tell(by, "stop", struct{}{}, func() *control.Error { d.id.Live = false; return nil })
}
