// Package archive fetches the venue's public archive of past market data and
// turns it into what package record reads.
//
// # Assumptions
//
//   - The archive is a tree of zip files, one for each market, kind, symbol and
//     day or month, each with one CSV file inside and a .CHECKSUM file beside it
//     (SHA-256, as sha256sum writes it). Funding rates come by month only.
//   - A file appears some hours after its period has ended and is hardly ever
//     replaced; when it is, its checksum changes.
//   - CSV files of spot have no header, those of futures have one since 2022. Spot
//     counts time in microseconds since 2025-01-01 and in milliseconds before.
//   - What has no file (a symbol that was not listed yet) is absent, not an error.
//
// Source: the README of the venue's public-data repository and the layout of
// data.binance.vision.
package archive

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange/binance/api"
)

// Base is where the archive is.
const Base = "https://data.binance.vision"

// Kind is what a file holds, named as the archive's folders are.
type Kind string

// The kinds that can be downloaded and imported.
const (
	Klines        Kind = "klines"
	MarkKlines    Kind = "markPriceKlines"
	PremiumKlines Kind = "premiumIndexKlines"
	FundingRates  Kind = "fundingRate"
	Trades        Kind = "trades"
	AggTrades     Kind = "aggTrades"
	BookTickers   Kind = "bookTicker"
)

// Kinds lists all kinds.
var Kinds = []Kind{Klines, MarkKlines, PremiumKlines, FundingRates, Trades, AggTrades, BookTickers}

// ParseKind reads a kind's name.
func ParseKind(s string) (Kind, error) {
	if k := Kind(s); slices.Contains(Kinds, k) {
		return k, nil
	}
	return "", fmt.Errorf("kind %q: want one of %v", s, Kinds)
}

// bars reports whether files of the kind come by interval. The archive has more
// such kinds than can be imported.
func (k Kind) bars() bool { return k == Klines || strings.HasSuffix(string(k), "Klines") }

// markets are the folders of the markets.
var markets = map[api.Market]string{api.Spot: "spot", api.USDM: "futures/um", api.COINM: "futures/cm"}

// intervals are those of the archive; futures have no 1s.
var intervals = []string{"1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d"}

// Item is one file of the archive.
type Item struct {
	Market   api.Market
	Kind     Kind
	Symbol   string
	Interval string // of bars: "1h"; "" elsewhere
	From     time.Time
	Monthly  bool // a month; otherwise a day
}

// To is the end of the item's period.
func (it Item) To() time.Time {
	if it.Monthly {
		return it.From.AddDate(0, 1, 0)
	}
	return it.From.AddDate(0, 0, 1)
}

// Path is where the file is, below the archive's base and below a download's
// directory: data/futures/um/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2024-01.zip.
func (it Item) Path() string {
	period, layout := "daily", "2006-01-02"
	if it.Monthly {
		period, layout = "monthly", "2006-01"
	}
	what := string(it.Kind)
	folder := path.Join("data", markets[it.Market], period, what, it.Symbol)
	if it.Kind.bars() {
		what = it.Interval
		folder = path.Join(folder, it.Interval)
	}
	return path.Join(folder, fmt.Sprintf("%s-%s-%s.zip", it.Symbol, what, it.From.Format(layout)))
}

// ParsePath is the inverse of Path; ok is false for anything else.
func ParsePath(p string) (it Item, ok bool) {
	for m, folder := range markets { // order does not matter: no folder begins with another
		rest, found := strings.CutPrefix(p, "data/"+folder+"/")
		parts := strings.Split(rest, "/")
		if !found || len(parts) < 4 {
			continue
		}
		it = Item{Market: m, Kind: Kind(parts[1]), Symbol: parts[2], Monthly: parts[0] == "monthly"}
		if it.Kind.bars() {
			it.Interval = parts[3]
		}
		layout := "2006-01-02"
		if it.Monthly {
			layout = "2006-01"
		}
		date := strings.TrimSuffix(parts[len(parts)-1], ".zip")
		at, err := time.Parse(layout, date[max(0, len(date)-len(layout)):])
		it.From = at
		return it, err == nil && it.Path() == p
	}
	return Item{}, false
}

// Request says which part of the archive is wanted.
type Request struct {
	Market   api.Market
	Kinds    []Kind
	Symbols  []string
	Interval string // of bars
	From, To time.Time
}

// Plan lists the files of a request: whole months by month, the days around them
// by day. Funding rates are widened to whole months.
func (r Request) Plan() ([]Item, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	var items []Item
	for _, k := range r.Kinds {
		for _, s := range r.Symbols {
			it := Item{Market: r.Market, Kind: k, Symbol: s}
			if k.bars() {
				it.Interval = r.Interval
			}
			items = append(items, it.over(r.From, r.To)...)
		}
	}
	return items, nil
}

func (r Request) check() error {
	if len(r.Symbols) == 0 || len(r.Kinds) == 0 {
		return fmt.Errorf("nothing to fetch: want at least one symbol and one kind")
	}
	if !r.From.Before(r.To) {
		return fmt.Errorf("from %s is not before to %s", r.From.Format(time.DateOnly), r.To.Format(time.DateOnly))
	}
	for _, s := range r.Symbols {
		if s == "" || strings.ContainsAny(s, "/\\ .") {
			return fmt.Errorf("symbol %q: want one as the venue spells it, such as BTCUSDT", s)
		}
	}
	for _, k := range r.Kinds {
		if k.bars() && (!slices.Contains(intervals, r.Interval) || r.Interval == "1s" && r.Market != api.Spot) {
			return fmt.Errorf("interval %q: want one of %v (1s on spot only)", r.Interval, intervals)
		}
		if r.Market == api.Spot && k != Klines && k != Trades && k != AggTrades {
			return fmt.Errorf("the archive has no %s of spot: it has klines, trades and aggTrades", k)
		}
	}
	return nil
}

// over lists the periods of a file from one day to another.
func (it Item) over(from, to time.Time) (items []Item) {
	day := from.UTC().Truncate(24 * time.Hour)
	if it.Kind == FundingRates {
		day = time.Date(day.Year(), day.Month(), 1, 0, 0, 0, 0, time.UTC)
	}
	for day.Before(to) {
		it.From, it.Monthly = day, day.Day() == 1
		if it.Monthly && it.To().After(to) && it.Kind != FundingRates {
			it.Monthly = false
		}
		items = append(items, it)
		day = it.To()
	}
	return items
}
