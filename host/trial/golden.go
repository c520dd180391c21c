package trial

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/core"
)

// A golden file holds what a session decided, a line each. It is written with --record, kept
// beside the test, and compared ever after: what changes the decisions of a strategy shows as
// the lines that differ.

// mostDecisions bounds what is kept.
const mostDecisions = 100_000

// decide words an effect as a decision, where it is one.
func (s *session) decide(e *core.Effect) {
	text := s.worded(e)
	if text == "" || len(s.decisions) >= mostDecisions {
		return
	}
	if line := e.Time.UTC().Format("2006-01-02 15:04:05.000 ") + text; s.roomFor(line) {
		s.decisions = append(s.decisions, line)
	}
}

func (s *session) worded(e *core.Effect) string {
	u := s.universe()
	switch b := e.Body.(type) {
	case core.Submit:
		o := b.Order
		in := u.Get(o.Instrument)
		text := fmt.Sprintf("order #%d %s %s %s %s", o.ID, o.Side, in.QtyDecimal(o.Qty), in.Key(), o.Type)
		if o.Type == exchange.Limit {
			text += " " + in.PriceDecimal(o.Price).String()
		}
		text += " " + o.TIF.String()
		if o.ReduceOnly {
			text += " reduce_only"
		}
		return text
	case core.Cancel:
		return fmt.Sprintf("cancel #%d", b.Order.ID)
	case core.OrderChanged:
		o := b.Order
		switch o.Status {
		case exchange.StatusCanceled, exchange.StatusExpired, exchange.StatusRejected, exchange.StatusDenied, exchange.StatusUnknown:
			return strings.TrimSuffix(fmt.Sprintf("%s #%d: %s", o.Status, o.ID, o.Reason), ": ")
		}
	case *core.Filled:
		f := b.Fill
		in := u.Get(f.Instrument)
		return fmt.Sprintf("fill #%d %s %s %s at %s, fee %s %s, realised %s", f.Order, f.Side, in.QtyDecimal(f.Qty), in.Key(), in.PriceDecimal(f.Price), f.Fee, f.FeeAsset, f.Realised)
	case *core.FundingPaid:
		return fmt.Sprintf("funding %s %s of %s", b.Payment.Amount, b.Payment.Asset, u.Get(b.Payment.Instrument).Key())
	case core.PairChanged:
		return strings.TrimSuffix(fmt.Sprintf("pair %d %s, realised %s: %s", b.Pair.ID, b.Pair.State, b.Pair.Realised, b.Pair.Reason), ": ")
	case *core.HaltChanged:
		return "halt: " + b.Reason
	}
	return ""
}

var notForNames = regexp.MustCompile(`[^a-z0-9]+`)

// goldenPath is where the decisions of a test are kept.
func (f calls) goldenPath(name string) string {
	clean := strings.Trim(notForNames.ReplaceAllString(strings.ToLower(name), "_"), "_")
	return strings.TrimSuffix(f.path, ".lua") + "." + clean + ".golden"
}

// golden compares a session's decisions with those that were recorded.
func (f calls) golden(rt *bindings.Runtime) int {
	s := self(rt)
	name := f.test.name
	if !rt.Arg(1).Nil() {
		name = rt.Arg(1).Text()
	}
	for _, d := range s.decisions { // they are put together, and looked through for what differs
		rt.Charge(1 + len(d)/16)
	}
	path := f.goldenPath(name)
	is := strings.Join(append(s.decisions, ""), "\n") + fmt.Sprintf("equity %s %s\n", s.stage.Core().Equity().Round(8), s.stage.Core().Currency())
	if f.o.Record {
		must(rt, os.WriteFile(path, []byte(is), 0o644))
		return 0
	}
	was, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		f.fail(rt, nil, "there is no %s yet: record it with perilune test --record, look at it, and keep it with the test", filepath.Base(path))
	}
	must(rt, err)
	if old := strings.ReplaceAll(string(was), "\r\n", "\n"); old != is {
		f.fail(rt, host.LinesDiffer(filepath.Base(path), old, "now", is), "the decisions are not those of %s; if they are meant to change, record them anew with --record", filepath.Base(path))
	}
	return 0
}
