// Package tardis fetches recorded market data of many venues from Tardis.dev, which package
// record reads.
//
// # Facts
//
//   - CSV data sets are at /v1/{exchange}/{type}/{YYYY}/{MM}/{DD}/{SYMBOL}.csv.gz of
//     datasets.tardis.dev. SYMBOL is in capitals, with "-" for "/" and ":". The file of a
//     day on which there was nothing is empty. Source: docs.tardis.dev, "Downloadable CSV
//     files".
//   - What a venue sent, word by word, is at /v1/data-feeds/{exchange} of api.tardis.dev, a
//     minute for each request: lines of the time of arrival, 28 characters, a space and the
//     message; an empty line where the recorder was disconnected. Channels and symbols are
//     spelled as the venue does. Source: docs.tardis.dev, "HTTP API reference"; tardis-node.
//   - A day is complete at about 06:00 UTC of the next.
//   - The first day of every month is free; the rest needs a key ("Authorization: Bearer").
//   - Too many requests are answered with 429 and Retry-After. No number is published.
//   - Of Hyperliquid every book_change is a snapshot, derivative_ticker says no funding_timestamp
//     and symbols are in capitals (KPEPE); Deribit's funding_rate is current_funding, that of 8
//     hours, without a time either. Source: tardis-node, src/mappers.
//   - There are no checksums. A CSV file proves itself by the sum at the end of gzip and by its first row; a
//     minute by the length that the server states.
//
// Guides elsewhere name /v1/feeds/{exchange}:{symbol} with pages: there is no such address.
package tardis

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/fetch"
)

// Where Tardis is.
const (
	Sets  = "https://datasets.tardis.dev" // CSV data sets
	Feeds = "https://api.tardis.dev"      // what venues sent
)

// Raw is the kind of data that are a venue's own messages.
const Raw = "raw"

// Kinds are the kinds of data that record reads. The depth of book snapshots is Tardis'.
var Kinds = []string{"incremental_book_L2", "trades", "derivative_ticker", "liquidations", "quotes", "book_ticker", "book_snapshot_25", "book_snapshot_5", Raw}

// Archive is Tardis. The zero value asks without a key.
type Archive struct{}

var _ connect.Archive = Archive{}

// Name is what the archive is called.
func (Archive) Name() string { return "tardis" }

// ArchiveAt implements connect.Archive. It is where the CSV data sets are: the messages of
// venues are asked for at Feeds, or at the same address when another is named.
func (Archive) ArchiveAt() string { return Sets }

// ArchiveKinds implements connect.Archive.
func (Archive) ArchiveKinds() []string { return slices.Clone(Kinds) }

var exchangeID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

// ArchiveHas implements connect.Archive. Which exchanges there are only Tardis knows.
func (Archive) ArchiveHas(segment string, kinds []string) (badSegment, badKind error) {
	if !exchangeID.MatchString(segment) {
		badSegment = fmt.Errorf("exchange %q: want one as Tardis spells it, such as bitmex, okex-swap or kraken", segment)
	}
	for _, k := range kinds {
		if !slices.Contains(Kinds, k) {
			return badSegment, fmt.Errorf("kind %q: want one of %v", k, Kinds)
		}
	}
	return badSegment, nil
}

// Plan implements connect.Archive.
func (a Archive) Plan(r connect.ArchiveRequest) ([]string, error) {
	sets, days, err := a.plan(&r)
	out := make([]string, 0, len(sets)+len(days))
	for i := range sets {
		out = append(out, sets[i].Path)
	}
	for i := range days {
		out = append(out, days[i].path())
	}
	return out, err
}

// plan names the CSV files and the days of messages of a request.
func (a Archive) plan(r *connect.ArchiveRequest) (sets []fetch.File, days []day, err error) {
	if err := check(r); err != nil {
		return nil, nil, err
	}
	for _, kind := range r.Kinds {
		for _, symbol := range r.Symbols {
			for at := r.From.UTC().Truncate(24 * time.Hour); at.Before(r.To); at = at.AddDate(0, 0, 1) {
				if kind == Raw {
					days = append(days, day{r.Segment, symbol, r.Channels, at})
					continue
				}
				p := path.Join(r.Segment, kind, at.Format("2006/01/02"), spelled(symbol)+".csv.gz")
				sets = append(sets, fetch.File{Path: p, At: "v1/" + p})
			}
		}
	}
	return sets, days, nil
}

