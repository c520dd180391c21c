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
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/sign"
)

func simulatorPath(path string) bool { return strings.HasPrefix(path, "/sim/") }

// controls are what a real exchange does not have: the fault desk, the truth
// about accounts and books, settings that a client must find, and, for a market
// that stands still, its clock.
var controls = map[string]func(s *sim, q url.Values, body []byte) (any, error){
	"GET /sim/state":        func(s *sim, _ url.Values, _ []byte) (any, error) { return s.audit(), nil },
	"GET /sim/account":      getAccount,
	"GET /sim/book":         getBook,
	"GET /sim/faults":       func(s *sim, _ url.Values, _ []byte) (any, error) { return s.desk.list(), nil },
	"GET /sim/faults/fired": func(s *sim, _ url.Values, _ []byte) (any, error) { return s.desk.fired, nil },
	"POST /sim/faults":      postFault,
	"DELETE /sim/faults":    clearFaults,
	"POST /sim/settings":    postSettings,
	"POST /sim/keys":        postKey,
	"POST /sim/advance":     postAdvance,
}

// control serves the paths under /sim/.
func (x *Exchange) control(w http.ResponseWriter, r *http.Request, body []byte) {
	run, ok := controls[r.Method+" "+r.URL.Path]
	if !ok {
		write(w, &response{status: http.StatusNotFound, body: encode(object{{"error", "want one of: " + strings.Join(sortedKeys(controls), ", ")}})})
		return
	}
	res := &response{status: http.StatusServiceUnavailable, body: encode(object{{"error", "the simulated exchange has stopped"}})}
	x.ask(func(s *sim) {
		answer, err := run(s, r.URL.Query(), body)
		if err != nil {
			res = &response{status: http.StatusBadRequest, body: encode(object{{"error", err.Error()}})}
			return
		}
		res = &response{status: http.StatusOK, body: encode(answer)}
	})
	write(w, res)
}

// decode reads a control request's body and refuses what it does not know.
func decode(body []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}

func postFault(s *sim, _ url.Values, body []byte) (any, error) {
	var f Fault
	if err := decode(body, &f); err != nil {
		return nil, err
	}
	if err := s.desk.arm(s, f.withDefaults()); err != nil {
		return nil, err
	}
	s.desk.runTimed(s)
	return s.desk.list(), nil
}

func clearFaults(s *sim, _ url.Values, _ []byte) (any, error) {
	s.desk.clear(s)
	return s.desk.list(), nil
}

func postAdvance(s *sim, _ url.Values, body []byte) (any, error) {
	var q struct {
		MS int64 `json:"ms"`
	}
	if err := decode(body, &q); err != nil {
		return nil, err
	}
	if err := s.advance(s.now + exchange.UnixMilli(max(0, q.MS))); err != nil {
		return nil, err
	}
	return object{{"time", millis(s.now)}}, nil
}

// Settings are what an account can be set to beforehand, for clients that must
// find out how it is set.
type Settings struct {
	Account int `json:"account"`
	// Dual is hedge mode and MultiAssets multi-assets mode; nil: unchanged. With
	// either on, the account can be asked about but not traded with.
	Dual        *bool `json:"dual_side_position,omitempty"`
	MultiAssets *bool `json:"multi_assets_margin,omitempty"`
	// MarginType is CROSSED or ISOLATED, and Leverage a number, of a futures
	// symbol; empty or 0: unchanged.
	Market     string `json:"market,omitempty"`
	Symbol     string `json:"symbol,omitempty"`
	MarginType string `json:"margin_type,omitempty"`
	Leverage   int    `json:"leverage,omitempty"`
}

func postSettings(s *sim, _ url.Values, body []byte) (any, error) {
	var q Settings
	if err := decode(body, &q); err != nil {
		return nil, err
	}
	if q.Account < 0 || q.Account >= len(s.accounts) {
		return nil, fmt.Errorf("account %d: there are %d", q.Account, len(s.accounts))
	}
	a := s.accounts[q.Account]
	if q.Symbol != "" {
		if err := a.configure(q); err != nil {
			return nil, err
		}
	}
	if q.Dual != nil {
		a.dual = *q.Dual
	}
	if q.MultiAssets != nil {
		a.multiAssets = *q.MultiAssets
	}
	return a.audit(), nil
}

// configure sets a symbol's margin type and leverage.
func (a *account) configure(q Settings) error {
	mk, err := api.ParseMarket(q.Market)
	if err != nil {
		return err
	}
	m, f := a.s.find(mk, q.Symbol)
	if f != nil || !m.in.Perp() {
		return fmt.Errorf("there is no contract %s on %s", q.Symbol, q.Market)
	}
	switch q.MarginType {
	case "":
	case "CROSSED", "ISOLATED":
		a.isolated[m.in.ID] = q.MarginType == "ISOLATED"
	default:
		return fmt.Errorf("margin type %q: want CROSSED or ISOLATED", q.MarginType)
	}
	if q.Leverage == 0 {
		return nil
	}
	return a.venue.SetLeverage(m.in.ID, q.Leverage)
}

// postKey registers a public key of the user's own for an account, as the
// exchange does for RSA and Ed25519, and answers with the API key's name.
func postKey(s *sim, _ url.Values, body []byte) (any, error) {
	var q struct {
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
	k := newKey(s.name("registered key"), s.accounts[q.Account])
	if k.verifier, err = sign.NewVerifier(public); err != nil {
		return nil, fmt.Errorf("public_key: %w", err)
	}
	s.keys[k.name] = k
	return object{{"key", k.name}}, nil
}
