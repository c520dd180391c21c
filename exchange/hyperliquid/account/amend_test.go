package account

import (
	"testing"

	"github.com/shopspring/decimal"
)

// Only of orders that this run placed is everything known when the venue does not list all
// that came before it.
func TestWhatWasReplacedIsKnown(t *testing.T) {
	p := replacements{newest: 100}
	p.add("amended here", 101, decimal.Zero)
	p.add("amended before", 90, decimal.Zero)
	for _, c := range []struct {
		cloid, oid string
		cut, want  bool
	}{
		{"placed before", "90", false, true}, {"placed before", "90", true, false}, {"placed before", "100", true, false},
		{"placed here", "101", true, true}, {"amended here", "105", true, true},
		{"amended before", "105", false, true}, {"amended before", "105", true, false},
	} {
		p.cut = c.cut
		if got := p.known(c.cloid, c.oid); got != c.want {
			t.Errorf("%+v: got %v", c, got)
		}
	}
}
