package host

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/ledger"
)

// What a session that was killed left at a venue is closed without its strategies, in its ledger
// and in a journal that replays; doing it twice does nothing more, and the ledger agrees with the
// venue's own history. At every venue:
//
//	go test ./host -run 'TestFlattenDead$' -killed-all -timeout 60m -v
func TestFlattenDead(t *testing.T) {
	t.Parallel()
	for i := range simulatedVenues {
		v := &simulatedVenues[i]
		if i > 0 && !*killedAll {
			break
		}
		t.Run(v.house, func(t *testing.T) { flattenedDead(t, v, uint64(i+3)) })
	}
}

func flattenedDead(t *testing.T, v *simulated, seed uint64) {
	h := openSimulated(t, v, seed, nil)
	cmd := h.child(killFill)
	cmd.Env = append(cmd.Env, "HOST_LIVE_HOUSE="+v.house)
	if out, err := cmd.CombinedOutput(); err == nil || cmd.ProcessState.ExitCode() != -1 {
		t.Fatalf("the child was not killed: %v\n%s", err, tail(string(out), 4000))
	}
	o := h.configured(v, 0)
	var said strings.Builder
	o.Log = func(l Line) { said.WriteString(l.Strategy + ": " + l.Text + "\n") }
	views, err := AskVenues(context.Background(), o)
	if err != nil || len(views) != 1 || views[0].Error != "" || len(views[0].Balances) == 0 {
		t.Fatalf("%+v, %v", views, err)
	}
	r, err := FlattenDead(context.Background(), o, DeadOptions{Within: 4 * time.Minute})
	if err != nil {
		t.Fatalf("%v\n%+v\n%s", err, r, tail(said.String(), 6000))
	}
	t.Logf("found %q, %d fills, dust %q", r.Found, r.Fills, r.Dust)
	if len(r.Found) == 0 || r.Fills == 0 || len(r.Left) > 0 {
		t.Errorf("%+v: want something found, and all of it closed\n%s", r, tail(said.String(), 6000))
	}
	t.Logf("compared with the simulator's account: %s", h.compareAll(v.house))
	if views, err = AskVenues(context.Background(), o); err != nil || len(views[0].Orders)+len(views[0].Positions) > 0 {
		t.Errorf("at the venue are %+v, %v", views, err)
	}
	if res, err := Replay(context.Background(), r.Journal); err != nil || res.Diff != nil {
		t.Errorf("its journal: %v, %+v", err, res)
	}
	again, err := FlattenDead(context.Background(), o, DeadOptions{Within: 4 * time.Minute})
	if err != nil || again.Fills > 0 || len(again.Left) > 0 {
		t.Errorf("once more: %+v, %v", again, err)
	}
	h.reconciles(o)
}

// reconciles holds that a ledger agrees with its venue, and that what is changed in a copy of it
// is named.
func (h *liveHouse) reconciles(o *Options) {
	h.t.Helper()
	r, err := Reconcile(context.Background(), o, ReconcileOptions{})
	if err != nil || r.Err() != nil || r.Compared < 3 {
		h.t.Fatalf("%+v, %v", r, err)
	}
	db, err := ledger.Open(ledger.Options{Path: o.DB, ReadOnly: true})
	if err != nil {
		h.t.Fatal(err)
	}
	copied := *o
	copied.DB = filepath.Join(h.dir, "altered.db")
	if err := errors.Join(db.Backup(context.Background(), copied.DB), db.Close()); err != nil {
		h.t.Fatal(err)
	}
	raw, err := sql.Open("sqlite", "file:"+copied.DB)
	if err != nil {
		h.t.Fatal(err)
	}
	nth := func(n int) string {
		return fmt.Sprintf("(SELECT id FROM fills WHERE trade_id NOT LIKE 'cross-%%' ORDER BY id LIMIT 1 OFFSET %d)", n)
	}
	for _, q := range []string{
		"DROP TRIGGER fills_no_update", "DROP TRIGGER fills_no_delete", "PRAGMA foreign_keys = 0",
		"UPDATE fills SET fee = '1234' WHERE id = " + nth(1), "UPDATE fills SET trade_id = 'none' WHERE id = " + nth(2), "DELETE FROM fills WHERE id = " + nth(0),
	} {
		if _, err := raw.Exec(q); err != nil {
			h.t.Fatal(q, err)
		}
	}
	if err := raw.Close(); err != nil {
		h.t.Fatal(err)
	}
	if r, err = Reconcile(context.Background(), &copied, ReconcileOptions{}); err != nil {
		h.t.Fatal(err)
	}
	found := map[string]int{}
	for i := range r.Differences {
		d := &r.Differences[i]
		found[d.Kind+" "+d.What]++
		if d.What == Differs && !strings.Contains(d.Ledger, "fee 1234") || d.What == MissingAtVenue && d.ID != "none" || d.Name == "" || d.Time == 0 {
			h.t.Errorf("%s", d)
		}
	}
	if len(found) != 3 || found["trade "+MissingInLedger] != 2 || found["trade "+MissingAtVenue] != 1 || found["trade "+Differs] != 1 || !errors.Is(r.Err(), ErrDiffers) {
		h.t.Errorf("%v, not asked %q: want the row that was deleted, that of another fee, and both sides of one with another id", found, r.NotAsked)
	}
}

// What is not there, or held by a session that runs, is refused before anything is asked.
func TestFlattenDeadRefuses(t *testing.T) {
	o := liveOptions("127.0.0.1:1", t.TempDir(), nil)
	var none *LedgerError
	if _, err := FlattenDead(context.Background(), o, DeadOptions{}); !errors.As(err, &none) {
		t.Errorf("without a ledger: %v", err)
	}
	db, err := ledger.Open(ledger.Options{Path: o.DB, Mode: ledger.Paper, Venue: "binance"})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := FlattenDead(context.Background(), o, DeadOptions{}); !errors.As(err, &none) || !strings.Contains(err.Error(), "paper") {
		t.Errorf("with a ledger of paper: %v", err)
	}
}
