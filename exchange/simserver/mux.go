package simserver

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// Mux puts several exchanges behind one address, each with its front. Requests find
// theirs by their path; the control door speaks for all, and takes a venue's name.
//
// Exchanges share nothing but the market that their feeds show: each has its own accounts,
// keys, clock and faults, and can go dark by itself.
type Mux struct {
	stands []stand
	beside []stand // what has no exchange of its own
}

// Handler is a front that names its paths.
type Handler interface {
	http.Handler
	// Paths are the paths that are the front's, and all below them. Of two that fit the
	// longer one counts.
	Paths() []string
}

// stand is one of the exchanges.
type stand struct {
	house string
	x     *Exchange
	front http.Handler
	paths []string
}

// Add puts an exchange behind the address. The first is the one that is meant where the
// control door is told no venue.
func (m *Mux) Add(house string, x *Exchange, front Handler) error {
	s := stand{house, x, front, front.Paths()}
	for _, o := range m.stands {
		for _, p := range s.paths {
			if o.house == house || slices.Contains(o.paths, p) {
				return fmt.Errorf("simulated exchange: %s and %s both answer %s", o.house, house, p)
			}
		}
	}
	m.stands = append(m.stands, s)
	return nil
}

// Beside puts something else behind the address that serves what the exchanges show. Its
// paths are told apart as those of fronts.
func (m *Mux) Beside(paths []string, h http.Handler) error {
	for _, o := range m.stands {
		for _, p := range paths {
			if slices.Contains(o.paths, p) {
				return fmt.Errorf("simulated exchange: %s answers %s already", o.house, p)
			}
		}
	}
	m.beside = append(m.beside, stand{front: h, paths: paths})
	return nil
}

// Serve answers on l until ctx ends or a feed fails, and then closes the exchanges. It may
// be called once.
func (m *Mux) Serve(ctx context.Context, l net.Listener) error {
	var list []*Exchange
	for i := range m.stands {
		list = append(list, m.stands[i].x)
	}
	return serve(ctx, l, m, list...)
}

// ServeHTTP gives a request to the front whose path it is.
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, Prefix) {
		m.control(w, r)
		return
	}
	var best *stand
	length := -1
	for _, list := range [][]stand{m.stands, m.beside} {
		for i := range list {
			for _, p := range list[i].paths {
				if len(p) > length && below(r.URL.Path, p) {
					best, length = &list[i], len(p)
				}
			}
		}
	}
	if best == nil {
		answer(w, http.StatusNotFound, problem{fmt.Sprintf("no venue of %s answers %s", exchange.OneOf(m.houses()), r.URL.Path)})
		return
	}
	best.front.ServeHTTP(w, r)
}

// below reports that a path is another, or beneath it.
func below(path, of string) bool {
	rest, ok := strings.CutPrefix(path, of)
	return ok && (rest == "" || rest[0] == '/' || strings.HasSuffix(of, "/"))
}

func (m *Mux) houses() (out []string) {
	for i := range m.stands {
		out = append(out, m.stands[i].house)
	}
	return out
}

// of returns the exchange of a house.
func (m *Mux) of(house string) (*stand, error) {
	for i := range m.stands {
		if s := &m.stands[i]; strings.EqualFold(s.house, house) {
			return s, nil
		}
	}
	return nil, fmt.Errorf("venue %q: want %s", house, exchange.OneOf(m.houses()))
}

// maxBody is the longest request that is read.
const maxBody = 1 << 20

