package payload

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// naive decodes the plain way, over encoding/json and decimals. The decoder must
// agree with it.
type naive struct {
	market  api.Market
	in      *exchange.Instrument // of any symbol, unless strict tests say otherwise
	unnamed *exchange.Instrument
}

type object map[string]json.RawMessage

var errReference = errors.New("reference: malformed")

func (n naive) decode(frame []byte) (*exchange.Event, error) {
	var whole any
	if err := json.Unmarshal(frame, &whole); err != nil {
		return nil, err
	}
	switch whole.(type) {
	case []any:
		return nil, ErrIgnored
	case map[string]any:
	default:
		return nil, errReference
	}
	var o object
	if err := json.Unmarshal(frame, &o); err != nil {
		return nil, err
	}
	var stream *string
	if data, ok := o["data"]; ok && o["e"] == nil {
		if o["stream"] != nil && !o.isText("stream") {
			return nil, errReference
		}
		if o["stream"] != nil {
			name := o.text("stream")
			stream = &name
		}
		o = nil
		if json.Unmarshal(data, &o) != nil || o == nil {
			return nil, ErrIgnored
		}
	}
	return n.event(o, stream)
}

func (n naive) event(o object, stream *string) (*exchange.Event, error) {
	kind := o.kind()
	if kind == "" {
		return nil, ErrIgnored
	}
	in, err := n.owner(o, kind, stream)
	if err != nil {
		return nil, err
	}
	ev := &exchange.Event{Instrument: in.ID}
	r := reader{o: o, in: in}
	switch kind {
	case "depthUpdate":
		n.depth(ev, &r, stream)
	case "snapshot":
		ev.Kind = exchange.KindSnapshot
		ev.LastID, ev.Bids, ev.Asks = r.id("lastUpdateId"), r.levels("bids"), r.levels("asks")
	case "bookTicker":
		ev.Kind = exchange.KindTicker
		ev.LastID = r.id("u")
		ev.Price, ev.Qty = r.price("b"), r.qty("B")
		ev.Price2, ev.Qty2 = r.price("a"), r.qty("A")
	case "trade", "aggTrade":
		n.trade(ev, &r, kind)
	case "markPriceUpdate":
		ev.Kind = exchange.KindMark
		ev.Mark, ev.Index, ev.Rate = r.e8("p", true), r.e8("i", false), r.e8("r", false)
		ev.NextFunding, ev.VenueTime, ev.Hours = r.time("T"), r.time("E"), in.FundingHours
	}
	if kind != "markPriceUpdate" {
		ev.VenueTime = r.time("E")
		if o["T"] != nil {
			ev.VenueTime = r.time("T")
		}
	}
	return ev, r.err
}

func (n naive) depth(ev *exchange.Event, r *reader, stream *string) {
	parts := []string{"", ""}
	if stream != nil {
		parts = strings.Split(*stream+"@", "@")
	}
	ev.Kind, ev.LastID = exchange.KindDiff, r.id("u")
	ev.Bids, ev.Asks = r.levels("b"), r.levels("a")
	switch {
	case parts[1] == "rpiDepth":
		r.err = ErrIgnored
	case regexp.MustCompile(`^depth.`).MatchString(parts[1]):
		ev.Kind = exchange.KindSnapshot
	default:
		ev.FirstID, ev.PrevID = r.id("U"), -1
		if n.market != api.Spot {
			ev.PrevID = r.id("pu")
		}
	}
}

func (n naive) trade(ev *exchange.Event, r *reader, kind string) {
	if r.o["X"] != nil && r.o.text("X") != "MARKET" {
		r.err = ErrIgnored
		return
	}
	id := map[string]string{"trade": "t", "aggTrade": "a"}[kind]
	ev.Kind, ev.ID, ev.Price, ev.Qty = exchange.KindTrade, r.id(id), r.price("p"), r.qty("q")
	r.check(ev.Price > 0 && ev.Qty > 0)
	ev.Side = exchange.Buy
	switch string(r.o["m"]) {
	case "true":
		ev.Side = exchange.Sell
	case "false":
	default:
		r.check(false)
	}
}

func (o object) isText(k string) bool { return len(o[k]) > 0 && o[k][0] == '"' }

func (o object) text(k string) string {
	var s string
	if o.isText(k) {
		_ = json.Unmarshal(o[k], &s)
	}
	return s
}

func (o object) kind() string {
	all := func(keys ...string) bool {
		return !slices.ContainsFunc(keys, func(k string) bool { return o[k] == nil })
	}
	switch {
	case o["e"] != nil:
		kind := o.text("e")
		if slices.Contains([]string{"depthUpdate", "bookTicker", "trade", "aggTrade", "markPriceUpdate"}, kind) {
			return kind
		}
	case all("lastUpdateId") && (all("bids") || all("asks")):
		return "snapshot"
	case all("u", "s", "b", "B", "a", "A"):
		return "bookTicker"
	}
	return ""
}

func (n naive) owner(o object, kind string, stream *string) (*exchange.Instrument, error) {
	k := "s"
	if kind == "snapshot" {
		k = "symbol"
		if o[k] == nil {
			if stream != nil {
				symbol, _, _ := strings.Cut(*stream, "@")
				return n.resolve(strings.Map(upperASCII, symbol))
			}
			return n.unnamed, nil
		}
	}
	if !o.isText(k) {
		return nil, errReference
	}
	return n.resolve(o.text(k))
}

func upperASCII(r rune) rune {
	if 'a' <= r && r <= 'z' {
		r -= 'a' - 'A'
	}
	return r
}

