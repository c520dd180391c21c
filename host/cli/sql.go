package cli

import (
	"context"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/ledger"
	"github.com/perilune/perilune/ledger/export"
)

// widestCell bounds a cell of a table for people; csv and json have all of it.
const widestCell = 60

// sqlVerb runs a statement that only looks.
func sqlVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("sql", "STATEMENT [flags]", `perilune sql --db perilune-live.db "SELECT time, symbol, side, qty, price FROM v_fills ORDER BY time DESC LIMIT 10"`)
	db := f.String("db", "perilune-paper.db", "ledger file")
	format := f.String("format", "table", "table, csv or json")
	asJSON := f.Bool("json", false, "the same as --format json: one JSON object on stdout")
	limit := f.Int("limit", 1000, "most rows, 0: all of them; more are told")
	within := f.Duration("timeout", time.Minute, "ends a statement that takes longer")
	schema := f.Bool("schema", false, "tell the ledger's views and tables, and what their columns are, in the place of a statement")
	if err := parse(f, args); err != nil {
		return err
	}
	if *asJSON {
		*format = "json"
	}
	switch {
	case *format != "table" && *format != "csv" && *format != "json":
		return fail(ExitUsage, "--format %q: want table, csv or json", *format)
	case *limit < 0:
		return fail(ExitUsage, "--limit %d: want 0, which is all rows, or more", *limit)
	case *within <= 0:
		return fail(ExitUsage, "--timeout %s: want more than 0", *within)
	case *schema && f.NArg() > 0:
		return fail(ExitUsage, "--schema and a statement: want one of them")
	case !*schema && f.NArg() != 1:
		return fail(ExitUsage, `want one statement in quotes, or - to read it from stdin, got %d arguments; --schema tells what there is`, f.NArg())
	}
	if _, err := os.Stat(*db); err != nil {
		return fail(ExitLedger, "ledger %s: there is no such file; a run makes one", *db)
	}
	c, err := ledger.OpenConsole(*db)
	if err != nil {
		return err
	}
	defer c.Close()
	if *schema {
		return e.printSchema(ctx, c, *db, *format)
	}
	text := f.Arg(0)
	if text == "-" {
		read, err := io.ReadAll(io.LimitReader(e.in, 2<<20))
		if err != nil {
			return err
		}
		text = string(read)
	}
	ctx, stop := context.WithTimeoutCause(ctx, *within, fmt.Errorf("the statement took longer than %s and was ended: --timeout gives it longer", *within))
	defer stop()
	out := newTable(e, *format, *db)
	more, err := c.Query(ctx, text, *limit, out.head, out.row)
	var wrong *ledger.SQLError
	if errors.As(err, &wrong) {
		return fail(ExitUsage, "%w", wrong)
	}
	if err != nil {
		return err
	}
	if err := out.end(more); err != nil {
		return err
	}
	if more {
		fmt.Fprintf(e.err, "the first %d rows; there are more: --limit 0 is all of them\n", *limit)
	}
	return nil
}

// tableOut prints rows as they come.
type tableOut struct {
	head func(names []string) error
	row  func(values []any) error
	end  func(more bool) error
}

func newTable(e *env, format, db string) tableOut {
	switch format {
	case "csv":
		return csvTable(e.out)
	case "json":
		return jsonTable(e, db)
	}
	t := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
	n := 0
	line := func(cells []string) error {
		_, err := fmt.Fprintln(t, strings.Join(cells, "\t"))
		return err
	}
	return tableOut{line, func(values []any) error {
		n++
		cells := make([]string, len(values))
		for i, v := range values {
			if cells[i] = oneLine(cellText(v)); v == nil {
				cells[i] = "-"
			}
		}
		if err := line(cells); err != nil || n%1000 != 0 {
			return err
		}
		return t.Flush() // wide tables are not held whole
	}, func(bool) error {
		if err := t.Flush(); err != nil {
			return err
		}
		fmt.Fprintf(e.err, "%d rows\n", n)
		return nil
	}}
}

// oneLine is a text as a cell that a terminal shows and that nothing in it can steer.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, text)
	if cut := []rune(text); len(cut) > widestCell {
		return string(cut[:widestCell-1]) + "…"
	}
	return text
}

func cellText(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	case []byte:
		return hex.EncodeToString(x)
	case float64:
		return strconv.FormatFloat(x, 'g', -1, 64)
	}
	return fmt.Sprint(v)
}

func csvTable(out io.Writer) tableOut {
	w := csv.NewWriter(out)
	w.UseCRLF = true
	write := func(cells []string) error {
		if err := w.Write(cells); err != nil {
			return err
		}
		w.Flush() // a long one is seen as it comes
		return w.Error()
	}
	return tableOut{write, func(values []any) error {
		cells := make([]string, len(values))
		for i, v := range values {
			cells[i] = cellText(v)
			if _, isText := v.(string); isText && !isNumber(cells[i]) {
				cells[i] = export.Plain(cells[i])
			}
		}
		return write(cells)
	}, func(bool) error { return nil }}
}

