package tearsheet

import "testing"

// A number that nothing compares with makes no condition.
func TestConditionsCompareWithANumber(t *testing.T) {
	did := func(string, []string) string { return "" }
	for text, want := range map[string]bool{"fills>NaN": false, "fills<inf": false, "fills>-Infinity": false, "fills>nan%": false, "fills>1e3": true, "fills>5%": true} {
		if _, err := ParseCondition(text, Definitions(), "reports", did); (err == nil) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}