// resolve knows every symbol when the instrument of the test is called ANYUSDT.
func (n naive) resolve(symbol string) (*exchange.Instrument, error) {
	if symbol == n.in.Symbol || n.in.Symbol == "ANYUSDT" {
		return n.in, nil
	}
	return nil, ErrIgnored
}

// reader takes values and keeps the first error.
type reader struct {
	o   object
	in  *exchange.Instrument
	err error
}

func (r *reader) check(ok bool) {
	if !ok && r.err == nil {
		r.err = errReference
	}
}

var wholePattern = regexp.MustCompile(`^-?[0-9]+$`)

func (r *reader) id(k string) int64 {
	n, err := strconv.ParseInt(string(r.o[k]), 10, 64)
	r.check(err == nil && wholePattern.Match(r.o[k]) && n != -1<<63)
	return n
}

func (r *reader) time(k string) exchange.Time {
	if r.o[k] == nil {
		return 0
	}
	n := r.id(k)
	unit := int64(1e6)
	if n >= 1e14 {
		unit = 1e3
	}
	r.check(n >= 0 && n <= (1<<63-1)/unit)
	return exchange.Time(n * unit)
}

var plainPattern = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

func (r *reader) steps(text string, s exchange.Step) int64 {
	if !plainPattern.MatchString(text) {
		r.check(false)
		return 0
	}
	d := decimal.RequireFromString(text)
	q, rest := d.QuoRem(s.Decimal(1), 0)
	r.check(!d.IsNegative() && rest.IsZero() && q.BigInt().IsInt64())
	return q.IntPart()
}

func (r *reader) price(k string) exchange.Ticks {
	r.check(r.o.isText(k))
	return exchange.Ticks(r.steps(r.o.text(k), r.in.Tick))
}

func (r *reader) qty(k string) exchange.Lots {
	r.check(r.o.isText(k))
	return exchange.Lots(r.steps(r.o.text(k), r.in.Lot))
}

func (r *reader) floorQty(k string) exchange.Lots {
	text := r.o.text(k)
	if !plainPattern.MatchString(text) {
		r.check(false)
		return 0
	}
	d := decimal.RequireFromString(text)
	q, _ := d.QuoRem(r.in.Lot.Decimal(1), 0)
	r.check(text[0] != '-' && q.BigInt().IsInt64())
	return exchange.Lots(q.IntPart())
}

func (r *reader) e8(k string, needed bool) exchange.E8 {
	if r.o[k] == nil || string(r.o[k]) == `""` {
		r.check(!needed)
		return 0
	}
	text := r.o.text(k)
	if !plainPattern.MatchString(text) {
		r.check(false)
		return 0
	}
	v := decimal.RequireFromString(text).Shift(8).Round(0)
	r.check(v.Abs().LessThanOrEqual(decimal.NewFromInt(1<<63 - 1)))
	return exchange.E8(v.IntPart())
}

func (r *reader) levels(k string) []exchange.Level {
	var raw [][]json.RawMessage
	if err := json.Unmarshal(r.o[k], &raw); err != nil || raw == nil {
		r.check(false)
		return nil
	}
	out := []exchange.Level{}
	for _, l := range raw {
		if len(l) < 2 {
			r.check(false)
			return nil
		}
		o := object{"p": l[0], "q": l[1]}
		lr := reader{o: o, in: r.in}
		level := exchange.Level{Price: lr.price("p"), Qty: lr.floorQty("q")}
		r.check(lr.err == nil && level.Price > 0)
		out = append(out, level)
	}
	return out
}

// inShape reports whether the strict path takes a frame.
func inShape(d *Decoder, frame []byte) bool {
	d.scan = jsonscan.Scanner{B: frame}
	d.stream, d.start, d.array = field{}, 0, -1
	d.enveloped = d.envelope()
	var ev exchange.Event
	return d.strict(&ev)
}

// decodeTolerant decodes without the strict path.
func decodeTolerant(d *Decoder, frame []byte, ev *exchange.Event) error {
	d.scan = jsonscan.Scanner{B: frame}
	d.stream, d.start, d.array = field{}, 0, -1
	if err := d.tolerant(); err != nil {
		return err
	}
	return d.finish(ev)
}

// show formats the fields that a decoder may set.
func show(ev *exchange.Event) string {
	return fmt.Sprint(ev.Kind, ev.Instrument, ev.VenueTime, " ids ", ev.FirstID, ev.LastID, ev.PrevID, ev.ID,
		" levels ", len(ev.Bids), ev.Bids, len(ev.Asks), ev.Asks, " quote ", ev.Price, ev.Qty, ev.Price2, ev.Qty2, ev.Side,
		" mark ", ev.Mark, ev.Index, ev.Rate, ev.NextFunding, ev.Hours, " others ", ev.Seq, ev.Time, ev.Name, ev.Reason)
}

func sameEvent(t testing.TB, frame []byte, got, want *exchange.Event) {
	t.Helper()
	same := got.Kind == want.Kind && got.Instrument == want.Instrument && got.VenueTime == want.VenueTime &&
		got.FirstID == want.FirstID && got.LastID == want.LastID && got.PrevID == want.PrevID && got.ID == want.ID &&
		got.Price == want.Price && got.Qty == want.Qty && got.Price2 == want.Price2 && got.Qty2 == want.Qty2 &&
		got.Side == want.Side && got.Mark == want.Mark && got.Index == want.Index && got.Rate == want.Rate &&
		got.NextFunding == want.NextFunding && got.Hours == want.Hours && got.Time == want.Time && got.Seq == want.Seq &&
		slices.Equal(got.Bids, want.Bids) && slices.Equal(got.Asks, want.Asks)
	if !same {
		t.Fatalf("frame %.300q\n got %s\nwant %s", frame, show(got), show(want))
	}
}
