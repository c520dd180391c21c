package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

const (
	// longestValue bounds what one value of a statement may come to, in bytes.
	longestValue = 64 << 20
	// longestSQL bounds a statement, in bytes.
	longestSQL = 1 << 20
)

// Console runs the SQL of people and programs that only look. Nothing that it runs can change
// the ledger or touch another file: the file is opened for reading, the connection refuses to
// write, and SQLite asks before each step of a statement whether that step is one that reads.
// It is safe for concurrent use.
type Console struct {
	db   *sql.DB
	path string
}

// OpenConsole opens an existing ledger, beside a process that may be writing it.
func OpenConsole(path string) (*Console, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	checked, err := Open(Options{Path: path, ReadOnly: true})
	if err != nil {
		return nil, err
	}
	if err := checked.Close(); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", readDSN(path))
	if err != nil {
		return nil, err
	}
	db.SetMaxIdleConns(0) // a connection that was interrupted is not used again
	return &Console{db, path}, nil
}

// Close closes it.
func (c *Console) Close() error { return c.db.Close() }

// SQLError is a statement that SQLite refuses. Line and Column count from 1, in characters;
// they are 0 where SQLite does not tell what is wrong with which word.
type SQLError struct {
	Line, Column int
	Source       string // the line
	Text         string // what is wrong with it
}

func (e *SQLError) Error() string {
	if e.Line == 0 {
		return e.Text
	}
	return fmt.Sprintf("line %d, column %d: %s\n  %s\n  %s^", e.Line, e.Column, e.Text, e.Source, strings.Repeat(" ", e.Column-1))
}

