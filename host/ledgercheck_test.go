package host

import (
	"context"
	"errors"
	"fmt"

	"github.com/perilune/perilune/ledger"
)

// soundLedger says what does not hold in a ledger: with its chain, its orders, its
// pairs and the journals of its runs.
func soundLedger(db *ledger.DB) error {
	v, err := db.Examine(context.Background(), ledger.VerifyOptions{})
	if err != nil {
		return err
	}
	var errs []error
	for i := range v.Findings {
		errs = append(errs, errors.New(v.Findings[i].String()))
	}
	if len(v.Skipped) > 0 {
		errs = append(errs, fmt.Errorf("not compared: %v", v.Skipped))
	}
	return errors.Join(errs...)
}
