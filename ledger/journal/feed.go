package journal

import (
	"errors"
	"fmt"
	"io"

	"github.com/perilune/perilune/exchange"
)

// Feed replays the market data of a journal as an exchange.Feed. One that lost its
// beginning begins with the books and marks as they stood where it begins now. The past that was
// told of instruments comes where it was told. What the
// journal says of our own account, timers, reloads and commands is passed over:
// that is for a full replay, which reads records itself.
type Feed struct {
	r   *Reader
	dec EventDecoder
	in  bool // past what the journal begins with
}

var _ exchange.Feed = (*Feed)(nil)

// OpenFeed opens the journal in dir as a feed.
func OpenFeed(dir string) (*Feed, error) {
	r, err := Open(dir)
	if err != nil {
		return nil, err
	}
	return &Feed{r: r}, nil
}

// Header returns what the journal was created with.
func (f *Feed) Header() []byte { return f.r.Header() }

// Reader returns the reader underneath, to ask it for a torn tail at the end or
// to seek before the first Next.
func (f *Feed) Reader() *Reader { return f.r }

// Next implements exchange.Feed. Seq is as the journalled loop gave it.
func (f *Feed) Next(ev *exchange.Event) error {
	for {
		kind, data, err := f.r.Next()
		if errors.Is(err, io.EOF) {
			return io.EOF
		}
		if err != nil {
			return err
		}
		f.in = f.in || kind == RecordEvent
		shown := kind == RecordEvent || kind == RecordStand && !f.in
		if !shown || len(data) == 0 {
			continue
		}
		if k := exchange.Kind(data[0]); !k.MarketData() && k != exchange.KindPast {
			continue
		}
		if err := f.dec.Decode(data, ev); err != nil {
			return fmt.Errorf("journal: record %d: %w", f.r.Record()-1, err)
		}
		return nil
	}
}

// Close implements exchange.Feed.
func (f *Feed) Close() error { return f.r.Close() }
