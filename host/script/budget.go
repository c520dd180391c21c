package script

import (
	"context"
	"runtime"
	"runtime/metrics"
	"sync/atomic"
	"time"
)

// checkEvery is how many instructions pass between looks at the heap and at
// Interrupt. A look costs about half a microsecond; an instruction can cost
// several milliseconds, when it makes the largest table.
const checkEvery = 1 << 10

// Limits bound what a script may use. Zero fields take the defaults.
type Limits struct {
	Instructions     int // Lua instructions of one callback; 2 000 000
	LoadInstructions int // of running the file itself; 10 000 000
	StringBytes      int // longest string a function may build; 1 MiB
	StateBytes       int // encoded size of state; 1 MiB
	// HeapBytes is the size of the whole process's heap beyond which the running
	// VM is ended; 1 GiB. It is a last resort and not deterministic.
	HeapBytes uint64
	// AllocBytes is what the process may allocate during one callback; 4 GiB.
	AllocBytes uint64
}

func (l Limits) withDefaults() Limits {
	set := func(v *int, def int) {
		if *v <= 0 {
			*v = def
		}
	}
	set(&l.Instructions, 2_000_000)
	set(&l.LoadInstructions, 10_000_000)
	set(&l.StringBytes, 1<<20)
	set(&l.StateBytes, 1<<20)
	if l.HeapBytes == 0 {
		l.HeapBytes = 1 << 30
	}
	if l.AllocBytes == 0 {
		l.AllocBytes = 4 << 30
	}
	return l
}

// budget counts instructions. It is a context because gopher-lua asks its
// context for Done before every instruction, and that is the only hook there
// is. One budget serves a VM for its whole life.
//
// Done answers nil, a channel that never fires, until the budget ends, and a
// closed one ever after, so that code which catches the error meets it again at
// its next instruction.
type budget struct {
	left    int // instructions until the coming check
	later   int // instructions after that
	granted int // what the callback was given
	cause   error
	closed  chan struct{}

	interrupted atomic.Bool
	limits      *Limits
	heap        [2]metrics.Sample
	allocStart  uint64
	checked     bool // a check was made in this callback
}

func newBudget(l *Limits) *budget {
	b := &budget{limits: l, closed: make(chan struct{})}
	close(b.closed)
	b.heap[0].Name = "/memory/classes/heap/objects:bytes"
	b.heap[1].Name = "/gc/heap/allocs:bytes"
	return b
}

// arm grants a callback its instructions.
func (b *budget) arm(n int) {
	b.granted = n
	b.left = min(n, checkEvery)
	b.later = n - b.left
	b.checked = false
}

// Done counts one instruction.
func (b *budget) Done() <-chan struct{} {
	b.left--
	if b.left >= 0 {
		return nil
	}
	if b.check(); b.cause != nil {
		return b.closed
	}
	return nil
}

// charge counts n instructions' worth of work done in Go, and reports whether
// the budget allows it.
func (b *budget) charge(n int) bool {
	b.left -= n
	if b.left < 0 {
		b.check()
	}
	return b.cause == nil
}

func (b *budget) check() {
	switch {
	case b.cause != nil:
	case b.left+b.later < 0:
		b.cause = ErrBudget
	case b.interrupted.Load():
		b.cause = ErrInterrupted
	case b.overMemory():
		b.cause = ErrMemory
	}
	if b.cause != nil {
		b.left, b.later = -1, 0
		return
	}
	total := b.left + b.later
	b.left = min(total, checkEvery)
	b.later = total - b.left
}

// overMemory looks at the heap. A heap that is large because it holds garbage
// is collected first, so that the answer is about what is alive.
func (b *budget) overMemory() bool {
	heap, allocs := b.read()
	if !b.checked {
		b.checked, b.allocStart = true, allocs
	}
	if allocs-b.allocStart > b.limits.AllocBytes {
		return true
	}
	if heap <= b.limits.HeapBytes {
		return false
	}
	runtime.GC()
	heap, _ = b.read()
	return heap > b.limits.HeapBytes
}

func (b *budget) read() (heap, allocs uint64) {
	metrics.Read(b.heap[:])
	return b.heap[0].Value.Uint64(), b.heap[1].Value.Uint64()
}

// poison ends the budget for good.
func (b *budget) poison(cause error) {
	if b.cause == nil {
		b.cause = cause
	}
	b.left, b.later = -1, 0
}

// Err says why Done fired.
func (b *budget) Err() error { return b.cause }

// Deadline says that there is none: the budget counts and does not time.
func (b *budget) Deadline() (time.Time, bool) { return time.Time{}, false }

// Value returns nil: a budget carries no values.
func (b *budget) Value(any) any { return nil }

var _ context.Context = (*budget)(nil)
