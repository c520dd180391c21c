package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/relay"
	"github.com/perilune/perilune/ledger"
)

func (d *doctor) config(context.Context) error {
	o := *d.o
	o.Market = []string{"live"}
	if err := o.checkAccount(); err != nil {
		d.say("configuration", Fail, "mend it in the configuration file", "%v", err)
		return err
	}
	l := o.Limits
	d.say("configuration", OK, "", "an order may be worth %s, a position %s, and a day lose %s of the equity",
		l.MaxOrderNotional, l.MaxPositionNotional, l.DailyLoss)
	return nil
}

// leastSpace is what a month of journal and ledger takes, and some.
const leastSpace = 2 << 30

func (d *doctor) disk(context.Context) error {
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
	return err
}

func (d *doctor) database() string {
	if d.o.DB != "" {
		return d.o.DB
	}
	return "perilune-live.db"
}

func (d *doctor) ledgerFile(context.Context) error {
	path := d.database()
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		d.say("ledger", OK, "", "%s will be made", path)
		return nil
	}
	db, err := ledger.Open(ledger.Options{Path: path, Mode: ledger.Live, Account: d.Account, ReadOnly: true})
	if err != nil {
		d.say("ledger", Fail, "name another file with --db", "%s: %v", path, err)
		return err
	}
	defer db.Close()
	sessions, err := db.Sessions()
	if err != nil {
		d.say("ledger", Fail, "restore it from a copy", "%s: %v", path, err)
		return err
	}
	if err := ledger.InUse(path); errors.Is(err, ledger.ErrLocked) {
		d.say("ledger", Fail, "end that session first, or name another file with --db", "%s: %v", path, err)
		return err
	}
	d.say("ledger", OK, "", "%s holds %d sessions", path, len(sessions))
	return nil
}

// lease looks whether a session of this machine trades on the account.
func (d *doctor) lease(context.Context) error {
	own, shared := leaseFiles(d.access, d.Account)
	for _, path := range []string{own, shared} {
		if err := ledger.Leased(path); errors.Is(err, ledger.ErrLocked) {
			d.say("other sessions", Fail, "end that session first, or give this one an account of its own", "account %s is traded on: %v", d.Account, err)
			return err
		}
	}
	d.say("other sessions", OK, "", "none of this machine is on the account")
	return nil
}

// reach finds out whether the venue may be asked now.
func (d *doctor) reach(context.Context) error {
	banned := false
	section := d.section
	if section == nil {
		section = d.o.Live.section()
	}
	venue, err := openSection(section)
	if err != nil {
		d.say("venue", Fail, "mend it in the configuration file", "%v", err)
		return err
	}
	a, err := newAccess(d.database(), venue, func(text string) {
		banned = true
		d.say("bans", Fail, "wait until then: who asks meanwhile makes it longer", "%s", text)
	})
	if err != nil {
		d.say("bans", Fail, "delete the file if you know that no ban is in force", "%v", err)
		return err
	}
	if !banned {
		d.access = a
	}
	return nil
}

// books looks whether the relay passes on books, where the venue's come from it or are compared
// with its.
func (d *doctor) books(ctx context.Context) error {
	house := d.access.venue.House()
	section := d.section
	if section == nil {
		section = d.o.Live.section()
	}
	c, err := d.o.Live.feedOf(house, section.Shared())
	if err != nil {
		d.say("books", Fail, "mend it in "+sectionName(house), "%v", err)
		return err
	}
	if !c.relayed() {
		return nil
	}
	r, err := d.o.Live.relayOptions()
	if err != nil {
		d.say("books", Fail, "mend it in the configuration file", "%v", err)
		return err
	}
	if c.alone() && !r.AloneForOrders {
		d.say("books", Fail, "leave shadow out, or set alone_for_orders = true in [feed.relay]", "they would be the relay's alone, which nobody can prove right")
		return nil
	}
	in, err := d.perpetual(ctx)
	if err != nil {
		d.failed("books", err)
		return err
	}
	text := fmt.Sprintf("active: the %s's", c.active)
	if c.by != "" {
		text += ", by " + c.by
	}
	if err := firstBook(ctx, r, in); err != nil {
		d.say("books", Fail, "look at url and key in [feed.relay], and at the network; or leave feed and shadow out in "+sectionName(house), "%v", err)
		return err
	}
	d.say("books", OK, "", "%s; the relay at %s has that of %s", text, r.Host(), in.Key())
	return nil
}

