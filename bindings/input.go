package bindings

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/exchange"
)

// Input is one value a script passed, an argument or a field of a table. Its
// methods read it as a type, and raise at the call when it is not of that type.
type Input struct {
	rt    *Runtime
	v     lua.LValue
	arg   int    // position from 1; 0 for a field
	field string // name of the field
}

// Arg returns the n-th argument of the call, counted from 1 without self.
func (rt *Runtime) Arg(n int) Input {
	return Input{rt: rt, v: rt.L.Get(n + rt.self), arg: n}
}

// NArgs returns how many arguments were passed, without self.
func (rt *Runtime) NArgs() int { return rt.L.GetTop() - rt.self }

// Fail raises an error that names the function and the value.
func (in Input) Fail(format string, args ...any) {
	in.rt.Raise("%s: %s", in.label(), fmt.Sprintf(format, args...))
}

func (in Input) label() string {
	if in.arg == 0 {
		return "field " + in.field
	}
	if in.arg <= len(in.rt.spec.Args) {
		return "argument " + in.rt.spec.Args[in.arg-1].Name
	}
	return fmt.Sprintf("argument %d", in.arg)
}

func (in Input) want(what string) {
	if in.v == lua.LNil {
		in.Fail("missing: want %s", what)
	}
	in.Fail("want %s, got %s", what, Describe(in.v))
}

// Describe words a value for an error message. It gives no addresses, so that
// the same mistake always gives the same message.
func Describe(v lua.LValue) string {
	switch v := v.(type) {
	case lua.LString:
		if len(v) > 40 {
			v = v[:40] + "..."
		}
		return fmt.Sprintf("%q", string(v))
	case lua.LNumber, lua.LBool:
		return v.String()
	case *lua.LUserData:
		if mt, ok := v.Metatable.(*lua.LTable); ok {
			if name, ok := mt.RawGetString("__name").(lua.LString); ok {
				return "a " + string(name)
			}
		}
	}
	if v == lua.LNil {
		return "nil"
	}
	return "a " + v.Type().String()
}

// ToText words a value as tostring does, except that objects have no address: a
// run that is repeated must print the same.
func ToText(v lua.LValue) string {
	switch v := v.(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return NumberText(float64(v))
	case lua.LBool, *lua.LNilType:
		return v.String()
	case *lua.LUserData:
		if d, ok := v.Value.(decimal.Decimal); ok {
			return d.String()
		}
	}
	return strings.TrimPrefix(Describe(v), "a ")
}

// NumberText words a number as Lua 5.1 does: 14 significant digits, which is C's
// %.14g.
func NumberText(f float64) string {
	if i := int64(f); float64(i) == f && i > -1e14 && i < 1e14 && (i != 0 || !math.Signbit(f)) {
		return strconv.FormatInt(i, 10)
	}
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case f != f:
		return "nan"
	}
	return strconv.FormatFloat(f, 'g', 14, 64)
}

// Value returns the value as it is.
func (in Input) Value() lua.LValue { return in.v }

// Nil reports whether nothing was passed.
func (in Input) Nil() bool { return in.v == lua.LNil }

// String reads a string.
func (in Input) String() string {
	s, ok := in.v.(lua.LString)
	if !ok {
		in.want("a string")
	}
	return string(s)
}

// Name reads a string of 1 to 64 bytes, as names of timers and series are.
func (in Input) Name() string {
	s := in.String()
	if s == "" || len(s) > 64 {
		in.Fail("want 1 to 64 bytes, got %d", len(s))
	}
	return s
}

// Text reads a string of 1 to 500 bytes, as reasons are.
func (in Input) Text() string {
	s := in.String()
	if s == "" || len(s) > 500 {
		in.Fail("want 1 to 500 bytes, got %d", len(s))
	}
	return s
}

// Bool reads true or false; nil reads as false.
func (in Input) Bool() bool {
	if in.v == lua.LNil {
		return false
	}
	b, ok := in.v.(lua.LBool)
	if !ok {
		in.want("true or false")
	}
	return bool(b)
}

// Number reads a number, which may be NaN or infinite.
func (in Input) Number() float64 {
	n, ok := in.v.(lua.LNumber)
	if !ok {
		in.want("a number")
	}
	return float64(n)
}

// Finite reads a number that is neither NaN nor infinite.
func (in Input) Finite() float64 {
	f := in.Number()
	if math.IsNaN(f) || math.IsInf(f, 0) {
		in.Fail("want a finite number, got %v", f)
	}
	return f
}

// Int reads a whole number within bounds.
func (in Input) Int(lo, hi int) int {
	f := in.Number()
	if f != math.Trunc(f) || f < float64(lo) || f > float64(hi) {
		in.Fail("want a whole number from %d to %d, got %v", lo, hi, f)
	}
	return int(f)
}

// IntOr is Int with a default for nil.
func (in Input) IntOr(def, lo, hi int) int {
	if in.v == lua.LNil {
		return def
	}
	return in.Int(lo, hi)
}

// Decimal reads a number, a numeric string or a decimal, exactly as written.
func (in Input) Decimal() decimal.Decimal {
	d, err := ToDecimal(in.v)
	if err != nil {
		if in.v == lua.LNil {
			in.want("a number, a string or a decimal")
		}
		in.Fail("%v", err)
	}
	return d
}

// Positive is Decimal for amounts, which must be above zero.
func (in Input) Positive() decimal.Decimal {
	d := in.Decimal()
	if !d.IsPositive() {
		in.Fail("must be above 0, got %s", d)
	}
	return d
}

