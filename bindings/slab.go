package bindings

import (
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// slabSize is how many numbers share an allocation. One live number keeps its
// whole slab alive, so a larger one trades memory for little speed.
const slabSize = 64

// slab turns float64s into Lua values without an allocation for each.
//
// An interface that holds a float64 is a type word and a pointer to the eight
// bytes, and the compiler allocates those bytes anew at every conversion. The
// slab allocates them in blocks and writes the pointer itself. This relies on
// the layout of an interface value, as gopher-lua's own allocator does; the
// test of this file fails should the layout ever change. Each slot is written
// once, before its address is handed out, so values stay immutable; the
// pointer is an ordinary interior pointer, which the collector follows.
type slab struct{ free []float64 }

func (s *slab) box(f float64) lua.LValue {
	if len(s.free) == 0 {
		s.free = make([]float64, slabSize)
	}
	p := &s.free[0]
	s.free = s.free[1:]
	*p = f
	v := lua.LValue(lua.LNumber(0))
	(*[2]unsafe.Pointer)(unsafe.Pointer(&v))[1] = unsafe.Pointer(p)
	return v
}
