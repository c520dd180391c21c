package feed

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/wire"
	"github.com/perilune/perilune/exchange/wire/wiretest"
)

// fakeVenue speaks as much of the venue's protocol as market data needs, and
// breaks it on demand. Every book keeps all its past states by update id, so
// that a book somewhere else can be held against what was true at its id.
type fakeVenue struct {
	net *wiretest.Network

	mu       sync.Mutex
	rng      *rand.Rand
	books    []*fakeBook
	peers    map[*wire.Peer]*subscriber
	ids      int64 // of futures, which all symbols share
	requests map[string]int
	connects int

	mangle  func(stream string, n int, frame []byte) [][]byte // faults of streams; nil: none
	depth   func(w http.ResponseWriter, b *fakeBook) bool     // faults of snapshots: true when it has answered
	terms   string                                            // fundingInfo of USD-M
	hours   int
	status  map[string]string
	settled []string // rows of fundingRate
	open    string   // openInterest of every contract; "": 0

	premiums []string // rows of premiumIndexKlines
}

type subscriber struct {
	route   string
	streams map[string]bool
}

type fakeBook struct {
	market api.Market
	symbol string
	id     int64 // of the last change
	sentID int64 // u of the last diff
	bids   map[int64]int64
	asks   map[int64]int64
	past   map[int64]string // state by id
	diffs  int
	silent bool // changes are not sent: the stream has stalled
	trades int64
}

func newFakeVenue(t *testing.T) *fakeVenue {
	v := &fakeVenue{net: wiretest.New(), rng: rand.New(rand.NewPCG(1, 2)), peers: make(map[*wire.Peer]*subscriber),
		requests: make(map[string]int), ids: 5000, terms: "[]", hours: 8, status: make(map[string]string)}
	v.add(api.Spot, "BTCUSDT")
	v.add(api.USDM, "BTCUSDT")
	v.add(api.USDM, "1000SHIBUSDT")
	v.add(api.COINM, "BTCUSD_PERP")
	srv := &http.Server{Handler: v}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(v.net) }()
	t.Cleanup(func() {
		v.net.Close()
		v.dropAll()
		srv.Close()
		<-done
	})
	return v
}

func (v *fakeVenue) add(m api.Market, symbol string) {
	b := &fakeBook{market: m, symbol: symbol, id: 1000, sentID: 1000, bids: make(map[int64]int64), asks: make(map[int64]int64), past: make(map[int64]string)}
	for i := range int64(20) {
		b.bids[1000-i], b.asks[1001+i] = 5+i, 7+i
	}
	b.past[b.id] = b.String()
	v.books = append(v.books, b)
}

func (v *fakeVenue) book(m api.Market, symbol string) *fakeBook {
	i := slices.IndexFunc(v.books, func(b *fakeBook) bool { return b.market == m && b.symbol == symbol })
	if i < 0 {
		return nil
	}
	return v.books[i]
}

// ladder lists levels as `["10.01","3"]`, best first. A tick is 0.01 and a lot 1.
func ladder(side map[int64]int64, best func(a, b int64) int) []string {
	prices := make([]int64, 0, len(side))
	for p := range side {
		prices = append(prices, p)
	}
	slices.SortFunc(prices, best)
	out := make([]string, len(prices))
	for i, p := range prices {
		out[i] = level(p, side[p])
	}
	return out
}

// level is one, written without fmt: a test writes millions.
func level(p, q int64) string {
	b := make([]byte, 0, 32)
	b = strconv.AppendInt(append(b, `["`...), p/100, 10)
	b = append(b, '.', '0'+byte(p/10%10), '0'+byte(p%10))
	b = strconv.AppendInt(append(b, `","`...), q, 10)
	return string(append(b, `"]`...))
}

func (b *fakeBook) sides() (bids, asks []string) {
	return ladder(b.bids, func(x, y int64) int { return int(y - x) }), ladder(b.asks, func(x, y int64) int { return int(x - y) })
}

func (b *fakeBook) String() string {
	bids, asks := b.sides()
	return strings.Join(bids, "") + "|" + strings.Join(asks, "")
}

// change moves one level and gives the state an id.
func (v *fakeVenue) change(b *fakeBook) (side, text string) {
	p, q := 981+v.rng.Int64N(20), v.rng.Int64N(4)
	side, levels := "b", b.bids
	if v.rng.IntN(2) == 0 {
		side, levels, p = "a", b.asks, p+20
	}
	if q == 0 && len(levels) > 1 {
		delete(levels, p)
	} else {
		q++
		levels[p] = q
	}
	b.id++
	if b.market != api.Spot {
		v.ids += 1 + v.rng.Int64N(5)
		b.id = v.ids
	}
	b.past[b.id] = b.String()
	return side, level(p, q)
}

