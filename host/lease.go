package host

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/perilune/perilune/ledger"
)

// takeLease makes this the only process of the user on this machine that trades on
// the account, whatever ledger others name.
func (r *runner) takeLease() error {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	dir = filepath.Join(dir, "perilune")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return &LedgerError{fmt.Errorf("lease of the account: %w", err)}
	}
	venue := strings.TrimSuffix(strings.TrimPrefix(r.o.Live.banFile(), "bans-"), ".json")
	path := filepath.Join(dir, fmt.Sprintf("account-%s-%s.lease", venue, r.real.uid))
	if r.real.lease, err = ledger.AcquireLease(path); err != nil {
		return fmt.Errorf("account %s is traded on by another session: end it first, or give this one an account of its own: %w", r.real.uid, err)
	}
	return nil
}
