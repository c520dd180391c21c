package host

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/valuation"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/execution/schedule"
	"github.com/perilune/perilune/host/risk"
	"github.com/perilune/perilune/host/script"
)

// headerFormat is the version of the journal's header. It changes when an old
// header no longer tells all that a replay needs.
const headerFormat = 5

// header is everything that a core is made from, and nothing else: it heads
// the journal, so a replay builds the same core from it. A run and its replay
// both go through newCore, which is why they can't drift apart.
type header struct {
	Format      int
	Mode        string // paper
	Market      string // what the data is, for people
	Simulated   bool   // the market is made up
	Seed        uint64
	Instruments []exchange.Instrument
	Strategies  []strategyConfig
	// Native names the strategies that were written in Go, as name or name@version: a
	// journal can't hold them, so their session can be replayed only by the program
	// that has them.
	Native      []string `json:",omitempty"`
	NativeState []string `json:",omitempty"` // JSON that an earlier run left of each, as in Native; none: of none
	Broker      string   `json:",omitempty"` // of the program's own, as name@version; a replay needs none
	Modules     []string `json:",omitempty"` // of the program's own, as name@version
	Rules       []string `json:",omitempty"` // by name
	Limits      risk.Limits
	ClientTag   string
	Leverage    int
	ReadOnly    []string `json:",omitempty"` // houses that orders can't be made at
	SampleEvery exchange.Time
	Ladders     bool // books are price ladders
	Supply      supply
	Curves      []*schedule.Profile `json:",omitempty"`        // that were given
	Advisor     string              `json:"Adviser,omitempty"` // the model that answers; "": none
	AdviceTTL   exchange.Time       `json:",omitempty"`
	Restore     *core.Restore       `json:",omitempty"`
	Shrinks     bool                `json:",omitempty"` // the venue makes orders smaller in their place
	Final       bool                `json:",omitempty"` // no session goes on with what it leaves
	// Again is how market and venue are made again; nil where they can't be.
	Again *again `json:",omitempty"`
}

// strategyConfig is one strategy as it was started.
type strategyConfig struct {
	Path    string // as the user named it
	Sources []exchange.Source
	Hash    string
	Params  map[string]string // set from outside, on top of the script's defaults
	State   string            // JSON an earlier run left; "" for none
	Memory  int               `json:",omitempty"` // bytes that it may hold; 0: the default
	// The other bounds of ScriptOptions; 0: the default.
	Instructions, StringBytes, StateBytes int `json:",omitempty"`

	watchdog *script.Watchdog // nil in a replay
	probe    script.Probe     // of a stage or of a replay that is looked on; nil: none
	raised   func(script.Raise)
}

func (s *header) encode() ([]byte, error) { return json.Marshal(s) }

func decodeHeader(raw []byte) (*header, error) {
	s := &header{}
	if err := json.Unmarshal(raw, s); err != nil {
		return nil, fmt.Errorf("journal header: %w", err)
	}
	if s.Format != headerFormat {
		return nil, fmt.Errorf("journal header: format %d, this version reads %d: run it with the version of perilune that wrote it", s.Format, headerFormat)
	}
	return s, nil
}

// asRead is the session as its journal gives it back. A run that can be made again
// begins with it: 0.10 is read as 0.1, and an event spells a number as it was given.
func (s *header) asRead() (*header, error) {
	raw, err := s.encode()
	if err != nil {
		return nil, fmt.Errorf("journal header: %w", err)
	}
	return decodeHeader(raw)
}

