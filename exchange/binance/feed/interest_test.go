package feed

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/connect"
)

// Every contract's open interest is told once a minute and never of spot.
func TestOpenInterest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newFakeVenue(t)
		v.open = "20401.967"
		l := open(t, v, func(o *Options) { o.Data = connect.AllData | connect.Interest })
		time.Sleep(5*time.Minute + 30*time.Second)
		l.mu.Lock()
		defer l.mu.Unlock()
		if n := l.kinds[exchange.KindOpenInterest]; n != 3*6 {
			t.Errorf("%d events of 3 contracts in five and a half minutes, want one of each a minute", n)
		}
		// A lot is 1: what is not a whole number of lots is of older rules.
		if ev := l.last[exchange.KindOpenInterest]; ev.Qty != 20401 || ev.VenueTime == 0 {
			t.Errorf("%d lots at %s", ev.Qty, ev.VenueTime)
		}
		v.mu.Lock()
		defer v.mu.Unlock()
		if v.requests["/api/v3/openInterest"] != 0 {
			t.Error("spot was asked")
		}
	})
}

// The premiums of the last half hour are part of the past, the unfinished minute
// is not.
func TestPastPremiums(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newFakeVenue(t)
		began := time.Now().Truncate(time.Minute).Add(-2 * time.Minute)
		for i, c := range []string{"-0.00050000", "0.00030000", "0.9"} {
			at := began.Add(time.Duration(i) * time.Minute).UnixMilli()
			v.premiums = append(v.premiums, fmt.Sprintf(`[%d,"0.00010000","0.00040000","-0.00060000","%s","0 ",%d,"0",12,"0","0","0"]`, at, c, at+59_999))
		}
		l := open(t, v, func(o *Options) { o.Symbols = []string{"spot:BTCUSDT", "coinm:BTCUSD_PERP"} })
		var past []exchange.Event
		for id := range l.market.Universe().Len() {
			list, err := l.market.Past(t.Context(), exchange.InstrumentID(id))
			if err != nil {
				t.Fatal(err)
			}
			past = append(past, list...)
		}
		var got []string
		for _, ev := range past {
			if ev.Kind == exchange.KindPremium {
				got = append(got, fmt.Sprintf("%s %d %s", l.market.Universe().Get(ev.Instrument).Key(), ev.Rate, ev.VenueTime.UTC().Sub(began)))
			}
		}
		if want := "coinm:BTCUSD_PERP -15000 1m0s, coinm:BTCUSD_PERP 5000 2m0s"; strings.Join(got, ", ") != want {
			t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), want)
		}
	})
}

// Contract news come over either host and are told apart by their market.
func TestContractNews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newFakeVenue(t)
		l := open(t, v, nil)
		time.Sleep(time.Second)
		l.play(5 * time.Second)
		news := func(host api.Market, symbol, status string, end int64, st string) {
			v.send(host, contractStream, 0, fmt.Sprintf(`{"e":"contractInfo","E":1,"s":"%s","ps":"%s","ct":"PERPETUAL","dt":%d,"ot":1569398400000,"cs":"%s"%s}`,
				symbol, symbol, end, status, st))
			time.Sleep(100 * time.Millisecond)
		}
		halted := func(m api.Market, symbol string) bool {
			in, _ := l.market.Universe().Find(m.Venue(), symbol)
			l.mu.Lock()
			defer l.mu.Unlock()
			return !l.books[in.ID].Ready()
		}
		end := time.Date(2030, 5, 1, 9, 0, 0, 0, time.UTC).UnixMilli()
		news(api.COINM, "1000SHIBUSDT", "SETTLING", end, `,"st":1`)
		news(api.USDM, "1000SHIBUSDT", "TRADING", end, `,"st":2`) // no such coin-margined one
		news(api.COINM, "BTCUSD_PERP", "TRADING", end, "")
		news(api.COINM, "ETHUSD_PERP", "SETTLING", end, `,"st":2`) // not ours
		if !halted(api.USDM, "1000SHIBUSDT") || halted(api.COINM, "BTCUSD_PERP") || halted(api.USDM, "BTCUSDT") {
			t.Error("the contract that stopped is not the one whose book is out of use")
		}
		v.send(api.USDM, contractStream, 0, `{"e":"contractInfo"}`)
		time.Sleep(time.Second)
		l.mu.Lock()
		all := strings.Join(l.notices, "\n")
		l.mu.Unlock()
		for _, want := range []string{
			"usdm:1000SHIBUSDT: status was TRADING and is SETTLING; end was 2100-12-25T08:00:00.000Z and is 2030-05-01T09:00:00.000Z",
			"coinm:BTCUSD_PERP: end was 2100-12-25T08:00:00.000Z and is 2030-05-01T09:00:00.000Z", "malformed message"} {
			if strings.Count(all, want) != 1 {
				t.Errorf("%q is not told once in\n%s", want, all)
			}
		}
		news(api.USDM, "1000SHIBUSDT", "TRADING", 4133404800000, `,"st":1`)
		l.play(40 * time.Second)
		time.Sleep(time.Second)
		l.atRest()
	})
}
