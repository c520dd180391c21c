package simfront

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/synth"
)

// hmacKey is the key of the exchange that still made.
var hmacKey string

// still builds the state of an exchange that nobody asks anything over the network.
func still(t testing.TB) *dialect {
	t.Helper()
	market, err := synth.New(synth.Options{Seed: 1, Calm: true})
	if err != nil {
		t.Fatal(err)
	}
	x, err := simserver.New(simserver.Options{Universe: market.Universe(), Feed: market, Begin: exchange.Date(2026, 1, 5) + 10*exchange.Minute})
	if err != nil {
		t.Fatal(err)
	}
	f := New(x)
	f.Limits = Limits{SpotWeight: 1 << 40, FuturesWeight: 1 << 40, SpotOrders10S: 1 << 40, SpotOrders1D: 1 << 40, Orders10S: 1 << 40, Orders1M: 1 << 40}
	_ = x.Close() // what its loop owned is the test's now
	hmacKey = x.Keys()[0].HMAC.Key
	return f.d
}

// Whatever a logged-in client asks, the answer is JSON with a status, nothing
// panics, and no wallet changes but by a fill.
func FuzzRequest(f *testing.F) {
	for _, q := range []string{"symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.01", "symbol=BTCUSDT&limit=-1", "symbol=BTCUSDT&interval=1M&startTime=9223372036854",
		"symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1", "batchOrders=[{}]", "type=MAIN_UMFUTURE&asset=&amount=-1",
		"symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=1e9", "symbols=[\"BTCUSDT\"]", "symbol=BTCUSD_PERP&orderId=9223372036854775807", "orderIdList=[1.5]&symbol=ETHUSDT"} {
		f.Add(uint8(0), uint8(0), q)
		f.Add(uint8(1), uint8(30), q)
	}
	d := still(f)
	key := d.state.Key(hmacKey)
	keys := map[api.Market][]string{}
	for _, m := range api.Markets {
		keys[m] = slices.Sorted(maps.Keys(d.door.routes[m]))
	}
	f.Fuzz(func(t *testing.T, market, route uint8, query string) {
		params, err := url.ParseQuery(query)
		if err != nil {
			t.Skip()
		}
		m := api.Markets[int(market)%len(api.Markets)]
		name := keys[m][int(route)%len(keys[m])]
		params.Set("timestamp", itoa(time.Now().UnixMilli()))
		before := len(d.accounts[0].Ledger.Trades()) + len(d.accounts[0].Ledger.Transfers())
		wallets := d.accounts[0].Funds.Balances()
		res := d.door.answerCall(&request{market: m, params: params, session: key, ip: "fuzz"}, name)
		if !json.Valid(res.body) || res.status < 200 || res.status > 599 {
			t.Errorf("%s %s %s: %d %s", m, name, query, res.status, res.body)
		}
		if len(d.accounts[0].Ledger.Trades())+len(d.accounts[0].Ledger.Transfers()) == before && !slices.EqualFunc(wallets, d.accounts[0].Funds.Balances(), sameDeposit) {
			t.Errorf("%s %s %s changed a wallet", m, name, query)
		}
	})
}

func itoa(n int64) string { return string(encode(n)) }

func sameDeposit(a, b paper.Deposit) bool {
	return a.Wallet == b.Wallet && a.Asset == b.Asset && a.Amount.Equal(b.Amount)
}

// The simulator's own encoder beside encoding/json over the same data.
func BenchmarkDepthEvent(b *testing.B) {
	d := still(b)
	in, _ := d.listing.universe.Find(api.USDM.Venue(), "BTCUSDT")
	m := d.listing.markets[in.ID]
	c := &simserver.Change{First: 1, Last: 2, Bids: m.Levels(exchange.Buy), Asks: m.Levels(exchange.Sell)}
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m.events().depthEvent(d.state.Clock.Now(), d.state.Clock.Now(), c, 0)
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			sides := [2][][2]string{}
			for i, levels := range [][]exchange.Level{c.Bids, c.Asks} {
				for _, l := range levels {
					sides[i] = append(sides[i], [2]string{m.PriceText(l.Price), m.QtyText(l.Qty)})
				}
			}
			_, err := json.Marshal(map[string]any{"e": "depthUpdate", "E": 1, "T": 1, "s": m.In.Symbol, "U": 1, "u": 2, "pu": 0, "b": sides[0], "a": sides[1]})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}

// The text of a price is that of its decimal with the market's places.
func TestPriceText(t *testing.T) {
	d := still(t)
	for _, m := range d.listing.markets {
		for _, n := range []int64{0, 1, 9, 10, 100, 12345, 1 << 40} {
			if got, want := m.PriceText(exchange.Ticks(n)), m.In.PriceDecimal(exchange.Ticks(n)).StringFixed(m.Places(m.In.Tick)); got != want {
				t.Errorf("%s: %d ticks is %s, want %s", m.In.Key(), n, got, want)
			}
			if got, want := m.QtyText(-exchange.Lots(n)), m.In.QtyDecimal(-exchange.Lots(n)).StringFixed(m.Places(m.In.Lot)); got != want {
				t.Errorf("%s: %d lots is %s, want %s", m.In.Key(), -n, got, want)
			}
		}
	}
}

// One order in and out again, without the network.
func BenchmarkOrder(b *testing.B) {
	d := still(b)
	key := d.state.Key(hmacKey)
	in, _ := d.listing.universe.Find(api.USDM.Venue(), "BTCUSDT")
	bid := d.listing.markets[in.ID].Touch[0].Price
	price := in.PriceDecimal(bid - bid/50).String()
	b.ReportAllocs()
	for b.Loop() {
		stamp := itoa(time.Now().UnixMilli())
		place := url.Values{"symbol": {"BTCUSDT"}, "side": {"BUY"}, "type": {"LIMIT"}, "timeInForce": {"GTC"}, "quantity": {"0.010"}, "price": {price},
			"newClientOrderId": {"bench"}, "timestamp": {stamp}}
		if res := d.door.answerCall(&request{market: api.USDM, params: place, session: key}, "POST v1/order"); res.status != 200 {
			b.Fatalf("%s", res.body)
		}
		cancel := url.Values{"symbol": {"BTCUSDT"}, "origClientOrderId": {"bench"}, "timestamp": {stamp}}
		if res := d.door.answerCall(&request{market: api.USDM, params: cancel, session: key}, "DELETE v1/order"); res.status != 200 {
			b.Fatalf("%s", res.body)
		}
	}
}
