// Package record turns recorded market data into feeds, and checks recordings.
//
// It assumes that
//
//   - a raw recording holds the venue's frames as they came, one a line,
//     `<local_ns> <JSON>`; that nanosecond is when a process could act on the
//     frame, so it orders everything, also across venues. The venue's own times
//     do not: clocks differ by seconds;
//   - consecutive files of one stream are cut anywhere: a book goes on across
//     the border and proves itself by the venue's ids;
//   - a bar is known when it closes, a settled funding rate at its settlement,
//     and neither a moment before;
//   - what is broken in a recording is counted, sent on as KindGap, and never
//     repaired by guessing.
//
// It reads raw lines ([Formats.OpenRaw]), directories of bars with mark prices and
// funding, and Tardis CSV; each plain, gzip or zstd. [Formats.Open] tells them apart,
// finds the instruments and merges everything by time. [Formats.Verify] rebuilds the
// books of raw recordings and compares them with the best bid and ask that the
// venue itself published.
//
// What a venue's frames say, and what is known of its instruments, is the venue's: its
// package brings a connect.Format, and whoever reads recordings the list of them.
//
// Everything but bars is streamed in constant memory.
package record

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// Options say how to read recordings. The zero value reads everything as found.
type Options struct {
	// Venue is where raw recordings come from; "" means by content and name.
	Venue exchange.Venue
	// History applies to directories of bars. Its From and To cannot cut raw
	// recordings: a book needs its snapshot.
	History HistoryOptions
	// Contracts say what symbols of other venues are, by "exchange:symbol" as Tardis
	// spells them: linear, linear:COINS, spot, or inverse:BASE:SIZE; and how many coins a
	// contract of a venue of ours is (linear:COINS), by its full key too. A symbol that is
	// not named and not known is refused.
	Contracts map[string]string
}

// Recording is a feed of everything that some paths hold.
type Recording struct {
	exchange.Feed
	universe *exchange.Universe
	parts    []*part
	notes    []string
}

// part is one source of a recording between being found and being read. Sources
// are found first, because instruments must be known before anything is read.
type part struct {
	observed []*observed
	open     func(*exchange.Universe) (exchange.Feed, error)
	describe func() []string
	stats    func() Stats
	bars     map[string]exchange.Time // of a directory of bars: their length, by full key
}

// Open finds out what each path is: a raw recording, a Tardis CSV file, a
// directory of bars, or a directory of such files. Files of the same market,
// symbols and kind are taken as consecutive parts of one stream, ordered by
// their first line. Close the recording after use.
func (f Formats) Open(paths []string, opts Options) (*Recording, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	c := catalog{formats: f}
	for _, path := range paths {
		if err := c.add(path, opts); err != nil {
			return nil, err
		}
	}
	if len(c.parts)+len(c.raw)+len(c.tardis) == 0 {
		return nil, errors.New("no recording was named: give files or directories")
	}
	return recordingOf(c.all(), c.notes)
}

// recordingOf opens parts as one feed, over the instruments of all of them.
func recordingOf(parts []*part, notes []string) (*Recording, error) {
	if err := oneVenue(parts); err != nil {
		return nil, err
	}
	r := &Recording{parts: parts, notes: notes}
	var err error
	if r.universe, err = universeOf(combine(r.parts)); err != nil {
		return nil, err
	}
	var feeds []exchange.Feed
	for _, p := range r.parts {
		f, err := p.open(r.universe)
		if err != nil {
			return nil, err
		}
		feeds = append(feeds, f)
	}
	r.Feed = Merge(feeds...)
	return r, nil
}

// Universe returns every instrument of the recording.
func (r *Recording) Universe() *exchange.Universe { return r.universe }

// Bars returns the length of the bars that the recording holds of instruments, by
// key.
func (r *Recording) Bars() map[string]exchange.Time {
	out := map[string]exchange.Time{}
	for _, p := range r.parts {
		for _, in := range r.universe.All() {
			if length, ok := p.bars[in.FullKey()]; ok {
				out[in.Key()] = length
			}
		}
	}
	return out
}

// BarsOnly reports whether the recording holds nothing but bars, with marks and
// funding: no trades and no books.
func (r *Recording) BarsOnly() bool {
	return !slices.ContainsFunc(r.parts, func(p *part) bool { return p.bars == nil })
}

// Stats returns the counts so far, over all parts.
func (r *Recording) Stats() Stats {
	var s Stats
	for _, p := range r.parts {
		s.add(p.stats())
	}
	if m, ok := r.Feed.(*merged); ok {
		for _, e := range m.ends.ended {
			s.Ended = append(s.Ended, Ended{r.universe.Get(e.id).Key(), minute(e.at)})
		}
	}
	return s
}

// Describe says in lines for people what the recording is and what had to be
// assumed to use it.
func (r *Recording) Describe() string {
	var lines []string
	for _, p := range r.parts {
		lines = append(lines, p.describe()...)
	}
	lines = append(lines, r.notes...)
	for _, in := range r.universe.All() {
		if in.Assumed != "" {
			lines = append(lines, fmt.Sprintf("%s: assumed %s", in.Key(), in.Assumed))
		}
	}
	return strings.Join(lines, "\n")
}

// oneVenue refuses two venues' data of one name: their books would become one.
func oneVenue(parts []*part) error {
	venues := map[string]string{}
	for _, p := range parts {
		for _, o := range p.observed {
			whose := cmp.Or(o.foreign, o.venue.House())
			if v, known := venues[o.fullKey()]; known && v != whose {
				return fmt.Errorf("%s is in data of %s and of %s: replay one of them at a time", o.key(), v, whose)
			}
			venues[o.fullKey()] = whose
		}
	}
	return nil
}

// combine joins what several parts saw of the same instrument.
func combine(parts []*part) []*observed {
	var out []*observed
	byKey := map[string]*observed{}
	for _, p := range parts {
		for _, o := range p.observed {
			if have := byKey[o.fullKey()]; have != nil {
				have.price.join(o.price)
				have.qty.join(o.qty)
				if have.worth.IsZero() {
					have.worth = o.worth
				}
				continue
			}
			joined := *o
			byKey[o.fullKey()] = &joined
			out = append(out, &joined)
		}
	}
	return out
}

func (p *places) join(o places) {
	p.misfits = p.misfits || o.misfits
	p.most = max(p.most, o.most)
	p.seen += o.seen
	p.guess = max(p.guess, o.guess)
	p.guesses += o.guesses
}
