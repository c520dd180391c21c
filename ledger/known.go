package ledger

import (
	"cmp"
	"database/sql"
	"encoding/json"
	"fmt"
	"path"

	"github.com/perilune/perilune/exchange"
)

// named is an instrument of the ledger under all that it may be called.
type named struct{ key, full, symbol string }

func (n named) fits(pattern string) bool {
	for _, name := range [...]string{n.key, n.full, n.symbol} {
		if fits, _ := path.Match(pattern, name); fits || name == pattern {
			return true
		}
	}
	return false
}

// named lists the instruments of the ledger. The house that a key leaves out is that of its
// wallet, or else the default one of the sessions, which no ledger of paper holds.
func (rd *Reader) named(house string) ([]named, error) {
	return collect(rd, "SELECT market, symbol, wallet FROM instrument ORDER BY market, symbol", func(rows *sql.Rows, n *named) error {
		var market exchange.Venue
		var wallet exchange.Wallet
		if err := rows.Scan(&market, &n.symbol, &wallet); err != nil {
			return err
		}
		n.key = string(market) + ":" + n.symbol
		n.full = n.key
		if market.House() == "" {
			n.full = cmp.Or(wallet.House(), house) + "." + n.key
		}
		return nil
	})
}

// Symbols returns the keys of the instruments that anything in the ledger is of.
func (rd *Reader) Symbols() (keys []string, err error) {
	list, err := rd.named("")
	for _, n := range list {
		keys = append(keys, n.key)
	}
	return keys, err
}

// FitSymbol returns the keys of the instruments that a Filter with this House and Symbol
// chooses: none, when the ledger has nothing of that name.
func (rd *Reader) FitSymbol(house, pattern string) (keys []string, err error) {
	if _, err := path.Match(pattern, ""); err != nil {
		return nil, fmt.Errorf("symbol %q: %w: want a name such as usdm:BTCUSDT, or a pattern such as usdm:*", pattern, err)
	}
	list, err := rd.named(house)
	for _, n := range list {
		if n.fits(pattern) {
			keys = append(keys, n.key)
		}
	}
	return keys, err
}

// Strategies returns the names of the strategies that anything in the ledger is of.
func (rd *Reader) Strategies() ([]string, error) {
	return collect(rd, `SELECT strategy FROM strategy_version UNION SELECT strategy FROM orders UNION SELECT strategy FROM pairs
		UNION SELECT strategy FROM schedules UNION SELECT strategy FROM conditionals UNION SELECT strategy FROM fill_parts UNION SELECT strategy FROM funding EXCEPT SELECT '' ORDER BY 1`,
		func(rows *sql.Rows, name *string) error { return rows.Scan(name) })
}

// args are the arguments of whereRun and whereFull. The symbol becomes a list of keys in
// JSON, which is null when nothing is asked for.
func (rd *Reader) args(f Filter) ([]any, error) {
	var keys []string
	if f.Symbol != "" {
		list, err := rd.FitSymbol(f.House, f.Symbol)
		if err != nil {
			return nil, err
		}
		keys = append([]string{}, list...)
	}
	raw, err := json.Marshal(keys)
	if err != nil {
		return nil, err
	}
	return []any{f.Account, f.Strategy, string(raw), int64(f.Pair), int64(f.From), int64(f.To)}, nil
}

// filtered collects the rows of a query that pass a filter.
func filtered[T any](rd *Reader, f Filter, query string, scan func(*sql.Rows, *T) error) ([]T, error) {
	args, err := rd.args(f)
	if err != nil {
		return nil, err
	}
	return collect(rd, query, scan, args...)
}
