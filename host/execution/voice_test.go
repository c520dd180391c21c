package execution

import "testing"

func TestReasonsAreTheSameApartFromTheirNumbers(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		same bool
	}{
		{"no level 5 on both books", "no level 5 on both books", true},
		{"needs 10.25 USDT, 3 are free", "needs 9 USDT, 3.1 are free", true},
		{"needs 10 USDT, -3 are free", "needs 10 USDT, 3 are free", true},
		{"needs 10 USDT", "needs 10 USDT, 3 are free", false},
		{"needs 10 USDT", "needs 10 BTC", false},
		{"12", "", true},
		{"a book is not live", "", false},
	} {
		if sameWords(tt.a, tt.b) != tt.same || sameWords(tt.b, tt.a) != tt.same {
			t.Errorf("%q and %q: want same %v", tt.a, tt.b, tt.same)
		}
	}
}
