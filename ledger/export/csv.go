package export

import (
	"encoding/csv"
	"io"
	"strconv"

	"github.com/perilune/perilune/exchange"
)

// csvWriter writes RFC 4180.
type csvWriter struct {
	w     *csv.Writer
	kinds []Kind
	line  []string
}

func newCSV(out io.Writer, t *Table) (writer, error) {
	c := &csvWriter{w: csv.NewWriter(out), line: make([]string, len(t.Columns))}
	c.w.UseCRLF = true
	for i := range t.Columns {
		c.line[i] = t.Columns[i].Name
		c.kinds = append(c.kinds, t.Columns[i].Kind)
	}
	return c, c.w.Write(c.line)
}

func (c *csvWriter) row(values []any) error {
	for i, v := range values {
		switch x := v.(type) {
		case nil:
			c.line[i] = ""
		case string:
			c.line[i] = x
			if c.kinds[i] == Text {
				c.line[i] = Plain(x)
			}
		case int64:
			c.line[i] = strconv.FormatInt(x, 10)
			if c.kinds[i] == Moment {
				c.line[i] = exchange.Time(x).UTC().Format("2006-01-02T15:04:05.000000000Z")
			}
		case float64:
			c.line[i] = strconv.FormatFloat(x, 'g', -1, 64)
		case bool:
			c.line[i] = strconv.FormatBool(x)
		}
	}
	return c.w.Write(c.line)
}

func (c *csvWriter) close() error {
	c.w.Flush()
	return c.w.Error()
}

// Plain is a text as a cell of a CSV file that no spreadsheet takes for a formula: with an
// apostrophe before it where one would.
func Plain(text string) string {
	if text == "" {
		return text
	}
	switch text[0] {
	case '=', '+', '-', '@', '\t', '\r', '\n':
		return "'" + text
	}
	return text
}
