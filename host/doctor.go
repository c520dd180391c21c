package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/account"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/ledger"
)

// Verdict is the outcome of one check.
type Verdict string

const (
	OK   Verdict = "ok"
	Warn Verdict = "warn" // it can go on; somebody should know
	Fail Verdict = "fail" // a session with real orders would be refused, or hurt
	Skip Verdict = "skip" // it could not be looked at
)

// Finding is one thing that Examine looked at.
type Finding struct {
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	Text    string  `json:"text"`         // what was found, with numbers
	Do      string  `json:"do,omitempty"` // what to do about it
}

// Examination is everything that Examine looked at.
type Examination struct {
	Venue    string    `json:"venue"`
	Account  string    `json:"account,omitempty"`
	Findings []Finding `json:"findings"`
}

// Ready reports whether nothing failed.
func (e *Examination) Ready() bool {
	return !slices.ContainsFunc(e.Findings, func(c Finding) bool { return c.Verdict == Fail })
}

// Examine looks at all that a session with real orders needs, and changes nothing:
// configuration, disk, ledger, key, clock, permissions, account modes, margin types,
// balances, and what the account holds already. Options.Account must be set; the
// options are not validated before.
func Examine(ctx context.Context, o *Options) *Examination {
	d := &doctor{o: o, Examination: Examination{Venue: hostsOf(&o.Live)}}
	d.config()
	d.disk()
	known := d.open(ctx)
	if known {
		defer d.c.Close()
		d.clock()
		known = d.identity(ctx)
	}
	d.ledgerFile()
	if known { // every other question would have the same answer
		d.permissions(ctx)
		d.modes(ctx)
		d.margins(ctx)
		d.wallets(ctx)
		d.holdings(ctx)
		d.streams(ctx)
	}
	return &d.Examination
}

// doctor is an examination under way.
type doctor struct {
	Examination
	o *Options
	c *account.Client
}

func (d *doctor) say(name string, v Verdict, do, format string, a ...any) {
	d.Findings = append(d.Findings, Finding{name, v, fmt.Sprintf(format, a...), do})
}

func (d *doctor) config() {
	o := *d.o
	o.Market = []string{"live"}
	if err := o.checkAccount(); err != nil {
		d.say("configuration", Fail, "mend it in the configuration file", "%v", err)
		return
	}
	l := o.Limits
	d.say("configuration", OK, "", "an order may be worth %s, a position %s, and a day lose %s of the equity",
		l.MaxOrderNotional, l.MaxPositionNotional, l.DailyLoss)
}

// leastSpace is what a month of journal and ledger takes, and some.
const leastSpace = 2 << 30

func (d *doctor) disk() {
	dir := filepath.Dir(d.database())
	free, err := freeSpace(dir)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		d.say("disk", Skip, "", "this system does not tell how much is free")
	case err != nil:
		d.say("disk", Fail, "make the directory, or name another with --db", "%s: %v", dir, err)
	case free < leastSpace:
		d.say("disk", Fail, "make room, or name another place with --db", "%s has %.1f GB free: want %.1f", dir, float64(free)/(1<<30), float64(leastSpace)/(1<<30))
	default:
		d.say("disk", OK, "", "%s has %.1f GB free", dir, float64(free)/(1<<30))
	}
}

func (d *doctor) database() string {
	if d.o.DB != "" {
		return d.o.DB
	}
	return "perilune-live.db"
}

func (d *doctor) ledgerFile() {
	path := d.database()
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		d.say("ledger", OK, "", "%s will be made", path)
		return
	}
	db, err := ledger.Open(ledger.Options{Path: path, Mode: ledger.Live, Account: d.Account, ReadOnly: true})
	if err != nil {
		d.say("ledger", Fail, "name another file with --db", "%s: %v", path, err)
		return
	}
	defer db.Close()
	sessions, err := db.Sessions()
	if err != nil {
		d.say("ledger", Fail, "restore it from a copy", "%s: %v", path, err)
		return
	}
	d.say("ledger", OK, "", "%s holds %d sessions", path, len(sessions))
}

