package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/record"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/host"
)

// dataVerb passes on to what is to be done with the data.
func dataVerb(ctx context.Context, e *env, args []string) error {
	what := ""
	if len(args) > 0 {
		what = args[0]
	}
	switch what {
	case "verify":
		return dataVerify(e, args[1:])
	case "download":
		return dataDownload(ctx, e, args[1:])
	case "import":
		return dataImport(ctx, e, args[1:])
	case "curve":
		return dataCurve(ctx, e, args[1:])
	case "-h", "--help":
		fmt.Fprint(e.out, dataUsage)
		return nil
	}
	return fail(ExitUsage, "data %q: want verify, download, import or curve (see perilune data --help)", what)
}

const dataUsage = `usage: perilune data verify --market M FILE…           prove a recording: rebuild its books and compare
       perilune data download --market M --symbols S …  fetch past data: the exchange's public archive, or --source tardis
       perilune data import DIR --out DIR               turn what was fetched into a history or a recording
       perilune data curve --market PATH --out FILE     learn how a day's volume is spread, for vwap to follow

perilune data verify --help, and so on, tells the flags.
`

func dataVerify(e *env, args []string) error {
	f := e.flags("data verify", "--market M FILE… [flags]", "perilune data verify --market usdm usdm-btcusdt.jsonl.gz")
	market := f.String("market", "", "where it was recorded: a market of the default venue, such as usdm, or HOUSE.MARKET as in perilune venues; it decides how updates must link")
	asJSON := f.Bool("json", false, "print one JSON object on stdout")
	if err := parse(f, args); err != nil {
		return err
	}
	if *market == "" {
		return fail(ExitUsage, "--market is missing: want where it was recorded, such as usdm or HOUSE.MARKET (see perilune venues), which decides how updates must link")
	}
	if err := host.Recordings().CheckMarket(*market); err != nil {
		return fail(ExitUsage, "--market: %w", err)
	}
	if f.NArg() == 0 {
		return fail(ExitUsage, "no file to verify")
	}
	report, err := host.Recordings().Verify(*market, f.Args(), record.VerifyOptions{})
	if err != nil {
		return &host.DataError{Err: err}
	}
	if *asJSON {
		err = e.printJSON(report)
	} else {
		printReport(e, &report)
	}
	if err != nil {
		return err
	}
	if fault := report.Err(); fault != nil {
		return &host.DataError{Err: fault}
	}
	return nil
}

