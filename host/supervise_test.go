package host

import (
	"strings"
	"testing"

	"github.com/perilune/perilune/host/core"
)

// What is waited for at the start names the venue whose limits make it long, while they do.
func TestAStartSaysWhichLimitsItWaitsFor(t *testing.T) {
	var s supervisor
	why := ""
	s.limited("okx", func() string { return "" })
	s.limited("binance", func() string { return why })
	s.entering("asking %s what is traded", "binance")
	if text := s.place(core.Place{}); text != "asking binance what is traded, for 0 s" {
		t.Errorf("nothing makes it wait: %q", text)
	}
	why = "the venue refuses requests to spot until 10:02"
	if text := s.place(core.Place{}); !strings.HasSuffix(text, "for 0 s (the limits of binance: the venue refuses requests to spot until 10:02)") {
		t.Errorf("its limits do: %q", text)
	}
}
