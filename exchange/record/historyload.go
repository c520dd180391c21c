package record

import (
	"fmt"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// History is a directory of bars, marks and funding in memory: 48 bytes a bar, 2 MB for
// five years of hours. It does not change once it is loaded, so any number of
// goroutines may open it, each for a run of its own.
type History struct {
	formats  Formats
	dir      string
	files    [roles]map[string]string
	symbols  []string // that it was loaded for; none: all
	stats    Stats
	notes    []string
	observed []*observed
	bars     map[string]*series      // by full key of the instrument
	marks    map[string]*series      // by symbol of the perpetual
	funding  map[string][]settlement // likewise
}

// LoadHistory reads a directory with folders spot…, perp… or klines…, mark… and
// funding… of SYMBOL.csv (also .gz, .zst, .zip), for some symbols (BTCUSDT, or
// spot:BTCUSDT for one leg) or, with none, for all there are. A symbol without bars is
// an error; a row that can't be read is counted and told by the runs' Stats.
func (f Formats) LoadHistory(dir string, symbols ...string) (*History, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	files, unused, ok, err := historyFiles(dir)
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	if !ok {
		return nil, fmt.Errorf("%s is no bar history: want folders spot…, perp… or klines… (and mark…, funding…) with SYMBOL.csv or .csv.gz", dir)
	}
	h := &History{formats: f, dir: dir, files: files, symbols: symbols,
		bars: map[string]*series{}, marks: map[string]*series{}, funding: map[string][]settlement{}}
	if len(unused) > 0 {
		h.notes = append(h.notes, notUsed(dir, unused))
	}
	if err := h.checkSymbols(symbols); err != nil {
		return nil, err
	}
	for _, r := range []role{spotBars, perpBars} {
		if err := h.loadLegs(r); err != nil {
			return nil, err
		}
	}
	if len(h.observed) == 0 {
		return nil, fmt.Errorf("history %s has no bars that can be played: %s", dir, h.stats.Problems[0])
	}
	for _, o := range h.observed {
		if o.venue == h.venue(perpBars) {
			if err := h.loadPerp(o.symbol); err != nil {
				return nil, fmt.Errorf("history: %w", err)
			}
		}
	}
	return h, nil
}

// Open returns a feed of the history from its beginning, or of the part that opts
// choose. Its counts begin at zero; what was wrong with the files is among them.
func (h *History) Open(opts HistoryOptions) (*Recording, error) {
	p, err := h.part(opts)
	if err != nil {
		return nil, err
	}
	return recordingOf([]*part{p}, nil)
}

// checkSymbols refuses a symbol that has no bars, rather than run without it.
func (h *History) checkSymbols(symbols []string) error {
	loaded := want(h.symbols)
	spots, perps := h.venue(spotBars), h.venue(perpBars)
	for _, s := range symbols {
		market, symbol, keyed := strings.Cut(exchange.Within(s, h.formats[0].House()), ":")
		if !keyed {
			market, symbol = "", s
		}
		_, spot := h.files[spotBars][symbol]
		_, perp := h.files[perpBars][symbol]
		spot = spot && loaded.has(spots, symbol)
		perp = perp && loaded.has(perps, symbol)
		if market == h.formats.name(spots) && spot || market == h.formats.name(perps) && perp || market == "" && (spot || perp) {
			continue
		}
		return fmt.Errorf("history %s has no bars of %q; it has %s %s and %s %s", h.dir, s,
			h.formats.name(spots), strings.Join(sortedKeys(h.files[spotBars]), " "), h.formats.name(perps), strings.Join(sortedKeys(h.files[perpBars]), " "))
	}
	return nil
}

// venue is where the instruments of a role trade.
func (h *History) venue(r role) exchange.Venue {
	if r == spotBars {
		return h.formats[0].VenueOf(exchange.Spot)
	}
	return h.formats[0].VenueOf(exchange.Linear)
}

func (h *History) loadLegs(r role) error {
	wanted, v := want(h.symbols), h.venue(r)
	if v == "" && len(h.files[r]) > 0 {
		return fmt.Errorf("history %s: %s has no market whose bars its folders could hold", h.dir, h.formats[0].House())
	}
	for _, symbol := range sortedKeys(h.files[r]) {
		if !wanted.has(v, symbol) {
			continue
		}
		if r == perpBars && !namedLinear(symbol) {
			why := "a history holds spot and linear perpetuals such as BTCUSDT, and this is named as a contract that is delivered or margined in coins"
			if len(wanted) > 0 {
				return fmt.Errorf("history: %s: %s", h.files[r][symbol], why)
			}
			h.stats.note(h.files[r][symbol], 0, why+": it was left out")
			continue
		}
		o := observe(h.formats[0], v, symbol)
		s, err := loadBars(h.files[r][symbol], &h.stats, o)
		if err != nil {
			return fmt.Errorf("history: %w", err)
		}
		o.price.most, o.qty.most = min(o.price.most, 8), min(o.qty.most, 8)
		h.observed = append(h.observed, o)
		h.bars[o.fullKey()] = s
	}
	return nil
}

// loadPerp loads what a perpetual has beside its bars.
func (h *History) loadPerp(symbol string) (err error) {
	if path, ok := h.files[markBars][symbol]; ok {
		if h.marks[symbol], err = loadBars(path, &h.stats, nil); err != nil {
			return err
		}
	}
	path, ok := h.files[fundingRates][symbol]
	if !ok {
		return nil
	}
	if h.funding[symbol], err = loadFunding(path, &h.stats); err == nil && len(h.funding[symbol]) == 0 {
		h.stats.note(path, 0, fmt.Sprintf("there is no settlement in it: %s:%s pays no funding", h.formats.name(h.venue(perpBars)), symbol))
	}
	return err
}