// access returns nil when the venue must not be asked now.
func (d *doctor) access() *access {
	banned := false
	venue, err := d.o.Live.open()
	if err != nil {
		d.say("venue", Fail, "mend it in the configuration file", "%v", err)
		return nil
	}
	a, err := newAccess(d.database(), venue, func(text string) {
		banned = true
		d.say("bans", Fail, "wait until then: who asks meanwhile makes it longer", "%s", text)
	})
	if err != nil {
		d.say("bans", Fail, "delete the file if you know that no ban is in force", "%v", err)
	}
	if err != nil || banned {
		return nil
	}
	return a
}

func (d *doctor) open(ctx context.Context) bool {
	a := d.access()
	if a == nil {
		return false
	}
	c, err := d.o.openAccount(ctx, a, nil)
	var e *exchange.VenueError
	switch {
	case err == nil:
		d.c = c
		return true
	case errors.As(err, &e):
		d.say("venue", Fail, e.Advice, "%v", err)
	default:
		d.say("key", Fail, "see to it that api_key and secret in [venue.binance] name where they are, for this user alone", "%v", err)
	}
	return false
}

func (d *doctor) clock() {
	off := d.c.Now() - exchange.Time(time.Now().UnixNano())
	ms := float64(off) / float64(exchange.Millisecond)
	switch {
	case off > exchange.Second || off < -exchange.Second:
		d.say("clock", Warn, "set it: requests are signed with the venue's time, but files and reports carry this machine's", "this machine is %.0f ms from the venue", -ms)
	default:
		d.say("clock", OK, "", "within %.0f ms of the venue", max(ms, -ms))
	}
}

// failed tells of a question that was not answered.
func (d *doctor) failed(name string, err error) {
	var e *exchange.VenueError
	do := ""
	if errors.As(err, &e) {
		do = e.Advice
	}
	d.say(name, Fail, do, "%v", err)
}

// identity reports whether the venue knows the key.
func (d *doctor) identity(ctx context.Context) bool {
	uid, err := d.c.UID(ctx)
	if err != nil {
		d.failed("key", err)
		return false
	}
	d.Account = fmt.Sprint(uid)
	d.say("key", OK, "", "it belongs to account %d", uid)
	return true
}

func (d *doctor) permissions(ctx context.Context) {
	p, err := d.c.Permissions(ctx)
	if err != nil {
		d.say("permissions", Skip, "look at them on the venue's page: reading, spot, futures and universal transfer, and no withdrawal", "the venue did not tell: %v", err)
		return
	}
	switch {
	case p.Withdraw:
		d.say("permissions", Fail, "take \"Enable Withdrawals\" off the key", "the key can withdraw: whoever gets hold of it can empty the account")
	case p.PortfolioMargin:
		d.say("permissions", Fail, "use a key of an account without portfolio margin", "the account is in portfolio margin mode, whose orders go elsewhere")
	case !p.Read || !p.Spot || !p.Futures:
		d.say("permissions", Fail, "enable reading, spot & margin trading and futures for the key", "reading %t, spot %t, futures %t", p.Read, p.Spot, p.Futures)
	case !p.Transfer:
		d.say("permissions", Warn, "enable \"Permits Universal Transfer\", or keep each wallet funded by hand", "the key cannot move money between wallets")
	default:
		d.say("permissions", OK, "", "reading, spot, futures and transfers; no withdrawals")
	}
	if !p.IPRestricted {
		d.say("addresses", Warn, "restrict the key to this machine's address", "the key is valid from anywhere")
	}
}

func (d *doctor) modes(ctx context.Context) {
	hedge, err := d.c.HedgeMode(ctx, api.USDM.Venue())
	switch {
	case err != nil:
		d.failed("position mode", err)
	case hedge:
		d.say("position mode", Fail, "set it to One-way Mode (Preferences, Position Mode; or POST /fapi/v1/positionSide/dual dualSidePosition=false)", "the account is in hedge mode")
	default:
		d.say("position mode", OK, "", "one-way")
	}
	multi, err := d.c.MultiAssets(ctx)
	switch {
	case err != nil:
		d.failed("assets mode", err)
	case multi:
		d.say("assets mode", Fail, "set it to Single-Asset Mode (Preferences, Asset Mode; or POST /fapi/v1/multiAssetsMargin multiAssetsMargin=false)", "the account is in multi-assets mode")
	default:
		d.say("assets mode", OK, "", "single-asset")
	}
}

