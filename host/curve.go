package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/execution/schedule"
)

// CurveProfile is a volume curve by the time of the day, which LearnCurve makes and
// Options.Curves names the file of.
type CurveProfile = schedule.Profile

// CurveOptions say what a volume curve is learned from.
type CurveOptions struct {
	Market   []string // as Options.Market, but not live
	Symbol   string   // "" where the market has one instrument
	Days     int      // the newest, at most; 0: all
	Bucket   exchange.Time
	Apart    bool          // weekdays and weekends are told apart
	From, To exchange.Time // midnights; 0: all there is
	Seed     uint64        // of the built-in market
}

// until is the first moment that is not read: a bar is told when it closes, and the last one of
// a day does at To.
func (o *CurveOptions) until() exchange.Time {
	if o.To == 0 {
		return 0
	}
	return o.To + 1
}

// usualBucket is that of a profile, unless the bars that it is learned from are longer.
const usualBucket = 15 * exchange.Minute

// LearnCurve reads a market through and makes a profile of what one instrument traded.
func LearnCurve(ctx context.Context, o CurveOptions) (*CurveProfile, error) {
	so := &Options{Market: o.Market, Seed: max(o.Seed, 1), History: HistoryOptions{From: o.From, To: o.until()}}
	if len(o.Market) == 0 || so.liveData() || so.streamed() {
		return nil, configError("Market: want a history, recordings or synth to learn from; a live session asks its venue by itself")
	}
	if o.Days < 0 || o.Days > 3650 {
		return nil, configError("Days: %d: want 1 to 3650, or 0 for all", o.Days)
	}
	if so.synthetic() && (o.Days == 0 || o.Days > 60) {
		return nil, configError("Days: the built-in market has no end: want 1 to 60 of its days")
	}
	m, err := openMarket(ctx, so, 0)
	if err != nil {
		return nil, err
	}
	defer m.close()
	l, err := newCurveLearner(m, &o, so.synthetic())
	if err != nil {
		return nil, err
	}
	return l.learn(ctx, m)
}

// curveLearner reads a market for one instrument.
type curveLearner struct {
	o       *CurveOptions
	id      exchange.InstrumentID
	bars    exchange.Time // length of those that the market brings; 0: it has trades
	learner *schedule.Learner
	endless bool          // it is the built-in one
	until   exchange.Time // where that is left; 0: not known yet
}

func newCurveLearner(m *marketData, o *CurveOptions, endless bool) (*curveLearner, error) {
	u, err := exchange.NewUniverse(m.instruments)
	if err != nil {
		return nil, err
	}
	in := u.Get(0)
	switch {
	case o.Symbol != "":
		if in, err = u.Lookup(o.Symbol); err != nil {
			return nil, configError("Symbol: %v", err)
		}
	case u.Len() > 1:
		var keys []string
		for _, in := range u.All() {
			keys = append(keys, in.Key())
		}
		return nil, configError("Symbol: the market has %d instruments: want one of %s", u.Len(), strings.Join(keys[:min(len(keys), 12)], ", "))
	}
	l := &curveLearner{o: o, endless: endless, id: in.ID, bars: m.supply.bars(in)}
	bucket := o.Bucket
	if bucket == 0 {
		bucket = max(usualBucket, l.bars)
	}
	if l.learner, err = schedule.NewLearner(in, bucket); err != nil {
		return nil, configError("%v", err)
	}
	return l, nil
}

func (l *curveLearner) learn(ctx context.Context, m *marketData) (*CurveProfile, error) {
	var ev exchange.Event
	for n := 0; ; n++ {
		err := m.feed.Next(&ev)
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil && n%4096 == 0 {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		if until := l.o.until(); until != 0 && ev.Time >= until {
			break
		}
		if ev.Time < l.o.From {
			continue
		}
		if l.endless && l.until == 0 {
			l.until = ev.Time - ev.Time%exchange.Day + exchange.Time(l.o.Days+1)*exchange.Day
		}
		if l.until != 0 && ev.Time > l.until {
			break
		}
		if err := l.take(&ev); err != nil {
			return nil, configError("%v", err)
		}
	}
	p, err := l.learner.Profile(l.o.Days, l.o.Apart)
	if err != nil {
		return nil, &DataError{fmt.Errorf("no curve can be learned: %w", err)}
	}
	p.Learned = strings.Join(l.o.Market, " ") + ": trades"
	if l.bars != 0 {
		p.Learned = strings.Join(l.o.Market, " ") + ": bars of " + exchange.BarLength(l.bars)
	}
	return p, nil
}

func (l *curveLearner) take(ev *exchange.Event) error {
	if l.bars == 0 {
		l.learner.Watch(ev.Time)
	}
	switch {
	case ev.Instrument != l.id:
	case ev.Kind == exchange.KindTrade && l.bars == 0:
		l.learner.Trade(ev.Time, ev.Qty)
	case ev.Kind == exchange.KindBar && ev.Bar.Interval == l.bars:
		at := ev.VenueTime
		if at == 0 {
			at = ev.Time
		}
		return l.learner.Bar(at, &ev.Bar)
	}
	return nil
}

// mostCurve bounds a file: a day of minutes, thrice.
const mostCurve = 1 << 20

// readCurves reads the files of Options.Curves: PATH, or SYMBOL=PATH for another
// instrument than it was learned from. That the session has none of it is no error, since
// one file may serve many sessions, but is told.
func readCurves(list []string) (out []*schedule.Profile, err error) {
	for _, text := range list {
		symbol, path, renamed := strings.Cut(text, "=")
		if !renamed {
			path = text
		}
		p, err := readCurve(path)
		if err != nil {
			return nil, configError("curve %s: %v", path, err)
		}
		if renamed {
			p.Symbol = symbol
		}
		if slices.ContainsFunc(out, func(o *schedule.Profile) bool { return o.Symbol == p.Symbol }) {
			return nil, configError("curve %s: there is one of %s already: want one for an instrument", path, p.Symbol)
		}
		out = append(out, p)
	}
	return out, nil
}

func readCurve(path string) (*schedule.Profile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // reading only
	raw, err := io.ReadAll(io.LimitReader(f, mostCurve+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > mostCurve {
		return nil, fmt.Errorf("it has more than %d bytes: is it a file of perilune data curve?", mostCurve)
	}
	p := &schedule.Profile{}
	if err := json.Unmarshal(raw, p); err != nil {
		return nil, err
	}
	return p, nil
}

// curveCautions tells what will not be followed of what was given.
func curveCautions(u *exchange.Universe, list []*schedule.Profile, now exchange.Time) (out []string) {
	for _, p := range list {
		in, err := u.Lookup(p.Symbol)
		switch {
		case err != nil:
			out = append(out, fmt.Sprintf("the curve of %s is of no use here: the session has no such instrument; --curve SYMBOL=FILE gives it to another one", p.Symbol))
		default:
			if why := p.Unfit(now); why != "" {
				out = append(out, fmt.Sprintf("the curve of %s is not followed now: %s; what the session learns is, from %d days on, and an even one until then", in.Key(), why, schedule.LeastDays))
			}
		}
	}
	return out
}
