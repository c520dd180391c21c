package record

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
)

// TestVerifyFindsWrongTradesAndRepeats changes a real recording as a whole: prices
// and quantities of all trades, one price, and single diffs.
func TestVerifyFindsWrongTradesAndRepeats(t *testing.T) {
	for _, name := range []string{"usdm-btcusdt-20240808", "spot-btcusdt-20240808", "coinm-btcusd_perp-20240808"} {
		lines := recordedLines(t, "l2/"+name+".jsonl.gz", 40000)
		path := filepath.Join(t.TempDir(), strings.SplitN(name, "-", 2)[0]+"-a.jsonl")
		clean := verifyText(t, path, lines)
		if clean.Err() != nil || clean.TradesCompared == 0 || clean.TradePrices+clean.Repeats+clean.TradeSizes != 0 {
			t.Fatalf("%s untouched: %v, %+v", name, clean.Err(), clean)
		}
		scaled := func(field, by string, only int) []string {
			number := regexp.MustCompile(`"` + field + `":"([0-9.]+)"`)
			out, n := append([]string(nil), lines...), 0
			for i, l := range lines {
				if kindOf(l) != "trade" {
					continue
				}
				if n++; only > 0 && n != only {
					continue
				}
				out[i] = number.ReplaceAllStringFunc(l, func(s string) string {
					v := decimal.RequireFromString(number.FindStringSubmatch(s)[1]).Mul(decimal.RequireFromString(by))
					return fmt.Sprintf(`"%s":"%s"`, field, v)
				})
			}
			return out
		}
		var diffs []int
		for i, l := range lines {
			if i > 500 && kindOf(l) == "depthUpdate" {
				diffs = append(diffs, i)
			}
		}
		at := diffs[len(diffs)/2]
		later := diffs[len(diffs)/2+3]
		insert := func(i int, l string) []string {
			return append(append(append([]string(nil), lines[:i]...), l), lines[i:]...)
		}
		swapped := append([]string(nil), lines...)
		swapped[at], swapped[diffs[len(diffs)/2+1]] = swapped[diffs[len(diffs)/2+1]], swapped[at]
		for what, c := range map[string]struct {
			lines []string
			found func(r *Report) bool
		}{
			"every price halved":     {scaled("p", "0.5", 0), func(r *Report) bool { return r.TradePrices > 50 || r.Malformed > 50 }},
			"every price ten times":  {scaled("p", "10", 0), func(r *Report) bool { return r.TradePrices > 50 }},
			"one price a tenth":      {scaled("p", "1.1", 100), func(r *Report) bool { return r.TradePrices == 1 || r.Malformed == 1 }},
			"a diff twice":           {insert(at+1, lines[at]), func(r *Report) bool { return r.Repeats == 1 }},
			"a diff again, later":    {insert(later+1, lines[at]), func(r *Report) bool { return r.Repeats == 1 }},
			"two diffs in the wrong": {swapped, func(r *Report) bool { return r.Gaps > 0 && r.Repeats > 0 }},
		} {
			if r := verifyText(t, path, c.lines); r.Err() == nil || !c.found(&r) {
				t.Errorf("%s, %s: %v: %d trades far away, %d repeats, %d gaps, %d malformed", name, what, r.Err(), r.TradePrices, r.Repeats, r.Gaps, r.Malformed)
			}
		}
		if clean.Trades > 2000 {
			if r := verifyText(t, path, scaled("q", "10", 0)); r.TradeSizes != 1 || r.Err() == nil {
				t.Errorf("%s, every quantity ten times: %v", name, r.Err())
			}
		}
		if text := strings.Join(clean.CannotFind(), "; "); !strings.Contains(text, "deep in the book") || !strings.Contains(text, "off by less than 1 %") {
			t.Errorf("what can't be found: %s", text)
		}
	}
}
