// Package line asks over a websocket: requests go out with a number, and answers come back
// with it, in any order.
//
// # Assumptions
//
//   - What was handed to a connection may have arrived, whatever becomes of it. Without
//     one, nothing was sent: [ErrDown], and whoever asks may go another way.
//   - It is not known which connection has which request. When one of two ends, those of
//     the other are given up too, which does no harm: what is given up is asked for.
//   - An answer that nobody waits for any more is dropped, for the same reason.
//
// How a request and its answer are spelled, and what an answer means, are the venue's.
package line

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange/rest"
)

// ErrDown says that there is no connection: nothing was sent.
var ErrDown = errors.New("not connected")

// Line matches the answers of type A with requests. It is safe for concurrent use.
type Line[A any] struct {
	within time.Duration

	mu      sync.Mutex
	number  uint64
	open    int // connections that take requests
	waiting map[uint64]chan outcome[A]
}

type outcome[A any] struct {
	answer A
	err    error
}

// New returns a line without a connection. An answer may take as long as within: more than
// the venue's own timeout.
func New[A any](within time.Duration) *Line[A] {
	return &Line[A]{within: within, waiting: map[uint64]chan outcome[A]{}}
}

// Number is the next one, of a greeting say: nobody waits for its answer.
func (l *Line[A]) Number() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.number++
	return l.number
}

// Ask sends a request by its number and waits for the answer. The error is ErrDown, a
// [*rest.UnsentError] of what send says, or the request may have arrived.
func (l *Line[A]) Ask(ctx context.Context, send func(number uint64) error) (a A, err error) {
	number, answered := l.register()
	if answered == nil {
		return a, &rest.UnsentError{Err: ErrDown}
	}
	defer l.forget(number)
	if err := send(number); err != nil {
		return a, &rest.UnsentError{Err: err}
	}
	late := time.NewTimer(l.within)
	defer late.Stop()
	select {
	case o := <-answered:
		return o.answer, o.err
	case <-ctx.Done():
		return a, ctx.Err()
	case <-late.C:
		return a, fmt.Errorf("no reply within %s", l.within)
	}
}

// register makes room for an answer; none when there is no connection. From here on the
// end of the connection is an answer too.
func (l *Line[A]) register() (uint64, <-chan outcome[A]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open == 0 {
		return 0, nil
	}
	l.number++
	answered := make(chan outcome[A], 1)
	l.waiting[l.number] = answered
	return l.number, answered
}

func (l *Line[A]) forget(number uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.waiting, number)
}

// Answer takes one, and reports whether somebody waited for it.
func (l *Line[A]) Answer(number uint64, a A) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	answered := l.waiting[number]
	if answered == nil {
		return false
	}
	delete(l.waiting, number)
	answered <- outcome[A]{answer: a}
	return true
}

// Up tells that a connection takes requests.
func (l *Line[A]) Up() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open++
}

// Down tells that a connection that was up is over: every request that waits has no answer.
func (l *Line[A]) Down(err error) {
	if err == nil {
		err = errors.New("the connection was closed")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	for number, answered := range l.waiting { // order does not matter: each waits on its own
		delete(l.waiting, number)
		answered <- outcome[A]{err: err}
	}
}
