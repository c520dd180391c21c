package cli

import (
	"fmt"
	"strings"
	"testing"

	"github.com/perilune/perilune/host/cli/manual"
	"github.com/perilune/perilune/host/tearsheet"
)

// The manual says what every metric is, in the words of its definition.
func TestManualHasEveryMetric(t *testing.T) {
	for _, c := range manual.Chapters() {
		if c.Name != "reports" {
			continue
		}
		for _, d := range tearsheet.Definitions() {
			if row := fmt.Sprintf("| `%s` | %s | %s |\n", d.Name, d.Unit, d.Doc); !strings.Contains(c.Source, row) {
				t.Errorf("reports.md lacks the row %s", row)
			}
		}
		return
	}
	t.Error("there is no chapter on reports")
}
