package host

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perilune/perilune/bindings/std"
	"github.com/perilune/perilune/exchange"
)

// A market maker on bars alone is told what bars can't tell of it, and on recordings nothing.
func TestAMarketMakerOnBarsIsWarned(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mm.lua")
	const code = `return { name = "mm", on_bar = function(b) order.buy(b.symbol, 1, b.low, { tif = "post_only" }) end }`
	if err := os.WriteFile(path, []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := loadScript(path, std.Modules())
	if err != nil {
		t.Fatal(err)
	}
	on := func(s *supply) string { return strings.Join(quotesOnBars(l.program, s), "\n") }
	if got := on(&supply{BarsOnly: true}); !strings.Contains(got, "post_only orders") || !strings.Contains(got, "recordings") {
		t.Errorf("on bars: %q", got)
	}
	if got := on(&supply{Bars: map[string]exchange.Time{}}); got != "" {
		t.Errorf("on recordings: %q", got)
	}
}