func dataDownload(ctx context.Context, e *env, args []string) error {
	sources := host.PastSources()
	f := e.flags("data download", "--market M --symbols S,… --from DAY --to DAY [flags]",
		"perilune data download --market usdm --kinds klines,markPriceKlines,fundingRate --symbols BTCUSDT,ETHUSDT --from 2024-01-01 --to 2024-07-01")
	source := f.String("source", sources[0].Name, "archive: "+exchange.OneOf(sourceNames(sources)))
	r := connect.ArchiveRequest{}
	f.StringVar(&r.Segment, "market", "usdm", "spot, usdm or coinm; of tardis an exchange, as it spells them")
	f.StringSliceVar(&r.Kinds, "kinds", nil, kindsOf(sources)+"; default: the first")
	f.StringSliceVar(&r.Channels, "channels", nil, "of kind raw of tardis, as the exchange spells them: depth,trade")
	f.StringSliceVar(&r.Symbols, "symbols", nil, "as the exchange spells them: BTCUSDT,ETHUSDT (required)")
	f.StringVar(&r.Interval, "interval", "1h", "of klines: 1m to 1d")
	from := f.String("from", "", "first day, UTC: 2024-01-01 (required)")
	to := f.String("to", "", "day to end before, UTC (required)")
	f.StringVar(&r.Dir, "out", "archive", "directory to keep the files in; what is there and whole is not fetched again")
	f.StringVar(&r.Base, "url", "", "where the archive is; default: where it is known to be")
	key := f.String("api-key", "", "of tardis: env:NAME, file:PATH or credential:NAME; default: env:TARDIS_API_KEY when that is set")
	f.IntVar(&r.Workers, "workers", 4, "files at a time")
	f.IntVar(&r.Attempts, "attempts", 5, "how often a file is tried when the network or the server fails")
	asJSON := f.Bool("json", false, "print one JSON object on stdout")
	if err := parseAlone(f, args); err != nil {
		return err
	}
	past, err := sourceNamed(sources, *source)
	if err != nil {
		return err
	}
	if past.Name != sources[0].Name && !f.Changed("market") {
		r.Segment = ""
	}
	if len(r.Kinds) == 0 {
		r.Kinds = past.ArchiveKinds()[:1]
	}
	if r.Base == "" {
		r.Base = past.ArchiveAt()
	}
	badMarket, badKind := past.ArchiveHas(r.Segment, r.Kinds)
	if badMarket != nil {
		return fail(ExitUsage, "--market: %w", badMarket)
	}
	if badKind != nil {
		return fail(ExitUsage, "--kinds: %w", badKind)
	}
	if err := within("--workers", float64(r.Workers), 1, 64, "files at a time"); err != nil {
		return err
	}
	if err := within("--attempts", float64(r.Attempts), 1, 100, "times"); err != nil {
		return err
	}
	if *from == "" || *to == "" {
		return fail(ExitUsage, "--from and --to are needed: days in UTC, such as 2024-01-01")
	}
	first, end, err := parseDays(*from, *to)
	if err != nil {
		return err
	}
	r.From, r.To = first.UTC(), end.UTC()
	if r.Key, err = archiveKey(past.Name, *key); err != nil {
		return err
	}
	files, err := past.Plan(r)
	if err != nil {
		return fail(ExitUsage, "%w", err)
	}
	return e.download(ctx, past, r, len(files), *asJSON)
}

func sourceNames(list []host.PastSource) (out []string) {
	for _, s := range list {
		out = append(out, s.Name)
	}
	return out
}

func sourceNamed(list []host.PastSource, name string) (host.PastSource, error) {
	for _, s := range list {
		if s.Name == name {
			return s, nil
		}
	}
	return host.PastSource{}, fail(ExitUsage, "--source %q: want %s", name, exchange.OneOf(sourceNames(list)))
}

// kindsOf tells what each archive has.
func kindsOf(list []host.PastSource) string {
	var out []string
	for _, s := range list {
		out = append(out, "of "+s.Name+" "+strings.Join(s.ArchiveKinds(), ", "))
	}
	return strings.Join(out, "; ")
}

// archiveKey is the key of those who pay for an archive.
func archiveKey(source, named string) (sign.Secret, error) {
	usual := strings.ToUpper(source) + "_API_KEY"
	if named == "" {
		if os.Getenv(usual) == "" {
			return sign.Secret{}, nil
		}
		named = "env:" + usual
	}
	key, err := sign.Load(named)
	if err != nil {
		return key, fail(ExitUsage, "--api-key: %w", err)
	}
	return key, nil
}

// downloaded is what data download prints as JSON.
type downloaded struct {
	Dir     string         `json:"dir"`
	Bytes   int64          `json:"bytes"`
	Files   map[string]int `json:"files"` // by what became of them
	Absent  []string       `json:"absent,omitempty"`
	Failure string         `json:"failure,omitempty"`
}

func (e *env) download(ctx context.Context, past connect.Archive, r connect.ArchiveRequest, files int, asJSON bool) error {
	sum := downloaded{Dir: r.Dir, Files: map[string]int{}}
	done := 0
	results, err := past.Download(ctx, r, func(x connect.ArchiveFile) {
		done++
		fmt.Fprintf(e.err, "%*d/%d  %-8s %9s  %s\n", len(fmt.Sprint(files)), done, files, x.State, size(x.Bytes), x.Path)
	})
	for _, x := range results {
		sum.Files[x.State]++
		sum.Bytes += x.Bytes
		if x.State == "absent" {
			sum.Absent = append(sum.Absent, x.Path)
		}
	}
	switch {
	case err != nil:
		sum.Failure = err.Error()
		err = &host.DataError{Err: err}
	case len(sum.Absent) == files:
		err = &host.DataError{Err: fmt.Errorf("the archive at %s has none of the %d files: are symbol, market and days right?", r.Base, files)}
		sum.Failure = err.Error()
	}
	if asJSON {
		if err := e.printJSON(sum); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(e.out, "%s: %d fetched (%s), %d there already, %d absent, %d failed\n", r.Dir,
			sum.Files["fetched"], size(sum.Bytes), sum.Files["present"], sum.Files["absent"], sum.Files["failed"])
	}
	return err
}

