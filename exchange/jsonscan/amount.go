package jsonscan

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Amount is a number of the venue's rules, which write it as a string or as a
// JSON number. The zero value stands for one that is absent, null or "".
type Amount struct{ decimal.Decimal }

// maxDigits bounds an amount, so that no text makes arithmetic expensive.
const maxDigits = 36

// UnmarshalJSON accepts "0.0010", 0.001, "", null; not 1e9999 and not "12 ".
func (a *Amount) UnmarshalJSON(b []byte) error {
	text := string(b)
	if b[0] == '"' {
		if err := json.Unmarshal(b, &text); err != nil {
			return err
		}
	}
	if text == "" || text == "null" {
		*a = Amount{}
		return nil
	}
	mantissa, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	d, err := decimal.NewFromString(text)
	if err != nil || len(mantissa) > maxDigits || len(exponent) > len("-18") || d.Exponent() > 18 || d.Exponent() < -maxDigits {
		return fmt.Errorf("%.40q is not a number of at most %d digits", text, maxDigits)
	}
	a.Decimal = d
	return nil
}

// Step returns an increment; the zero Step for one that is zero, negative or
// finer than 18 places. exchange.StepOf wants no zeros it cannot hold.
func (a Amount) Step() exchange.Step {
	text := a.String()
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	if len(strings.Trim(text, "0.")) > 18 || len(text) > 20 {
		return exchange.Step{}
	}
	d, err := decimal.NewFromString(text)
	if err != nil {
		return exchange.Step{}
	}
	return exchange.StepOf(d)
}

// mostLots is a quantity so large that it is no limit.
var mostLots = decimal.New(1, 17)

// Lots returns a bound on quantities in whole lots, 0 for none: the smallest
// number of lots that is not below it, or the largest not above.
func (a Amount) Lots(lot exchange.Step, up bool) exchange.Lots {
	if !a.IsPositive() || a.Div(lot.Decimal(1)).GreaterThan(mostLots) {
		return 0
	}
	if up {
		return exchange.Lots(lot.Ceil(a.Decimal))
	}
	return exchange.Lots(lot.Floor(a.Decimal))
}

// E8 is the amount in eight places; 0 for what does not fit.
func (a Amount) E8() exchange.E8 {
	if a.Abs().GreaterThan(mostE8) {
		return 0
	}
	return exchange.E8FromDecimal(a.Decimal)
}

var mostE8 = decimal.New(9, 10)
