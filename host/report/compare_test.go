package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/tearsheet"
)

// Runs of one time are drawn where they were; a run of another time begins where the first
// does, which is said.
func TestRunsBesideEachOther(t *testing.T) {
	run := func(name string, values ...int64) Run {
		return Run{Name: name, Sheet: tearsheet.Compute(&tearsheet.Record{Currency: "USDT", Equity: daily(values...)})}
	}
	later := run("later", 200, 100, 300)
	record := &tearsheet.Record{Currency: "USDT"}
	for _, p := range later.Sheet.Curve {
		record.Equity = append(record.Equity, Point{Time: p.Time + 100*exchange.Day, Value: p.Value})
	}
	later.Sheet = tearsheet.Compute(record)
	for _, c := range []struct {
		runs    []Run
		aligned bool
	}{{[]Run{run("first <b>", 100, 110, 121), run("second", 100, 90, 99)}, false}, {[]Run{run("first <b>", 100, 110, 121), later}, true}} {
		var b bytes.Buffer
		if err := WriteComparison(&b, "perilune report", c.runs); err != nil {
			t.Fatal(err)
		}
		got := b.String()
		if strings.Contains(got, "of different times") != c.aligned {
			t.Errorf("aligned: want %v", c.aligned)
		}
		for _, want := range []string{"first &lt;b&gt;", `class="other run0" d="M0,`, "<td class=\"n\">21.00 %</td>"} {
			if !strings.Contains(got, want) {
				t.Errorf("the page lacks %q", want)
			}
		}
	}
	if err := WriteComparison(&bytes.Buffer{}, "", []Run{run("alone", 1, 2)}); err == nil {
		t.Error("one run was compared with nothing")
	}
}
