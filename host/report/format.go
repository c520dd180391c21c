package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// none stands where there is nothing to say.
const none = "–"

// group puts commas between the thousands of a decimal number.
func group(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	whole, frac, dot := strings.Cut(s, ".")
	var b strings.Builder
	for i, r := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(r)
	}
	if dot {
		b.WriteString("." + frac)
	}
	return sign + b.String()
}

// money formats an amount to cents.
func money(d decimal.Decimal) string {
	return group(strings.Replace(d.StringFixed(2), "-0.00", "0.00", 1))
}

// gain is money with a plus where it is one.
func gain(d decimal.Decimal) string {
	s := money(d)
	if d.IsPositive() && s != "0.00" {
		return "+" + s
	}
	return s
}

// exact formats a price or quantity with all its places.
func exact(d decimal.Decimal) string { return group(d.String()) }

// percent formats a fraction; ok false is nothing to say.
func percent(f float64, ok bool) string {
	if !ok {
		return none
	}
	return group(strings.Replace(fmt.Sprintf("%.2f", f*100), "-0.00", "0.00", 1)) + " %"
}

// gainPercent is percent with a plus where it is a gain.
func gainPercent(f float64, ok bool) string {
	s := percent(f, ok)
	if ok && f > 0 && s != "0.00 %" {
		return "+" + s
	}
	return s
}

func ratio(f float64, ok bool) string {
	if !ok {
		return none
	}
	return strings.Replace(fmt.Sprintf("%.2f", f), "-0.00", "0.00", 1)
}

// stamp formats a time to the minute, and 0 as nothing to say.
func stamp(t exchange.Time) string { return layout(t, "2006-01-02 15:04") }

func date(t exchange.Time) string { return layout(t, "2006-01-02") }

// stampMilli formats a time to the millisecond.
func stampMilli(t exchange.Time) string { return layout(t, "2006-01-02 15:04:05.000") }

func layout(t exchange.Time, layout string) string {
	if t == 0 {
		return none
	}
	return t.UTC().Format(layout)
}

// duration formats a span in its two largest units.
func duration(t exchange.Time) string {
	switch {
	case t < exchange.Second:
		return fmt.Sprintf("%d ms", t/exchange.Millisecond)
	case t < exchange.Minute:
		return fmt.Sprintf("%.1f s", float64(t)/float64(exchange.Second))
	case t < exchange.Hour:
		return fmt.Sprintf("%d min %d s", t/exchange.Minute, t%exchange.Minute/exchange.Second)
	case t < exchange.Day:
		return fmt.Sprintf("%d h %d min", t/exchange.Hour, t%exchange.Hour/exchange.Minute)
	}
	return fmt.Sprintf("%d d %d h", t/exchange.Day, t%exchange.Day/exchange.Hour)
}

// count is a number with its noun.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return group(fmt.Sprint(n)) + " " + many
}

// tone is the class that colours an amount.
func tone(d decimal.Decimal) string {
	return toneOf(d.Round(2).InexactFloat64())
}

func toneOf(f float64) string {
	switch {
	case f > 0:
		return "up"
	case f < 0:
		return "down"
	}
	return ""
}

// number formats a value on an axis whose ticks are step apart.
func number(v, step float64) string {
	s := fmt.Sprintf("%.*f", digits(step), v)
	if strings.Trim(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-")
	}
	return group(s)
}

// digits is how many places a value on an axis with this step needs.
func digits(step float64) int { return min(12, max(0, int(math.Ceil(-math.Log10(step)-1e-9)))) }
