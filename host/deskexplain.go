package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/control"
	"github.com/perilune/perilune/ledger"
	"github.com/perilune/perilune/ledger/journal"
)

// Explain implements control.Reader.
func (d *deskReader) Explain(ctx context.Context, a control.ExplainArgs) (*control.Trace, error) {
	k, ok := d.kept()
	if !ok {
		return nil, control.Errorf(control.Refused, "what led to what is read from the ledger and the journal, and this session has no ledger")
	}
	d.written(ctx)
	return k.explain(ctx, a)
}

// Bounds of what is read of a journal for one answer.
const (
	explainRecords = 3_000_000
	explainWithin  = 5 * time.Second
	explainSteps   = 200
)

func (k deskLedger) explain(ctx context.Context, a control.ExplainArgs) (*control.Trace, error) {
	ctx, cancel := context.WithTimeout(ctx, explainWithin)
	defer cancel()
	named := 0
	for _, is := range []bool{a.Order != 0, a.Pair != 0, a.Fill != "", a.Seq != 0} {
		if is {
			named++
		}
	}
	if named != 1 {
		return nil, control.Errorf(control.BadRequest, "explain: name one of order, pair, fill and seq")
	}
	var t *control.Trace
	var err error
	switch {
	case a.Pair != 0:
		t, err = k.explainPair(ctx, exchange.PairID(a.Pair))
	case a.Order != 0:
		t, err = k.explainOrder(ctx, exchange.OrderID(a.Order))
	case a.Fill != "":
		t, err = k.explainFill(ctx, a.Fill)
	default:
		t, err = k.explainEvent(ctx, a.Seq)
	}
	if err != nil {
		return nil, sorted(err)
	}
	for i := range t.Steps {
		if i > 0 {
			t.Steps[i].AfterUS = float64(t.Steps[i].Time.Sub(t.Steps[i-1].Time)) / 1e3
		}
	}
	return t, nil
}

func (k deskLedger) explainFill(ctx context.Context, trade string) (*control.Trace, error) {
	f, ok, err := k.FillOf(ctx, trade)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, control.Errorf(control.NotFound, "no fill has the trade id %q", trade)
	case f.Order == 0:
		t := &control.Trace{Subject: "fill " + trade, Steps: []control.Step{}}
		err := k.scan(ctx, f.Run, func(ev *exchange.Event) bool { return ev.Seq < f.Seq }, func(ev *exchange.Event, lines []string) bool {
			if ev.Seq == f.Seq {
				t.Steps = append(t.Steps, eventStep(ev))
				t.Steps = append(t.Steps, effectSteps(ev, lines, "")...)
			}
			return ev.Seq < f.Seq
		})
		return t, k.missing(t, err)
	}
	t, err := k.explainOrder(ctx, f.Order)
	if t != nil {
		t.Subject = fmt.Sprintf("fill %s of order %d", trade, f.Order)
	}
	return t, err
}

// explainOrder is the event that led to an order, and what became of it.
func (k deskLedger) explainOrder(ctx context.Context, id exchange.OrderID) (*control.Trace, error) {
	rows, err := k.OrdersOf(ctx, id, 0)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return k.explainHeld(ctx, id)
	}
	o := &rows[0]
	t := &control.Trace{Subject: fmt.Sprintf("order %d", id), Steps: []control.Step{}}
	sent := fmt.Sprintf(" id=%d ", id)
	filled := fmt.Sprintf(" order=%d ", id)
	began := false
	err = k.scan(ctx, o.Run, func(ev *exchange.Event) bool { return ev.Time < o.Created }, func(ev *exchange.Event, lines []string) bool {
		var mine []string
		for _, l := range lines {
			kind, rest, _ := strings.Cut(l, " ")
			switch kind {
			case "submit", "order", "cancel":
				if strings.Contains(" "+rest+" ", sent) {
					mine = append(mine, l)
				}
			case "fill":
				if strings.Contains(" "+rest+" ", filled) {
					mine = append(mine, l)
				}
			}
		}
		if len(mine) == 0 {
			return ev.Seq <= o.Seq
		}
		if !began {
			began = true
			t.Steps = append(t.Steps, eventStep(ev), k.handlerStep(ev, o))
			if _, after, held := strings.Cut(mine[0], " parent="); held {
				by, _, _ := strings.Cut(after, " ")
				t.Steps[len(t.Steps)-1].Text = fmt.Sprintf("order %s of %s, which the host held (perilune explain order %s)", by, ofHost(o.Strategy), by)
			}
		}
		t.Steps = append(t.Steps, effectSteps(ev, mine, ackOf(ev))...)
		return ev.Seq < o.Seq && len(t.Steps) < explainSteps
	})
	if err := k.missing(t, err); err != nil {
		return nil, err
	}
	if !began { // the ledger has its beginning and its end
		t.Steps = append(t.Steps,
			control.Step{Time: o.Created.UTC(), Kind: "order", Text: orderText(o)},
			control.Step{Seq: o.Seq, Time: o.Updated.UTC(), Kind: "ack", Text: strings.TrimSuffix(o.Status.String()+": "+o.Reason, ": ")})
	}
	return t, nil
}

