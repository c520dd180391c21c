package simserver

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/sign"
)

// Prefix is what paths of the control door begin with.
const Prefix = "/sim/"

// controls are what a real exchange does not have: the faults, the truth about accounts
// and books, settings that a client must find, and, for a market that stands still, its
// clock.
var controls = map[string]func(s *State, q url.Values, body []byte) (any, error){
	"GET /sim/state":        func(s *State, _ url.Values, _ []byte) (any, error) { return s.Truth(), nil },
	"GET /sim/account":      getAccount,
	"GET /sim/book":         getBook,
	"GET /sim/faults":       func(s *State, _ url.Values, _ []byte) (any, error) { return s.Faults.toCome(), nil },
	"GET /sim/faults/fired": func(s *State, _ url.Values, _ []byte) (any, error) { return append([]Fired{}, s.Faults.fired...), nil },
	"POST /sim/faults":      postFault,
	"DELETE /sim/faults":    clearFaults,
	"POST /sim/settings":    postSettings,
	"POST /sim/keys":        postKey,
	"POST /sim/advance":     postAdvance,
}

// problem is what the control door answers when it does not do what it was asked.
type problem struct {
	Error string `json:"error"`
}

// Control serves the paths under Prefix.
func (x *Exchange) Control(w http.ResponseWriter, r *http.Request, body []byte) {
	run, ok := controls[r.Method+" "+r.URL.Path]
	if !ok {
		answer(w, http.StatusNotFound, problem{"want one of: " + strings.Join(sortedKeys(controls), ", ")})
		return
	}
	// The answer is encoded in the loop, which owns what it is made of.
	status, text := http.StatusServiceUnavailable, encode(problem{"the simulated exchange has stopped"})
	x.Do(func(s *State) {
		v, err := run(s, r.URL.Query(), body)
		if err != nil {
			status, text = http.StatusBadRequest, encode(problem{err.Error()})
			return
		}
		status, text = http.StatusOK, encode(v)
	})
	write(w, status, text)
}

func answer(w http.ResponseWriter, status int, v any) { write(w, status, encode(v)) }

func write(w http.ResponseWriter, status int, text []byte) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that has gone misses nothing
}

// encode is json.Marshal with <, > and & as they are.
func encode(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return encode(problem{err.Error()})
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// decode reads a control request's body and refuses what it does not know.
func decode(body []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}

func postFault(s *State, _ url.Values, body []byte) (any, error) {
	var f Fault
	if err := decode(body, &f); err != nil {
		return nil, err
	}
	if err := s.Faults.arm(f.withDefaults()); err != nil {
		return nil, err
	}
	s.runFaults()
	return s.Faults.toCome(), nil
}

func clearFaults(s *State, _ url.Values, _ []byte) (any, error) {
	s.Faults.clearToCome()
	return s.Faults.toCome(), nil
}

func postAdvance(s *State, _ url.Values, body []byte) (any, error) {
	var q struct {
		MS int64 `json:"ms"`
	}
	if err := decode(body, &q); err != nil {
		return nil, err
	}
	if err := s.advance(s.Clock.now + exchange.UnixMilli(max(0, q.MS))); err != nil {
		return nil, err
	}
	return struct {
		Time int64 `json:"time"`
	}{millis(s.Clock.now)}, nil
}

// Settings are what an account can be set to beforehand, for clients that must
// find out how it is set.
type Settings struct {
	Venue   string `json:"venue,omitempty"` // the house, where there are several
	Account int    `json:"account"`
	// Dual is hedge mode and MultiAssets multi-assets mode; nil: unchanged.
	Dual        *bool `json:"dual_side_position,omitempty"`
	MultiAssets *bool `json:"multi_assets_margin,omitempty"`
	// Institutional grants what a venue has for institutions alone; nil: unchanged.
	Institutional *bool `json:"institutional,omitempty"`
	// MarginType is CROSSED or ISOLATED, and Leverage a number, of a futures
	// symbol; empty or 0: unchanged.
	Market     string `json:"market,omitempty"`
	Symbol     string `json:"symbol,omitempty"`
	MarginType string `json:"margin_type,omitempty"`
	Leverage   int    `json:"leverage,omitempty"`
}

func postSettings(s *State, _ url.Values, body []byte) (any, error) {
	var q Settings
	if err := decode(body, &q); err != nil {
		return nil, err
	}
	if q.Account < 0 || q.Account >= len(s.accounts) {
		return nil, fmt.Errorf("account %d: there are %d", q.Account, len(s.accounts))
	}
	a := s.accounts[q.Account]
	if q.Symbol != "" {
		if err := s.configure(a, q); err != nil {
			return nil, err
		}
	}
	if q.Dual != nil {
		if err := a.SetHedged(*q.Dual); err != nil {
			return nil, fmt.Errorf("dual_side_position: %w", err)
		}
	}
	if q.Institutional != nil {
		a.Institutional = *q.Institutional
	}
	if q.MultiAssets != nil {
		if err := a.SetMultiAsset(*q.MultiAssets); err != nil {
			return nil, fmt.Errorf("multi_assets_margin: %w", err)
		}
	}
	return a.Truth(), nil
}

// configure sets an account's margin type and leverage of a symbol.
func (s *State) configure(a *Account, q Settings) error {
	seg, err := s.Segments.named(q.Market)
	if err != nil {
		return err
	}
	m := s.Market(seg, q.Symbol)
	if m == nil || !m.In.Perp() {
		return fmt.Errorf("there is no contract %s on %s", q.Symbol, q.Market)
	}
	switch q.MarginType {
	case "":
	case "CROSSED", "ISOLATED":
		if err := a.SetIsolated(m.In.ID, q.MarginType == "ISOLATED"); err != nil {
			return fmt.Errorf("margin_type: %w", err)
		}
	default:
		return fmt.Errorf("margin type %q: want CROSSED or ISOLATED", q.MarginType)
	}
	if q.Leverage == 0 {
		return nil
	}
	return a.Funds.SetLeverage(m.In.ID, q.Leverage)
}

// postKey registers a public key of the user's own for an account, as the
// exchange does for RSA and Ed25519, and answers with the API key's name.
func postKey(s *State, _ url.Values, body []byte) (any, error) {
	var q struct {
		Venue     string `json:"venue"`
		Account   int    `json:"account"`
		PublicKey string `json:"public_key"` // PKIX in PEM
	}
	if err := decode(body, &q); err != nil {
		return nil, err
	}
	if q.Account < 0 || q.Account >= len(s.accounts) {
		return nil, fmt.Errorf("account %d: there are %d", q.Account, len(s.accounts))
	}
	block, _ := pem.Decode([]byte(q.PublicKey))
	if block == nil {
		return nil, errors.New("public_key: want PKIX in PEM")
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("public_key: %w", err)
	}
	k := newKey(s.NewName("registered key"), s.accounts[q.Account])
	if k.Verifier, err = sign.NewVerifier(public); err != nil {
		return nil, fmt.Errorf("public_key: %w", err)
	}
	s.keys[k.Name] = k
	return struct {
		Key string `json:"key"`
	}{k.Name}, nil
}
