package payload

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/fixed"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// want returns a value that must be there and have a shape.
func (fr *frame) want(k key, s shape) (field, error) {
	if !fr.has(k) {
		return field{}, jsonscan.NewDecodeError(fr.scan.B, fr.start, keyNames[k], "missing: want "+shapeNames[s])
	}
	f := fr.fields[k]
	if f.shape != s {
		return field{}, fr.unlike(k, shapeNames[s])
	}
	return f, nil
}

func (fr *frame) is(k key, value string) bool {
	f := fr.fields[k]
	return f.shape == textShape && string(fr.scan.B[f.lo:f.hi]) == value
}

func (fr *frame) id(k key) (int64, error) {
	f, err := fr.want(k, wholeShape)
	return f.n, err
}

func (d *Decoder) price(k key) (exchange.Ticks, error) {
	f, err := d.want(k, textShape)
	if err != nil {
		return 0, err
	}
	n, err := d.steps(k, f, d.in.Tick, "a price")
	return exchange.Ticks(n), err
}

func (d *Decoder) qty(k key) (exchange.Lots, error) {
	f, err := d.want(k, textShape)
	if err != nil {
		return 0, err
	}
	n, err := d.steps(k, f, d.in.Lot, "a quantity")
	return exchange.Lots(n), err
}

func (fr *frame) e8(k key) (exchange.E8, error) {
	f, err := fr.want(k, textShape)
	if err != nil {
		return 0, err
	}
	v, err := fixed.E8(fr.scan.B[f.lo:f.hi])
	if err != nil {
		return 0, jsonscan.NewDecodeError(fr.scan.B, f.lo, keyNames[k], err.Error())
	}
	return v, nil
}

// optionalE8 is e8 for a value that may be absent or "", as the rate of a
// delivery contract.
func (fr *frame) optionalE8(k key) (exchange.E8, error) {
	if f := fr.fields[k]; !fr.has(k) || f.shape == textShape && f.lo == f.hi {
		return 0, nil
	}
	return fr.e8(k)
}

// Stamps at and above this are microseconds: it is the year 5138 in
// milliseconds and 1973 in microseconds.
const leastMicros = int64(1e14)

// time returns the stamp of the first key that is there; 0 when neither is.
func (fr *frame) time(k, other key) (exchange.Time, error) {
	if !fr.has(k) {
		if k = other; k == noKey || !fr.has(k) {
			return 0, nil
		}
	}
	f, err := fr.want(k, wholeShape)
	if err != nil {
		return 0, err
	}
	t, ok := stamp(f.n)
	if !ok {
		return 0, jsonscan.NewDecodeError(fr.scan.B, f.lo, keyNames[k], fmt.Sprintf("%d is not a time in ms or µs", f.n))
	}
	return t, nil
}

// stamp is a time in milliseconds or microseconds.
func stamp(n int64) (t exchange.Time, ok bool) {
	unit := exchange.Millisecond
	if n >= leastMicros {
		unit = exchange.Microsecond
	}
	return exchange.Time(n) * unit, n >= 0 && n <= (1<<63-1)/int64(unit)
}
