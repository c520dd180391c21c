package paper

import "testing"

// Every rule has a name of its own.
func TestRuleNames(t *testing.T) {
	seen := map[string]bool{}
	for r := Rule(0); r <= RuleBorrow; r++ {
		if seen[r.String()] || r.String() == "" {
			t.Errorf("%d is named %q", int(r), r)
		}
		seen[r.String()] = true
	}
	if got := (RuleBorrow + 1).String(); got != "rule(25)" {
		t.Errorf("what is no rule is %s", got)
	}
}
