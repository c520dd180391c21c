package record

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// housesFile says what a history can't know of its houses by itself.
const housesFile = "venues.csv"

// saying is a row of venues.csv.
type saying struct {
	at           string // file and line
	house        string
	pricesOf     string              // the house whose bars and marks stand in for its own; "": none
	worseBP      float64             // of a book that stands in: each side, beyond the spread of all
	maker, taker decimal.NullDecimal // of all its markets; not valid: what is known of the house
}

// fees are those that are said, or else others.
func (s *saying) fees(maker, taker decimal.Decimal) (_, _ decimal.Decimal) {
	if s != nil && s.maker.Valid {
		maker = s.maker.Decimal
	}
	if s != nil && s.taker.Valid {
		taker = s.taker.Decimal
	}
	return maker, taker
}

// charge makes the fees of an instrument those that are said.
func (s *saying) charge(in *exchange.Instrument) {
	if s == nil || !s.maker.Valid && !s.taker.Valid {
		return
	}
	in.MakerFee, in.TakerFee = s.fees(in.MakerFee, in.TakerFee)
	in.Assumed = also(in.Assumed, fmt.Sprintf("maker %s and taker %s as %s says", percentage(in.MakerFee), percentage(in.TakerFee), housesFile))
}

// sayings are the columns of venues.csv.
var sayings = []string{"venue", "prices_of", "worse_bp", "maker_bp", "taker_bp"}

// usualMaker and usualTaker are charged by a house that nobody here trades on and of which
// nothing is said: as much as any of the large ones took in 2021 to 2023.
var usualMaker, usualTaker = decimal.New(2, -4), decimal.New(6, -4)

// readHouses reads venues.csv: venue, and prices_of, worse_bp, maker_bp, taker_bp, each
// of which may be empty. A row that can't be read is an error: what a result rests on is
// said, or nothing is played.
func readHouses(path string) (map[string]*saying, error) {
	out := map[string]*saying{}
	if path == "" {
		return out, nil
	}
	var c columns
	var wrong error
	var stats Stats
	err := rows(path, &stats, func(h columns) error {
		_, err := h.find("venue")
		for _, name := range slices.Sorted(maps.Keys(h)) {
			if !slices.Contains(sayings, name) {
				err = fmt.Errorf("column %q: want %s", name, strings.Join(sayings, ", "))
			}
		}
		c = h
		return err
	}, func(line int, f [][]byte) error {
		s, err := parseSaying(c, f)
		s.at = fmt.Sprintf("%s:%d", path, line)
		if err == nil && out[s.house] != nil {
			err = fmt.Errorf("%s is there twice", s.house)
		}
		if err != nil && wrong == nil {
			wrong = fmt.Errorf("%s: %w", s.at, err)
		}
		out[s.house] = s
		return nil
	})
	return out, cmp.Or(err, wrong)
}

func parseSaying(c columns, f [][]byte) (*saying, error) {
	s := &saying{}
	if len(f) != len(c) {
		return s, fmt.Errorf("%d fields where the header has %d", len(f), len(c))
	}
	text := func(name string) string {
		i, ok := c[name]
		if !ok {
			return ""
		}
		return strings.ToLower(string(bytes.TrimSpace(f[i])))
	}
	s.house, s.pricesOf = text("venue"), text("prices_of")
	if s.house == "" || strings.ContainsAny(s.house, ".: /") {
		return s, fmt.Errorf("venue %q: want a name without dots, colons or spaces", s.house)
	}
	if t := text("worse_bp"); t != "" {
		v, err := strconv.ParseFloat(t, 64)
		if err != nil || !(v >= 0 && v <= 1000) {
			return s, fmt.Errorf("worse_bp %q: want 0 to 1000 basis points", t)
		}
		s.worseBP = v
	}
	if s.pricesOf == s.house {
		return s, fmt.Errorf("prices_of %q: want another venue than the one of the row, or nothing", s.pricesOf)
	}
	for name, fee := range map[string]*decimal.NullDecimal{"maker_bp": &s.maker, "taker_bp": &s.taker} { // each on its own: the order does not matter
		t := text(name)
		if t == "" {
			continue
		}
		v, err := decimal.NewFromString(t)
		if err != nil || v.Abs().GreaterThan(decimal.NewFromInt(1000)) {
			return s, fmt.Errorf("%s %q: want basis points, such as 5.5", name, t)
		}
		*fee = decimal.NewNullDecimal(v.Shift(-4))
	}
	return s, nil
}

func percentage(fee decimal.Decimal) string { return fee.Shift(2).String() + " %" }
