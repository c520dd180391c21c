package feed

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/perilune/perilune/exchange/binance/api"
)

// contractStream tells at once what exchangeInfo tells when it is asked: that a
// contract stops or starts trading, or will be delisted.
const contractStream = "!contractInfo"

var contractPrefix = []byte(`{"stream":"` + contractStream + `"`)

// contractEvent is a message of it. Keys that differ only in case must all be
// there, because encoding/json would take one for the other.
type contractEvent struct {
	Data struct {
		Event    string `json:"e"`
		Time     int64  `json:"E"`
		Symbol   string `json:"s"`
		Status   string `json:"cs"`
		Delivery int64  `json:"dt"`
		// Kind is 1 for USD-M and 2 for COIN-M: since 2026-06-30 either host tells of
		// both. Absent: the host's own.
		Kind int `json:"st"`
	} `json:"data"`
}

// contract takes a message of the contract stream.
func (r *intake) contract(frame []byte) {
	var msg contractEvent
	err := json.Unmarshal(frame, &msg)
	if err == nil && (msg.Data.Symbol == "" || msg.Data.Status == "") {
		err = errors.New("a contract has a symbol (s) and a status (cs)")
	}
	if err != nil {
		r.malformed(frame, err)
		return
	}
	market := r.kind
	switch msg.Data.Kind {
	case 1:
		market = api.USDM
	case 2:
		market = api.COINM
	}
	t := r.market.byName[market][msg.Data.Symbol]
	if t == nil {
		r.market.counts.ignored.Add(1)
		return
	}
	opened := &r.market.listings[t.in.ID]
	now := t.latest(opened)
	now.Status = msg.Data.Status
	if msg.Data.Delivery > 0 {
		now.Delivery = milli(msg.Data.Delivery)
	}
	t.compare(r.market, opened, &now)
}

// latest returns what was last said of a contract.
func (t *track) latest(opened *Listing) Listing {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.listing == nil {
		return *opened
	}
	return *t.listing
}

func isContract(frame []byte) bool { return bytes.HasPrefix(frame, contractPrefix) }
