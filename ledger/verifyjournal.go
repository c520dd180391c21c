package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/ledger/journal"
)

// A journal holds what the core decided as lines of text: "fill order=7 trade=12
// of=usdm:BTCUSDT side=buy qty=0.4 …". Fills and intents in it are compared with the
// rows of its run, both ways, up to the event that both know whole.

// journalRun is a run whose journal is compared.
type journalRun struct {
	id, session int64
	dir         string
	committed   uint64
	last        uint64 // event that the journal knows whole
	begins      bool   // with the first event: what it lacks was not there
	fills       map[string]string
	orders      map[string]string
}

func (v *verifier) journal(ctx context.Context) error {
	var runs []journalRun
	err := v.rows(ctx, func(r *sql.Rows) error {
		var run journalRun
		err := r.Scan(&run.id, &run.session, &run.dir, &run.committed)
		runs = append(runs, run)
		return err
	}, "SELECT id, session, journal, committed_seq FROM run WHERE journal <> '' ORDER BY id")
	if err != nil {
		return err
	}
	for i := range runs {
		run := &runs[i]
		if v.journals != "" {
			run.dir = filepath.Join(v.journals, filepath.Base(run.dir))
		}
		switch err := run.read(ctx); {
		case errors.Is(err, fs.ErrNotExist):
			continue // it was deleted, or is elsewhere
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			v.Skipped = append(v.Skipped, err.Error())
			continue
		}
		v.Journals = append(v.Journals, run.dir)
		if err := v.against(ctx, run); err != nil {
			return err
		}
	}
	return nil
}

// read collects the fills and intents of a journal.
func (run *journalRun) read(ctx context.Context) error {
	r, err := journal.Open(run.dir)
	if err != nil {
		return err
	}
	defer r.Close()
	run.begins = r.First() == 0
	run.fills, run.orders = map[string]string{}, map[string]string{}
	var dec journal.EventDecoder
	var ev exchange.Event
	for n := 0; ; n++ {
		if n&4095 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		kind, data, err := r.Next()
		if errors.Is(err, io.EOF) {
			if r.Sealed() {
				run.last = ev.Seq
			}
			return nil
		}
		if err != nil {
			return err
		}
		switch kind {
		case journal.RecordEvent:
			run.last = ev.Seq // its effects are over
			if err := dec.Decode(data, &ev); err != nil {
				return fmt.Errorf("journal %s: event after %d: %w", run.dir, run.last, err)
			}
		case journal.RecordEffect:
			if ev.Seq <= run.committed {
				run.effect(string(data))
			}
		}
	}
}

// effect keeps what an effect says of a fill or an intent.
func (run *journalRun) effect(line string) {
	name, rest, _ := strings.Cut(line, " ")
	if name != "fill" && name != "submit" {
		return
	}
	rest, _, _ = strings.Cut(rest, " share=")
	field := map[string]string{}
	for _, part := range strings.Split(rest, " ") {
		if k, text, ok := strings.Cut(part, "="); ok && field[k] == "" {
			field[k] = text
		}
	}
	if name == "fill" {
		run.fills[field["of"]+" "+field["trade"]] = fmt.Sprintf("order %s, %s %s at %s, maker %s, fee %s, realised %s",
			field["order"], field["side"], field["qty"], field["price"], field["maker"], field["fee"], field["realised"])
		return
	}
	run.orders[field["id"]] = fmt.Sprintf("%s, %s %s of %s, %s at %s, %s, reduce only %t", field["client"], field["side"], field["type"], field["of"],
		field["qty"], field["price"], field["tif"], strings.Contains(rest, " reduce_only"))
}

// against compares a run's rows with its journal.
func (v *verifier) against(ctx context.Context, run *journalRun) error {
	err := v.pair(ctx, run, "fills", run.fills, `SELECT id, run, seq, market || ':' || symbol || ' ' || trade_id,
			'order ' || order_id || ', ' || side || ' ' || qty || ' at ' || price || ', maker ' || iif(maker, 'true', 'false') || ', fee ' || fee || fee_asset || ', realised ' || realised
		FROM fills WHERE session = ? ORDER BY id`)
	if err != nil {
		return err
	}
	return v.pair(ctx, run, "orders", run.orders, `SELECT id, 0, 0, CAST(id AS TEXT),
			client_id || ', ' || side || ' ' || type || ' of ' || market || ':' || symbol || ', ' || qty || ' at ' || price || ', ' || tif ||
			', reduce only ' || iif(reduce_only, 'true', 'false')
		FROM orders WHERE session = ? ORDER BY id`)
}

// pair finds every row of the journal in a table of the session, and every row that
// the run wrote in the journal.
func (v *verifier) pair(ctx context.Context, run *journalRun, table string, told map[string]string, query string) error {
	err := v.rows(ctx, func(r *sql.Rows) error {
		var id, by int64
		var seq uint64
		var name, says string
		if err := r.Scan(&id, &by, &seq, &name, &says); err != nil {
			return err
		}
		want, ok := told[name]
		delete(told, name)
		switch {
		case ok && want != says:
			v.find("journal", table, fmt.Sprintf("row %d (%s)", id, name), "it says %q, and the journal of run %d %q", says, run.id, want)
		case !ok && by == run.id && run.begins && seq > 0 && seq <= min(run.last, run.committed):
			v.find("journal", table, fmt.Sprintf("row %d (%s)", id, name), "run %d wrote it at event %d, and its journal does not have it", run.id, seq)
		}
		return nil
	}, query, run.session)
	for _, name := range slices.Sorted(maps.Keys(told)) {
		v.find("journal", table, name, "the journal of run %d has it (%s), and the ledger does not", run.id, told[name])
	}
	return err
}
