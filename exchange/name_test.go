package exchange

import "testing"

func TestTextID(t *testing.T) {
	for text, want := range map[string]int64{"2290000000061666327": 2290000000061666327, "0": 0, "17": 17} {
		if got := TextID(text); got != want {
			t.Errorf("%s: %d", text, got)
		}
	}
	seen := map[int64]string{}
	for _, text := range []string{"9dc75fca-4bdd-4773-9f78-6f5d7ab2a110", "9dc75fca-4bdd-4773-9f78-6f5d7ab2a111", "ETH-12345", "ETH-12346", "99999999999999999999", "-1"} {
		id := TextID(text)
		if id <= 0 || seen[id] != "" || id != TextID([]byte(text)) {
			t.Errorf("%s: %d, as %q", text, id, seen[id])
		}
		seen[id] = text
	}
}

func TestUnbundle(t *testing.T) {
	for base, want := range map[string]int64{"BTC": 1, "1000SHIB": 1000, "1000000MOG": 1000000, "10000LADYS": 10000, "1INCH": 1, "1000": 1, "1000SATS": 1} {
		if coin, m := Unbundle(base, "1000SATS"); m != want || m == 1 && coin != base {
			t.Errorf("%s: %d of %s", base, m, coin)
		}
	}
}