// Query runs one statement: columns is called once with the names, and row for each row, whose
// values (nil, int64, float64, string or []byte) are valid during the call. It ends after most
// rows, 0 for no bound, and reports whether there were more. A statement that is wrong is a
// *SQLError; the end of ctx ends it at once.
func (c *Console) Query(ctx context.Context, text string, most int, columns func([]string) error, row func([]any) error) (more bool, err error) {
	if len(text) > longestSQL {
		return false, &SQLError{Text: fmt.Sprintf("the statement has %d bytes: want at most %d", len(text), longestSQL)}
	}
	words := sqlWords(text)
	if len(words) == 0 {
		return false, &SQLError{Text: "there is no statement"}
	}
	if at := slices.IndexFunc(words, func(w sqlWord) bool { return w.text == ";" }); at >= 0 && at+1 < len(words) {
		return false, wrongAt(text, words[at+1].at, "a second statement begins here: want one at a time")
	}
	conn, err := c.db.Conn(ctx)
	if err != nil {
		return false, classify(err)
	}
	defer conn.Close()
	denied := ""
	if err := guard(conn, &denied); err != nil {
		return false, err
	}
	rows, err := conn.QueryContext(ctx, text)
	if err != nil {
		return false, explain(ctx, conn, text, words, denied, err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return false, err
	}
	if err := columns(names); err != nil {
		return false, err
	}
	values, into := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	for n := 0; rows.Next(); n++ {
		if most > 0 && n == most {
			return true, nil
		}
		if err := rows.Scan(into...); err != nil {
			return false, err
		}
		if err := row(values); err != nil {
			return false, err
		}
	}
	if err := rows.Err(); err != nil {
		return false, explain(ctx, conn, text, words, denied, err)
	}
	return false, nil
}

// guard bounds a connection, and lets it read only. denied is set to what was refused first.
func guard(conn *sql.Conn, denied *string) error {
	for _, l := range []struct{ what, most int }{{lib.SQLITE_LIMIT_LENGTH, longestValue}, {lib.SQLITE_LIMIT_ATTACHED, 0}} {
		if _, err := sqlite.Limit(conn, l.what, l.most); err != nil {
			return err
		}
	}
	return conn.Raw(func(driver any) error {
		able, ok := driver.(sqlite.AuthorizerRegisterer)
		if !ok {
			return errors.New("ledger: the driver asks nobody before it runs a statement")
		}
		return able.RegisterAuthorizer(func(action sqlite.AuthorizerActionCode, one, two, _, _ string) sqlite.AuthorizerReturnCode {
			why := refusal(action, one, two)
			if why == "" {
				return sqlite.AuthorizerOK
			}
			if *denied == "" {
				*denied = why
			}
			return sqlite.AuthorizerDeny
		})
	})
}

// looking are the pragmas that only tell something, with an argument or without.
var looking = []string{"table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo", "foreign_key_list", "function_list",
	"pragma_list", "collation_list", "compile_options", "integrity_check", "quick_check", "foreign_key_check", "database_list"}

// told are the pragmas that tell something as long as they have no argument.
var told = []string{"application_id", "user_version", "schema_version", "page_count", "page_size", "freelist_count", "encoding", "journal_mode", "query_only", "data_version"}

// refusal says why a step of a statement is refused; "": it reads.
func refusal(action sqlite.AuthorizerActionCode, one, two string) string {
	switch action {
	case sqlite.AuthSelect, sqlite.AuthRead, sqlite.AuthRecursive:
		return ""
	case sqlite.AuthFunction:
		if strings.EqualFold(two, "load_extension") || strings.EqualFold(two, "fts3_tokenizer") {
			return two + "() is not there"
		}
		return ""
	case sqlite.AuthPragma:
		name := strings.ToLower(one)
		if slices.Contains(looking, name) || two == "" && slices.Contains(told, name) {
			return ""
		}
		return "PRAGMA " + one + " is refused: only those run that tell something, such as table_info(fills)"
	case sqlite.AuthAttach, sqlite.AuthDetach:
		return "other files can't be attached: a ledger is looked at by itself"
	case sqlite.AuthTransaction, sqlite.AuthSavepoint:
		return "there are no transactions: each statement sees one moment"
	}
	return "it would change the ledger, and this only reads it: want SELECT, WITH … SELECT, EXPLAIN or VALUES"
}

// explain is an error of SQLite in the statement's own words.
func explain(ctx context.Context, conn *sql.Conn, text string, words []sqlWord, denied string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if denied != "" {
		return wrongAt(text, words[0].at, denied)
	}
	var e *sqlite.Error
	if !errors.As(err, &e) || e.Code()&0xff != lib.SQLITE_ERROR && e.Code()&0xff != lib.SQLITE_TOOBIG {
		return classify(err)
	}
	said := strings.TrimPrefix(e.Error(), "SQL logic error: ")
	if cut := strings.LastIndex(said, " ("); cut > 0 {
		said = said[:cut]
	}
	at := -1
	if _, near, ok := strings.Cut(said, `near "`); ok {
		word := near[:max(0, strings.LastIndex(near, `"`))]
		at = unexpected(ctx, conn, text, words, word)
	} else if _, name, ok := strings.Cut(said, ": "); ok && strings.HasPrefix(said, "no such") {
		name = name[strings.LastIndex(name, ".")+1:]
		if i := slices.IndexFunc(words, func(w sqlWord) bool { return strings.EqualFold(strings.Trim(w.text, "\"`[]"), name) }); i >= 0 {
			at = words[i].at
		}
	} else if _, token, ok := strings.Cut(said, `unrecognized token: "`); ok {
		at = strings.Index(text, strings.TrimSuffix(token, `"`))
	} else if strings.HasPrefix(said, "incomplete input") {
		at = len(strings.TrimRight(text, " \t\r\n;"))
	}
	if at < 0 {
		return &SQLError{Text: said}
	}
	return wrongAt(text, at, said)
}

// unexpected finds the word that SQLite did not expect, of several that are the same: up to
// the right one the statement is wrong in the same way.
func unexpected(ctx context.Context, conn *sql.Conn, text string, words []sqlWord, word string) int {
	last := -1
	for _, w := range words {
		if !strings.HasPrefix(w.text, word) {
			continue
		}
		last = w.at
		stmt, err := conn.PrepareContext(ctx, text[:w.at+len(w.text)])
		if err == nil {
			_ = stmt.Close()
		} else if strings.Contains(err.Error(), `near "`+word+`"`) {
			return w.at
		}
	}
	return last
}

// wrongAt is an error at a byte of a statement.
func wrongAt(text string, at int, why string) *SQLError {
	e := &SQLError{Line: 1 + strings.Count(text[:at], "\n"), Text: why}
	begin := strings.LastIndexByte(text[:at], '\n') + 1
	e.Column = 1 + len([]rune(text[begin:at]))
	e.Source, _, _ = strings.Cut(text[begin:], "\n")
	e.Source = strings.ReplaceAll(strings.TrimRight(e.Source, "\r"), "\t", " ")
	return e
}
