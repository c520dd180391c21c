package oms

import (
	"fmt"
	"slices"

	"github.com/perilune/perilune/exchange"
)

// market are the instruments of the session that the account has, and the parts that
// the account falls into.
type market struct {
	names
	u        *exchange.Universe
	segments []Segment
	wallets  []exchange.Wallet // that back no segment
	income   []exchange.Wallet // that have a log
}

func newMarket(u *exchange.Universe, p *Profile) *market {
	return &market{names: names{u.House()}, u: u, segments: p.Segments, wallets: p.Wallets, income: p.Income}
}

// own reports whether an instrument is of this account: another one may trade in the
// same session. An account that names no segments has all.
func (m *market) own(in *exchange.Instrument) bool {
	return len(m.segments) == 0 || slices.ContainsFunc(m.segments, func(s Segment) bool { return s.Venue == in.Venue })
}

// known reports whether the account has an instrument of the session.
func (m *market) known(id exchange.InstrumentID) bool {
	return id >= 0 && int(id) < m.u.Len() && m.own(m.u.Get(id))
}

// unknown says why an instrument is not known.
func (m *market) unknown(id exchange.InstrumentID) string {
	if id < 0 || int(id) >= m.u.Len() {
		return fmt.Sprintf("instrument %d is not in this universe of %d", id, m.u.Len())
	}
	return m.u.Get(id).Key() + " is not of this account"
}

// find returns the instrument that the venue calls so.
func (m *market) find(v exchange.Venue, symbol string) (*exchange.Instrument, bool) {
	return m.u.Find(v, symbol)
}

// segment is what is known of a segment. Of one that the profile does not name, the
// instruments tell the wallets.
func (m *market) segment(v exchange.Venue) Segment {
	if i := slices.IndexFunc(m.segments, func(s Segment) bool { return s.Venue == v }); i >= 0 {
		return m.segments[i]
	}
	s := Segment{Venue: v, Spot: true}
	for _, in := range m.u.All() {
		if in.Venue != v {
			continue
		}
		s.Spot = s.Spot && in.Contract == exchange.Spot
		if w := m.full(in.Wallet); !slices.Contains(s.Wallets, w) {
			s.Wallets = append(s.Wallets, w)
		}
	}
	return s
}

// countdown bounds that of a switch; the one of the whole account is any segment's.
func (m *market) countdown(v exchange.Venue) Countdown {
	for _, s := range m.segments {
		if s.Switch != SwitchNone && (v == "" || s.Venue == v) {
			return s.Countdown
		}
	}
	return Countdown{}
}

// backed returns the segments that a wallet backs.
func (m *market) backed(w exchange.Wallet) (out []Segment) {
	for _, s := range m.segments {
		if slices.Contains(s.Wallets, w) {
			out = append(out, s)
		}
	}
	if len(m.segments) > 0 {
		return out
	}
	for _, in := range m.u.All() {
		if m.full(in.Wallet) == w && !slices.ContainsFunc(out, func(s Segment) bool { return s.Venue == in.Venue }) {
			out = append(out, m.segment(in.Venue))
		}
	}
	return out
}

// logged reports whether what a wallet was booked is listed.
func (m *market) logged(w exchange.Wallet) bool { return slices.Contains(m.income, m.full(w)) }

// wallet reports whether the account has a wallet.
func (m *market) wallet(w exchange.Wallet) bool {
	return w != "" && (slices.Contains(m.wallets, w) || len(m.backed(w)) > 0)
}
