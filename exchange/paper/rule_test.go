package paper

import "testing"

// Every rule has a name of its own.
func TestRuleNames(t *testing.T) {
	seen := map[string]bool{}
	for r := Rule(0); r <= RuleUnknown; r++ {
		if seen[r.String()] || r.String() == "" {
			t.Errorf("%d is named %q", int(r), r)
		}
		seen[r.String()] = true
	}
	if got := (RuleUnknown + 1).String(); got != "rule(23)" {
		t.Errorf("what is no rule is %s", got)
	}
}
