package script

import (
	"context"
	"sync/atomic"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// checkEvery is how many instructions pass between looks at the clock's verdict
// and at the memory.
const checkEvery = 1 << 10

// Limits bound what a script may use. Zero fields take the defaults.
type Limits struct {
	Instructions     int // Lua instructions of one callback; 2 000 000
	LoadInstructions int // of running the file itself; 10 000 000
	StringBytes      int // longest string a function may build; 1 MiB
	StateBytes       int // encoded size of state; 1 MiB
	// MemoryBytes is what one VM may hold, all its callbacks together; 256 MiB. For
	// a moment it may be half as much again.
	MemoryBytes int
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
	set(&l.MemoryBytes, 256<<20)
	return l
}

// budget counts instructions and memory. It is a context because gopher-lua asks
// its context for Done before every instruction, and that is the only hook there
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
	detail  string // what to say of the cause; "": its own text
	closed  chan struct{}

	interrupted atomic.Bool
	calls       atomic.Uint64 // odd while the script is running
	late        atomic.Uint64 // the value of calls at which it took too long
	deadline    time.Duration // that the watchdog keeps; for the error
	watched     bool          // a watchdog looks at calls

	look *look // only to read; nil: it may change things

	limits  *Limits
	running *lua.LState
	frame   **frameView   // of the thread that is running
	stack   *registryView // of the thread that is running

	allocated int // estimate, since the last walk
	room      int // what may be allocated until the next one
	measure   func() (held int, problem string)
}

func newBudget(l *Limits) *budget {
	b := &budget{limits: l, closed: make(chan struct{})}
	close(b.closed)
	b.late.Store(^uint64(0))
	b.pace(0)
	return b
}

// pass notes that the script begins or ends, for a watchdog if there is one: what
// another goroutine reads is not free.
func (b *budget) pass() {
	if b.watched {
		b.calls.Add(1)
	}
}

// pace sets when the next walk is due, so that walks cost less than what they
// count did.
func (b *budget) pace(held int) { b.allocated, b.room = 0, max(b.limits.MemoryBytes/16, held/2) }

// on makes a thread the one that is running.
func (b *budget) on(L *lua.LState) { b.running, b.frame, b.stack = L, frameOf(L), registryOf(L) }

// arm grants a callback its instructions.
func (b *budget) arm(n int) {
	b.account()
	b.granted = n
	b.left = min(n, checkEvery)
	b.later = n - b.left
	if b.allocated > b.room {
		b.left, b.later = 0, n // so that the first instruction is where it is noticed
	}
}

// bytesPerInstruction is what an ordinary instruction allocates at most, on
// average: a boxed number and a bit.
const bytesPerInstruction = 16

// account adds what the instructions since the last check may have allocated.
func (b *budget) account() {
	if n := min(b.granted, checkEvery) - b.left; n > 0 {
		b.allocated += n * bytesPerInstruction
	}
}

// Done counts one instruction.
func (b *budget) Done() <-chan struct{} {
	b.left--
	if b.left >= 0 {
		f := *b.frame
		inst := f.Fn.Proto.Code[f.Pc-1]
		if b.look != nil && !b.look.allows(b, inst, f) {
			return b.closed
		}
		if heavy>>(inst>>26)&1 == 0 || b.weigh(inst, f) {
			return nil
		}
	} else {
		b.check()
	}
	if b.cause != nil {
		return b.closed
	}
	return nil
}

// heavy are the instructions that may allocate much.
const heavy = uint64(1)<<lua.OP_NEWTABLE | 1<<lua.OP_SETTABLE | 1<<lua.OP_SETTABLEKS | 1<<lua.OP_SETGLOBAL |
	1<<lua.OP_SETLIST | 1<<lua.OP_CLOSURE

// weigh estimates what an instruction is about to allocate, and reports whether
// it may.
func (b *budget) weigh(inst uint32, f *frameView) bool {
	a, bb, c := int(inst>>18)&0xff, int(inst&0x1ff), int(inst>>9)&0x1ff
	switch int(inst >> 26) {
	case lua.OP_NEWTABLE:
		b.allocated += tableSize + slotSize*bb
		if c > 0 {
			b.allocated += hashSize + entrySize*c
		}
	case lua.OP_CLOSURE:
		b.allocated += functionSize + 2*upvalueSize
	case lua.OP_SETLIST:
		b.allocated += slotSize * max(bb, 50)
	case lua.OP_SETTABLE:
		b.allocated += entrySize
		if t, ok := b.stack.array[f.LocalBase+a].(*lua.LTable); ok {
			return b.gap(t, b.operand(f, bb))
		}
	default:
		b.allocated += 2 * entrySize
	}
	if b.allocated > b.room {
		b.check()
		return b.cause == nil
	}
	return true
}

// operand reads a register or a constant.
func (b *budget) operand(f *frameView, i int) lua.LValue {
	if i&256 != 0 {
		return f.Fn.Proto.Constants[i&255]
	}
	return b.stack.array[f.LocalBase+i]
}

// gap charges for the elements that setting t[key] fills in before it, and reports
// whether it may: gopher-lua keeps lists dense, so t[65535] = 1 is a megabyte.
func (b *budget) gap(t *lua.LTable, key lua.LValue) bool {
	if n, ok := key.(lua.LNumber); ok && n < maxList {
		if gap := int(n) - len(viewOf(t).array); gap > 1 {
			b.allocated += slotSize * gap
			return b.charge(gap / elementsPerUnit)
		}
	}
	if b.allocated > b.room {
		b.check()
	}
	return b.cause == nil
}

// bytesPerCharged is what a unit of work done in Go allocates at most, on average.
const bytesPerCharged = 32

// charge counts n instructions' worth of work done in Go, and reports whether
// the budget allows it.
func (b *budget) charge(n int) bool {
	b.left -= n
	b.allocated += n * bytesPerCharged
	if b.left < 0 || b.allocated > b.room {
		b.check()
	}
	return b.cause == nil
}

func (b *budget) check() {
	if b.cause == nil {
		b.account()
		b.judge()
	}
	if b.cause != nil {
		b.left, b.later = -1, 0
		return
	}
	total := b.left + b.later
	b.left = min(total, checkEvery)
	b.later = total - b.left
}

// judge decides whether the callback may go on.
func (b *budget) judge() {
	switch {
	case b.left+b.later < 0:
		b.cause = ErrBudget
	case b.interrupted.Load():
		b.cause = ErrInterrupted
	case b.late.Load() == b.calls.Load():
		b.cause, b.detail = ErrInterrupted, "took longer than "+b.deadline.String()+": a callback may take that long"
	case b.allocated > b.room && b.look != nil:
		b.cause = errLookTooLarge
	case b.allocated > b.room:
		held, problem := b.measure()
		b.pace(held)
		if problem != "" {
			b.cause, b.detail = ErrMemory, problem
		}
	}
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
