package simfront

import (
	"testing"

	"github.com/perilune/perilune/exchange/paper"
)

// Whatever the matching venue refuses has a code in every market.
func TestEveryRefusalHasACode(t *testing.T) {
	for r := paper.RuleInstrument; r <= paper.RulePositionSide; r++ {
		for i, code := range refusalCodes[r] {
			if code >= 0 {
				t.Errorf("%s has code %d in market %d", r, code, i)
			}
		}
	}
	if len(refusalCodes) != int(paper.RulePositionSide) {
		t.Errorf("%d rules have codes, there are %d", len(refusalCodes), int(paper.RulePositionSide))
	}
}