// Duration reads seconds as a number, or text such as "5m" or "1h30m", of at
// least a millisecond and at most a year.
func (in Input) Duration() exchange.Time {
	t, err := ToDuration(in.v)
	if err != nil {
		in.Fail("%v", err)
	}
	return t
}

// BarLength reads the length of bars: text such as "1h", or seconds.
func (in Input) BarLength() (exchange.Time, error) {
	if n, ok := in.v.(lua.LNumber); ok && n >= 1 && n <= 86400 {
		d := exchange.Time(float64(n) * float64(exchange.Second))
		return d, exchange.CheckBarLength(d)
	}
	s, ok := in.v.(lua.LString)
	if !ok {
		in.want("the length of bars, such as \"1h\", or seconds")
	}
	return exchange.ParseBarLength(string(s))
}

// Time reads seconds since the epoch, up to the year 2200.
func (in Input) Time() exchange.Time {
	f := in.Finite()
	if f < 0 || f > 7258118400 {
		in.Fail("want seconds since the epoch, as market.now() returns, got %v", f)
	}
	return exchange.Time(f*1e6) * exchange.Microsecond
}

// Instrument reads a symbol such as "usdm:BTCUSDT", or a Book, which stands for
// its own instrument.
func (in Input) Instrument() *exchange.Instrument {
	if ud, ok := in.v.(*lua.LUserData); ok {
		if b, ok := ud.Value.(*Book); ok {
			return b.in
		}
	}
	s, ok := in.v.(lua.LString)
	if !ok {
		in.want(`a symbol such as "usdm:BTCUSDT"`)
	}
	inst, err := in.rt.env.Universe().Lookup(string(s))
	if err != nil {
		in.Fail("%v", err)
	}
	return inst
}

// Choice reads one of a few words. The first one is the default for nil.
func (in Input) Choice(words ...string) string {
	if in.v == lua.LNil {
		return words[0]
	}
	s := in.String()
	for _, w := range words {
		if s == w {
			return s
		}
	}
	in.Fail("want one of %s, got %q%s", strings.Join(words, ", "), s, DidYouMean(s, words))
	return ""
}

// Side reads "buy" or "sell".
func (in Input) Side() exchange.Side {
	if in.v == lua.LNil {
		in.want(`"buy" or "sell"`)
	}
	if in.Choice("buy", "sell") == "buy" {
		return exchange.Buy
	}
	return exchange.Sell
}

// ofFirst is the wallet of a name without its house, of the first house by name; "": none.
func ofFirst(known []exchange.Wallet, name exchange.Wallet) (first exchange.Wallet) {
	for _, w := range known {
		if w.House() != "" && w.Within(w.House()) == name && (first == "" || w.House() < first.House()) {
			first = w
		}
	}
	return first
}

// WalletDoc says in a Spec what names Input.Wallet reads: wallets are the venue's.
const WalletDoc = `a wallet, as perilune venues lists them: "spot", "usdm" or "coinm", or another venue's such as "unified", "trading", "account" or "perp"; with its house in front (house.unified) where the session is not on that venue alone`

// Wallet reads the name of a wallet of the account: "spot", or "binance.spot". Where the
// session has no default venue, the short name is of the first venue by name that has one,
// as that of a symbol is.
func (in Input) Wallet() exchange.Wallet {
	env := in.rt.Env()
	w, known := exchange.Wallet(strings.ToLower(in.String())).Within(env.Universe().House()), env.Wallets()
	if !slices.Contains(known, w) {
		w = ofFirst(known, w)
	}
	if w == "" {
		in.Fail("unknown wallet %q: want one of %s", in.String(), known)
	}
	return w
}

// Table reads a table.
func (in Input) Table() *lua.LTable {
	t, ok := in.v.(*lua.LTable)
	if !ok {
		in.want("a table")
	}
	return t
}

// ToDuration converts seconds or text such as "5m" to a duration.
func ToDuration(v lua.LValue) (exchange.Time, error) {
	var d exchange.Time
	switch v := v.(type) {
	case lua.LNumber:
		if !(v > 0 && v <= 366*86400) {
			return 0, fmt.Errorf("want more than 0 and at most a year in seconds, got %v", float64(v))
		}
		d = exchange.Time(math.Round(float64(v)*1e6)) * exchange.Microsecond
	case lua.LString:
		var ok bool
		if d, ok = parseDuration(string(v)); !ok {
			return 0, fmt.Errorf("want seconds, or text such as \"5m\", \"1h30m\" or \"1d\", got %q", string(v))
		}
	default:
		return 0, fmt.Errorf("want seconds, or text such as \"5m\", got %s", Describe(v))
	}
	if d < exchange.Millisecond || d > 366*exchange.Day {
		return 0, fmt.Errorf("want from 1ms to a year, got %s", Describe(v))
	}
	return d, nil
}

// parseDuration reads what time.ParseDuration does, and days before it, as in "1d12h".
func parseDuration(text string) (exchange.Time, bool) {
	days, rest, found := strings.Cut(text, "d")
	if !found {
		d, err := time.ParseDuration(text)
		return exchange.Time(d), err == nil
	}
	n, err := strconv.ParseUint(days, 10, 16)
	if err != nil {
		return 0, false
	}
	d := exchange.Time(n) * exchange.Day
	if rest == "" {
		return d, true
	}
	more, err := time.ParseDuration(rest)
	return d + exchange.Time(more), err == nil && more >= 0
}