// margins looks for symbols with a margin of their own: the keeper of margin counts
// on one wallet behind all positions.
func (d *doctor) margins(ctx context.Context) {
	for _, m := range []api.Market{api.USDM, api.COINM} {
		name := m.String() + " margin"
		configs, err := d.c.SymbolConfigs(ctx, m)
		if err != nil {
			d.failed(name, err)
			continue
		}
		var isolated []string
		low, high := 0, 0
		for _, c := range configs {
			if c.Isolated {
				isolated = append(isolated, c.Symbol)
			}
			if c.Leverage > 0 && (low == 0 || c.Leverage < low) {
				low = c.Leverage
			}
			high = max(high, c.Leverage)
		}
		switch {
		case len(isolated) > 0:
			d.say(name, Warn, "set the margin type of what you trade to cross", "isolated: %s", listed(isolated))
		case len(configs) == 0:
			d.say(name, OK, "", "no symbol is set up")
		default:
			d.say(name, OK, "", "cross; leverage %d to %d", low, high)
		}
	}
}

// listed is a list for people, cut when it is long.
func listed(names []string) string {
	const most = 8
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], " "), len(names)-most)
	}
	return strings.Join(names, " ")
}

func (d *doctor) wallets(ctx context.Context) {
	for _, m := range api.Markets {
		list, err := d.c.Balances(ctx, m.Wallet())
		if err != nil {
			d.failed(m.String()+" wallet", err)
			continue
		}
		var held []string
		for _, b := range list {
			if !b.Total.IsZero() {
				held = append(held, b.Total.String()+" "+b.Asset)
			}
		}
		if len(held) == 0 {
			d.say(m.String()+" wallet", Warn, "transfer something to it before you trade there", "it is empty")
			continue
		}
		d.say(m.String()+" wallet", OK, "", "%s", listed(held))
	}
}

// holdings tells what somebody else left in the account: a session adopts it.
func (d *doctor) holdings(ctx context.Context) {
	var orders, positions []string
	for _, m := range api.Markets {
		open, err := d.c.OpenOrders(ctx, m.Venue())
		if err != nil {
			d.failed("open orders", err)
			return
		}
		for _, o := range open {
			orders = append(orders, fmt.Sprintf("%s:%s %s %s at %s", m, o.Symbol, o.Side, o.Qty, o.Price))
		}
		if m == api.Spot {
			continue
		}
		list, err := d.c.Positions(ctx, m.Venue())
		if err != nil {
			d.failed("positions", err)
			return
		}
		for _, p := range list {
			if !p.Qty.IsZero() {
				positions = append(positions, fmt.Sprintf("%s:%s %s", m, p.Symbol, p.Qty))
			}
		}
	}
	d.found("open orders", orders, "cancel what is not yours to keep: their fills would be booked as foreign")
	d.found("positions", positions, "they count against your limits and margin")
}

func (d *doctor) found(name string, list []string, do string) {
	if len(list) == 0 {
		d.say(name, OK, "", "none")
		return
	}
	d.say(name, Warn, do, "%s", listed(list))
}

// streamsWithin is how long the account's own streams may take to come up.
const streamsWithin = 10 * time.Second

func (d *doctor) streams(ctx context.Context) {
	up := make(chan api.Market, 64)
	s, err := account.Listen(d.c, api.Markets[:], func(n oms.AccountEvent) {
		if n.Gap != "" {
			select {
			case up <- api.Of(n.Venue):
			default: // it was told before
			}
		}
	})
	if err != nil {
		d.failed("account streams", err)
		return
	}
	defer s.Close()
	seen := map[api.Market]bool{}
	limit := time.After(streamsWithin)
	for len(seen) < len(api.Markets) {
		select {
		case m := <-up:
			seen[m] = true
		case <-ctx.Done():
			d.say("account streams", Skip, "", "interrupted")
			return
		case <-limit:
			var down []string
			for _, m := range api.Markets {
				if !seen[m] {
					down = append(down, m.String())
				}
			}
			d.say("account streams", Fail, "look at ws_… and ws_api_… in [venue.binance], and at the network", "no word within %s from %s", streamsWithin, strings.Join(down, ", "))
			return
		}
	}
	d.say("account streams", OK, "", "all three are up")
}
