package journal

import (
	"errors"
	"fmt"
	"io"
	"sort"

	"github.com/perilune/perilune/exchange"
)

// OpenNear opens a journal at the last segment that begins with an event for which
// before holds, or at its beginning: what is looked for is in it, or in the next. It
// reads the first event of a few segments.
func OpenNear(dir string, before func(*exchange.Event) bool) (*Reader, error) {
	segs, err := segments(dir)
	if err != nil {
		return nil, err
	}
	var failed error
	after := sort.Search(len(segs), func(i int) bool {
		ev, err := firstEvent(dir, segs[i].first)
		if err != nil {
			if !errors.Is(err, io.EOF) {
				failed = err
			}
			return true
		}
		return !before(ev)
	})
	if failed != nil {
		return nil, failed
	}
	r, err := Open(dir)
	if err != nil {
		return nil, err
	}
	if err := r.Seek(segs[max(0, after-1)].first); err != nil {
		_ = r.Close()
		return nil, err
	}
	return r, nil
}

// firstEvent is the first event from a record on.
func firstEvent(dir string, n uint64) (*exchange.Event, error) {
	r, err := Open(dir)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if err := r.Seek(n); err != nil {
		return nil, err
	}
	var dec EventDecoder
	for {
		kind, data, err := r.Next()
		if err != nil {
			return nil, err
		}
		if kind == RecordEvent {
			ev := new(exchange.Event)
			if err := dec.Decode(data, ev); err != nil {
				return nil, fmt.Errorf("record %d: %w", n, err)
			}
			return ev, nil
		}
	}
}
