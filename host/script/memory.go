package script

import (
	"fmt"
	"math/bits"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// A VM's memory is what can be reached from it. It is found by a walk like a
// collector's: from the globals, the handlers, the modules and the stack. The walk
// costs some 50 ns a value, so it is made only after the VM has allocated a good
// part of what it held last time. Allocations are estimated from the instructions
// that were executed; both depend on nothing but the script and its events, so a
// replay ends a VM at the same instruction.

// Sizes in bytes: what Go takes on a 64-bit machine, rounded up a little.
const (
	slotSize     = 16 // of an interface
	numberSize   = 24 // numbers share blocks, and one keeps its block
	stringSize   = 16 // beside its bytes
	tableSize    = 96
	functionSize = 64
	upvalueSize  = 64
	userdataSize = 64
	entrySize    = 104 // of a hash table, with its place in the order of keys
	hashSize     = 640 // of the smallest hash table
	sharedString = 64  // a string this long is counted once, however often it is held
)

// sized is a Go value that a script holds and that says how large it is.
type sized interface{ MemoryBytes() int }

// Holder is a Go value that a script holds and that holds another of the script's.
type Holder interface{ Held() lua.LValue }

// walker counts what is reachable, each object once.
type walker struct {
	seen  addressSet
	todo  []lua.LValue
	bytes int

	label   string // of what is being counted
	most    int    // bytes of the largest part
	largest string // its name
}

// memory returns how many bytes the VM holds, and what holds most of them.
func (vm *VM) memory() (bytes int, largest string) {
	w := &walker{}
	w.functions("", vm.entries())
	for k, v := vm.globals.Next(lua.LNil); k != lua.LNil; k, v = vm.globals.Next(k) {
		w.part(k.String(), v)
	}
	w.part("a module", vm.modules())
	w.stack(vm.L)
	for _, th := range vm.threads {
		w.stack(th)
	}
	w.part("", vm.L.G.Registry)
	return w.bytes, w.largest
}

// entries are the functions that events call, in their order.
func (vm *VM) entries() []*lua.LFunction {
	var out []*lua.LFunction
	for _, fn := range vm.handlers {
		if fn != nil {
			out = append(out, fn)
		}
	}
	return out
}

// modules is what required modules returned, as one value.
func (sb *sandbox) modules() lua.LValue {
	t := &lua.LTable{Metatable: lua.LNil}
	for _, src := range sb.program.sources {
		if v := sb.required[moduleName(src.Path)]; v != nil && v != lua.LValue(loading) {
			t.Append(v)
		}
	}
	return t
}

// functions counts the upvalues of functions, and of functions among them, each
// under its own name: it is what a person calls it.
func (w *walker) functions(under string, list []*lua.LFunction) {
	for i := 0; i < len(list); i++ {
		fn := list[i]
		if !w.seen.add(unsafe.Pointer(fn)) {
			continue
		}
		w.bytes += functionSize + 8*len(fn.Upvalues)
		for j, uv := range fn.Upvalues {
			if uv == nil || !w.seen.add(unsafe.Pointer(uv)) {
				continue
			}
			w.bytes += upvalueSize
			v := upvalue(uv)
			if inner, ok := v.(*lua.LFunction); ok {
				list = append(list, inner)
				continue
			}
			name := under
			if fn.Proto != nil && j < len(fn.Proto.DbgUpvalues) {
				name = fn.Proto.DbgUpvalues[j]
			}
			w.part(name, v)
		}
	}
}

// upvalue reads a captured variable, which may lie on a stack that is in use.
func upvalue(uv *lua.Upvalue) lua.LValue { return uv.Value() }

func (w *walker) stack(L *lua.LState) {
	reg := registryOf(L)
	w.bytes += slotSize * cap(reg.array)
	for _, v := range reg.array[:reg.top] {
		w.part("a local variable", v)
	}
}

// part counts what hangs on one named value.
func (w *walker) part(name string, v lua.LValue) {
	before := w.bytes
	w.label = name
	w.push(v)
	for len(w.todo) > 0 {
		v := w.todo[len(w.todo)-1]
		w.todo = w.todo[:len(w.todo)-1]
		w.expand(v)
	}
	if n := w.bytes - before; n > w.most {
		w.most, w.largest = n, name
	}
}

// push counts a value, and notes it when there is more behind it.
func (w *walker) push(v lua.LValue) {
	switch v := v.(type) {
	case lua.LNumber:
		w.bytes += numberSize
	case lua.LString:
		w.text(string(v))
	case *lua.LTable:
		if w.seen.add(unsafe.Pointer(v)) {
			w.todo = append(w.todo, v)
		}
	case *lua.LFunction:
		if w.seen.add(unsafe.Pointer(v)) {
			w.todo = append(w.todo, v)
		}
	case *lua.LUserData:
		if w.seen.add(unsafe.Pointer(v)) {
			w.bytes += userdataSize
			if s, ok := v.Value.(sized); ok {
				w.bytes += s.MemoryBytes()
			}
			if _, ok := v.Value.(Holder); ok {
				w.todo = append(w.todo, v)
			}
		}
	}
}

func (w *walker) text(s string) {
	w.bytes += stringSize
	if len(s) < sharedString || w.seen.add(unsafe.Pointer(unsafe.StringData(s))) {
		w.bytes += len(s)
	}
}

func (w *walker) expand(v lua.LValue) {
	switch v := v.(type) {
	case *lua.LTable:
		w.table(viewOf(v))
	case *lua.LUserData:
		if v := v.Value.(Holder).Held(); v != nil {
			w.push(v)
		}
	case *lua.LFunction:
		w.bytes += functionSize + 8*len(v.Upvalues)
		for _, uv := range v.Upvalues {
			if uv != nil && w.seen.add(unsafe.Pointer(uv)) {
				w.bytes += upvalueSize
				w.push(upvalue(uv))
			}
		}
	}
}

func (w *walker) table(t *tableView) {
	w.bytes += tableSize + slotSize*cap(t.array)
	if t.keys != nil {
		w.bytes += hashSize + entrySize*len(t.keys)
	}
	for _, v := range t.array {
		w.push(v)
	}
	// Keys keep their place after their value is gone.
	for _, k := range t.keys {
		w.push(k)
	}
	for _, v := range t.strdict { // order: a sum
		w.push(v)
	}
	for _, v := range t.dict { // order: a sum
		w.push(v)
	}
	w.push(t.Metatable)
}

// addressSet is a set of addressSet of objects that stay reachable while it is used.
type addressSet struct {
	slots []uintptr
	count int
}

func (s *addressSet) add(p unsafe.Pointer) bool {
	if 4*s.count >= 3*len(s.slots) {
		s.enlarge()
	}
	return s.put(uintptr(p))
}

func (s *addressSet) put(a uintptr) bool {
	mask := uint(len(s.slots) - 1)
	shift := 64 - bits.Len(mask)
	for i := uint(uint64(a>>3)*0x9e3779b97f4a7c15>>shift) & mask; ; i = (i + 1) & mask {
		switch s.slots[i] {
		case 0:
			s.slots[i] = a
			s.count++
			return true
		case a:
			return false
		}
	}
}

func (s *addressSet) enlarge() {
	old := s.slots
	s.slots, s.count = make([]uintptr, max(512, 2*len(old))), 0
	for _, a := range old {
		if a != 0 {
			s.put(a)
		}
	}
}

// measure walks the VM for its budget; it says what is wrong, or "".
func (vm *VM) measure() (int, string) {
	held, largest := vm.memory()
	if held <= vm.limits.MemoryBytes {
		return held, ""
	}
	text := fmt.Sprintf("the strategy holds %d MiB; at most %d MiB are allowed", held>>20, vm.limits.MemoryBytes>>20)
	if largest != "" {
		text += ", and most of it hangs on " + largest
	}
	return held, text
}
