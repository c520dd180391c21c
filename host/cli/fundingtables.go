package cli

import (
	"github.com/spf13/pflag"

	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/record"
	"github.com/perilune/perilune/host"
)

// tableFlags are what data import needs to know of tables of funding rates.
type tableFlags struct {
	prices string
	ahead  []string
	worse  float64
}

func (t *tableFlags) define(f *pflag.FlagSet) {
	f.StringVar(&t.prices, "prices", "", "of tables of funding rates of several venues (SYMBOL_VENUE_….csv with Symbol, Date, Funding Rate): the history whose bars and marks stand in for all of them")
	f.StringSliceVar(&t.ahead, "utc-offset", nil, "of such tables: how far their dates are ahead of UTC, and of single venues otherwise: 3h,gate=0h; proved by the hours at which venues settle (default 0h)")
	f.Float64Var(&t.worse, "worse", record.UsualWorseBP, "of such tables: what each side of a book is worse by than that of the venue whose prices stand in, bp; venues.csv in the history keeps it")
}

func (t *tableFlags) tables() (o record.FundingTables, err error) {
	if t.prices == "" {
		return o, fail(ExitUsage, "--prices is missing: tables of funding have no prices; name a history whose bars and marks stand in for those of all venues")
	}
	if err := within("--worse", t.worse, 0, 1000, "bp"); err != nil {
		return o, err
	}
	o = record.FundingTables{Prices: t.prices, WorseBP: t.worse}
	if o.Ahead, err = record.ParseAhead(t.ahead); err != nil {
		return o, fail(ExitUsage, "--utc-offset %w", err)
	}
	return o, nil
}

// importTables makes a history of several venues of tables of their funding.
func (e *env) importTables(dir, out string, t *tableFlags, asJSON bool) error {
	o, err := t.tables()
	if err != nil {
		return err
	}
	var done []connect.Imported
	err = host.Recordings().ImportFunding(dir, out, o, func(r connect.Imported) {
		done = append(done, r)
		printImported(e.err, &r)
	})
	if err != nil {
		return &host.DataError{Err: err}
	}
	if asJSON {
		return e.printJSON(struct {
			Files []connect.Imported `json:"files"`
		}{done})
	}
	return nil
}
