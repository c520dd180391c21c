package host

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Two sessions on one account are refused, whatever ledger the second one names, and
// a lease ends with its session.
func TestLiveTwoSessionsOnOneAccount(t *testing.T) {
	livePaths(t)
	t.Parallel()
	h := openHouse(t, 51, nil)
	s := begin(t, h.options(away), nil)
	o := h.options(away)
	o.DB = filepath.Join(t.TempDir(), "other.db")
	sum, err := Run(context.Background(), o)
	if sum != nil || Classify(err) != FaultLocked || !strings.Contains(err.Error(), "is traded on by another session") {
		t.Errorf("%+v, %v; want that the account is taken", sum, err)
	}
	s.end()
	o = h.options(map[string]string{"acts": "1"})
	ctx, stop := context.WithTimeout(context.Background(), 3*time.Second)
	defer stop()
	if _, err := Run(ctx, o); Classify(err) == FaultLocked {
		t.Errorf("after its end: %v", err)
	}
}
