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
func (lib stringLib) strFormat(L *lua.LState) int {
	format := word(L, 1)
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
		d, end := readDirective(L, format, i)
		i = end
		arg++
		if arg > L.GetTop() {
			L.ArgError(arg, "no value")
		}
		lib.spend(L, unitsPerVerb)
		b.WriteString(lib.formatOne(L, d, format[end], arg))
		lib.limit(L, b.Len())
	}
	lib.grow(L, b.Len())
	L.Push(lua.LString(b.String()))
	return 1
}

// unitsPerVerb is what one conversion costs.
const unitsPerVerb = 12

// directive is one % of a format: what C's printf knows of it.
type directive struct {
	minus, plus, space, alt, zero bool
	width                         int
	precision                     int // -1: none was given
}

// readDirective reads flags, width and precision from i, and returns the index of
// the conversion letter.
func readDirective(L *lua.LState, format string, i int) (d directive, end int) {
	start := i
	for ; i < len(format) && strings.IndexByte("-+ #0", format[i]) >= 0; i++ {
		switch format[i] {
		case '-':
			d.minus = true
		case '+':
			d.plus = true
		case ' ':
			d.space = true
		case '#':
			d.alt = true
		case '0':
			d.zero = true
		}
	}
	if i-start > 5 {
		L.RaiseError("invalid format (repeated flags)")
	}
	d.precision = -1
	d.width, i = digits(L, format, i)
	if i < len(format) && format[i] == '.' {
		d.precision, i = digits(L, format, i+1)
	}
	if i == len(format) {
		L.RaiseError("invalid option '%%' to 'format'")
	}
	return d, i
}

func digits(L *lua.LState, format string, i int) (n, end int) {
	start := i
	for ; i < len(format) && isDigit(format[i]); i++ {
		if n = n*10 + int(format[i]-'0'); i-start >= 2 {
			L.RaiseError("invalid format (width or precision too long)")
		}
	}
	return n, i
}

func (lib stringLib) formatOne(L *lua.LState, d directive, letter byte, arg int) string {
	switch letter {
	case 'c':
		// C ends a string at a zero byte.
		text, _, _ := strings.Cut(d.pad("", string([]byte{byte(whole(L, arg))}), false), "\x00")
		return text
	case 'd', 'i':
		return d.integer(integer(L, arg))
	case 'o', 'u', 'x', 'X':
		return d.unsigned(letter, uint64(integer(L, arg)))
	case 'e', 'E', 'f', 'g', 'G':
		return d.float(letter, number(L, arg))
	case 'q':
		return quote(word(L, arg))
	case 's':
		s := lib.text(L, L.Get(arg))
		if d.precision >= 0 && d.precision < len(s) {
			s = s[:d.precision]
		}
		return d.pad("", s, false)
	}
	L.RaiseError("invalid option '%%%c' to 'format'", letter)
	return ""
}

// integer reads a number for %d, which must fit an int64; the fraction is cut.
func integer(L *lua.LState, arg int) int64 {
	f := number(L, arg)
	if math.IsNaN(f) || f < -1<<63 || f >= 1<<63 {
		L.ArgError(arg, "not representable as an integer: "+strconv.FormatFloat(f, 'g', -1, 64))
	}
	return int64(f)
}

// pad fills up to the width: with zeros after the sign if they are wanted.
func (d directive) pad(sign, text string, zeros bool) string {
	fill := d.width - len(sign) - len(text)
	switch {
	case fill <= 0:
		return sign + text
	case d.minus:
		return sign + text + strings.Repeat(" ", fill)
	case zeros:
		return sign + strings.Repeat("0", fill) + text
	}
	return strings.Repeat(" ", fill) + sign + text
}

// sign is what stands before a number that has one.
func (d directive) sign(negative bool) string {
	switch {
	case negative:
		return "-"
	case d.plus:
		return "+"
	case d.space:
		return " "
	}
	return ""
}

// least fills digits up to the precision; a zero of precision 0 has none.
func (d directive) least(text string) string {
	if d.precision == 0 && text == "0" {
		return ""
	}
	return strings.Repeat("0", max(0, d.precision-len(text))) + text
}

func (d directive) integer(n int64) string {
	text := strings.TrimPrefix(strconv.FormatInt(n, 10), "-")
	return d.pad(d.sign(n < 0), d.least(text), d.zero && d.precision < 0)
}

func (d directive) unsigned(letter byte, n uint64) string {
	base := map[byte]int{'o': 8, 'u': 10, 'x': 16, 'X': 16}[letter]
	text, prefix := d.least(strconv.FormatUint(n, base)), ""
	switch {
	case d.alt && letter == 'o' && !strings.HasPrefix(text, "0"):
		text = "0" + text
	case d.alt && base == 16 && n != 0:
		prefix = "0x"
	}
	if letter == 'X' {
		text, prefix = strings.ToUpper(text), strings.ToUpper(prefix)
	}
	return d.pad(prefix, text, d.zero && d.precision < 0)
}

func (d directive) float(letter byte, f float64) string {
	sign := d.sign(math.Signbit(f) && !math.IsNaN(f))
	if math.IsInf(f, 0) || math.IsNaN(f) {
		name := "inf"
		if math.IsNaN(f) {
			name = "nan"
		}
		if letter < 'a' {
			name = strings.ToUpper(name)
		}
		return d.pad(sign, name, false)
	}
	if d.precision < 0 {
		d.precision = 6
	}
	verb := "%."
	if d.alt {
		verb = "%#."
	}
	text := fmt.Sprintf(verb+strconv.Itoa(d.precision)+string(letter), math.Abs(f))
	return d.pad(sign, text, d.zero)
}

// quote writes a string so that Lua reads it back.
func quote(s string) string {
	r := strings.NewReplacer(`"`, `\"`, `\`, `\\`, "\n", "\\\n", "\r", `\r`, "\x00", `\000`)
	return `"` + r.Replace(s) + `"`
}
