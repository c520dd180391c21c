package script

import (
	"maps"
	"slices"

	lua "github.com/yuin/gopher-lua"
)

// A Probe is told of each line that a VM is about to execute, on the loop's goroutine;
// the VM waits for it. It may read the stack (L.GetStack, GetUpvalue) and must not run Lua
// code on it. Local variables are read with an [Inspector]: L.GetLocal errs after a block.
//
// A program is not changed for it: the budget is asked before every instruction anyway, and
// an instruction knows its line. So what is counted, what errors say and what is computed
// stay as they are, and a journal replays under a probe as without.
type Probe func(Place)

// Raise is an error that was raised in a VM, told before anything of its stack is gone.
type Raise struct {
	VM      *VM
	Message string
	Caught  bool // a protected call of the script's own gets it
}

// Place is a line that is about to be executed. A line is told when a function begins,
// when execution comes to it from another line of the function, and when it jumps back to
// it; not again when a function that it called returns.
type Place struct {
	L       *lua.LState // whose innermost frame, GetStack(0), is at the line
	VM      *VM
	Program *Program // that it runs
	Source  int      // which of its [Program.Sources]
	Line    int      // from 1
	Depth   int      // of calls, from 0; across protected calls, each of which has a state of its own
}

// probed is the budget of a VM with a probe: counting goes on as without.
type probed struct {
	*budget
	vm      *VM
	box     *sandbox
	probe   Probe
	raise   func(*lua.LState) // what a state does that an error ends; nil: what it did
	sources map[*lua.FunctionProto]int
	frames  []passed              // by depth: where a function was last
	depths  [maxProtected + 1]int // of the last instruction, by how deep protected calls nest
}

// passed is the last instruction of a frame.
type passed struct {
	proto    *lua.FunctionProto
	source   int // -1: not of the program
	pc, line int
}

func newProbed(vm *VM) *probed {
	p := &probed{budget: vm.budget, vm: vm, box: &vm.sandbox, probe: vm.opts.Probe, sources: vm.program.protos()}
	if tell := vm.opts.Raised; tell != nil {
		p.raise = func(L *lua.LState) {
			value := L.Get(-1)
			if vm.budget.look == nil {
				tell(Raise{VM: vm, Message: errorText(value), Caught: vm.nested > 0 && vm.budget.cause == nil})
			}
			panic(&lua.ApiError{Type: lua.ApiErrorRun, Object: value}) // as a state of the library does
		}
	}
	return p
}

// Done is told of every instruction.
func (p *probed) Done() <-chan struct{} {
	if p.look != nil {
		return p.budget.Done() // it is no part of what the program does
	}
	f := *p.frame
	depth := f.Idx
	if n := p.box.nested; n > 0 {
		depth += p.depths[n-1] + 1
	}
	p.depths[p.box.nested] = depth
	for len(p.frames) <= depth {
		p.frames = append(p.frames, passed{})
	}
	at, proto, pc := &p.frames[depth], f.Fn.Proto, f.Pc-1
	line := proto.DbgSourcePositions[pc]
	entered := pc == 0 || at.proto != proto
	if entered {
		source, ours := p.sources[proto]
		if !ours {
			source = -1
		}
		at.proto, at.source = proto, source
		if p.raise != nil {
			p.running.Panic = p.raise
		}
	}
	again := pc < at.pc
	was := at.line
	at.pc, at.line = pc, line
	if at.source >= 0 && (entered || again || line != was) {
		p.probe(Place{L: p.running, VM: p.vm, Program: p.box.program, Source: at.source, Line: line, Depth: depth})
	}
	return p.budget.Done()
}

// protos tells of each function of a program which source it is of.
func (p *Program) protos() map[*lua.FunctionProto]int {
	out := make(map[*lua.FunctionProto]int)
	for i, top := range p.tops {
		for proto := range functionsOf(top, map[*lua.FunctionProto]bool{}) { // order: a map is filled
			out[proto] = i
		}
	}
	return out
}

// Lines returns the executable lines of a source, in order: those on which a statement
// begins that comes to instructions. A line that a [Probe] is told and that is not among
// them goes on with a statement, or ends a function.
func (p *Program) Lines(source int) []int {
	begin := make(map[int]bool)
	rw := rewriter{file: p.sources[source].Path, begun: begin}
	if _, err := rw.parse(p.sources[source]); err != nil {
		return nil // it was compiled, so there is none
	}
	lines := make(map[int]bool)
	for proto := range functionsOf(p.tops[source], map[*lua.FunctionProto]bool{}) { // order: a set is filled
		for _, line := range proto.DbgSourcePositions {
			if begin[line] {
				lines[line] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(lines))
}