// newCore builds the universe, the strategies and the core. compiled holds what
// was already compiled, by strategy; a missing entry is compiled here. given is what
// the program has of its own: its strategies come after the scripts.
func (s *header) newCore(compiled []any, given *own, where *core.Where, timer core.Stopwatch) (*core.Core, error) {
	if given == nil {
		given = &own{}
	}
	written, err := s.natives(given.strategies)
	if err != nil {
		return nil, err
	}
	if err := s.sameOwn(given); err != nil {
		return nil, err
	}
	u, err := exchange.NewUniverse(s.Instruments)
	if err != nil {
		return nil, err
	}
	var strategies []core.Strategy
	var versions []core.Version
	for i := range s.Strategies {
		c := &s.Strategies[i]
		var program any
		if i < len(compiled) {
			program = compiled[i]
		}
		st, err := newScript(c, given.scripting(), s.Seed, u, program)
		if err != nil {
			return nil, err
		}
		if l, ok := st.(*luaStrategy); ok {
			l.supply = s.Supply
			if err := l.supplied(l.vm); err != nil {
				return nil, &ScriptError{c.Path, err}
			}
		}
		strategies = append(strategies, st)
		versions = append(versions, core.Version{Path: c.Path, Hash: c.Hash, Sources: c.Sources})
	}
	cfg := s.coreConfig(u)
	cfg.Rules, cfg.Where, cfg.Stopwatch = given.rules, where, timer
	return core.New(cfg, append(strategies, written...), versions)
}

// coreConfig is what the session's core is configured with, but for what its program has of
// its own.
func (s *header) coreConfig(u *exchange.Universe) core.Config {
	return core.Config{
		Universe: u, Limits: s.Limits, ClientTag: s.ClientTag, Leverage: s.Leverage,
		SampleEvery: s.SampleEvery, Advisor: s.Advisor, AdviceTTL: s.AdviceTTL, Restore: s.Restore, Final: s.Final,
		Ladders: func(*exchange.Instrument) bool { return s.Ladders },
		Bars:    s.Supply.bars, NoTrades: s.Supply.BarsOnly, TellsPast: s.Supply.Past, PastComes: s.Supply.PastComes, Scans: s.Supply.Scans, Profiles: s.Curves,
		Shrinks: s.Shrinks, MarkTransfer: markTransfer(u), ReadOnly: s.readOnly,
	}
}

// readOnly says why no order can be made in an instrument; "": one can.
func (s *header) readOnly(in *exchange.Instrument) string {
	if house := in.Venue.House(); slices.Contains(s.ReadOnly, house) {
		return withoutKey(house)
	}
	return ""
}

// natives are the session's strategies written in Go, in its order, from those that
// are given.
func (s *header) natives(given []*contained) ([]core.Strategy, error) {
	var out []core.Strategy
	for i, want := range s.Native {
		name, version, _ := strings.Cut(want, "@")
		if version == inertVersion && !slices.ContainsFunc(given, func(c *contained) bool { return c.name == name }) {
			c, err := contain(newInert(name)) // a journal holds all of it
			if err != nil {
				return nil, err
			}
			given = append(slices.Clip(given), c)
		}
		at := slices.IndexFunc(given, func(c *contained) bool { return c.name == name })
		switch {
		case at < 0:
			return nil, configError("the session had strategies written in Go (%s), which a journal does not hold: %s was not given", strings.Join(s.Native, ", "), name)
		case given[at].version != version:
			return nil, configError("strategy %s was version %q in the session, and is version %q now", name, version, given[at].version)
		}
		if i < len(s.NativeState) {
			if err := given[at].goOn(s.NativeState[i]); err != nil {
				return nil, err
			}
		}
		out = append(out, given[at])
	}
	if len(given) > len(out) {
		return nil, configError("the session had the strategies written in Go %q, and %d were given", s.Native, len(given))
	}
	return out, nil
}

// markTransfer is how the venue of a market wants the amounts of transfers, wherever the
// orders go: what is simulated decides as what is live. Where one of several venues wants
// it so, the others' lose next to nothing.
func markTransfer(u *exchange.Universe) func(decimal.Decimal, uint64) decimal.Decimal {
	for _, in := range u.All() {
		if c, ok := connectorOf(in.Venue.House()); ok && c.About().MarkTransfer != nil {
			return c.About().MarkTransfer
		}
	}
	return nil
}

// currency is what the account is valued in.
func (s *header) currency() string {
	u, err := exchange.NewUniverse(s.Instruments)
	if err != nil {
		return ""
	}
	return valuation.Currency(u)
}
