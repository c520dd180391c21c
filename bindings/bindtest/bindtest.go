// Package bindtest runs a few lines of Lua against modules and a fake market,
// for the tests of those who write modules.
//
//	bindtest.New(t, market.Module()).Run(`assert(market.book("usdm:BTCUSDT"):bid() == 100)`)
//
// It uses gopher-lua's own libraries and no sandbox; package script tests those.
package bindtest

import (
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
)

// T is a Lua state with modules and a fake market.
type T struct {
	tb  testing.TB
	Env *Env
	L   *lua.LState
	RT  *bindings.Runtime
}

// New returns a state with the given modules, and the market of NewEnv.
func New(tb testing.TB, modules ...bindings.Module) *T {
	tb.Helper()
	L := lua.NewState()
	tb.Cleanup(L.Close)
	rt := bindings.NewRuntime(L, nil)
	rt.Install(L.Get(lua.GlobalsIndex).(*lua.LTable), modules)
	return &T{tb: tb, Env: NewEnv(), L: L, RT: rt}
}

// Run runs Lua code as a callback. An error in it fails the test.
func (t *T) Run(code string) {
	t.tb.Helper()
	if err := t.run(code); err != nil {
		t.tb.Fatal(err)
	}
}

// Fail runs Lua code that must raise an error containing every one of the texts.
func (t *T) Fail(code string, want ...string) {
	t.tb.Helper()
	err := t.run(code)
	if err == nil {
		t.tb.Fatalf("no error from:\n%s", code)
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.tb.Errorf("the error of\n\t%s\nis\n\t%v\nwithout\n\t%s", code, err, w)
		}
	}
}

// Load runs Lua code as a file that is loading, without a market.
func (t *T) Load(code string) error { return t.exec(code) }

func (t *T) run(code string) error {
	t.RT.Enter(t.Env)
	defer t.RT.Leave()
	return t.exec(code)
}

func (t *T) exec(code string) error {
	fn, err := t.L.Load(strings.NewReader(code), "test.lua")
	if err != nil {
		return err
	}
	return t.L.CallByParam(lua.P{Fn: fn, Protect: true})
}
