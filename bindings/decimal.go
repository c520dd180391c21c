package bindings

import (
	"fmt"
	"math"
	"strings"

	"github.com/shopspring/decimal"
	lua "github.com/yuin/gopher-lua"
)

// Bounds of what is read as a decimal. Without them a string such as
// "1e999999999" costs a gigabyte at the first comparison.
const (
	maxDecimalText     = 64
	maxDecimalExponent = 400
)

// ToDecimal converts a number, a numeric string or a decimal object. A number
// is read through its shortest decimal form, so that 0.1 is exactly one tenth.
func ToDecimal(v lua.LValue) (decimal.Decimal, error) {
	switch v := v.(type) {
	case lua.LNumber:
		f := float64(v)
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return decimal.Zero, fmt.Errorf("want a finite number, got %v", f)
		}
		return decimal.NewFromFloat(f), nil
	case lua.LString:
		return parseDecimal(string(v))
	case *lua.LUserData:
		if d, ok := v.Value.(decimal.Decimal); ok {
			return d, nil
		}
	}
	return decimal.Zero, fmt.Errorf("want a number, a string or a decimal, got %s", Describe(v))
}

func parseDecimal(s string) (decimal.Decimal, error) {
	bad := fmt.Errorf("want a decimal number such as \"61800.5\", got %s", Describe(lua.LString(s)))
	if len(s) > maxDecimalText || strings.ContainsAny(s, "_xXnNiI") {
		return decimal.Zero, bad
	}
	d, err := decimal.NewFromString(s)
	if err != nil {
		return decimal.Zero, bad
	}
	if e := d.Exponent(); e > maxDecimalExponent || e < -maxDecimalExponent {
		return decimal.Zero, fmt.Errorf("%s has an exponent beyond ±%d", s, maxDecimalExponent)
	}
	return d, nil
}
