package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// SessionID and RunID are numbers given by the ledger, from 1.
type (
	SessionID int64
	RunID     int64
)

// Session is an account's life in this ledger. It goes on over restarts of the
// program until it is complete.
type Session struct {
	ID       SessionID
	Account  string // unique in the ledger: "paper-1"
	Market   string // where its prices come from, as the host describes it
	Seed     uint64
	Started  exchange.Time // on the loop's clock
	Opened   exchange.Time // on the venue's: what it booked before is in the opening balances; 0: as Started
	LastTime exchange.Time // of the latest row
	Complete bool
	Ran      bool // it has runs: a start that failed before the first leaves a session without
}

// Run is one process at work in a session.
type Run struct {
	ID      RunID
	Session SessionID
	Account string
	Started string   // wall clock, as the host wrote it
	Scripts []string // paths as the user named them
	Journal string   // directory of the input log; may be empty
	Config  string   // JSON
	// Committed is the cursor: all rows of all events up to it are in the ledger.
	Committed uint64
	Clean     bool // it ended on purpose
}

// CreateSession begins an account's life. ID, LastTime, Complete and Ran of s are
// ignored. ErrExists if the account had one already.
func (db *DB) CreateSession(s Session) (*Session, error) {
	if s.Account == "" {
		return nil, errors.New("ledger: a session needs an account name")
	}
	res, err := db.exec(`INSERT INTO session (account, market, seed, started, last_time, state, opened)
		VALUES (?, ?, ?, ?, ?, 'open', ?) ON CONFLICT (account) DO NOTHING`,
		s.Account, s.Market, int64(s.Seed), int64(s.Started), int64(s.Started), int64(s.Opened))
	if err != nil {
		return nil, fmt.Errorf("ledger: create session %s: %w", s.Account, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return nil, fmt.Errorf("ledger: session %s: %w", s.Account, errors.Join(ErrExists, err))
	}
	return db.Session(s.Account)
}

// CompleteSession ends an account's life: its market has no more data.
func (db *DB) CompleteSession(id SessionID) error {
	_, err := db.exec("UPDATE session SET state = 'complete' WHERE id = ?", int64(id))
	return err
}

// Session finds an account's session; ErrNotFound if there is none.
func (rd *Reader) Session(account string) (*Session, error) {
	all, err := rd.sessions("WHERE account = ?", account)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("ledger: session %q: %w", account, ErrNotFound)
	}
	return &all[0], nil
}

// Sessions lists all sessions, oldest first.
func (rd *Reader) Sessions() ([]Session, error) { return rd.sessions("") }

func (rd *Reader) sessions(where string, args ...any) ([]Session, error) {
	return collect(rd, "SELECT id, account, market, seed, started, last_time, state = 'complete', opened, EXISTS (SELECT 1 FROM run WHERE run.session = session.id) FROM session "+where+" ORDER BY id",
		func(rows *sql.Rows, s *Session) error {
			var seed int64
			err := rows.Scan(&s.ID, &s.Account, &s.Market, &seed, &s.Started, &s.LastTime, &s.Complete, &s.Opened, &s.Ran)
			s.Seed = uint64(seed)
			return err
		}, args...)
}

// NextAccount returns the first unused name of the form prefix-1, prefix-2, ….
func (rd *Reader) NextAccount(prefix string) (string, error) {
	all, err := rd.Sessions()
	if err != nil {
		return "", err
	}
	last := 0
	for _, s := range all {
		if rest, ok := strings.CutPrefix(s.Account, prefix+"-"); ok {
			if n, err := strconv.Atoi(rest); err == nil {
				last = max(last, n)
			}
		}
	}
	return fmt.Sprintf("%s-%d", prefix, last+1), nil
}

// StartRun records that a process begins to work in r.Session. ID, Account,
// Committed and Clean of r are ignored.
func (db *DB) StartRun(r Run) (*Run, error) {
	scripts, err := json.Marshal(append([]string{}, r.Scripts...))
	if err != nil {
		return nil, fmt.Errorf("ledger: start run: scripts: %w", err)
	}
	if r.Config == "" {
		r.Config = "{}"
	}
	res, err := db.exec(`INSERT INTO run (session, started, scripts, journal, config, committed_seq, clean)
		VALUES (?, ?, ?, ?, ?, 0, 0)`, int64(r.Session), r.Started, string(scripts), r.Journal, r.Config)
	if err != nil {
		return nil, fmt.Errorf("ledger: start run: %w", err)
	}
	id, err := res.LastInsertId()
	if err != nil {
		return nil, fmt.Errorf("ledger: start run: %w", err)
	}
	return db.Run(RunID(id))
}

// EndRun records that a run ended on purpose. Close its Writer first.
func (db *DB) EndRun(id RunID) error {
	_, err := db.exec("UPDATE run SET clean = 1 WHERE id = ?", int64(id))
	return err
}

// Run finds a run; ErrNotFound if there is none.
func (rd *Reader) Run(id RunID) (*Run, error) {
	all, err := rd.runs("WHERE r.id = ?", int64(id))
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("ledger: run %d: %w", id, ErrNotFound)
	}
	return &all[0], nil
}

// Runs lists all runs, oldest first; those of one account unless it is empty.
func (rd *Reader) Runs(account string) ([]Run, error) {
	return rd.runs("WHERE ? IN ('', s.account)", account)
}

func (rd *Reader) runs(where string, args ...any) ([]Run, error) {
	return collect(rd, `SELECT r.id, r.session, s.account, r.started, r.scripts, r.journal, r.config, r.committed_seq, r.clean
		FROM run r JOIN session s ON s.id = r.session `+where+" ORDER BY r.id",
		func(rows *sql.Rows, r *Run) error {
			var scripts string
			if err := rows.Scan(&r.ID, &r.Session, &r.Account, &r.Started, &scripts, &r.Journal, &r.Config, &r.Committed, &r.Clean); err != nil {
				return err
			}
			return json.Unmarshal([]byte(scripts), &r.Scripts)
		}, args...)
}

// Committed returns a run's cursor: all rows of all events up to it are in the
// ledger. It is written in the transaction that writes the rows.
func (rd *Reader) Committed(id RunID) (uint64, error) {
	r, err := rd.Run(id)
	if err != nil {
		return 0, err
	}
	return r.Committed, nil
}

func (db *DB) exec(query string, args ...any) (sql.Result, error) {
	if db.write == nil {
		return nil, errors.New("ledger is open for reading only")
	}
	res, err := db.write.ExecContext(context.Background(), query, args...)
	return res, classify(err)
}

// collect runs a query and scans each row into a T.
func collect[T any](rd *Reader, query string, scan func(*sql.Rows, *T) error, args ...any) ([]T, error) {
	var out []T
	err := each(rd, query, func(rows *sql.Rows) error {
		var v T
		if err := scan(rows, &v); err != nil {
			return err
		}
		out = append(out, v)
		return nil
	}, args...)
	return out, err
}

// each runs a query and calls f for each row.
func each(rd *Reader, query string, f func(*sql.Rows) error, args ...any) error {
	rows, err := rd.Query(context.Background(), query, args...)
	if err != nil {
		return fmt.Errorf("ledger: query: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return fmt.Errorf("ledger: read row: %w", err)
		}
	}
	if err := classify(rows.Err()); err != nil {
		return fmt.Errorf("ledger: query: %w", err)
	}
	return nil
}