func orderText(o *ledger.OrderRun) string {
	price := "at the market"
	if o.Price.IsPositive() {
		price = "at " + o.Price.String()
	}
	return fmt.Sprintf("%s %s %s:%s %s", o.Side, o.Qty, o.Venue, o.Symbol, price)
}

// handlerStep says whose order it was. Which handler asked is told by the event: it is
// not kept.
func (k deskLedger) handlerStep(ev *exchange.Event, o *ledger.OrderRun) control.Step {
	text := ofHost(o.Strategy)
	switch {
	case o.Pair != 0:
		text = fmt.Sprintf("pair %d of %s", o.Pair, text)
	case o.Schedule != 0:
		text = fmt.Sprintf("parent order %d of %s", o.Schedule, text)
	default:
		text += ", told of " + ev.Kind.String()
	}
	return control.Step{Seq: ev.Seq, Time: ev.Time.UTC(), Kind: "handler", Text: text}
}

// ackOf says whether an event is the venue's answer.
func ackOf(ev *exchange.Event) string {
	if ev.Kind == exchange.KindOrder {
		return "ack"
	}
	return ""
}

// eventStep words an event.
func eventStep(ev *exchange.Event) control.Step {
	text := ev.Kind.String()
	if ev.Instrument != exchange.NoInstrument && ev.Kind.MarketData() {
		text += fmt.Sprintf(" of instrument %d", ev.Instrument)
	}
	switch ev.Kind {
	case exchange.KindTimer:
		text += " " + ev.Name
	case exchange.KindCommand:
		text += " " + ev.Name
	}
	if ev.VenueTime != 0 && ev.VenueTime < ev.Time {
		text += fmt.Sprintf(", %.3f ms after the venue's own time", millis(ev.Time-ev.VenueTime))
	}
	return control.Step{Seq: ev.Seq, Time: ev.Time.UTC(), Kind: "event", Text: text}
}

// effectSteps words effects as the journal has them.
func effectSteps(ev *exchange.Event, lines []string, answer string) []control.Step {
	var out []control.Step
	add := func(kind, text string) {
		out = append(out, control.Step{Seq: ev.Seq, Time: ev.Time.UTC(), Kind: kind, Text: text})
	}
	for _, l := range lines {
		kind, rest, _ := strings.Cut(l, " ")
		switch {
		case kind == "submit":
			add("gate", "passed")
			add("order", rest)
		case kind == "order" && strings.Contains(rest, "status=denied"):
			add("gate", "denied: "+rest)
		case kind == "order":
			add(cmp.Or(answer, "order"), rest)
		default:
			add(kind, rest)
		}
	}
	return out
}

// explainEvent is an event and what it led to.
func (k deskLedger) explainEvent(ctx context.Context, seq uint64) (*control.Trace, error) {
	run, err := k.LastRun(ctx)
	if err != nil {
		return nil, err
	}
	t := &control.Trace{Subject: fmt.Sprintf("event %d", seq), Steps: []control.Step{}}
	err = k.scan(ctx, run, func(ev *exchange.Event) bool { return ev.Seq < seq }, func(ev *exchange.Event, lines []string) bool {
		if ev.Seq == seq {
			t.Steps = append(t.Steps, eventStep(ev))
			t.Steps = append(t.Steps, effectSteps(ev, lines[:min(len(lines), explainSteps)], ackOf(ev))...)
		}
		return ev.Seq < seq
	})
	return t, k.missing(t, err)
}

