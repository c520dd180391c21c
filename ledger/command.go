package ledger

import (
	"database/sql"

	"github.com/perilune/perilune/exchange"
)

// Command is something that a session was told.
type Command struct {
	Run     RunID
	Seq     uint64
	Time    exchange.Time
	By, Why string
	Op      string
	Args    string // JSON
	Outcome string // done, or why not
}

// SignalIDs returns the ids of the last signals that an account's strategies were told,
// oldest first.
func SignalIDs(rd *Reader, account string, most int) ([]string, error) {
	return collect(rd, `SELECT id FROM (
			SELECT json_extract(x.args, '$.id') AS id, x.run, x.seq FROM commands x JOIN run r ON r.id = x.run JOIN session s ON s.id = r.session
			WHERE s.account = ?1 AND x.op = 'signal' AND x.outcome = 'done' AND json_extract(x.args, '$.id') <> ''
			ORDER BY x.run DESC, x.seq DESC LIMIT ?2)
		ORDER BY run, seq`,
		func(rows *sql.Rows, id *string) error { return rows.Scan(id) }, account, most)
}
