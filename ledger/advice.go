package ledger

import (
	"database/sql"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// AdviceRow is the latest state of a question to the advisor. A later row of the
// same question replaces it.
type AdviceRow struct {
	At
	exchange.Advice         // Verdict is "asked" while it is under way
	Strategy, Tag, Question string
	Context, Schema         string // JSON
	Asked, Answered         exchange.Time
}

func (r *AdviceRow) write(b *batch) error {
	_, err := b.exec(insertAdvice, b.session, int64(r.ID), b.run, b.seq, r.Strategy, r.Tag, r.Question, r.Context, r.Schema,
		r.Verdict, r.Reason, r.Text, r.Model, r.TokensIn, r.TokensOut, r.Cost.String(), r.Cached, int64(r.Asked), int64(r.Answered))
	return err
}

// AdviceSpent is how many questions the runs that were started at or after a
// moment put to the advisor, and what they cost. since is the wall clock in RFC
// 3339, UTC, as the runs have it. A cached answer counts for
// nothing, and nor does one of a module's function.
func (rd *Reader) AdviceSpent(since string) (calls int, cost decimal.Decimal, err error) {
	err = each(rd, `SELECT a.cost FROM advice a JOIN run r ON r.id = a.run
		WHERE r.started >= ? AND a.cached = 0 AND a.model <> 'module' AND (a.verdict <> 'disabled' OR a.cost <> '0')`,
		func(rows *sql.Rows) error {
			var text string
			if err := rows.Scan(&text); err != nil {
				return err
			}
			d, err := decimal.NewFromString(text)
			if err != nil {
				return fmt.Errorf("cost %q of advice: %w", text, err)
			}
			calls, cost = calls+1, cost.Add(d)
			return nil
		}, since)
	return calls, cost, err
}
