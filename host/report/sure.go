package report

import "github.com/shopspring/decimal"

// Sure is how sure the result is: what runs with other assumptions about the venue came to.
type Sure struct {
	Text   string // the interval, or why there is none, in a sentence
	Beyond []string
	Cases  []SureCase
}

// SureCase is one of these runs.
type SureCase struct {
	Name, Assumes string
	PnL           decimal.Decimal
	Fills         int
}

type sureRow struct {
	SureCase
	PnL cell
}

func sureRows(d *Data) (out []sureRow) {
	for _, c := range d.Sure.Cases {
		out = append(out, sureRow{c, gainCell(c.PnL)})
	}
	return out
}