// move makes some changes and sends them as one diff. Snapshots can be asked for
// between two of them; see pause.
func (v *fakeVenue) move(b *fakeBook, changes int, between func()) {
	v.mu.Lock()
	sides := map[string][]string{}
	first := int64(0)
	for i := range changes {
		side, text := v.change(b)
		sides[side] = append(sides[side], text)
		if i == 0 {
			first = b.id
		}
	}
	last, prev := b.id, b.sentID
	b.sentID, b.diffs = last, b.diffs+1
	silent := b.silent
	v.mu.Unlock()
	if between != nil {
		between()
	}
	pu := ""
	if b.market != api.Spot {
		pu = fmt.Sprintf(`"T":%d,"pu":%d,`, time.Now().UnixMilli(), prev)
	}
	payload := fmt.Sprintf(`{"e":"depthUpdate","E":%d,"s":"%s",%s"U":%d,"u":%d,"b":[%s],"a":[%s]}`, time.Now().UnixMilli(), b.symbol,
		pu, first, last, strings.Join(sides["b"], ","), strings.Join(sides["a"], ","))
	if !silent {
		v.send(b.market, lower(b.symbol)+"@depth@100ms", b.diffs, payload)
	}
}

// trade sends a trade.
func (v *fakeVenue) trade(b *fakeBook) {
	b.trades++
	ms := time.Now().UnixMilli()
	if b.market == api.Spot {
		v.send(b.market, lower(b.symbol)+"@trade", 0, fmt.Sprintf(`{"e":"trade","E":%d,"s":"%s","t":%d,"p":"10.00","q":"3","T":%d,"m":true,"M":true}`, ms, b.symbol, b.trades, ms))
		return
	}
	v.send(b.market, lower(b.symbol)+"@aggTrade", 0, fmt.Sprintf(`{"e":"aggTrade","E":%d,"s":"%s","a":%d,"p":"10.00","q":"3","f":1,"l":1,"T":%d,"m":false}`, ms, b.symbol, b.trades, ms))
}

// mark sends the mark price of a contract.
func (v *fakeVenue) mark(b *fakeBook) {
	ms := time.Now().UnixMilli()
	v.send(b.market, lower(b.symbol)+"@markPrice@1s", 0, fmt.Sprintf(
		`{"e":"markPriceUpdate","E":%d,"s":"%s","p":"10.005","i":"10.004","P":"10.0","r":"0.00012","T":%d}`, ms, b.symbol, v.nextFunding(time.Now())))
}

func (v *fakeVenue) nextFunding(now time.Time) int64 {
	every := time.Duration(v.hours) * time.Hour
	return now.Truncate(every).Add(every).UnixMilli()
}

// carries says what a route delivers; the others accept any stream and are mute.
func carries(route, stream string) bool {
	market := strings.Contains(stream, "@aggTrade") || strings.Contains(stream, "@markPrice") || stream == contractStream
	return route != "/usdm/public" && route != "/usdm/market" || market == (route == "/usdm/market")
}

// send delivers a payload to all who subscribed to its stream.
func (v *fakeVenue) send(m api.Market, stream string, n int, payload string) {
	frames := [][]byte{[]byte(`{"stream":"` + stream + `","data":` + payload + `}`)}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.mangle != nil {
		frames = v.mangle(m.String()+":"+stream, n, frames[0])
	}
	for p, s := range v.peers {
		if strings.HasPrefix(s.route, "/"+m.String()) && s.streams[stream] && carries(s.route, stream) {
			for _, f := range frames {
				p.Send(f)
			}
		}
	}
}

func (v *fakeVenue) each(f func(*wire.Peer)) {
	v.mu.Lock()
	var all []*wire.Peer
	for p := range v.peers {
		all = append(all, p)
	}
	v.mu.Unlock()
	for _, p := range all {
		f(p)
	}
}

func (v *fakeVenue) dropAll() { v.each((*wire.Peer).Drop) }

