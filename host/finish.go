package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/report"
	"github.com/perilune/perilune/host/tearsheet"
	"github.com/perilune/perilune/ledger"
)

// finish closes journal and ledger and sums up. Errors on the way are joined:
// the first one tells why the session ended.
func (r *runner) finish(ctx context.Context, ended error) (*Summary, error) {
	r.supervisor.where.Enter(core.StageClosing)
	r.supervisor.entering("closing journal and ledger")
	r.record.stopBackups()
	r.meter.look(r, r.loop.Now())
	r.alerts.finish(r.core, r.loop.Now())
	defer r.alerts.detach()
	if ended != nil {
		r.account.clear()
	}
	defer r.record.storage.close()
	gone, err, save := r.record.settle(ended)
	if err != nil {
		return r.summary("error"), errors.Join(err, save())
	}
	if fault := cmp.Or(r.record.storage.fault(gone), r.account.gaveWay()); fault != nil {
		// All is recorded, and the session goes on later; but what ails the storage or
		// the account has not passed, and a supervisor should know.
		sum := r.summary("error")
		return sum, errors.Join(fmt.Errorf("the session ended in good order: %w", fault), r.record.closeRun(false), save())
	}
	endedBy := r.loop.EndedBy()
	if err := r.record.closeRun(r.ends(endedBy)); err != nil {
		return nil, err
	}
	r.tellNotices(r.loop.Now())
	r.account.tellOwed(r.loop.Now())
	sum := r.summary(endedBy)
	if sum.Resumed {
		var err error
		if sum.Whole, err = booked(r.record.db, r.record.session); err != nil {
			return sum, fmt.Errorf("ledger %s: %w", r.o.DB, err)
		}
	}
	r.supervisor.entering("measuring")
	if sum.Metrics, err = measured(context.WithoutCancel(ctx), r.record.db, r.record.session); err != nil {
		return sum, fmt.Errorf("ledger %s: %w", r.o.DB, err)
	}
	if n := len(sum.DataProblems); n > 0 {
		r.log(Line{Time: r.loop.Now(), Level: intent.Warn, Strategy: "host",
			Text: "the data are not whole: " + firstProblems(sum.DataProblems)})
	}
	r.supervisor.entering("ending what ran beside the session")
	r.side.close()
	sum.Shadow, sum.Twin = r.shadowing.standing(), r.twinning.report()
	if on, ok := r.account.(*paperAccount); ok {
		sum.Beyond = on.beyond(r.core.Universe())
	}
	sum.Sure = r.howSure(ctx, sum)
	if r.o.Report != "" {
		r.supervisor.entering("writing the report")
		if err := r.report(context.WithoutCancel(ctx), sum); err != nil {
			return sum, fmt.Errorf("report: %w", err)
		}
		sum.Report = r.o.Report
	}
	return sum, nil
}

// mostMeasured is how many rows of a ledger are read for the figures of a summary: so many
// take well below a second, and a session has no more time to end in.
const mostMeasured = 200_000

// measured are the figures of a session; none of one that keeps no ledger, or a very long one.
func measured(ctx context.Context, db *ledger.DB, account string) (tearsheet.Metrics, error) {
	if db == nil {
		return nil, nil
	}
	if n, err := tearsheet.Size(ctx, &db.Reader, account); err != nil || n > mostMeasured {
		return nil, err
	}
	record, err := tearsheet.Read(&db.Reader, tearsheet.Selection{Account: account})
	if err != nil {
		return nil, err
	}
	return tearsheet.Compute(record).Metrics(), nil
}

// booked adds up what a session made, by asset.
func booked(db *ledger.DB, account string) ([]Booked, error) {
	list, err := db.PnL(ledger.Filter{Account: account})
	if err != nil {
		return nil, err
	}
	var out []Booked
	for _, t := range ledger.Totals(list) {
		out = append(out, Booked{t.Asset, Money{t.Trading}, Money{t.Basis}, Money{t.Funding}, Money{t.Insurance}, Money{t.Interest}, Money{t.Fees}, Money{t.Net}})
	}
	return out, nil
}

// ends reports whether a session is over for good: its data are at their end. The
// built-in and the live market have none, and an account with real orders least of
// all, so whatever ended the run, the same command goes on.
func (r *runner) ends(endedBy string) bool {
	return endedBy == "data" || endedBy != "stop" && !r.o.continues()
}

