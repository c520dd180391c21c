package record

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/fixed"
)

// columns maps the names in a CSV header to their places.
type columns map[string]int

// parseHeader reads a header; names are matched without regard to case.
func parseHeader(line []byte) columns {
	c := columns{}
	for i, name := range strings.Split(strings.TrimPrefix(string(line), "\ufeff"), ",") {
		c[strings.ToLower(strings.TrimSpace(name))] = i
	}
	return c
}

// find returns the place of the first of the names that is there.
func (c columns) find(names ...string) (int, error) {
	for _, n := range names {
		if i, ok := c[n]; ok {
			return i, nil
		}
	}
	return 0, fmt.Errorf("the header has no column %s", strings.Join(names, " or "))
}

// has reports whether all of the names are there.
func (c columns) has(names ...string) bool {
	for _, n := range names {
		if _, ok := c[n]; !ok {
			return false
		}
	}
	return true
}

// splitCSV cuts a line into fields, reusing dst. Exchange archives quote
// nothing, so a quote is just a character that no number parser will accept.
func splitCSV(line []byte, dst [][]byte) [][]byte {
	dst = dst[:0]
	for {
		i := bytes.IndexByte(line, ',')
		if i < 0 {
			return append(dst, line)
		}
		dst, line = append(dst, line[:i]), line[i+1:]
	}
}

// parseTime reads ISO 8601 (UTC unless it names a zone), or an integer since
// the epoch whose length tells its unit.
func parseTime(text []byte) (exchange.Time, error) {
	if n, err := fixed.Steps(text, exchange.Step{M: 1}); err == nil {
		return epochTime(n, len(text))
	}
	var buf [40]byte
	iso := text
	if len(text) < len(buf)-1 && !bytes.HasSuffix(text, []byte{'Z'}) {
		iso = append(buf[:0], text...)
		if len(iso) > 10 && iso[10] == ' ' {
			iso[10] = 'T'
		}
		if len(iso) >= 19 && !bytes.ContainsAny(iso[19:], "Zz+-") {
			iso = append(iso, 'Z')
		}
	}
	var t time.Time
	if err := t.UnmarshalText(iso); err != nil || t.Year() < 1970 || t.Year() > 2200 {
		return 0, fmt.Errorf("time %q: want 2006-01-02T15:04:05Z or an integer of seconds, ms, µs or ns since 1970", text)
	}
	return exchange.Time(t.UnixNano()), nil
}

func epochTime(n int64, digits int) (exchange.Time, error) {
	switch digits {
	case 10:
		return exchange.Time(n) * exchange.Second, nil
	case 13:
		return exchange.Time(n) * exchange.Millisecond, nil
	case 16:
		return exchange.Time(n) * exchange.Microsecond, nil
	case 19:
		return exchange.Time(n), nil
	}
	return 0, fmt.Errorf("time %d: %d digits are no unit of time (10 s, 13 ms, 16 µs, 19 ns)", n, digits)
}

// parseRate reads a funding rate.
func parseRate(text []byte) (exchange.E8, error) {
	r, err := parseE8(text)
	if err != nil || r < -exchange.MostRate || r > exchange.MostRate {
		return 0, fmt.Errorf("funding rate %q: want a fraction from -1 to 1, such as 0.0001", text)
	}
	return r, nil
}

// parseE8 reads a number in plain digits, or as archives made with Python print
// small ones: 5e-05.
func parseE8(text []byte) (exchange.E8, error) {
	v, err := fixed.E8(text)
	if err == nil {
		return v, nil
	}
	if p, ok := plain(text); ok {
		return fixed.E8(p)
	}
	return 0, err
}

// exponents is how far from the point a number in scientific notation may go.
const exponents = 18

// plain writes a number in scientific notation in plain digits; ok is false for
// anything else, and for what no price or rate is.
func plain(text []byte) (out []byte, ok bool) {
	if len(text) > 40 || !bytes.ContainsAny(text, "eE") {
		return nil, false
	}
	d, err := decimal.NewFromString(string(text))
	if err != nil || d.Exponent() > exponents || d.Exponent() < -exponents {
		return nil, false
	}
	return []byte(d.String()), true
}