func (v *fakeVenue) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if route, ok := strings.CutSuffix(r.URL.Path, "/stream"); ok {
		v.stream(w, r, route)
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.requests[r.URL.Path]++
	m, what := api.Spot, strings.TrimPrefix(r.URL.Path, "/api/v3")
	if s, ok := strings.CutPrefix(r.URL.Path, "/fapi/v1"); ok {
		m, what = api.USDM, s
	} else if s, ok := strings.CutPrefix(r.URL.Path, "/dapi/v1"); ok {
		m, what = api.COINM, s
	}
	switch what {
	case "/exchangeInfo":
		v.info(w, m)
	case "/depth":
		v.snapshot(w, v.book(m, r.FormValue("symbol")), r.FormValue("limit"))
	case "/fundingInfo":
		fmt.Fprint(w, v.terms)
	case "/premiumIndex":
		v.premium(w, m)
	case "/openInterest":
		fmt.Fprintf(w, `{"symbol":"%s","openInterest":"%s","time":%d}`, r.FormValue("symbol"), cmp.Or(v.open, "0"), time.Now().UnixMilli())
	case "/premiumIndexKlines":
		fmt.Fprintf(w, "[%s]", strings.Join(v.premiums, ","))
	case "/fundingRate":
		fmt.Fprintf(w, "[%s]", strings.Join(v.settled, ","))
	default:
		http.NotFound(w, r)
	}
}

func (v *fakeVenue) info(w http.ResponseWriter, m api.Market) {
	var rows []string
	for _, b := range v.books {
		if b.market != m {
			continue
		}
		status := v.status[b.symbol]
		if status == "" {
			status = "TRADING"
		}
		base := strings.TrimSuffix(strings.TrimSuffix(b.symbol, "USDT"), "USD_PERP")
		rows = append(rows, fmt.Sprintf(`{"symbol":"%s","status":"%s","contractStatus":"%s","contractType":"PERPETUAL","contractSize":100,"baseAsset":"%s","quoteAsset":"USDT",
			"deliveryDate":4133404800000,"filters":[{"filterType":"PRICE_FILTER","minPrice":"0.01","maxPrice":"1000","tickSize":"0.010"},
			{"filterType":"LOT_SIZE","minQty":"1","maxQty":"9000","stepSize":"1.000"},{"filterType":"MIN_NOTIONAL","notional":"5","minNotional":"5"}]}`,
			b.symbol, status, status, base))
	}
	fmt.Fprintf(w, `{"timezone":"UTC","serverTime":1700000000000,"rateLimits":[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":2400}],"symbols":[%s]}`, strings.Join(rows, ","))
}

func (v *fakeVenue) snapshot(w http.ResponseWriter, b *fakeBook, limit string) {
	if b == nil {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"code":-1121,"msg":"Invalid symbol."}`)
		return
	}
	if v.depth != nil && v.depth(w, b) {
		return
	}
	bids, asks := b.sides()
	n, _ := strconv.Atoi(limit)
	fmt.Fprintf(w, `{"lastUpdateId":%d,"bids":[%s],"asks":[%s]}`, b.id, strings.Join(bids[:min(n, len(bids))], ","), strings.Join(asks[:min(n, len(asks))], ","))
}

func (v *fakeVenue) premium(w http.ResponseWriter, m api.Market) {
	var rows []string
	for _, b := range v.books {
		if b.market == m {
			rows = append(rows, fmt.Sprintf(`{"symbol":"%s","markPrice":"10.005","indexPrice":"10.0","lastFundingRate":"0.0001","interestRate":"0.0001","nextFundingTime":%d,"time":%d}`,
				b.symbol, v.nextFunding(time.Now()), time.Now().UnixMilli()))
		}
	}
	fmt.Fprintf(w, "[%s]", strings.Join(rows, ","))
}

func (v *fakeVenue) stream(w http.ResponseWriter, r *http.Request, route string) {
	p, err := wire.Accept(w, r, wire.PeerOptions{PingEvery: 20 * time.Second, PongWithin: time.Minute})
	if err != nil {
		return
	}
	s := &subscriber{route: route, streams: make(map[string]bool)}
	v.mu.Lock()
	v.peers[p], v.connects = s, v.connects+1
	v.mu.Unlock()
	for {
		b, err := p.Read()
		if err != nil {
			break
		}
		v.answer(p, s, b)
	}
	v.mu.Lock()
	delete(v.peers, p)
	v.mu.Unlock()
	p.Drop()
}

func (v *fakeVenue) answer(p *wire.Peer, s *subscriber, b []byte) {
	var req struct {
		Method string   `json:"method"`
		Params []string `json:"params"`
		ID     uint64   `json:"id"`
	}
	if json.Unmarshal(b, &req) != nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, name := range req.Params {
		s.streams[name] = req.Method == "SUBSCRIBE"
	}
	p.Send(fmt.Appendf(nil, `{"result":null,"id":%d}`, req.ID))
}
