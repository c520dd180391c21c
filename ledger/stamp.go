package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// stamp is what a ledger belongs to. A trade of one mode must never be found in
// a ledger of the other, so the stamp is written once and compared ever after.
type stamp struct{ mode, venue, account string }

func (s stamp) String() string {
	text := s.mode
	if s.venue != "" {
		text += " on " + s.venue
	}
	if s.account != "" {
		text += ", account " + s.account
	}
	return text
}

func readStamp(ctx context.Context, db *sql.DB) (s stamp, err error) {
	var tables int
	err = db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE name = 'meta'").Scan(&tables)
	if err != nil || tables == 0 {
		return s, err
	}
	rows, err := db.QueryContext(ctx, "SELECT key, value FROM meta")
	if err != nil {
		return s, err
	}
	defer rows.Close()
	for rows.Next() {
		var key, value string
		if err := rows.Scan(&key, &value); err != nil {
			return s, err
		}
		switch key {
		case "mode":
			s.mode = value
		case "venue":
			s.venue = value
		case "account":
			s.account = value
		}
	}
	return s, rows.Err()
}

// checkStamp compares what was asked for with what the file says. Empty on
// either side is no statement.
func (db *DB) checkStamp(ctx context.Context, conn *sql.DB) (err error) {
	if db.stamp, err = readStamp(ctx, conn); err != nil {
		return err
	}
	asked := stamp{db.o.Mode, db.o.Venue, db.o.Account}
	if differ(asked.mode, db.stamp.mode) || differ(asked.venue, db.stamp.venue) || differ(asked.account, db.stamp.account) {
		return fmt.Errorf("%w: the file is %v, opened as %v", ErrMode, db.stamp, asked)
	}
	return nil
}

func differ(asked, found string) bool { return asked != "" && found != "" && asked != found }

// writeStamp marks a new file.
func (db *DB) writeStamp(ctx context.Context) error {
	if db.stamp != (stamp{}) {
		return nil
	}
	s := stamp{db.o.Mode, db.o.Venue, db.o.Account}
	_, err := db.write.ExecContext(ctx, "INSERT INTO meta (key, value) VALUES ('mode', ?), ('venue', ?), ('account', ?)",
		s.mode, s.venue, s.account)
	if err == nil {
		db.stamp = s
	}
	return err
}

// Owner is an account at a venue.
type Owner struct{ Venue, Account string }

// Owners are the Venue and Account of Options for a ledger that belongs to several accounts
// at once: "binance+bybit" and "binance:123+bybit:456". Their order does not matter.
func Owners(list []Owner) (venue, account string) {
	list = slices.SortedFunc(slices.Values(list), func(a, b Owner) int { return cmp.Or(cmp.Compare(a.Venue, b.Venue), cmp.Compare(a.Account, b.Account)) })
	for i, o := range list {
		if i > 0 {
			venue, account = venue+ownerAnd, account+ownerAnd
		}
		venue, account = venue+o.Venue, account+o.Venue+":"+o.Account
	}
	return venue, account
}

// ownerAnd stands between the owners of a stamp.
const ownerAnd = "+"

// venueOf is the venue of a row: that of the stamp, or, where there are several, the house
// of its instrument.
func (s stamp) venueOf(in *exchange.Instrument) string {
	if strings.Contains(s.venue, ownerAnd) {
		return cmp.Or(in.Venue.House(), s.venue)
	}
	return s.venue
}
