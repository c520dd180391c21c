package record

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// History is a directory of bars, marks and funding in memory: 48 bytes a bar, 2 MB for
// five years of hours. It does not change once it is loaded, so any number of
// goroutines may open it, each for a run of its own.
type History struct {
	formats  Formats
	dir      string
	places   []*ofHouse // the default house first
	symbols  []string   // that it was loaded for; none: all
	stats    Stats
	notes    []string
	observed []*observed
	lenders  []*observed             // perpetuals that are not played and whose prices stand in
	perps    map[*observed]bool      // which of them are perpetuals
	bars     map[string]*series      // by full key of the instrument
	marks    map[string]*series      // likewise
	funding  map[string][]settlement // likewise
}

// LoadHistory reads a directory with folders spot…, perp… or klines…, mark… and
// funding… of SYMBOL.csv (also .gz, .zst, .zip), for some symbols (BTCUSDT, or
// spot:BTCUSDT for one leg) or, with none, for all there are. They are of the default
// house; a folder that is named for another house has the same folders of its. A house
// whose funding is there and whose bars are not is played on the bars of the house that
// the directory's venues.csv names. A symbol without bars is an error; a row that can't
// be read is counted and told by the runs' Stats.
func (f Formats) LoadHistory(dir string, symbols ...string) (*History, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	c, ok, err := historyFiles(dir)
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	if !ok {
		return nil, fmt.Errorf("%s is no bar history: want folders spot…, perp… or klines… (and mark…, funding…) with SYMBOL.csv or .csv.gz", dir)
	}
	h := &History{formats: f, dir: dir, symbols: symbols, perps: map[*observed]bool{},
		bars: map[string]*series{}, marks: map[string]*series{}, funding: map[string][]settlement{}}
	if h.places, err = f.places(&c); err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	if len(c.unused) > 0 {
		h.notes = append(h.notes, notUsed(dir, c.unused))
	}
	if err := h.load(); err != nil {
		return nil, err
	}
	return h, h.checkSymbols(symbols)
}

func (h *History) load() error {
	for _, r := range []role{spotBars, perpBars} {
		for _, p := range h.places {
			if err := h.loadLegs(p, r); err != nil {
				return err
			}
		}
	}
	if len(h.observed) == 0 && len(h.stats.Problems) > 0 {
		return fmt.Errorf("history %s has no bars that can be played: %s", h.dir, h.stats.Problems[0])
	}
	for _, p := range h.places {
		if err := h.standIns(p); err != nil {
			return err
		}
	}
	for _, o := range h.lenders {
		if err := h.loadMarks(o); err != nil {
			return fmt.Errorf("history: %w", err)
		}
	}
	for _, o := range h.observed {
		if h.perps[o] {
			if err := h.loadPerp(o); err != nil {
				return fmt.Errorf("history: %w", err)
			}
		}
	}
	return nil
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
	for _, s := range symbols {
		short := exchange.Within(s, h.formats[0].House())
		if !slices.ContainsFunc(h.observed, func(o *observed) bool {
			return want([]string{s}).has(o.venue, o.symbol) || h.formats.name(o.venue)+":"+o.symbol == short
		}) {
			return fmt.Errorf("history %s has no bars of %q; it has %s", h.dir, s, h.has())
		}
	}
	return nil
}

// has lists what can be played, for people.
func (h *History) has() string {
	var out []string
	for _, p := range h.places {
		for _, r := range []role{spotBars, perpBars} {
			list := sortedKeys(p.files[r])
			if p != h.places[0] && r == perpBars && len(list) == 0 {
				list = sortedKeys(p.files[fundingRates])
			}
			if p == h.places[0] || len(list) > 0 {
				out = append(out, h.formats.name(p.venue(r))+" "+strings.Join(list, " "))
			}
		}
	}
	return strings.Join(out, " and ")
}

func (h *History) loadLegs(p *ofHouse, r role) error {
	wanted, v := want(h.symbols), p.venue(r)
	if v == "" && len(p.files[r]) > 0 {
		return fmt.Errorf("history %s: %s has no market whose bars its folders could hold", h.dir, p.house)
	}
	for _, symbol := range sortedKeys(p.files[r]) {
		lends := r == perpBars && !wanted.has(v, symbol) && h.lent(p, symbol)
		if !wanted.has(v, symbol) && !lends {
			continue
		}
		if r == perpBars && !namedLinear(symbol) {
			why := "a history holds spot and linear perpetuals such as BTCUSDT, and this is named as a contract that is delivered or margined in coins"
			if len(wanted) > 0 {
				return fmt.Errorf("history: %s: %s", p.files[r][symbol], why)
			}
			h.stats.note(p.files[r][symbol], 0, why+": it was left out")
			continue
		}
		o := observe(p.format, v, symbol)
		o.said = p.said
		s, err := loadBars(p.files[r][symbol], &h.stats, o)
		if err != nil {
			return fmt.Errorf("history: %w", err)
		}
		o.price.most, o.qty.most = min(o.price.most, 8), min(o.qty.most, 8)
		if lends {
			h.lenders, h.bars[o.fullKey()] = append(h.lenders, o), s
			continue
		}
		h.add(o, r, s)
	}
	return nil
}

func (h *History) add(o *observed, r role, bars *series) {
	h.observed = append(h.observed, o)
	h.perps[o] = r == perpBars
	h.bars[o.fullKey()] = bars
}

// files are those of an instrument's house.
func (h *History) files(o *observed) *roleFiles {
	i := slices.IndexFunc(h.places, func(p *ofHouse) bool { return p.house == o.venue.House() })
	return &h.places[max(i, 0)].files
}

// loadMarks loads the marks of a perpetual, or takes those that stand in.
func (h *History) loadMarks(o *observed) (err error) {
	key := o.fullKey()
	if path, ok := h.files(o)[markBars][o.symbol]; ok {
		h.marks[key], err = loadBars(path, &h.stats, nil)
	} else if o.like != nil {
		h.marks[key] = h.marks[o.like.fullKey()]
	}
	return err
}

// loadPerp loads what a perpetual has beside its bars.
func (h *History) loadPerp(o *observed) (err error) {
	if err := h.loadMarks(o); err != nil {
		return err
	}
	key := o.fullKey()
	path, ok := h.files(o)[fundingRates][o.symbol]
	if !ok {
		return nil
	}
	if h.funding[key], err = loadFunding(path, &h.stats); err == nil && len(h.funding[key]) == 0 {
		h.stats.note(path, 0, fmt.Sprintf("there is no settlement in it: %s:%s pays no funding", h.formats.name(o.venue), o.symbol))
	}
	return err
}