func (r *runner) summary(endedBy string) *Summary {
	st := r.core.Stats()
	from, to := r.loop.Started(), r.loop.Now()
	s := &Summary{
		Mode: r.mode(), Broker: r.o.broker.versioned(), Simulated: r.market.simulated, Market: r.market.name, Seed: r.o.Seed,
		Session: r.record.session, Resumed: r.record.resume != nil,
		From: from.String(), To: to.String(), Days: float64(to-from) / float64(exchange.Day), EndedBy: endedBy,
		Events: r.loop.Events(), Effects: r.record.rec.effects, Fills: r.core.Fills(), OrdersRefused: r.refusals,
		Held:    core.Onlooker{C: r.core}.Keeping(),
		Funding: Money{st.Funding.Round(8)}, Fees: Money{st.Fees.Round(8)}, Insurance: Money{st.Insurance.Round(8)}, Interest: Money{st.Interest.Round(8)}, Drawdown: r.equity.Drawdown,
		OthersFunding: Money{st.Others.Funding.Round(8)}, OthersFees: Money{st.Others.Fees.Round(8)}, OthersInsurance: Money{st.Others.Insurance.Round(8)}, OthersInterest: Money{st.Others.Interest.Round(8)},
		Currency: r.core.Currency(), Valued: r.valued(to), Unpriced: r.core.Unpriced(),
		PairsOpened: st.PairsOpened, PairsClosed: st.PairsClosed, PairsLive: len(r.core.OpenPairs()),
		MaxUnhedged: Money{st.MaxUnhedged}, MaxUnhedSec: float64(st.MaxUnhedgedTime) / float64(exchange.Second),
		Reloads: st.Reloads, ReloadsRefused: st.ReloadsRefused, Errors: st.Errors, Gaps: st.Gaps, Latency: feedLatencies(r.core.FeedLatencies()),
		Halted: r.core.Halted(), Latched: r.strategiesThat(r.core.Latched), Paused: r.strategiesThat(r.core.Paused),
		EventsHash: r.record.rec.in.sum(), EffectsHash: r.record.rec.out.sum(),
		DB: r.o.DB, Journal: r.record.dir, WallSeconds: time.Since(r.started).Seconds(), Assumptions: r.assumptions(), Warnings: r.warnings,
	}
	s.Feeds = r.comparisons()
	if r.watcher != nil {
		s.ReloadsRefused += r.watcher.failed()
	}
	if r.market.recording != nil {
		stats := r.market.recording.Stats()
		s.Malformed, s.Data = stats.Malformed, &stats
		s.DataProblems = append(stats.Troubles(), leftOver(r.core, &stats)...)
	}
	for i := range len(r.scripts) + len(r.o.Strategies) {
		s.Strategies = append(s.Strategies, r.core.StrategyName(int32(i)))
	}
	if n := len(r.equity.Points); n > 0 {
		s.StartEq, s.EndEq = Money{r.equity.Points[0].Value}, Money{r.equity.Points[n-1].Value}
		s.PnL = Money{s.EndEq.Sub(s.StartEq.Decimal)}
	}
	return s
}

// assumptions says in sentences what the figures rest on.
func (r *runner) assumptions() []string {
	return append(slices.Clone(r.source.describe()), r.account.describe()...)
}

// shownProblems is how many of the data's problems the log names; the summary has
// them all.
const shownProblems = 3

func firstProblems(list []string) string {
	text := strings.Join(list[:min(len(list), shownProblems)], "; ")
	if n := len(list) - shownProblems; n > 0 {
		text += fmt.Sprintf("; and %d more in the summary", n)
	}
	return text
}

// report writes the session's HTML report.
func (r *runner) report(ctx context.Context, s *Summary) error {
	d := &report.Data{
		Title: strings.Join(s.Strategies, ", ") + " on " + filepath.Base(s.Market), Mode: r.reportMode(), Asset: s.Currency,
		FillsCommand: fmt.Sprintf("perilune fills --db %s --session %s", s.DB, s.Session),
		Assumptions:  s.Assumptions, Sources: r.source.describe(), Problems: s.DataProblems,
		Again: report.Reproduction{Command: r.o.Command, Seed: fmt.Sprint(s.Seed), EventsHash: s.EventsHash, EffectsHash: s.EffectsHash},
	}
	for i := range s.Latency {
		l := &s.Latency[i]
		d.Latencies = append(d.Latencies, report.Latency{Venue: string(l.Venue), Stream: l.Stream, Messages: l.Messages, P50: l.P50, P99: l.P99, Max: l.Max, Clock: l.Clock()})
	}
	for i := range s.Feeds {
		d.Feeds = append(d.Feeds, s.Feeds[i].House+": "+s.Feeds[i].String())
	}
	d.Sure = s.sure()
	p, err := newReporting(r.record.db, tearsheet.Selection{Account: r.record.session})
	if err != nil {
		return err
	}
	p.reporter, p.scripts, p.set = r.reporter, r.scripts, r.o.Set
	if err := p.fill(ctx, d); err != nil {
		return err
	}
	return writeFile(r.o.Report, func(w io.Writer) error { return report.Write(w, *d) })
}

// reportMode says what the figures are worth.
func (r *runner) reportMode() report.Mode {
	switch {
	case r.account.real() && r.o.broker == nil:
		return report.Live
	case r.market.live:
		return report.Paper
	}
	return report.Simulated
}
