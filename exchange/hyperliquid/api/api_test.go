package api

import (
	"testing"

	"pgregory.net/rapid"
)

func TestAClientIDIsANumber(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.StringMatching(`[a-z0-9-]{1,24}`).Draw(t, "id")
		cloid := CloidOf(id)
		if len(cloid) != 34 || ClientIDOf(cloid) != id {
			t.Fatalf("%q is %s and comes back as %q", id, cloid, ClientIDOf(cloid))
		}
	})
	for _, id := range []string{"", "A", "0123456789012345678901234", "ä"} {
		if cloid := CloidOf(id); cloid != "" {
			t.Errorf("%q: %s", id, cloid)
		}
	}
	for _, foreign := range []string{"0xffffffffffffffffffffffffffffffff", "0x5bdd47600dea461f36c8378cd7b4150c", "0x0", "nonsense", ""} {
		if got := ClientIDOf(foreign); got != foreign && CloidOf(got) != foreign {
			t.Errorf("%q comes back as %q", foreign, got)
		}
	}
}

func TestEndpoints(t *testing.T) {
	if e, err := (Endpoints{}).Complete(); err != nil || e != Production() {
		t.Errorf("%+v %v", e, err)
	}
	for _, bad := range []Endpoints{{Rest: "api.hyperliquid.xyz"}, {WS: "https://api.hyperliquid.xyz/ws"}, {Rest: "https://x/?a=b"}} {
		if _, err := bad.Complete(); err == nil {
			t.Errorf("%+v: no error", bad)
		}
	}
}
