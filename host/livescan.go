package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
)

const (
	// scanEvery is how often venues are asked what all their perpetuals pay, one after the
	// other, within the limits that all of the session shares.
	scanEvery = time.Minute
	// scanPatience is how long one of them may take.
	scanPatience = 30 * time.Second
	// scanListing is how long a venue's list of instruments is good for.
	scanListing = time.Hour
)

// scanned is a venue that is asked. Its catalogue is not that of the session, which has
// the segments alone that are traded.
type scanned struct {
	*liveMarket
	asked  connect.Surveyor
	listed time.Time
	failed bool
}

// pollScan begins to ask the venues.
func (s *liveSource) pollScan() {
	ctx, first := s.scans.begin()
	if !first {
		return
	}
	var list []*scanned
	for _, l := range s.markets {
		list = append(list, &scanned{liveMarket: l})
	}
	s.scans.tasks.Go(func() {
		for {
			ev := scanOf(ctx, list)
			if ctx.Err() != nil {
				return
			}
			s.inbox.Post(ev)
			select {
			case <-ctx.Done():
				return
			case <-time.After(scanEvery):
			}
		}
	})
}

// scanOf asks all of them. One that does not answer leaves the others' rows.
func scanOf(ctx context.Context, list []*scanned) *exchange.Event {
	var all []connect.Standing
	var failed []error
	for _, v := range list {
		rows, err := v.survey(ctx)
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", v.House(), err))
		}
		if err != nil && !v.failed && ctx.Err() == nil {
			v.notice(connect.Notice{Instrument: exchange.NoInstrument, Text: fmt.Sprintf("market.scan: %s does not tell what its perpetuals pay: %v; it is asked again every minute", v.House(), err)})
		}
		v.failed = err != nil
		all = append(all, rows...)
	}
	ev := &exchange.Event{Kind: exchange.KindScan, Instrument: exchange.NoInstrument}
	if len(failed) == len(list) {
		ev.Reason = "no venue answers: " + errors.Join(failed...).Error()
		return ev
	}
	ev.Scan = scanOfRates(ratesOf(all))
	return ev
}

func (v *scanned) survey(ctx context.Context) ([]connect.Standing, error) {
	ctx, cancel := context.WithTimeout(ctx, scanPatience)
	defer cancel()
	if v.asked == nil || time.Since(v.listed) > scanListing {
		venue, err := v.Open()
		if err != nil {
			return nil, err
		}
		asked, err := surveyorOf(ctx, venue, v.access, v.notice)
		if err != nil {
			return nil, err
		}
		v.asked, v.listed = asked, time.Now()
	}
	return v.asked.Survey(ctx)
}

// scanOfRates is a table of rates as a journal keeps it.
func scanOfRates(list []FundingRate) *exchange.Scan {
	if len(list) > exchange.MostScanned {
		slices.SortFunc(list, func(a, b FundingRate) int {
			return cmp.Or(cmp.Compare(b.Turnover, a.Turnover), cmp.Compare(a.Symbol, b.Symbol))
		})
		list = list[:exchange.MostScanned]
	}
	out := &exchange.Scan{Rows: make([]exchange.ScanRow, len(list))}
	for i := range list {
		r := &list[i]
		x := exchange.ScanRow{Symbol: r.Symbol, Hedge: r.Hedge, Rate: fractionE8(r.Rate), Hours: r.Hours, Basis: fractionE8(r.Basis), Spread: fractionE8(r.Spread),
			Net: fractionE8(r.Net), Cost: fractionE8(r.Cost), Depth: wholeDollars(r.Depth), Turnover: wholeDollars(r.Turnover)}
		if r.After != nil {
			after := fractionE8(*r.After)
			x.After = &after
		}
		if !r.Next.IsZero() {
			x.Next = exchange.Time(r.Next.UnixNano())
		}
		out.Rows[i] = x
	}
	slices.SortFunc(out.Rows, func(a, b exchange.ScanRow) int { return cmp.Compare(a.Symbol, b.Symbol) })
	return out
}

// fractionE8 is a fraction to eight places; one beyond all sense is at the bound.
func fractionE8(f float64) exchange.E8 { return exchange.E8(wholeWithin(f*1e8, 1e17)) }

func wholeDollars(f float64) int64 { return int64(wholeWithin(f, 1e17)) }

func wholeWithin(f, most float64) float64 {
	if math.IsNaN(f) {
		return 0
	}
	return math.Round(max(-most, min(most, f)))
}