// isNumber reports whether a text is an amount of the ledger, which no spreadsheet computes.
func isNumber(text string) bool {
	_, err := strconv.ParseFloat(text, 64)
	return err == nil
}

func jsonTable(e *env, db string) tableOut {
	var columns []string
	rows := [][]any{}
	return tableOut{func(names []string) error {
		columns = names
		return nil
	}, func(values []any) error {
		kept := make([]any, len(values))
		for i, v := range values {
			switch x := v.(type) {
			case []byte:
				kept[i] = hex.EncodeToString(x)
			case float64:
				if kept[i] = v; math.IsInf(x, 0) || math.IsNaN(x) {
					kept[i] = nil // JSON has no such number
				}
			default:
				kept[i] = v
			}
		}
		rows = append(rows, kept)
		return nil
	}, func(more bool) error {
		return e.printJSON(map[string]any{"db": db, "columns": columns, "rows": rows, "more": more})
	}}
}

// printSchema tells what a statement can name.
func (e *env) printSchema(ctx context.Context, c *ledger.Console, path, format string) error {
	list, err := c.Relations(ctx)
	if err != nil {
		return err
	}
	if format == "json" {
		return e.printJSON(map[string]any{"db": path, "relations": list})
	}
	io.WriteString(e.out, "Amounts are exact decimals in text: sum() of them is a float, fine to look at. Times of tables are nanoseconds since 1970, UTC:\nstrftime('%F %T', time / 1000000000, 'unixepoch'); views tell them as text.\n")
	for i := range list {
		r := &list[i]
		kind := "table"
		if r.View {
			kind = "view"
		}
		fmt.Fprintf(e.out, "\n%s %s\n", kind, r.Name)
		if r.Doc != "" {
			fmt.Fprintf(e.out, "  %s\n", strings.Join(wrap(r.Doc, 96), "\n  "))
		}
		t := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
		if r.View {
			var names []string
			for _, c := range r.Columns {
				names = append(names, c.Name)
			}
			fmt.Fprintf(e.out, "    %s\n", strings.Join(wrap(strings.Join(names, ", "), 92), "\n    "))
			continue
		}
		for _, c := range r.Columns {
			fmt.Fprintf(t, "    %s\t%s\t%s\n", c.Name, c.Type, c.Doc)
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// exportFlags are those of ledger export alone.
type exportFlags struct {
	out, format, session, from, to, journals string
	tables                                   []string
}

// exportLedger writes tables for other programs.
func (e *env) exportLedger(ctx context.Context, path string, x *exportFlags, asJSON bool) error {
	if x.out == "" {
		return fail(ExitUsage, "ledger export: name the directory to write to with --out")
	}
	if x.format != export.Parquet && x.format != export.CSV {
		return fail(ExitUsage, "--format %q: want %s or %s", x.format, export.Parquet, export.CSV)
	}
	for _, name := range x.tables {
		if err := oneOfNames("--tables", name, slices.Concat(export.Names(), export.JournalNames())); err != nil {
			return err
		}
	}
	o := export.Options{Dir: x.out, Format: x.format, Tables: x.tables, Session: x.session, Journals: x.journals}
	var err error
	if o.From, o.To, err = parseDays(x.from, x.to); err != nil {
		return err
	}
	if x.from != "" && x.to != "" && o.From >= o.To {
		return fail(ExitUsage, "--from %s --to %s: there is no time between them: want a later --to", x.from, x.to)
	}
	var files []export.File
	err = onLedger(path, func(d *ledger.DB) error {
		sessions, err := d.Sessions()
		if err != nil {
			return err
		}
		if err := known(o.Session, sessions); err != nil {
			return err
		}
		files, err = export.Export(ctx, d, o)
		return err
	})
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("interrupted: nothing was written")
	case errors.Is(err, ledger.ErrExists):
		return fail(ExitUsage, "%w", err)
	case err != nil:
		return err
	}
	if asJSON {
		return e.printJSON(map[string]any{"db": path, "files": files})
	}
	t := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
	for _, file := range files {
		fmt.Fprintf(t, "%s\t%d rows\t%d bytes\n", file.Path, file.Rows, file.Bytes)
		if len(file.Text) > 0 {
			fmt.Fprintf(e.err, "%s: %s are text, because amounts in them have more digits than DECIMAL(38, 18) holds\n", file.Path, strings.Join(file.Text, ", "))
		}
	}
	return t.Flush()
}

// oneOfNames refuses a value that is none of some names.
func oneOfNames(flag, value string, names []string) error {
	for _, n := range names {
		if n == value {
			return nil
		}
	}
	return fail(ExitUsage, "%s %q: want some of %s%s", flag, value, strings.Join(names, ","), bindings.DidYouMean(value, names))
}
