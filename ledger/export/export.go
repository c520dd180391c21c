// Package export writes a ledger's tables as files that other programs read: Parquet for
// data frames and databases, CSV for spreadsheets. All tables of an export are of one
// moment, also while a session writes the ledger, and are streamed: memory does not grow
// with the ledger.
//
// # Types
//
// Amounts are exact. In Parquet they are DECIMAL(38, 18); a column in which one does not fit,
// of more decimals or of 10^20 and more, is text and its File says so. Times are
// TIMESTAMP(NANOS, UTC), in CSV RFC 3339 with nanoseconds. What there is none of is null, in
// CSV empty.
//
// CSV is RFC 4180, UTF-8, with a header. A text that a spreadsheet would take for a formula
// has an apostrophe before it; names in strategies and at venues are somebody else's words.
package export

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/ledger"
)

// Formats of the files.
const (
	Parquet = "parquet"
	CSV     = "csv"
)

// Options say what is exported.
type Options struct {
	Dir      string        // where the files go; it is made
	Format   string        // Parquet or CSV
	Tables   []string      // names of Tables and JournalTables; nil: all Tables
	Journals string        // directory with the journals of runs, for JournalTables; "": where the runs left them
	Session  string        // name of a session; "": all
	From, To exchange.Time // From <= time < To; 0: no bound
}

// File is what was written.
type File struct {
	Table string   `json:"table"`
	Path  string   `json:"path"`
	Rows  int64    `json:"rows"`
	Bytes int64    `json:"bytes"`
	Text  []string `json:"text,omitempty"` // columns of amounts that are text, because DECIMAL(38, 18) does not hold them
}

// writer writes the rows of a table. A value is nil, string, int64, float64 or bool.
type writer interface {
	row(values []any) error
	close() error
}

// Export writes each table into a file of its name. No file is replaced; after an error none
// of the export's files is there.
func Export(ctx context.Context, db *ledger.DB, o Options) (files []File, err error) {
	chosen, err := o.tables()
	if err != nil {
		return nil, err
	}
	for i := range chosen {
		path := o.path(&chosen[i])
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("export: %s: %w: no file is replaced, name another directory", path, errors.Join(ledger.ErrExists, err))
		}
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, err
	}
	part, err := os.MkdirTemp(o.Dir, ".export-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(part)) }()
	ofJournals := slices.IndexFunc(chosen, func(t Table) bool { return t.Query == "" })
	if ofJournals < 0 {
		ofJournals = len(chosen)
	}
	err = db.At(ctx, func(v *ledger.View) error {
		for i := range chosen[:ofJournals] {
			f, err := o.write(ctx, v, &chosen[i], part)
			if err != nil {
				return fmt.Errorf("export: table %s: %w", chosen[i].Name, err)
			}
			files = append(files, f)
		}
		return nil
	})
	if err == nil && ofJournals < len(chosen) {
		var more []File
		more, err = o.writeJournals(ctx, db, chosen[ofJournals:], part)
		files = append(files, more...)
	}
	if err != nil {
		return nil, err
	}
	for i := range files {
		if err := publish(filepath.Join(part, filepath.Base(files[i].Path)), files[i].Path); err != nil {
			for _, f := range files[:i] {
				err = errors.Join(err, os.Remove(f.Path))
			}
			return nil, err
		}
	}
	return files, nil
}

// publish gives a file its name. A hard link fails where somebody took the name meanwhile;
// file systems that have none are trusted.
func publish(from, to string) error {
	err := os.Link(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	return os.Rename(from, to)
}

// tables are those that were asked for: the ledger's, and then those of journals.
func (o *Options) tables() ([]Table, error) {
	if o.Format != Parquet && o.Format != CSV {
		return nil, fmt.Errorf("export: format %q: want %s or %s", o.Format, Parquet, CSV)
	}
	if o.Tables == nil {
		return Tables(), nil
	}
	all := slices.Concat(Tables(), JournalTables())
	for _, name := range o.Tables {
		if !slices.ContainsFunc(all, func(t Table) bool { return t.Name == name }) {
			return nil, fmt.Errorf("export: there is no table %q: want some of %s", name, strings.Join(slices.Concat(Names(), JournalNames()), ","))
		}
	}
	return slices.DeleteFunc(all, func(t Table) bool { return !slices.Contains(o.Tables, t.Name) }), nil
}

// Names are the names of Tables.
func Names() (names []string) {
	for _, t := range Tables() {
		names = append(names, t.Name)
	}
	return names
}

func (o *Options) path(t *Table) string { return filepath.Join(o.Dir, t.Name+"."+o.Format) }

func (o *Options) write(ctx context.Context, v *ledger.View, t *Table, part string) (f File, err error) {
	args := []any{o.Session, int64(o.From), int64(o.To)}
	var text []string
	if o.Format == Parquet {
		if text, err = tooLarge(ctx, v, t, args); err != nil {
			return f, err
		}
	}
	out, err := o.begin(t, text, part)
	if err != nil {
		return f, err
	}
	defer out.file.Close()
	if err := copyRows(ctx, v, t, args, out); err != nil {
		return f, err
	}
	return out.finish()
}

// output is the file of a table while it is written.
type output struct {
	File
	writer
	file   *os.File
	buffer *bufio.Writer
}

// begin makes the file of a table in the format that was asked for; text are its amounts that
// are text.
func (o *Options) begin(t *Table, text []string, part string) (*output, error) {
	path := o.path(t)
	file, err := os.Create(filepath.Join(part, filepath.Base(path)))
	if err != nil {
		return nil, err
	}
	out := &output{File: File{Table: t.Name, Path: path, Text: text}, file: file, buffer: bufio.NewWriterSize(file, 1<<16)}
	if o.Format == Parquet {
		out.writer = newParquet(out.buffer, t, text)
	} else if out.writer, err = newCSV(out.buffer, t); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return out, nil
}

func (f *output) row(values []any) error {
	f.Rows++
	return f.writer.row(values)
}

// finish brings all rows to the disk. The file stays open.
func (f *output) finish() (File, error) {
	if err := errors.Join(f.close(), f.buffer.Flush(), f.file.Sync()); err != nil {
		return f.File, err
	}
	info, err := f.file.Stat()
	if err == nil {
		f.Bytes = info.Size()
	}
	return f.File, err
}

// copyRows hands every row of a table to a writer.
func copyRows(ctx context.Context, v *ledger.View, t *Table, args []any, w writer) error {
	rows, err := v.Query(ctx, t.Query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	values, into := make([]any, len(t.Columns)), make([]any, len(t.Columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for i := range t.Columns {
			if values[i], err = t.Columns[i].value(values[i]); err != nil {
				return err
			}
		}
		if err := w.row(values); err != nil {
			return err
		}
	}
	return rows.Err()
}

// value is a value of the ledger as the column's kind has it.
func (c *Column) value(v any) (any, error) {
	switch x := v.(type) {
	case nil:
		if c.Kind == Text {
			return "", nil
		}
		return nil, nil
	case string:
		if c.Kind == Text || c.Kind == Amount {
			return x, nil
		}
	case int64:
		switch c.Kind {
		case Integer, Moment:
			return x, nil
		case Bool:
			return x != 0, nil
		}
	case float64:
		if c.Kind == Real {
			return x, nil
		}
	}
	return nil, fmt.Errorf("column %s has %T %v: %w", c.Name, v, v, ledger.ErrCorrupt)
}
