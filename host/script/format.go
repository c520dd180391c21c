package script

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// strFormat is string.format of Lua 5.1. Width and precision have at most two
// digits, as there. %s takes any value, worded as tostring does.
func (vm *VM) strFormat(L *lua.LState) int {
	format := L.CheckString(1)
	var b strings.Builder
	arg := 1
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b.WriteByte(format[i])
			continue
		}
		i++
		if i < len(format) && format[i] == '%' {
			b.WriteByte('%')
			continue
		}
		verb, end := directive(L, format, i)
		i = end
		arg++
		if arg > L.GetTop() {
			L.ArgError(arg, "no value")
		}
		b.WriteString(vm.formatOne(L, verb, format[end], arg))
		vm.limit(L, b.Len())
	}
	vm.grow(L, b.Len())
	L.Push(lua.LString(b.String()))
	return 1
}

// directive reads flags, width and precision from i, and returns them with a %
// in front and the index of the conversion letter.
func directive(L *lua.LState, format string, i int) (string, int) {
	start := i
	for i < len(format) && strings.IndexByte("-+ #0", format[i]) >= 0 {
		i++
	}
	if i-start > 5 {
		L.RaiseError("invalid format (repeated flags)")
	}
	i = digits(L, format, i)
	if i < len(format) && format[i] == '.' {
		i = digits(L, format, i+1)
	}
	if i == len(format) {
		L.RaiseError("invalid option '%%' to 'format'")
	}
	return "%" + format[start:i], i
}

func digits(L *lua.LState, format string, i int) int {
	start := i
	for i < len(format) && isDigit(format[i]) {
		i++
	}
	if i-start > 2 {
		L.RaiseError("invalid format (width or precision too long)")
	}
	return i
}

func (vm *VM) formatOne(L *lua.LState, verb string, letter byte, arg int) string {
	switch letter {
	case 'c':
		return string([]byte{byte(L.CheckInt(arg))})
	case 'd', 'i':
		return fmt.Sprintf(verb+"d", integer(L, arg))
	case 'o', 'x', 'X', 'u':
		if letter == 'u' {
			letter = 'd'
		}
		return fmt.Sprintf(verb+string(letter), uint64(integer(L, arg)))
	case 'e', 'E', 'f', 'g', 'G':
		return formatFloat(verb, letter, float64(L.CheckNumber(arg)))
	case 'q':
		return quote(L.CheckString(arg))
	case 's':
		s := vm.text(L, L.Get(arg))
		if verb == "%" {
			return s
		}
		return fmt.Sprintf(verb+"s", s)
	}
	L.RaiseError("invalid option '%%%c' to 'format'", letter)
	return ""
}

// integer reads a number for %d, which must fit an int64; the fraction is cut.
func integer(L *lua.LState, arg int) int64 {
	f := float64(L.CheckNumber(arg))
	if math.IsNaN(f) || f < -1<<63 || f >= 1<<63 {
		L.ArgError(arg, "not representable as an integer: "+strconv.FormatFloat(f, 'g', -1, 64))
	}
	return int64(f)
}

// formatFloat is C's, which differs from Go's in how %g writes exponents and in
// the names of what is not finite.
func formatFloat(verb string, letter byte, f float64) string {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		name := map[bool]string{true: "nan", false: "inf"}[math.IsNaN(f)]
		if math.IsInf(f, -1) {
			name = "-inf"
		}
		width, _, _ := strings.Cut(strings.Trim(verb, "%+ #0"), ".")
		n, _ := strconv.Atoi(width)
		return fmt.Sprintf("%*s", n, name)
	}
	if letter|0x20 == 'g' && !strings.Contains(verb, ".") {
		verb += ".6"
	}
	return fmt.Sprintf(verb+string(letter), f)
}

// quote writes a string so that Lua reads it back.
func quote(s string) string {
	r := strings.NewReplacer(`"`, `\"`, `\`, `\\`, "\n", "\\\n", "\r", `\r`, "\x00", `\000`)
	return `"` + r.Replace(s) + `"`
}
