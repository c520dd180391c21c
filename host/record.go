package host

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/exchange/record"
	"github.com/perilune/perilune/host/loop"
)

// RecordOptions say what live market data is to be recorded.
type RecordOptions struct {
	Live LiveOptions // Symbols are required
	Out  string      // directory; what is there already stays
	For  exchange.Time
	Log  func(Line)
}

// Recorded is what a recording came to.
type Recorded struct {
	Out     string   `json:"out"`
	Symbols []string `json:"symbols"`
	Files   int      `json:"files"`
	Lines   uint64   `json:"lines"`
	Bytes   uint64   `json:"bytes"` // before compression
	Gaps    uint64   `json:"gaps"`  // of books, each followed by a new snapshot
	Seconds float64  `json:"seconds"`
}

// flushEvery is what a crash may lose of a recording.
const flushEvery = time.Second

// nobody takes events that nobody needs.
type nobody struct{}

// Post implements connect.Sink.
func (nobody) Post(*exchange.Event) {}

// Record writes live market data, frame by frame as it comes, until ctx ends or
// Options.For is over. Recordings reads it back.
func Record(ctx context.Context, o RecordOptions) (*Recorded, error) {
	if err := needsContext(ctx, "Record"); err != nil {
		return nil, err
	}
	if o.Out == "" || o.For < 0 {
		return nil, configError("Record: Out %q, For %d: want a directory, and a duration of 0 or more", o.Out, o.For)
	}
	if o.Log == nil {
		o.Log = func(Line) {}
	}
	if len(o.Live.Symbols) == 0 {
		return nil, configError("nothing to record: name symbols, for example --symbols spot:BTCUSDT,usdm:BTCUSDT")
	}
	if err := o.Live.checkSections(); err != nil {
		return nil, err
	}
	if o.Live.Top == 0 {
		o.Live.Top = liveTop
	}
	began := time.Now()
	s := &liveSource{liveSourceOptions: liveSourceOptions{LiveOptions: o.Live, env: env{entering: func(string, ...any) {}, limited: func(string, func() string) {}}}}
	var out *record.RawWriter
	tap := func(in *exchange.Instrument, at exchange.Time, frame []byte) { out.Add(in, at, frame) }
	var err error
	if s.markets, err = o.Live.assigned(o.Live.Symbols); err != nil {
		return nil, err
	}
	for _, l := range s.markets {
		if l.feed, err = s.feedOf(l.House(), l.Shared()); err != nil {
			return nil, configError("%s %v", sectionName(l.House()), err)
		}
		if l.feed.relayed() {
			o.Log(Line{Time: loop.Now(), Level: intent.Warn, Strategy: "feed", Text: "recorded is what " + l.House() + " itself sends, its books too: those of the relay, which sessions are set to, are not"})
		}
		if l.venue, err = l.open(); err == nil {
			err = l.browse(ctx, connect.DataOptions{Tap: tap, Data: connect.AllData | connect.Liquidations | connect.Interest})
		}
		if err != nil {
			return nil, s.at(l, err)
		}
	}
	if out, err = Recordings().NewRawWriter(o.Out, exchange.Time(began.UnixNano())); err != nil {
		return nil, err
	}
	m, err := s.connect(ctx, nil, nobody{})
	if err != nil {
		return nil, errors.Join(err, out.Close())
	}
	rec := &Recorded{Out: o.Out}
	for _, in := range m.Universe().All() {
		rec.Symbols = append(rec.Symbols, in.Key())
	}
	o.Log(Line{Level: intent.Info, Text: fmt.Sprintf("recording %d instruments of %s to %s", len(rec.Symbols), s.hosts(), o.Out)})
	err = o.wait(ctx, s, out)
	rec.Gaps = m.Health().Gaps
	_ = m.Close()
	rec.Files, rec.Lines, rec.Bytes = out.Written()
	rec.Seconds = time.Since(began).Seconds()
	if cerr := out.Close(); err == nil {
		err = cerr
	}
	return rec, err
}

// wait passes on what the feed has to say until the recording is over.
func (o *RecordOptions) wait(ctx context.Context, s *liveSource, out *record.RawWriter) error {
	if o.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(o.For))
		defer cancel()
	}
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		for _, text := range s.notices() {
			o.Log(Line{Time: loop.Now(), Level: intent.Warn, Strategy: "feed", Text: text})
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
}
