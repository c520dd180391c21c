package host

import (
	"context"
	"errors"
	"fmt"

	"github.com/perilune/perilune/ledger"
)

// tailRows is how many of the newest rows a start compares with the ledger's chain: a
// fraction of a second, whatever the ledger's size.
const tailRows = 1000

// checkLedger refuses a ledger whose newest rows are not what was written: a session
// would go on from numbers that somebody changed.
func (r *sessionRecord) checkLedger(ctx context.Context) error {
	err := r.db.VerifyTail(context.WithoutCancel(ctx), tailRows) // it is short, and a stop is answered after it
	if errors.Is(err, ledger.ErrCorrupt) {
		err = fmt.Errorf("%w. Nothing was started. 'perilune ledger verify --db %s' tells all that does not hold; then restore a backup with "+
			"'perilune ledger restore FILE --db %s', or go on with the rows as they are with 'perilune ledger verify --accept --db %s'",
			err, r.path, r.path, r.path)
	}
	if err != nil {
		return &LedgerError{err}
	}
	return nil
}
