package simserver

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/perilune/perilune/exchange"
)

func simulatorPath(path string) bool { return strings.HasPrefix(path, "/sim/") }

// control serves what a real exchange does not have: the fault desk, the audit
// and, for a market that stands still, its clock.
func (v *Server) control(w http.ResponseWriter, r *http.Request, body []byte) {
	status, answer := http.StatusNotFound, []byte(`{"error":"want GET, POST or DELETE /sim/faults, GET /sim/state, POST /sim/advance"}`)
	ran := v.ask(func(s *sim) {
		switch r.Method + " " + r.URL.Path {
		case "GET /sim/state":
			status, answer = http.StatusOK, encode(s.audit())
		case "GET /sim/faults":
			status, answer = http.StatusOK, encode(s.desk.list())
		case "DELETE /sim/faults":
			s.desk.armed = nil
			status, answer = http.StatusOK, encode(s.desk.list())
		case "POST /sim/faults":
			status, answer = s.postFault(body)
		case "POST /sim/advance":
			status, answer = s.postAdvance(body)
		}
	})
	if !ran {
		status, answer = http.StatusServiceUnavailable, []byte(`{"error":"the simulated exchange has stopped"}`)
	}
	write(w, &response{status: status, body: answer})
}

func problem(err error) (int, []byte) {
	return http.StatusBadRequest, encode(object{{"error", err.Error()}})
}

func (s *sim) postFault(body []byte) (int, []byte) {
	var f Fault
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return problem(err)
	}
	if err := s.desk.arm(s, f); err != nil {
		return problem(err)
	}
	s.desk.runTimed(s)
	return http.StatusOK, encode(s.desk.list())
}

func (d *faultDesk) list() list {
	out := list{}
	for _, a := range d.armed {
		out = append(out, a.Fault)
	}
	return out
}

func (s *sim) postAdvance(body []byte) (int, []byte) {
	var q struct {
		MS int64 `json:"ms"`
	}
	if err := json.Unmarshal(body, &q); err != nil {
		return problem(err)
	}
	if err := s.advance(s.now + exchange.UnixMilli(max(0, q.MS))); err != nil {
		return problem(err)
	}
	return http.StatusOK, encode(object{{"time", millis(s.now)}})
}

// audit is what a client's own books must agree with, exactly.
func (s *sim) audit() object {
	accounts := list{}
	for _, a := range s.accounts {
		accounts = append(accounts, a.audit())
	}
	return object{{"time", millis(s.now)}, {"server_time", millis(s.wall())}, {"connections", len(s.hub.clients)}, {"accounts", accounts}}
}

func (a *account) audit() object {
	balances, positions, orders, trades := list{}, list{}, list{}, list{}
	for _, d := range a.venue.Balances() {
		b := a.venue.Balance(d.Market, d.Asset)
		balances = append(balances, object{{"wallet", d.Market.String()}, {"asset", d.Asset}, {"total", b.Total.String()}, {"free", b.Free.String()}})
	}
	for _, m := range a.s.markets {
		if p := a.venue.Position(m.in.ID); m.in.Perp() && p.Qty != 0 {
			positions = append(positions, object{{"market", m.in.Market.String()}, {"symbol", m.in.Symbol}, {"qty", m.in.QtyDecimal(p.Qty).String()}, {"entry", p.Entry.String()}})
		}
	}
	for _, o := range a.orders {
		orders = append(orders, object{{"market", o.m.in.Market.String()}, {"symbol", o.m.in.Symbol}, {"id", o.id}, {"client_id", o.client}, {"side", sideText(o.side)},
			{"status", o.status}, {"price", o.m.in.PriceDecimal(o.price).String()}, {"qty", o.m.in.QtyDecimal(o.qty).String()}, {"filled", o.m.in.QtyDecimal(o.filled).String()}})
	}
	for _, t := range a.trades {
		m := t.order.m
		trades = append(trades, object{{"market", m.in.Market.String()}, {"symbol", m.in.Symbol}, {"id", t.id}, {"order", t.order.id}, {"side", sideText(t.order.side)},
			{"price", m.in.PriceDecimal(t.price).String()}, {"qty", m.in.QtyDecimal(t.qty).String()}, {"fee", t.fee.String()}, {"fee_asset", t.feeAsset}, {"maker", t.maker}})
	}
	return object{{"account", a.number}, {"balances", balances}, {"positions", positions}, {"orders", orders}, {"trades", trades}}
}
