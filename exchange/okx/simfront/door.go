package simfront

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// fault is a refusal, in the venue's code and words.
type fault struct {
	status int
	code   string
	msg    string
}

func refuse(code, msg string) *fault { return &fault{http.StatusOK, code, msg} }

// call is a request that was let in.
type call struct {
	d       *dialect
	a       *simserver.Account // nil: nobody signed
	key     *simserver.APIKey
	q       url.Values
	body    []byte
	changes bool
	ws      bool // an order of the private stream
	expires int64
}

// rows are the data of an answer. code is that of the whole: "" for 0.
type rows struct {
	list []reply.Object
	raw  reply.List // in its place, where rows are lists
	code string
}

// paths are all that is answered. The first word says who may ask, and what a key needs.
var paths = map[string]struct {
	needs string // "": anybody
	do    func(*call) (rows, *fault)
}{
	"GET /public/time": {"", asData(data.time)}, "GET /public/instruments": {"", asData(data.instruments)}, "GET /account/instruments": {simserver.MayRead, asData(data.instruments)},
	"GET /public/funding-rate": {"", asData(data.fundingRate)}, "GET /public/funding-rate-history": {"", asData(data.fundingHistory)}, "GET /public/mark-price": {"", asData(data.markPrice)},
	"GET /public/interest-rate-loan-quota": {"", asData(data.quota)},
	"GET /public/position-tiers":           {"", asData(data.tiers)}, "GET /market/tickers": {"", asData(data.tickers)}, "GET /market/ticker": {"", asData(data.tickers)}, "GET /market/index-tickers": {"", asData(data.indices)},
	"GET /market/candles": {"", asData(data.candles)}, "GET /market/history-candles": {"", asData(data.candles)}, "GET /market/books": {"", asData(data.book)}, "GET /market/trades": {"", asData(data.trades)},
	"GET /market/history-trades": {"", asData(data.trades)}, "GET /market/mark-price-candles": {"", asData(data.markCandles)}, "GET /market/history-mark-price-candles": {"", asData(data.markCandles)},
	"GET /market/index-candles": {"", asData(data.indexCandles)}, "GET /market/history-index-candles": {"", asData(data.indexCandles)}, "GET /public/open-interest": {"", asData(data.openInterest)},
	"GET /system/status": {"", none}, "GET /asset/deposit-history": {simserver.MayRead, none}, "GET /asset/withdrawal-history": {simserver.MayRead, none},
	"GET /account/positions-history": {simserver.MayRead, closed}, "POST /trade/close-position": {simserver.MayFutures, closePosition},
	"GET /account/config": {simserver.MayRead, (*call).config}, "GET /account/balance": {simserver.MayRead, (*call).balance}, "GET /account/positions": {simserver.MayRead, (*call).positions},
	"GET /account/bills": {simserver.MayRead, (*call).bills}, "GET /account/bills-archive": {simserver.MayRead, (*call).bills}, "GET /account/trade-fee": {simserver.MayRead, (*call).fees},
	"GET /account/leverage-info": {simserver.MayRead, (*call).leverage}, "POST /account/set-leverage": {simserver.MayFutures, (*call).setLeverage},
	"POST /account/set-position-mode": {simserver.MayFutures, (*call).setPositions}, "POST /account/set-account-level": {simserver.MayFutures, asLender(lender.setLevel)},
	"POST /account/set-auto-loan": {simserver.MayFutures, asLender(lender.setLoans)}, "GET /account/interest-rate": {simserver.MayRead, asLender(lender.rates)},
	"GET /account/max-loan": {simserver.MayRead, asLender(lender.mostLoans)}, "GET /account/interest-accrued": {simserver.MayRead, asLender(lender.accrued)},
	"GET /asset/balances": {simserver.MayRead, (*call).assets}, "GET /asset/bills": {simserver.MayRead, (*call).assetBills}, "GET /asset/currencies": {simserver.MayRead, (*call).currencies},
	"POST /asset/transfer": {simserver.MayTransfer, (*call).transfer}, "GET /asset/transfer-state": {simserver.MayRead, (*call).transferState},
	"POST /trade/order": {simserver.MaySpot, (*call).place}, "POST /trade/batch-orders": {simserver.MaySpot, (*call).placeBatch},
	"POST /trade/amend-order": {simserver.MaySpot, (*call).amend}, "POST /trade/amend-batch-orders": {simserver.MaySpot, (*call).amendBatch},
	"POST /trade/cancel-order": {simserver.MaySpot, (*call).cancel}, "POST /trade/cancel-batch-orders": {simserver.MaySpot, (*call).cancelBatch},
	"POST /trade/cancel-all-after": {simserver.MaySpot, (*call).cancelAllAfter},
	"GET /trade/order":             {simserver.MayRead, (*call).order}, "GET /trade/orders-pending": {simserver.MayRead, (*call).pending},
	"GET /trade/orders-history": {simserver.MayRead, (*call).history}, "GET /trade/orders-history-archive": {simserver.MayRead, (*call).history},
	"GET /trade/fills": {simserver.MayRead, (*call).fills}, "GET /trade/fills-history": {simserver.MayRead, (*call).fills},
}

