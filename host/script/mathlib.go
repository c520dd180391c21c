package script

import (
	"hash/fnv"
	"math"
	"math/rand/v2"

	lua "github.com/yuin/gopher-lua"
)

// openMath adds what differs from gopher-lua's math, or has a seed.
func (sb *sandbox) openMath(seed uint64) {
	sb.random = &random{}
	sb.random.seed(seed, "")
	t := sb.library("math")
	t.RawSetString("huge", lua.LNumber(math.Inf(1)))
	sb.addFunctions(t, map[string]lua.LGFunction{
		"deg":        func(L *lua.LState) int { return one(L, number(L, 1)/(math.Pi/180)) },
		"mod":        func(L *lua.LState) int { return one(L, math.Mod(number(L, 1), number(L, 2))) },
		"rad":        func(L *lua.LState) int { return one(L, number(L, 1)*(math.Pi/180)) },
		"random":     sb.random.next,
		"randomseed": sb.random.reseed,
	})
}

// one pushes the one result of a function.
func one(L *lua.LState, f float64) int {
	L.Push(lua.LNumber(f))
	return 1
}

// random is a strategy's own source of random numbers: the same seed and name
// give the same numbers, whatever else runs in the process.
type random struct{ pcg rand.PCG }

func (r *random) seed(seed uint64, name string) {
	h := fnv.New64a()
	h.Write([]byte(name))
	r.pcg.Seed(seed, h.Sum64())
}

func (r *random) float() float64 { return float64(r.pcg.Uint64()>>11) / (1 << 53) }

// next is math.random, as Lua 5.1 has it.
func (r *random) next(L *lua.LState) int {
	lo, hi := 1, 0
	switch L.GetTop() {
	case 0:
		L.Push(lua.LNumber(r.float()))
		return 1
	case 1:
		hi = whole(L, 1)
	default:
		lo, hi = whole(L, 1), whole(L, 2)
	}
	if lo > hi {
		L.RaiseError("math.random: the interval from %d to %d is empty", lo, hi)
	}
	L.Push(lua.LNumber(float64(lo) + math.Floor(r.float()*(float64(hi)-float64(lo)+1))))
	return 1
}

func (r *random) reseed(L *lua.LState) int {
	r.seed(math.Float64bits(number(L, 1)), "")
	return 0
}
