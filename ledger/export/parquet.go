package export

import (
	"context"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/ledger"
)

const (
	// precision and scale are those of amounts: any reader has a type of them.
	precision, scale = 38, 18
	amountBytes      = 16
	// rowsInGroup bounds what is held before it is written.
	rowsInGroup = 20_000
	rowsAtOnce  = 256
)

// parquetWriter writes rows in groups.
type parquetWriter struct {
	w       *parquet.Writer
	t       *Table
	text    []string // names of amounts that are written as text
	pending []parquet.Row
	amounts []byte // of the pending rows
}

func newParquet(out io.Writer, t *Table, text []string) *parquetWriter {
	schema := parquet.NewSchema(t.Name, ordered{parquet.Group{}, t.Columns, text})
	options := []parquet.WriterOption{schema, parquet.Compression(&zstd.Codec{}), parquet.MaxRowsPerRowGroup(rowsInGroup),
		parquet.CreatedBy("perilune", "", ""), parquet.KeyValueMetadata("perilune.table", t.Doc)}
	for i := range t.Columns {
		options = append(options, parquet.KeyValueMetadata("perilune.column."+t.Columns[i].Name, t.Columns[i].Doc))
	}
	return &parquetWriter{w: parquet.NewWriter(out, options...), t: t, text: text}
}

func (p *parquetWriter) row(values []any) error {
	row := make(parquet.Row, len(values))
	for i, v := range values {
		x, err := p.value(&p.t.Columns[i], v)
		if err != nil {
			return err
		}
		defined := 1
		if v == nil || p.t.Columns[i].Kind == Text {
			defined = 0
		}
		row[i] = x.Level(0, defined, i)
	}
	if p.pending = append(p.pending, row); len(p.pending) < rowsAtOnce {
		return nil
	}
	return p.flush()
}

func (p *parquetWriter) value(c *Column, v any) (parquet.Value, error) {
	switch x := v.(type) {
	case string:
		if c.Kind != Amount || slices.Contains(p.text, c.Name) {
			return parquet.ByteArrayValue([]byte(x)), nil
		}
		return amountValue(c, x)
	case int64:
		return parquet.Int64Value(x), nil
	case float64:
		return parquet.DoubleValue(x), nil
	case bool:
		return parquet.BooleanValue(x), nil
	}
	return parquet.NullValue(), nil
}

// amountValue is a decimal as Parquet has it: unscaled, in two's complement, most significant
// byte first.
func amountValue(c *Column, text string) (v parquet.Value, err error) {
	d, err := decimal.NewFromString(text)
	if err != nil {
		return v, fmt.Errorf("column %s has %q: %w", c.Name, text, ledger.ErrCorrupt)
	}
	raw := make([]byte, amountBytes)
	unscaled := d.Shift(scale).BigInt()
	if unscaled.Sign() >= 0 {
		return parquet.FixedLenByteArrayValue(unscaled.FillBytes(raw)), nil
	}
	unscaled.Not(unscaled).FillBytes(raw) // -x is ^(x-1)
	for i := range raw {
		raw[i] = ^raw[i]
	}
	return parquet.FixedLenByteArrayValue(raw), nil
}

func (p *parquetWriter) flush() error {
	_, err := p.w.WriteRows(p.pending)
	p.pending = p.pending[:0]
	return err
}

func (p *parquetWriter) close() error {
	if err := p.flush(); err != nil {
		return err
	}
	return p.w.Close()
}

// ordered is a schema whose columns stay in their order: those of a Group are sorted.
type ordered struct {
	parquet.Group
	columns []Column
	text    []string
}

// Fields implements parquet.Node.
func (o ordered) Fields() (fields []parquet.Field) {
	for i := range o.columns {
		c := &o.columns[i]
		fields = append(fields, field{node(c, slices.Contains(o.text, c.Name)), c.Name})
	}
	return fields
}

// field is a column of a schema.
type field struct {
	parquet.Node
	name string
}

// Name implements parquet.Field.
func (f field) Name() string { return f.name }

// Value implements parquet.Field. Rows are written, not Go values.
func (f field) Value(base reflect.Value) reflect.Value { return base.MapIndex(reflect.ValueOf(f.name)) }

// node is the type of a column.
func node(c *Column, text bool) parquet.Node {
	switch {
	case c.Kind == Text:
		return parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
	case c.Kind == Amount && !text:
		return parquet.Optional(parquet.Decimal(scale, precision, parquet.FixedLenByteArrayType(amountBytes)))
	case c.Kind == Amount:
		return parquet.Optional(parquet.String())
	case c.Kind == Moment:
		return parquet.Optional(parquet.Timestamp(parquet.Nanosecond))
	case c.Kind == Bool:
		return parquet.Optional(parquet.Leaf(parquet.BooleanType))
	case c.Kind == Real:
		return parquet.Optional(parquet.Leaf(parquet.DoubleType))
	}
	return parquet.Optional(parquet.Int(64))
}

// tooLarge are the columns of amounts in which one does not fit into DECIMAL(38, 18).
func tooLarge(ctx context.Context, v *ledger.View, t *Table, args []any) (names []string, err error) {
	var amounts, tests, columns []string
	for i := range t.Columns {
		name := fmt.Sprintf("c%d", i)
		columns = append(columns, name)
		if t.Columns[i].Kind == Amount {
			amounts = append(amounts, t.Columns[i].Name)
			// The digits after the point, and those before it without a sign.
			tests = append(tests, fmt.Sprintf("coalesce(max(instr(%[1]s, '.') > 0 AND length(%[1]s) - instr(%[1]s, '.') > %d OR instr(ltrim(%[1]s, '-') || '.', '.') > %d), 0)",
				name, scale, precision-scale+1))
		}
	}
	if len(amounts) == 0 {
		return nil, nil
	}
	rows, err := v.Query(ctx, "WITH x ("+strings.Join(columns, ", ")+") AS ("+t.Query+") SELECT "+strings.Join(tests, ", ")+" FROM x", args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found, into := make([]bool, len(amounts)), make([]any, len(amounts))
	for i := range found {
		into[i] = &found[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
	}
	for i, name := range amounts {
		if found[i] {
			names = append(names, name)
		}
	}
	return names, rows.Err()
}