// rest answers a request over HTTP.
func (d *dialect) rest(r *http.Request, body []byte) *simserver.Answer {
	if d.s.Faults.Closed(nil) {
		return said(nil, &fault{http.StatusServiceUnavailable, "50001", "Service temporarily unavailable. Please try again later."})
	}
	name := r.Method + " " + strings.TrimPrefix(r.URL.Path, restPath)
	p, ok := paths[name]
	if !ok {
		return said(nil, &fault{http.StatusNotFound, "404", "Not Found"})
	}
	c := &call{d: d, q: r.URL.Query(), body: body, changes: r.Method == http.MethodPost}
	if d.s.Faults.Strikes("429", nil, "") {
		return said(nil, &fault{http.StatusTooManyRequests, "50011", "Too Many Requests"})
	}
	if p.needs != "" {
		if f := c.signed(r, p.needs); f != nil {
			return said(nil, f)
		}
	}
	if text := r.Header.Get("expTime"); text != "" {
		c.expires, _ = strconv.ParseInt(text, 10, 64) // what is no number is none
	}
	a := c.answer(name, p.do)
	if slow, hit := d.s.Faults.Occasion("slow_answer", nil, ""); hit {
		a.Delay = time.Duration(slow.Millis) * time.Millisecond
	}
	return a
}

// mishaps of order entry that is not carried out, and what is answered.
var refusing = []struct {
	kind string
	fault
}{{"unavailable", fault{http.StatusServiceUnavailable, "50001", "Service temporarily unavailable. Please try again later."}},
	{"internal", fault{http.StatusInternalServerError, "50026", "System error. Please try again later."}},
	{"throttled", fault{http.StatusTooManyRequests, "50011", "Too Many Requests"}}}

// mishaps of what is carried out. The text of 50004 says that nobody knows.
var losing = []struct {
	kind string
	fault
}{{"timeout", fault{http.StatusBadRequest, "50004", "API endpoint request timeout (does not mean that the request was successful or failed, please check the request result)."}},
	{"unknown", fault{http.StatusServiceUnavailable, "50026", "System error. Please try again later."}}}

// answer does what was asked, with what may go wrong on the way.
func (c *call) answer(name string, do func(*call) (rows, *fault)) *simserver.Answer {
	entry := c.changes && strings.HasPrefix(name, "POST /trade/") && name != "POST /trade/cancel-all-after"
	cancels := strings.Contains(name, "/cancel")
	seg, symbol := c.about()
	faults := c.d.s.Faults
	if tooMany(c, name) {
		return said(nil, &refusing[2].fault)
	}
	if entry && !cancels {
		for i := range refusing {
			if faults.Strikes(refusing[i].kind, seg, symbol) {
				return said(nil, &refusing[i].fault)
			}
		}
	}
	moves := name == "POST /asset/transfer"
	if moves && faults.Strikes("transfer_lost", nil, "") {
		return said(nil, &losing[0].fault)
	}
	out, f := do(c)
	if moves && f == nil && faults.Strikes("transfer_unknown", nil, "") {
		return said(nil, &losing[0].fault)
	}
	if entry && f == nil && (out.code == "" || out.code == "2") {
		for i := range losing {
			if faults.Strikes(losing[i].kind, seg, symbol) {
				return said(nil, &losing[i].fault)
			}
		}
		if faults.Strikes("reset", seg, symbol) {
			return &simserver.Answer{Reset: true}
		}
	}
	return said(&out, f)
}

