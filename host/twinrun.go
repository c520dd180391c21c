package host

import (
	"context"
	"errors"
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/shadow"
	"github.com/perilune/perilune/host/twin"
	"github.com/perilune/perilune/ledger/journal"
)

// TwinReport is how wrong paper is about a session's real orders: see package twin.
type TwinReport = twin.Report

// PaperModels are the parameters of a paper venue that are fitted.
type PaperModels = twin.Models

// Models are what the options have a paper venue assume.
func (o *PaperOptions) Models() PaperModels {
	m := PaperModels{Queue: o.Queue, Impact: o.Impact}
	if o.Latency != nil {
		m.Latency = *o.Latency
	}
	return m
}

// TwinOf runs a session's journal again with paper twins of its orders beside it, one for
// each of some models, and returns what came of each. It is had of a session on paper too:
// then the twin's error is that of other models. The session may still run.
func TwinOf(ctx context.Context, dir string, models []PaperModels) ([]*TwinReport, error) {
	if err := needsContext(ctx, "TwinOf"); err != nil {
		return nil, err
	}
	if dir == "" || len(models) == 0 {
		return nil, configError("TwinOf: want the directory of a run's journal, and models")
	}
	given, err := checkOwn(&Options{})
	if err != nil {
		return nil, err
	}
	leverage, err := journalLeverage(dir)
	if err != nil {
		return nil, err
	}
	b := &besideJournal{models: models, leverage: leverage}
	err = rerun(ctx, dir, &ReplayResult{}, given, &Tracing{After: b.step})
	var diff *Divergence
	if errors.As(err, &diff) {
		return nil, &LedgerError{fmt.Errorf("%s: the session can't be run again, so its orders are not known: %w", dir, diff)}
	}
	if err != nil {
		return nil, err
	}
	var out []*TwinReport
	for _, t := range b.twins {
		out = append(out, t.Report())
	}
	if len(out) == 0 {
		return nil, &LedgerError{fmt.Errorf("%s: the session has not begun", dir)}
	}
	return out, nil
}

// besideJournal drives twins by a journal that is run again.
type besideJournal struct {
	models   []PaperModels
	leverage int
	twins    []*twin.Twin
}

// journalLeverage is the leverage of the session that a journal is of.
func journalLeverage(dir string) (int, error) {
	r, err := journal.Open(dir)
	if err != nil {
		return 0, &LedgerError{err}
	}
	defer r.Close()
	h, err := decodeHeader(r.Header())
	if err != nil {
		return 0, &LedgerError{fmt.Errorf("%s: %w", dir, err)}
	}
	return h.Leverage, nil
}

func (b *besideJournal) step(c *core.Core, ev *exchange.Event, fx []core.Effect) error {
	if b.twins == nil {
		if ev.Kind != exchange.KindCommand || ev.Name != core.CommandStart {
			return nil
		}
		if err := b.begin(c, ev.Time); err != nil {
			return err
		}
	}
	for _, t := range b.twins {
		showTwin(t, ev)
		for i := range fx {
			sendTwin(t, &fx[i])
		}
	}
	return nil
}

// begin makes the twins from the account as it stands when the strategies are started.
func (b *besideJournal) begin(c *core.Core, at exchange.Time) error {
	from := core.Onlooker{C: c}.Standing().Restore
	for i, m := range b.models {
		o := paper.Options{Leverage: b.leverage, Seed: uint64(i) + 1}
		m.Set(&o)
		t, err := twin.New(twin.Options{Universe: c.Universe(), Books: c.Book, Paper: o, Account: shadow.VenueAccount(c, &from, 0)}, at)
		if err != nil {
			return err
		}
		b.twins = append(b.twins, t)
	}
	return nil
}

// showTwin shows a twin an event. The order is that of the loop: the venue sees the market
// before what was decided on it.
func showTwin(t *twin.Twin, ev *exchange.Event) {
	if ev.Kind.MarketData() {
		t.Market(ev)
	} else {
		t.Heard(ev)
	}
}

// sendTwin sends a twin what the session sends its venue.
func sendTwin(t *twin.Twin, e *core.Effect) {
	switch b := e.Body.(type) {
	case core.Submit:
		t.Sent(b.Order, e.Time)
	case core.Cancel:
		t.Cancel(b.Order.ID, e.Time)
	case core.Shrink:
		t.Shrink(b.Order.ID, b.Qty, e.Time)
	case core.SendTransfer:
		t.Transfer(b.Transfer, e.Time)
	}
}
