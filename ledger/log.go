package ledger

import (
	"cmp"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// Bounds of the log of one session: the oldest lines go first, some more than needed at
// once so that not every line drops one. What was dropped is counted in meta, as log_dropped.
const (
	logLines = 20_000
	logBytes = 8 << 20 // of texts, places and names
	logText  = 4096    // bytes of a line
)

// LogRow is a line worth keeping.
type LogRow struct {
	At
	Strategy string
	Level    string
	Where    string // file:line
	Text     string
	// Order, Pair and Instrument (its key) are what it is about; zero values are none.
	Order      exchange.OrderID
	Pair       exchange.PairID
	Instrument string
	// Aside is a line of no event: its Seq is that of the last event, and its time moves
	// the session's no further.
	Aside bool
}

func (r *LogRow) time() exchange.Time {
	if r.Aside {
		return 0
	}
	return r.At.Time
}

func (r *LogRow) write(b *batch) error {
	text := r.Text
	if len(text) > logText {
		text = fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(text[:logText], ""), len(text))
	}
	res, err := b.exec(insertLog, b.session, b.run, b.seq, b.n, int64(r.At.Time), r.Strategy, r.Level, r.Where, text,
		int64(r.Order), int64(r.Pair), r.Instrument)
	if err != nil {
		return err
	}
	added, err := res.RowsAffected()
	if err != nil || added == 0 {
		return err // it was there already
	}
	b.kept.lines++
	b.kept.bytes += int64(len(text) + len(r.Where) + len(r.Strategy) + len(r.Instrument))
	if b.kept.lines > logLines || b.kept.bytes > logBytes {
		return b.trimLog()
	}
	return nil
}

// keptLog is how much of the log of a session is kept.
type keptLog struct{ lines, bytes int64 }

const sizeOfLine = "octet_length(text) + octet_length(place) + octet_length(strategy) + octet_length(instrument)"

func readKept(q queryer, session int64) (k keptLog, err error) {
	err = q.QueryRow("SELECT count(*), coalesce(sum("+sizeOfLine+"), 0) FROM log WHERE session = ?", session).Scan(&k.lines, &k.bytes)
	return k, err
}

type queryer interface {
	QueryRow(string, ...any) *sql.Row
}

// trimLog drops the oldest lines until there is room for some more.
func (b *batch) trimLog() error {
	const lines, bytes = logLines - logLines/16, logBytes - logBytes/16
	rows, err := b.tx.QueryContext(b.ctx, "SELECT id, "+sizeOfLine+" FROM log WHERE session = ? ORDER BY id", b.session)
	if err != nil {
		return err
	}
	defer rows.Close()
	var last int64
	left, dropped := b.kept, int64(0)
	for left.lines > lines || left.bytes > bytes {
		if !rows.Next() {
			break
		}
		var size int64
		if err := rows.Scan(&last, &size); err != nil {
			return err
		}
		left.lines, left.bytes, dropped = left.lines-1, left.bytes-size, dropped+1
	}
	if err := cmp.Or(rows.Err(), rows.Close()); err != nil {
		return err
	}
	if _, err := b.exec(trimLog, b.session, last); err != nil {
		return err
	}
	b.kept = left
	_, err = b.exec(countDropped, strconv.FormatInt(dropped, 10))
	return err
}

// LogLine is a line of the log.
type LogLine struct {
	ID         int64  // grows with every line of the ledger
	Account    string // session
	Run        RunID
	Seq        uint64 // the event that led to it, or the last one before it
	Time       exchange.Time
	Strategy   string // empty: the host
	Level      string // info, warn, error
	Where      string // file:line of a script
	Text       string
	Order      exchange.OrderID
	Pair       exchange.PairID
	Instrument string
}

// LogFilter chooses lines of the log beside what a Filter does.
type LogFilter struct {
	Levels []string // nil: all
	Text   string   // that the text, the place or the instrument contains, in any case
	After  int64    // lines with a greater ID only
}

// Log returns log lines run by run, oldest first; with Filter.Last those written last. What the
// host says of itself is written a little after what scripts say.
// Filter.Strategy "host" stands for the host's own.
func (rd *Reader) Log(f Filter, l LogFilter) ([]LogLine, error) {
	if f.Strategy == "host" {
		f.Strategy = ""
		l.Levels = slices.Clone(l.Levels)
		return readLog(rd, f, l, " AND x.strategy = ''")
	}
	return readLog(rd, f, l, "")
}

func readLog(rd *Reader, f Filter, l LogFilter, more string) ([]LogLine, error) {
	limit := -1
	if f.Last > 0 {
		limit = f.Last
	}
	args, err := rd.args(f)
	if err != nil {
		return nil, err
	}
	args = append(args, l.After, strings.Join(l.Levels, " "), l.Text, limit)
	n := len(args)
	query := fmt.Sprintf(`SELECT x.id, s.account, x.run, x.seq, x.time, x.strategy, x.level, x.place, x.text, x.order_id, x.pair, x.instrument
		FROM log x JOIN session s ON s.id = x.session `+whereRun+more+`
		AND x.id > ?%d AND (?%d = '' OR instr(?%d, x.level)) AND ?4 IN (0, x.pair)
		AND (?%d = '' OR instr(lower(x.text || ' ' || x.place || ' ' || x.instrument), lower(?%d)))
		ORDER BY x.id DESC LIMIT ?%d`, n-3, n-2, n-2, n-1, n-1, n)
	rows, err := collect(rd, query, func(rows *sql.Rows, x *LogLine) error {
		return rows.Scan(&x.ID, &x.Account, &x.Run, &x.Seq, &x.Time, &x.Strategy, &x.Level, &x.Where, &x.Text, &x.Order, &x.Pair, &x.Instrument)
	}, args...)
	slices.Reverse(rows)
	slices.SortStableFunc(rows, func(a, b LogLine) int { return cmp.Or(cmp.Compare(a.Run, b.Run), cmp.Compare(a.Time, b.Time)) })
	return rows, err
}

// LogDropped is how many lines the ledger ever dropped for room.
func LogDropped(db *DB) (n int64, err error) {
	err = db.read.QueryRow("SELECT coalesce(sum(CAST(value AS INTEGER)), 0) FROM meta WHERE key = 'log_dropped'").Scan(&n)
	return n, err
}
