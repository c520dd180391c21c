package manual_test

import (
	"strings"
	"testing"

	"github.com/perilune/perilune/host/cli/manual"
)

// A code span that goes on in the next line of the source is one, however it is broken.
func TestCodeGoesOnInTheNextLine(t *testing.T) {
	for _, bold := range []bool{false, true} {
		var b strings.Builder
		if err := manual.Terminal(&b, "Run `go test -run\nWords -v` now.\n", 80, bold); err != nil {
			t.Fatal(err)
		}
		want := "Run `go test -run Words -v` now.\n"
		if bold {
			want = "Run \x1b[1mgo\x1b[0m \x1b[1mtest\x1b[0m \x1b[1m-run\x1b[0m \x1b[1mWords\x1b[0m \x1b[1m-v\x1b[0m now.\n"
		}
		if b.String() != want {
			t.Errorf("it shows %q, want %q", b.String(), want)
		}
	}
}
