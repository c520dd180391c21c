package host

import (
	"io"

	"github.com/perilune/perilune/host/report"
	"github.com/perilune/perilune/host/tearsheet"
	"github.com/perilune/perilune/ledger"
)

// ComparedRun is the record of a ledger that is compared with others.
type ComparedRun struct {
	Name  string // for people
	Sheet *tearsheet.Sheet
	mode  report.Mode
}

// Compared reads a ledger for a comparison. path is what it is called.
func Compared(db *ledger.DB, path string, sel tearsheet.Selection) (*ComparedRun, error) {
	p, err := newReporting(db, sel)
	if err != nil {
		return nil, err
	}
	d, err := p.heading(path, "")
	if err != nil {
		return nil, err
	}
	name := path
	if sel.Account != "" {
		name += " " + sel.Account
	}
	return &ComparedRun{Name: name, Sheet: p.sheet, mode: d.Mode}, nil
}

// WriteComparison writes runs side by side as an HTML file; command makes it again. 2 to
// report.MostRuns of them can be compared.
func WriteComparison(out, command string, runs []*ComparedRun) error {
	if err := checkReport(out); err != nil {
		return err
	}
	var list []report.Run
	for _, r := range runs {
		list = append(list, report.Run{Name: r.Name, Mode: r.mode, Sheet: r.Sheet})
	}
	return writeFile(out, func(w io.Writer) error { return report.WriteComparison(w, command, list) })
}
