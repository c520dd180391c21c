package host

import (
	"context"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/ledger"
)

// Verdict is the outcome of one check.
type Verdict = connect.Verdict

// The verdicts.
const (
	OK   = connect.OK
	Warn = connect.Warn // it can go on; somebody should know
	Fail = connect.Fail // a session with real orders would be refused, or hurt
	Skip = connect.Skip // it could not be looked at
)

// Finding is one thing that Examine looked at.
type Finding = connect.Finding

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
	if ctx == nil || o == nil || o.Account == nil {
		x := &Examination{}
		l := connect.Findings(x.Findings)
		l.Say("options", Fail, "call it with a context, and options that have an Account", "there is nothing to examine")
		x.Findings = l
		return x
	}
	if err := o.Live.checkSections(); err != nil {
		x := &Examination{}
		l := connect.Findings(x.Findings)
		l.Say("options", Fail, "mend it in the options", "%v", err)
		x.Findings = l
		return x
	}
	if sections := o.Live.sections(); len(sections) > 1 {
		return examineAll(ctx, o, sections)
	}
	d := &doctor{o: o, account: o.Account, Examination: Examination{Venue: hostsOf(o.Live.section())}}
	if a, ok := o.keysOf(o.Live.section().House()); ok {
		d.account = &a
	}
	d.make(ctx, func(check) bool { return true })
	return &d.Examination
}

// examineAll examines the account at each of several venues, and what they share once.
func examineAll(ctx context.Context, o *Options, sections []connect.Section) *Examination {
	all := &doctor{o: o, account: o.Account}
	var where, names []string
	var owners []ledger.Owner
	var found []Finding
	trading := 0
	for _, s := range sections {
		where = append(where, strings.TrimSuffix(s.House()+" at "+hostsOf(s), " at "))
		a, ok := o.keysOf(s.House())
		if !ok {
			found = append(found, Finding{Name: s.House(), Verdict: Skip, Text: withoutKey(s.House())})
			continue
		}
		trading++
		d := &doctor{o: o, account: &a, section: s}
		d.make(ctx, func(c check) bool { return !c.shared })
		for _, f := range d.Findings {
			f.Name = s.House() + " " + f.Name
			found = append(found, f)
		}
		if d.Account != "" {
			owners, names = append(owners, ledger.Owner{Venue: s.House(), Account: d.Account}), append(names, s.House()+" "+d.Account)
		}
	}
	if len(owners) == trading && trading > 0 {
		all.Account = owners[0].Account
		if trading > 1 {
			_, all.Account = ledger.Owners(owners)
		}
	}
	all.make(ctx, func(c check) bool { return c.shared })
	all.Venue, all.Account, all.Findings = strings.Join(where, ", "), strings.Join(names, ", "), append(all.Findings, found...)
	return &all.Examination
}

// make makes the checks that are chosen and that can be made.
func (d *doctor) make(ctx context.Context, chosen func(check) bool) {
	for _, c := range checks {
		if chosen(c) && d.at() >= c.needs { // every other question would have the same answer
			_ = c.look(d, ctx) // what it found says it
		}
	}
	if d.c != nil {
		_ = d.c.Close() // asking only
	}
}

// check is something that a session with real orders needs, or that a person should know
// before one.
type check struct {
	needs   stage
	refuses bool // the session too makes it at its start, and ends with its error
	shared  bool // it is the same at every venue
	look    func(*doctor, context.Context) error
}

// stage is how far the account is known.
type stage int

const (
	unasked  stage = iota
	reached        // the venue may be asked
	signedIn       // the key is read, and the clocks are compared
	known          // the venue knows the key
)

// checks are all that there are, in their order. Examine makes them all; the start of a
// session those that refuse it. What Options.Validate refuses, and what the files do as
// they are opened, it has seen for itself.
var checks = []check{
	{unasked, false, true, (*doctor).config},
	{unasked, false, true, (*doctor).disk},
	{unasked, false, false, (*doctor).reach},
	{reached, false, false, (*doctor).books},
	{reached, true, false, (*doctor).signIn},
	{signedIn, false, false, (*doctor).clock},
	{signedIn, true, false, (*doctor).identity},
	{unasked, false, true, (*doctor).ledgerFile},
	{known, false, false, (*doctor).lease},
	{known, true, false, (*doctor).admission},
	{known, false, false, (*doctor).settings},
	{known, false, false, (*doctor).wallets},
	{known, false, false, (*doctor).holdings},
	{known, false, false, (*doctor).streams},
}

// doctor is an examination under way: of an account, and with o of all else that a session
// needs.
type doctor struct {
	Examination
	o       *Options // nil at the start of a session
	account *AccountOptions
	section connect.Section // nil: of the session's default venue
	access  *access         // nil until the venue may be asked
	c       connect.Account // nil until it is signed in
	log     func(string)    // what the account has to say from then on; nil: nobody listens
}

func (d *doctor) at() stage {
	switch {
	case d.Account != "":
		return known
	case d.c != nil:
		return signedIn
	case d.access != nil:
		return reached
	}
	return unasked
}

// refuse makes the checks between two stages that a session begins with.
func (d *doctor) refuse(ctx context.Context, from, to stage) error {
	for _, c := range checks {
		if c.refuses && from <= c.needs && c.needs <= to {
			if err := c.look(d, ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *doctor) say(name string, v Verdict, do, format string, a ...any) {
	l := connect.Findings(d.Findings)
	l.Say(name, v, do, format, a...)
	d.Findings = l
}