// about is what of a request's body faults are for.
func (c *call) about() (*simserver.Segment, string) {
	symbol := instrumentOf(c)
	if m := c.d.market(symbol); m != nil {
		return m.Segment, symbol
	}
	return nil, ""
}

func said(r *rows, f *fault) *simserver.Answer {
	if f != nil {
		return &simserver.Answer{Status: f.status, Body: reply.Encode(reply.Object{{"code", f.code}, {"msg", f.msg}, {"data", reply.List{}}})}
	}
	code, msg := r.code, ""
	switch code {
	case "":
		code = "0"
	case "1":
		msg = "All operations failed"
	case "2":
		msg = "Bulk operation partially succeeded."
	}
	var data any = r.list
	if r.list == nil {
		data = append(reply.List{}, r.raw...)
	}
	return &simserver.Answer{Status: http.StatusOK, Body: reply.Encode(reply.Object{{"code", code}, {"msg", msg}, {"data", data}})}
}

// late is how far a request's time may be off.
const late = 30 * exchange.Second

func unauthorized(code, msg string) *fault { return &fault{http.StatusUnauthorized, code, msg} }

// signed judges the headers, in the venue's order.
func (c *call) signed(r *http.Request, needs string) *fault {
	h := r.Header
	name, stamp := h.Get("OK-ACCESS-KEY"), h.Get("OK-ACCESS-TIMESTAMP")
	at, err := time.Parse("2006-01-02T15:04:05.000Z", stamp)
	switch {
	case name == "":
		return unauthorized("50103", "Request header \"OK-ACCESS-KEY\" cannot be empty")
	case h.Get("OK-ACCESS-PASSPHRASE") == "":
		return unauthorized("50104", "Request header \"OK-ACCESS-PASSPHRASE\" cannot be empty")
	case h.Get("OK-ACCESS-SIGN") == "":
		return unauthorized("50106", "Request header \"OK-ACCESS-SIGN\" cannot be empty")
	case stamp == "":
		return unauthorized("50107", "Request header \"OK-ACCESS-TIMESTAMP\" cannot be empty")
	case err != nil:
		return unauthorized("50112", "Invalid OK-ACCESS-TIMESTAMP")
	case h.Get("x-simulated-trading") == "1":
		return unauthorized("50101", "APIKey does not match current environment.")
	}
	if off := c.d.s.Clock.Wall() - exchange.Time(at.UnixNano()); off > late || off < -late {
		return unauthorized("50102", "Timestamp request expired")
	}
	k, f := c.d.key(name, h.Get("OK-ACCESS-PASSPHRASE"), h.Get("OK-ACCESS-SIGN"), stamp+r.Method+r.URL.RequestURI()+string(c.body))
	if f != nil {
		return f
	}
	if !k.May(needs) {
		return unauthorized("50120", "This API key doesn't have permission to use this function")
	}
	c.key, c.a = k, k.Account
	return nil
}

// key finds a key whose passphrase and signature are right.
func (d *dialect) key(name, passphrase, signature, payload string) (*simserver.APIKey, *fault) {
	k := d.s.Key(name)
	if k == nil || k.Passphrase == "" || k.Verifier == nil {
		return nil, unauthorized("50111", "Invalid OK-ACCESS-KEY")
	}
	if k.Passphrase != passphrase {
		return nil, unauthorized("50105", "Request header \"OK-ACCESS-PASSPHRASE\" incorrect.")
	}
	raw, err := base64.StdEncoding.DecodeString(signature)
	if err != nil || k.Verifier.Verify([]byte(payload), hex.EncodeToString(raw)) != nil {
		return nil, unauthorized("50113", "Invalid Sign")
	}
	return k, nil
}
