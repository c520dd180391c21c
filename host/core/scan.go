package core

import "github.com/perilune/perilune/exchange"

// scan is what all perpetuals of the session's venues pay, as it was told last.
type scan struct {
	possible bool // Config.Scans
	wanted   bool // a strategy has asked for it
	last     *exchange.Scan
	at       exchange.Time
	fault    string // why the last answer has nothing
}

// told takes an answer. One without rows leaves those that were told before: their age
// says how much they are worth.
func (s *scan) told(ev *exchange.Event) {
	if s.fault = ev.Reason; ev.Scan != nil {
		s.last, s.at = ev.Scan, ev.Time
	}
}

// ScanWanted reports whether a strategy has asked what all perpetuals pay.
func (mk *markets) ScanWanted() bool { return mk.scan.wanted }

// Scan returns what all perpetuals of the session's venues pay, and why nothing is known of
// it. Who asks first has the session begin to ask the venues.
func (p *marketView) Scan() (s *exchange.Scan, age exchange.Time, why string) {
	x := &p.c.markets.scan
	x.wanted = x.wanted || p.c.reading == nil
	switch {
	case !x.possible:
		return nil, 0, "there is no venue to ask in this session: run it with --market live; of what it trades, market.funding and carry.rank tell"
	case x.last != nil:
		return x.last, p.c.now - x.at, ""
	case x.fault != "":
		return nil, 0, x.fault
	}
	return nil, 0, "the venues are being asked: call it again in a moment"
}
