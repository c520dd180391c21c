package bindings

import (
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"
	"pgregory.net/rapid"
)

// TestSlabBoxesLikeTheCompiler checks the assumption behind the slab: a boxed
// number is an ordinary LNumber in every respect, also after a collection.
func TestSlabBoxesLikeTheCompiler(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		want := rapid.SliceOfN(rapid.Float64(), 1, 3*slabSize).Draw(rt, "numbers")
		var s slab
		var got []lua.LValue
		for _, f := range want {
			got = append(got, s.box(f))
		}
		runtime.GC()
		for i, f := range want {
			n, ok := got[i].(lua.LNumber)
			if !ok || math.Float64bits(float64(n)) != math.Float64bits(f) || got[i].Type() != lua.LTNumber {
				rt.Fatalf("boxed %v, got %#v", f, got[i])
			}
			if f == f && got[i] != lua.LValue(lua.LNumber(f)) {
				rt.Fatalf("boxed %v is not equal to itself", f)
			}
		}
	})
}

func TestSlabAllocatesOncePerBlock(t *testing.T) {
	var s slab
	if got := testing.AllocsPerRun(10*slabSize, func() { s.box(1.5) }); got > 0.1 {
		t.Errorf("%v allocations per number, want one per %d", got, slabSize)
	}
}

func TestDidYouMean(t *testing.T) {
	names := []string{"price", "side", "qty", "reduce_only"}
	for typed, want := range map[string]string{
		"prize": `; did you mean "price"?`, "Price": `; did you mean "price"?`, "reduceonly": `; did you mean "reduce_only"?`, "elephant": "",
	} {
		if got := DidYouMean(typed, names); got != want {
			t.Errorf("DidYouMean(%q) = %q, want %q", typed, got, want)
		}
	}
	// A name that nobody can have mistyped is not compared: it would take seconds,
	// during which nothing else is called.
	begun := time.Now()
	if got := DidYouMean(strings.Repeat("x", 1<<24), []string{"spot:BTCUSDT"}); got != "" || time.Since(begun) > time.Second {
		t.Errorf("a name of 16 MiB: %q after %s", got, time.Since(begun))
	}
}

func TestIDs(t *testing.T) {
	const big = uint64(math.MaxUint64)
	if s := ID(big); s != "18446744073709551615" {
		t.Errorf("an id lost digits: %s", s)
	}
	if n, err := ParseID[uint64](ID(big)); n != big || err != nil {
		t.Errorf("ParseID(ID(max)) = %d, %v", n, err)
	}
	for _, bad := range []string{"", "0", "-1", "1.5", "x"} {
		if _, err := ParseID[uint64](bad); err == nil {
			t.Errorf("%q was taken for an id", bad)
		}
	}
}

func TestStubOfAFunction(t *testing.T) {
	m := Module{Name: "m", Doc: "A module.", Funcs: []Func{{Spec: Spec{
		Name: "f", Doc: "Does it.", Example: "m.f(1)",
		Args:    []Value{{Name: "x", Type: "number", Unit: "quote", Doc: "a price"}, {Name: "y", Type: "string", Optional: true}},
		Returns: []Value{{Name: "z", Type: "boolean"}},
	}}}}
	want := "---A module.\n---@class mlib\nm = {}\n\n---Does it.\n---\n---```lua\n---m.f(1)\n---```\n" +
		"---@param x number # [quote] a price\n---@param y? string\n---@return boolean z\nfunction m.f(x, y) end\n\n"
	if got := strings.TrimPrefix(Stubs([]Module{m})[0].Text, stubHeader); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
