package bybittest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange/wire"
)

// paths are the requests of the trade stream, by what REST calls them.
var paths = map[string]string{"order.create": "/v5/order/create", "order.amend": "/v5/order/amend", "order.cancel": "/v5/order/cancel",
	"order.create-batch": "/v5/order/create-batch", "order.cancel-batch": "/v5/order/cancel-batch"}

// trade serves a connection of the trade stream until it ends.
func (s *Server) trade(w http.ResponseWriter, r *http.Request) {
	conn, err := wire.Accept(w, r, wire.PeerOptions{})
	if err != nil {
		return
	}
	p := &peer{Peer: conn, category: "trade"}
	s.mu.Lock()
	s.peers[p] = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.peers, p)
		s.mu.Unlock()
		conn.Drop()
	}()
	for {
		frame, err := conn.Read()
		if err != nil {
			return
		}
		s.mu.Lock()
		ok := s.order(p, frame)
		s.mu.Unlock()
		if !ok {
			return
		}
	}
}

// order answers one request; false cuts the connection.
func (s *Server) order(p *peer, frame []byte) bool {
	var q struct {
		ID   string            `json:"reqId"`
		Op   string            `json:"op"`
		Args []json.RawMessage `json:"args"`
	}
	if json.Unmarshal(frame, &q) != nil {
		return false
	}
	say := func(op string, code int, msg string, data, extra any) {
		b, _ := json.Marshal(map[string]any{"reqId": q.ID, "retCode": code, "retMsg": msg, "op": op, "data": data, "retExtInfo": extra, "connId": "c",
			"header": map[string]string{"X-Bapi-Limit": "50", "X-Bapi-Limit-Status": "49", "X-Bapi-Limit-Reset-Timestamp": fmt.Sprint(time.Now().UnixMilli() + 500)}})
		p.Send(b)
	}
	switch {
	case q.Op == "ping":
		say("pong", 0, "OK", []string{"0"}, nil)
		return true
	case q.Op == "auth":
		at, sig := strings.Trim(string(q.Args[1]), `"`), strings.Trim(string(q.Args[2]), `"`)
		if p.signed = s.signs("GET/realtime"+at, sig); !p.signed {
			say("auth", 10004, "error sign!", nil, nil)
			return true
		}
		say("auth", 0, "OK", nil, nil)
		return true
	case !p.signed || paths[q.Op] == "" || len(q.Args) != 1:
		say(q.Op, 10404, "op type is not found", nil, nil)
		return true
	case s.happens("limited"):
		say(q.Op, 10006, "Too many visits!", nil, nil)
		return true
	case s.happens("unavailable"):
		say(q.Op, 170191, "order is busy", nil, nil)
		return true
	}
	result, no := s.private(paths[q.Op], nil, q.Args[0])
	switch {
	case no != nil:
		say(q.Op, no.code, no.msg, nil, nil)
	case s.happens("reset"):
		return false
	case s.happens("unknown"):
		say(q.Op, 10016, "internal error", nil, nil)
	default:
		b, _ := result.(batch)
		if b.list != nil {
			say(q.Op, 0, "OK", map[string]any{"list": b.list}, map[string]any{"list": b.codes})
			return true
		}
		say(q.Op, 0, "OK", result, map[string]any{})
	}
	return true
}

// batch is what came of several orders: two parallel lists.
type batch struct{ list, codes []any }

// each carries out the parts of a batch.
func (s *Server) each(body []byte, do func([]byte) (any, *refusal)) (any, *refusal) {
	var q struct {
		Category string           `json:"category"`
		Request  []map[string]any `json:"request"`
	}
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, &refusal{10001, err.Error()}
	}
	if most := map[string]int{"spot": 10}[q.Category]; most != 0 && len(q.Request) > most || len(q.Request) > 20 {
		return nil, &refusal{10001, "too many"}
	}
	var b batch
	for _, r := range q.Request {
		r["category"] = q.Category
		part, _ := json.Marshal(r)
		result, no := do(part)
		if no != nil {
			b.list, b.codes = append(b.list, map[string]any{"orderId": "", "orderLinkId": r["orderLinkId"]}), append(b.codes, map[string]any{"code": no.code, "msg": no.msg})
			continue
		}
		b.list, b.codes = append(b.list, result), append(b.codes, map[string]any{"code": 0, "msg": "OK"})
	}
	return b, nil
}

// amend changes what rests.
func (s *Server) amend(body []byte) (any, *refusal) {
	var q order
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, &refusal{10001, err.Error()}
	}
	for _, o := range s.account.orders {
		if o.Category == q.Category && o.ClientID == q.ClientID && o.status == "New" {
			o.Qty, o.Price = q.Qty, q.Price
			s.push("order", o.row())
			return map[string]any{"orderId": o.id, "orderLinkId": o.ClientID}, nil
		}
	}
	return nil, &refusal{110001, "order not exists or too late to replace"}
}