// spelled is a symbol as files are named.
func spelled(symbol string) string {
	return strings.NewReplacer("/", "-", ":", "-").Replace(strings.ToUpper(symbol))
}

func check(r *connect.ArchiveRequest) error {
	if len(r.Symbols) == 0 || len(r.Kinds) == 0 {
		return fmt.Errorf("nothing to fetch: want at least one symbol and one kind")
	}
	if !r.From.Before(r.To) {
		return fmt.Errorf("from %s is not before to %s", r.From.Format(time.DateOnly), r.To.Format(time.DateOnly))
	}
	for _, s := range r.Symbols {
		if s == "" || strings.ContainsAny(s, `\ `) || strings.Contains(s, "..") {
			return fmt.Errorf("symbol %q: want one as the venue spells it, such as BTCUSDT or BTC-PERPETUAL", s)
		}
	}
	if raw := slices.Contains(r.Kinds, Raw); raw != (len(r.Channels) > 0) {
		return fmt.Errorf("channels are of kind %s, and it needs some: as the venue spells them, such as depth, trade or publicTrade", Raw)
	}
	for _, c := range r.Channels {
		if c == "" || strings.ContainsAny(c, `/\" `) {
			return fmt.Errorf("channel %q: want one as the venue spells it, such as depth or orderbook.50", c)
		}
	}
	return nil
}

// Download implements connect.Archive.
func (a Archive) Download(ctx context.Context, r connect.ArchiveRequest, progress func(connect.ArchiveFile)) (out []connect.ArchiveFile, err error) {
	sets, days, err := a.plan(&r)
	if err != nil {
		return nil, err
	}
	told := func(x fetch.Result) {
		f := connect.ArchiveFile{Path: x.Path, State: x.State.String(), Bytes: x.Bytes}
		if x.State == fetch.Fetched && empty(filepath.Join(r.Dir, filepath.FromSlash(x.Path))) {
			f.State = fetch.Absent.String()
		}
		out = append(out, f)
		progress(f)
	}
	tree := treeOf(&r, r.Base)
	tree.Prove, tree.Progress = whole, told
	if _, err = tree.Fetch(ctx, sets); err != nil {
		return out, keyed(err, &r)
	}
	feeds := r.Base
	if feeds == Sets {
		feeds = Feeds
	}
	for i := range days {
		done, err := days[i].fetch(ctx, treeOf(&r, feeds))
		told(done)
		if err != nil {
			return out, keyed(err, &r)
		}
	}
	return out, nil
}

func treeOf(r *connect.ArchiveRequest, base string) *fetch.Tree {
	t := &fetch.Tree{Base: base, Dir: r.Dir, Workers: r.Workers, Attempts: r.Attempts, Pause: r.Pause, Header: http.Header{}}
	if !r.Key.Empty() {
		t.Header.Set("Authorization", "Bearer "+r.Key.Reveal())
	}
	return t
}

// empty reports whether there was nothing on a day, and takes its file away: no recording
// is in it.
func empty(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() == 0 && os.Remove(path) == nil
}

// whole proves a CSV file, whose path is as plan names it.
func whole(_ context.Context, _ *fetch.Tree, f fetch.File) (func(path string) error, error) {
	venue, _, _ := strings.Cut(f.Path, "/")
	symbol := strings.TrimSuffix(path.Base(f.Path), ".csv.gz")
	day, err := time.Parse("2006/01/02", dayOf(f.Path))
	if err != nil {
		return nil, err
	}
	return func(path string) error {
		if info, err := os.Stat(path); err == nil && info.Size() == 0 {
			return nil
		}
		if err := fetch.Gzip(path); err != nil {
			return err
		}
		return belongs(path, venue, symbol, day)
	}, nil
}

// keyed says what a refusal means.
func keyed(err error, r *connect.ArchiveRequest) error {
	for _, status := range []string{"HTTP status 401", "HTTP status 403"} {
		switch {
		case !strings.Contains(err.Error(), status):
		case r.Key.Empty():
			return fmt.Errorf("%w\nwithout a key Tardis gives the first day of every month alone: set TARDIS_API_KEY, or name another key with --api-key", err)
		default:
			return fmt.Errorf("%w\nTardis does not give this with the key it was shown", err)
		}
	}
	return err
}