// size is a number of bytes for people.
func size(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.2f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d B", n)
}

func dataImport(ctx context.Context, e *env, args []string) error {
	f := e.flags("data import", "DIR --out DIR [flags]", "perilune data import archive --out history && perilune backtest scripts/funding_rotation.lua --data history")
	out := f.String("out", "", "directory to write bars, marks and funding (a history) and raw/ (recordings) into (required)")
	var t tableFlags
	t.define(f)
	asJSON := f.Bool("json", false, "print one JSON object on stdout")
	if err := parse(f, args); err != nil {
		return err
	}
	if f.NArg() != 1 || *out == "" {
		return fail(ExitUsage, "want: perilune data import DIR --out DIR")
	}
	if record.HoldsFundingTables(f.Arg(0)) {
		return e.importTables(f.Arg(0), *out, &t, *asJSON)
	}
	for _, name := range []string{"prices", "utc-offset", "worse"} {
		if f.Changed(name) {
			return fail(ExitUsage, "--%s is for tables of funding, files named SYMBOL_VENUE_….csv, and %s holds none", name, f.Arg(0))
		}
	}
	done, err := importer().Import(ctx, f.Arg(0), *out, func(r connect.Imported) { printImported(e.err, &r) })
	if done != nil {
		for _, l := range done.LeftOut {
			fmt.Fprintf(e.err, "left out: %s, %d files (%s): %s\n", l.What, l.Files, l.First, l.Why)
		}
	}
	if *asJSON && done != nil {
		if err := e.printJSON(done); err != nil {
			return err
		}
	}
	if err != nil {
		return &host.DataError{Err: err}
	}
	return nil
}

// importer is the archive whose files are turned into others.
func importer() connect.Importer {
	for _, s := range host.PastSources() {
		if i, ok := s.Archive.(connect.Importer); ok {
			return i
		}
	}
	return nil
}

// printImported tells of a file that was written and of all that did not go into it.
func printImported(w io.Writer, r *connect.Imported) {
	fmt.Fprintf(w, "%s: %d rows of %d files\n", r.Path, r.Rows, r.Files)
	line := func(said bool, format string, a ...any) {
		if said {
			fmt.Fprintf(w, "  "+format+"\n", a...)
		}
	}
	line(r.Sorted, "the archive's rows are not in order of time: they were sorted")
	line(r.Repeated > 0, "%d rows that repeat another digit for digit were dropped", r.Repeated)
	line(r.Aggregates > 0, "%d aggregates were left out: the trades that they sum up are there", r.Aggregates)
	line(r.SharedIDs > 0, "%d rows share an id with another and were kept: %s", r.SharedIDs, r.Shared)
	line(r.Outside > 0, "%d rows are of other days than their file is named for, and were kept: %s", r.Outside, r.OutsideAt)
	line(r.Early > 0, "%d rows come sooner than their interval says, and were kept: %s", r.Early, r.EarlyAt)
	line(r.LeftOut > 0, "%d rows were left out:", r.LeftOut)
	for _, p := range r.Problems {
		line(true, "  %s", p)
	}
	line(r.LeftOut > int64(len(r.Problems)), "  and %d more", r.LeftOut-int64(len(r.Problems)))
	line(len(r.Holes) > 0, "no files: %s", strings.Join(r.Holes, ", "))
	line(r.Missing > 0, "%d rows are missing: %s%s", r.Missing, strings.Join(r.MissingAt, ", "), andMore(r.MissingHoles-int64(len(r.MissingAt))))
}

// andMore ends a list that was cut at a bound.
func andMore(n int64) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(" and %d more holes", n)
}
