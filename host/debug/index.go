package debug

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/ledger/journal"
)

// index is what is known of a journal without running it: how many events it has, when they
// were, and which led to an error of a strategy.
type index struct {
	last   uint64
	times  []moment // of every some-th event
	errors []uint64
	err    error
}

type moment struct {
	event uint64
	time  exchange.Time
}

// timesEvery is how many events lie between two whose times are kept.
const timesEvery = 256

// readIndex reads a journal once. What a crash left of its end is no error.
func readIndex(dir string) (x index) {
	r, err := journal.Open(dir)
	if err != nil {
		return index{err: err}
	}
	defer r.Close()
	var dec journal.EventDecoder
	var ev exchange.Event
	for {
		kind, data, err := r.Next()
		if errors.Is(err, io.EOF) {
			return x
		}
		if err != nil {
			x.err = err
			return x
		}
		switch kind {
		case journal.RecordCheckpoint:
			var k struct{ Seq uint64 }
			if x.last == 0 && json.Unmarshal(data, &k) == nil && k.Seq > 0 {
				x.last = k.Seq - 1 // the cap removed what was before
			}
		case journal.RecordEvent:
			x.last++
			if x.last%timesEvery == 1 && dec.Decode(data, &ev) == nil {
				x.times = append(x.times, moment{x.last, ev.Time})
			}
		case journal.RecordEffect:
			if isFault(string(data)) && (len(x.errors) == 0 || x.errors[len(x.errors)-1] != x.last) {
				x.errors = append(x.errors, x.last)
			}
		}
	}
}

// isFault reports whether an effect tells of an error of a handler.
func isFault(line string) bool {
	rest, ok := strings.CutPrefix(line, "log strategy=")
	if !ok {
		return false
	}
	_, rest, _ = strings.Cut(rest, " ")
	return strings.HasPrefix(rest, `level=error where="" text="on_`)
}

// near is the last event whose time is kept that was before a time; 1 when none was.
func (x *index) near(at exchange.Time) uint64 {
	i := sort.Search(len(x.times), func(i int) bool { return x.times[i].time >= at })
	if i == 0 {
		return 1
	}
	return x.times[i-1].event
}

// spread is some events at even distances.
func (x *index) spread(n int) (out []uint64) {
	for i := 1; i <= n; i++ {
		if e := x.last * uint64(i) / uint64(n+1); e > 1 {
			out = append(out, e)
		}
	}
	return out
}

// lazyIndex is read when it is first asked for, by any goroutine.
type lazyIndex struct {
	once sync.Once
	done atomic.Bool
	dir  string
	x    index
}

func (l *lazyIndex) get() *index {
	l.once.Do(func() {
		l.x = readIndex(l.dir)
		l.done.Store(true)
	})
	return &l.x
}

// Fault is the event of an error of a strategy: the one that is named, or the last.
func (s *Session) Fault(event uint64) (uint64, error) {
	x := s.index.get()
	if x.err != nil {
		return 0, x.err
	}
	if event != 0 {
		if event > x.last {
			return 0, fmt.Errorf("the journal ends with event %d", x.last)
		}
		return event, nil
	}
	if len(x.errors) == 0 {
		return 0, fmt.Errorf("the journal of %d events has no error of a strategy", x.last)
	}
	return x.errors[len(x.errors)-1], nil
}

// Faults are the events that led to errors of strategies, oldest first.
func (s *Session) Faults() []uint64 { return s.index.get().errors }

// Last is the number of the journal's last event.
func (s *Session) Last() (uint64, error) {
	x := s.index.get()
	return x.last, x.err
}
