package bindings

import (
	"strconv"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/exchange"
)

// Aside is EnterReading in the middle of a callback, on a thread of its own. The callback
// goes on as if it had not been once what it returns is called.
func Aside(rt *Runtime, L *lua.LState, env Env) (back func()) {
	env0, name, spec, self, l, readOnly := rt.env, rt.name, rt.spec, rt.self, rt.L, rt.readOnly
	counted := rt.quota
	rt.quota.used = false // so that entering does not forget what was counted
	EnterReading(rt, env)
	rt.L = L
	return func() {
		rt.env, rt.name, rt.spec, rt.self, rt.L, rt.readOnly = env0, name, spec, self, l, readOnly
		rt.quota = counted
	}
}

// Entry is a field of an object, as it is shown to people.
type Entry struct {
	Name  string
	Value lua.LValue
}

// shownLevels is how many levels of each side of a book are shown.
const shownLevels = 10

// Inside returns what an object shows of itself: the fields of one that has fields, the
// levels of a book. Others show nothing. It is read within a callback, or an Aside.
func Inside(rt *Runtime, v *lua.LUserData) (out []Entry) {
	if b, ok := v.Value.(*Book); ok {
		return b.entries()
	}
	for t, mt := range rt.classes { // order: at most one fits
		if mt != v.Metatable || t.Index == nil {
			continue
		}
		for _, f := range t.Fields {
			if value := t.Index(rt, v.Value, f.Name); value != nil {
				out = append(out, Entry{f.Name, value})
			}
		}
	}
	return out
}

// TypeName is the class of an object, as scripts know it; "" where it has none.
func TypeName(v *lua.LUserData) string {
	mt, _ := v.Metatable.(*lua.LTable)
	if mt == nil {
		return ""
	}
	name, _ := mt.RawGetString("__name").(lua.LString)
	return string(name)
}

// entries are the best levels of both sides, as "price x quantity".
func (b *Book) entries() (out []Entry) {
	if b.rt.env == nil {
		return nil
	}
	bk := b.book()
	for _, side := range [...]struct {
		side exchange.Side
		name string
	}{{exchange.Sell, "ask"}, {exchange.Buy, "bid"}} {
		for n := 1; n <= shownLevels; n++ {
			l, ok := bk.Level(side.side, n)
			if !ok {
				break
			}
			text := b.in.PriceDecimal(l.Price).String() + " x " + b.in.QtyDecimal(l.Qty).String()
			out = append(out, Entry{side.name + " " + strconv.Itoa(n), lua.LString(text)})
		}
	}
	return out
}