// control serves the control door. What names a venue, with the parameter or the field
// venue or by a market's full name, is that exchange's; what names none is the first's, but for
// what is said of all: state, faults, the market's time.
func (m *Mux) control(w http.ResponseWriter, r *http.Request) {
	if why := Foreign(r); why != "" {
		answer(w, http.StatusForbidden, problem{why})
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		answer(w, http.StatusRequestEntityTooLarge, problem{"reading the body: " + err.Error()})
		return
	}
	house := venueOf(r, body)
	if house == "" {
		if v, ok := m.ofAll(r.Method+" "+r.URL.Path, body); ok {
			if err, failed := v.(error); failed {
				answer(w, http.StatusBadRequest, problem{err.Error()})
				return
			}
			answer(w, http.StatusOK, v)
			return
		}
		house = m.stands[0].house
	}
	s, err := m.of(house)
	if err != nil {
		answer(w, http.StatusBadRequest, problem{err.Error()})
		return
	}
	s.x.Control(w, r, body)
}

// venueOf is the house that a request is about; "": it names none.
func venueOf(r *http.Request, body []byte) string {
	q := r.URL.Query()
	of := struct{ Venue, Market string }{q.Get("venue"), q.Get("market")}
	if of.Venue == "" && of.Market == "" && len(body) > 0 {
		_ = json.Unmarshal(body, &of) // what is no JSON is refused by who takes it
	}
	if of.Venue == "" {
		of.Venue = exchange.Venue(of.Market).House()
	}
	return of.Venue
}

// ofAll answers what is asked of all exchanges; false when it isn't.
func (m *Mux) ofAll(key string, body []byte) (any, bool) {
	switch key {
	case "GET /sim/state":
		return m.Truth(), true
	case "GET /sim/faults":
		return m.faults(func(l *Faults) []Fault { return l.toCome() }), true
	case "GET /sim/faults/fired":
		return gather(m, func(house string, s *State) (out []Fired) {
			for _, f := range s.Faults.fired {
				f.Fault.Venue = house
				out = append(out, f)
			}
			return out
		}), true
	case "DELETE /sim/faults":
		return m.faults(func(l *Faults) []Fault { l.clearToCome(); return nil }), true
	case "POST /sim/faults":
		return m.arm(body), true
	case "POST /sim/advance":
		return m.advance(body), true
	}
	return nil, false
}

// gather asks every exchange, in its loop.
func gather[T any](m *Mux, ask func(house string, s *State) []T) []T {
	out := []T{}
	for i := range m.stands {
		st := &m.stands[i]
		st.x.Do(func(s *State) { out = append(out, ask(st.house, s)...) })
	}
	return out
}

func (m *Mux) faults(ask func(*Faults) []Fault) []Fault {
	return gather(m, func(house string, s *State) []Fault {
		list := ask(s.Faults)
		for i := range list {
			list[i].Venue = house
		}
		return list
	})
}

// arm arms a fault that names no venue at each that has its market, and says what is to come.
func (m *Mux) arm(body []byte) any {
	var f Fault
	if err := decode(body, &f); err != nil {
		return err
	}
	var refused error
	armed := 0
	for i := range m.stands {
		if err := m.stands[i].x.Arm(f); err != nil {
			refused = fmt.Errorf("%s: %w", m.stands[i].house, err)
			continue
		}
		armed++
	}
	if armed == 0 {
		return refused
	}
	return m.faults(func(l *Faults) []Fault { return l.toCome() })
}

// advance moves the market of all.
func (m *Mux) advance(body []byte) any {
	var q struct {
		MS int64 `json:"ms"`
	}
	if err := decode(body, &q); err != nil {
		return err
	}
	var at int64
	for i := range m.stands {
		x := m.stands[i].x
		if err := x.Advance(exchange.UnixMilli(max(0, q.MS))); err != nil {
			return err
		}
		x.Do(func(s *State) { at = millis(s.Clock.now) })
	}
	return struct {
		Time int64 `json:"time"`
	}{at}
}

// Truth is how things stand at all of them: the times are the first's.
func (m *Mux) Truth() (all Truth) {
	for i := range m.stands {
		t := m.stands[i].x.Truth()
		if i == 0 {
			all = t
			continue
		}
		all.Connections += t.Connections
		all.Accounts = append(all.Accounts, t.Accounts...)
	}
	return all
}