// perpetual is one of the venue's that trades, of the coin that is traded most.
func (d *doctor) perpetual(ctx context.Context) (*exchange.Instrument, error) {
	all := d.access.venue.House() + ".*:*"
	list, err := d.access.venue.Browse(ctx, connect.DataOptions{Access: d.access.shared(), Data: connect.Books, Notice: func(connect.Notice) {}}, []string{all})
	if err != nil {
		return nil, err
	}
	keys, err := list.Choose(ctx, []string{all}, 1)
	if err != nil {
		return nil, err
	}
	for _, in := range list.Instruments() {
		if in.Perp() && !in.Dated() && (slices.Contains(keys, in.Key()) || slices.Contains(keys, in.FullKey())) {
			return &in, nil
		}
	}
	return nil, fmt.Errorf("%s has no perpetual that a relay could have the book of", d.access.venue.House())
}

// firstBook waits for the relay's book of an instrument, until it was refused twice.
func firstBook(ctx context.Context, r *RelayOptions, in *exchange.Instrument) error {
	came := make(firstSnapshot, 1)
	m, err := relay.Open(r.Options, connect.Listings{{Instrument: in, Trading: true}}, connect.DataOptions{Notice: func(connect.Notice) {}}, came)
	if err != nil {
		return err
	}
	defer m.Close()
	limit, look := time.After(streamsWithin), time.NewTicker(streamsWithin/50)
	defer look.Stop()
	for {
		why := ""
		for _, c := range m.Health().Connections {
			if c.Failures > 1 {
				return fmt.Errorf("no book of %s came from %s: %s", in.Key(), r.Host(), c.LastError)
			}
			why = c.LastError
		}
		select {
		case <-came:
			return nil
		case <-look.C:
		case <-limit:
			return fmt.Errorf("no book of %s came from %s within %s: %s", in.Key(), r.Host(), streamsWithin, cmp.Or(why, "it is silent"))
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// firstSnapshot is told of the first book.
type firstSnapshot chan struct{}

// Post implements connect.Sink.
func (f firstSnapshot) Post(ev *exchange.Event) {
	if ev.Kind != exchange.KindSnapshot {
		return
	}
	select {
	case f <- struct{}{}:
	default:
	}
}

// signIn reads the key and compares the clocks.
func (d *doctor) signIn(ctx context.Context) (err error) {
	d.c, err = openAccount(ctx, d.access, d.account, d.log)
	var e *exchange.VenueError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		d.failed("venue", err)
	default:
		d.say("key", Fail, "see to it that api_key and secret in "+sectionName(d.access.venue.House())+" name where they are, for this user alone", "%v", err)
	}
	return err
}

func (d *doctor) clock(context.Context) error {
	off := d.c.Now() - exchange.Time(time.Now().UnixNano())
	ms := float64(off) / float64(exchange.Millisecond)
	switch {
	case off > exchange.Second || off < -exchange.Second:
		d.say("clock", Warn, "set it: requests are signed with the venue's time, but files and reports carry this machine's", "this machine is %.0f ms from the venue", -ms)
	default:
		d.say("clock", OK, "", "within %.0f ms of the venue", max(ms, -ms))
	}
	return nil
}

// failed tells of a question that was not answered.
func (d *doctor) failed(name string, err error) {
	text, do := connect.Advised(err)
	d.say(name, Fail, do, "%s", text)
}

// identity asks the venue whose the key is.
func (d *doctor) identity(ctx context.Context) error {
	uid, err := d.c.UID(ctx)
	if err != nil {
		d.failed("key", err)
		return &AccountError{advised(err)}
	}
	d.Account = uid
	d.say("key", OK, "", "it belongs to account %s", uid)
	return nil
}

// admission looks at what the key may do, and at the modes of the account: whether the
// host trades on it.
func (d *doctor) admission(ctx context.Context) error {
	list := d.c.Admission(ctx)
	d.Findings = append(d.Findings, list...)
	for _, f := range list {
		switch {
		case f.Verdict != Fail:
		case f.Err != nil:
			return &AccountError{fmt.Errorf("%s: %w (perilune doctor tells more)", f.Name, advised(f.Err))}
		default:
			return &AccountError{fmt.Errorf("%s: %s: %s (perilune doctor tells more)", f.Name, f.Text, f.Do)}
		}
	}
	return nil
}

func (d *doctor) settings(ctx context.Context) error {
	d.Findings = append(d.Findings, d.c.Settings(ctx)...)
	return nil
}

func (d *doctor) wallets(ctx context.Context) error {
	house := d.access.venue.House()
	for _, w := range walletsOf(d.c) {
		name := string(w.Within(house)) + " wallet"
		list, err := d.c.Balances(ctx, w)
		if err != nil {
			d.failed(name, err)
			continue
		}
		var held []string
		for _, b := range list {
			if !b.Total.IsZero() {
				held = append(held, b.Total.String()+" "+b.Asset)
			}
		}
		if len(held) == 0 {
			d.say(name, Warn, "transfer something to it before you trade there", "it is empty")
			continue
		}
		d.say(name, OK, "", "%s", connect.Listed(held))
	}
	return nil
}

// holdings tells what somebody else left in the account: a new ledger begins with it, but for
// positions in hedge mode.
func (d *doctor) holdings(ctx context.Context) error {
	var orders, positions []string
	advice := "they count against your limits and margin"
	for _, g := range d.c.Profile().Segments {
		v := g.Venue.Within(g.Venue.House())
		open, err := d.c.OpenOrders(ctx, g.Venue)
		if err != nil {
			d.failed("open orders", err)
			return err
		}
		for _, o := range open {
			orders = append(orders, fmt.Sprintf("%s:%s %s %s at %s", v, o.Symbol, o.Side, o.Qty, o.Price))
		}
		if g.Spot {
			continue
		}
		list, err := d.c.Positions(ctx, g.Venue)
		if err != nil {
			d.failed("positions", err)
			return err
		}
		for _, p := range list {
			if !p.Qty.IsZero() {
				positions = append(positions, fmt.Sprintf("%s:%s %s", v, p.Symbol, p.Qty))
				if g.Hedged {
					advice = "hedge mode: what the ledger does not have is left alone, and nothing of a session opens there"
				}
			}
		}
	}
	d.found("open orders", orders, "cancel what is not yours to keep: their fills would be booked as foreign")
	d.found("positions", positions, advice)
	return nil
}

func (d *doctor) found(name string, list []string, do string) {
	if len(list) == 0 {
		d.say(name, OK, "", "none")
		return
	}
	d.say(name, Warn, do, "%s", connect.Listed(list))
}

// streamsWithin is how long the account's own streams may take to come up.
const streamsWithin = 10 * time.Second

func (d *doctor) streams(ctx context.Context) error {
	var all []exchange.Venue
	for _, g := range d.c.Profile().Segments {
		all = append(all, g.Venue)
	}
	up := make(chan exchange.Venue, 64)
	s, err := d.c.Listen(all, func(n oms.AccountEvent) {
		if n.Gap != "" {
			select {
			case up <- n.Venue:
			default: // it was told before
			}
		}
	})
	if err != nil {
		d.failed("account streams", err)
		return err
	}
	defer s.Close()
	seen := map[exchange.Venue]bool{}
	limit := time.After(streamsWithin)
	for len(seen) < len(all) {
		select {
		case v := <-up:
			for _, x := range all {
				if v == x || v == "" { // one stream of the whole account
					seen[x] = true
				}
			}
		case <-ctx.Done():
			d.say("account streams", Skip, "", "interrupted")
			return ctx.Err()
		case <-limit:
			var down []string
			for _, v := range all {
				if !seen[v] {
					down = append(down, string(v.Within(v.House())))
				}
			}
			d.say("account streams", Fail, "look at ws_… and ws_api_… in "+sectionName(d.access.venue.House())+", and at the network", "no word within %s from %s", streamsWithin, strings.Join(down, ", "))
			return nil
		}
	}
	d.say("account streams", OK, "", "%s", allUp(len(all)))
	return nil
}

func allUp(n int) string {
	if words := [...]string{"none is", "it is", "both are", "all three are", "all four are"}; n < len(words) {
		return words[n] + " up"
	}
	return fmt.Sprintf("all %d are up", n)
}