// missing makes a step of what the journal does not tell.
func (k deskLedger) missing(t *control.Trace, err error) error {
	var torn *journal.CorruptError
	switch {
	case err == nil && len(t.Steps) > 0:
		return nil
	case err == nil:
		t.Steps = append(t.Steps, control.Step{Kind: "event", Text: "not kept: the journal has nothing of it"})
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, errNoJournal):
		t.Steps = append(t.Steps, control.Step{Kind: "event", Text: "not kept: there is no journal of that run any more"})
	case errors.Is(err, errTooFar), errors.Is(err, context.DeadlineExceeded):
		t.Steps = append(t.Steps, control.Step{Kind: "event", Text: "not read further: the journal is long there"})
	case errors.As(err, &torn):
		t.Steps = append(t.Steps, control.Step{Kind: "event", Text: "not read further: " + err.Error()})
	default:
		return err
	}
	return nil
}

var (
	errNoJournal = errors.New("the run has no journal")
	errTooFar    = errors.New("too many records")
)

// scan reads the journal of a run from about where before ends to hold, and calls see with
// each event and the lines of its effects until it returns false.
func (k deskLedger) scan(ctx context.Context, id ledger.RunID, before func(*exchange.Event) bool, see func(*exchange.Event, []string) bool) error {
	run, err := k.Run(id)
	if err != nil {
		return err
	}
	if run.Journal == "" {
		return errNoJournal
	}
	r, err := journal.OpenNear(run.Journal, before)
	if err != nil {
		return err
	}
	defer r.Close()
	var dec journal.EventDecoder
	var ev exchange.Event
	var lines []string
	have := false
	for n := 0; ; n++ {
		if n&4095 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if n > explainRecords {
			return errTooFar
		}
		kind, data, err := r.Next()
		if err == nil && kind == journal.RecordEffect {
			lines = append(lines, string(data))
			continue
		}
		if err == nil && kind != journal.RecordEvent {
			continue
		}
		if have && !before(&ev) && !see(&ev, lines) || errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := dec.Decode(data, &ev); err != nil {
			return err
		}
		lines, have = lines[:0], true
	}
}

// explainPair is what a pair did, from the ledger.
func (k deskLedger) explainPair(ctx context.Context, id exchange.PairID) (*control.Trace, error) {
	rows, err := k.Pairs(ledger.Filter{Account: k.Account, Pair: id})
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, control.Errorf(control.NotFound, "there is no pair %d", id)
	}
	p := &rows[0]
	t := &control.Trace{Subject: fmt.Sprintf("pair %d", id), Steps: []control.Step{{Time: p.Opened.UTC(), Kind: "intent",
		Text: fmt.Sprintf("%s opens %s long, %s short, %s of each %s", p.Strategy, p.Spot, p.Perp, p.Notional, p.Tag)}}}
	orders, err := k.OrdersOf(ctx, 0, id)
	if err != nil {
		return nil, err
	}
	for i := range orders {
		o := &orders[i]
		t.Steps = append(t.Steps, control.Step{Time: o.Created.UTC(), Kind: "order", Text: fmt.Sprintf("%d: %s, %s %s", o.ID, orderText(o), o.Status, o.Reason)})
	}
	fills, err := k.Fills(ctx, ledger.Page{Pair: id, From: 1, Limit: explainSteps})
	if err != nil {
		return nil, err
	}
	for i := range fills {
		f := &fills[i]
		t.Steps = append(t.Steps, control.Step{Seq: f.Seq, Time: f.Time.UTC(), Kind: "fill", Text: fmt.Sprintf("%s %s %s:%s at %s, fee %s %s, order %d", f.Side, f.Qty, f.Venue, f.Symbol, f.Price, f.Fee, f.FeeAsset, f.Order)})
	}
	paid, err := k.Funding(ctx, ledger.Page{Pair: id, From: 1, Limit: explainSteps})
	if err != nil {
		return nil, err
	}
	for i := range paid {
		f := &paid[i]
		t.Steps = append(t.Steps, control.Step{Seq: f.Seq, Time: f.Time.UTC(), Kind: "funding", Text: fmt.Sprintf("%s %s at %s:%s", f.Amount, f.Asset, f.Market, f.Symbol)})
	}
	if p.Closed != 0 {
		t.Steps = append(t.Steps, control.Step{Time: p.Closed.UTC(), Kind: "pair", Text: strings.TrimSuffix(p.State+": "+p.Reason, ": ")})
	}
	slices.SortStableFunc(t.Steps, func(a, b control.Step) int { return a.Time.Compare(b.Time) })
	return t, nil
}
