package venuetest

import (
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange/oms"
)

// Heard is what an account's stream has told. It is safe for concurrent use.
type Heard struct {
	t    *testing.T
	more chan struct{} // holds one while there is something that Until has not looked at

	mu     sync.Mutex
	events []oms.AccountEvent
}

// Hear listens to an account and waits until its stream is up: what is done before need not
// be told of. The stream ends with the test, or when it is closed.
func Hear(t *testing.T, listen func(sink func(oms.AccountEvent)) (io.Closer, error)) (*Heard, io.Closer) {
	t.Helper()
	h := &Heard{t: t, more: make(chan struct{}, 1)}
	stream, err := listen(h.take)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stream.Close() }) // again, where the test has closed it
	h.Until("the stream begins", func(e *oms.AccountEvent) bool { return e.Begins })
	return h, stream
}

func (h *Heard) take(e oms.AccountEvent) {
	h.mu.Lock()
	h.events = append(h.events, e)
	h.mu.Unlock()
	select {
	case h.more <- struct{}{}:
	default:
	}
}

// All is what was told so far.
func (h *Heard) All() []oms.AccountEvent {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.events)
}

// Any reports whether an event was told that is so.
func (h *Heard) Any(is func(e *oms.AccountEvent) bool) bool {
	for _, e := range h.All() {
		if is(&e) {
			return true
		}
	}
	return false
}

// Until waits for an event that is so, which may have been told already. It is called by one
// goroutine at a time.
func (h *Heard) Until(what string, is func(e *oms.AccountEvent) bool) {
	h.t.Helper()
	late := time.After(within)
	for !h.Any(is) {
		select {
		case <-h.more:
		case <-late:
			h.t.Fatalf("not within %s: %s, among %+v", within, what, h.All())
		}
	}
}
