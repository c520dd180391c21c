package account

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/oms"
)

// tape is a feed, and what it says.
func tape(m api.Market) (*feed, *[]string) {
	var out []string
	c := &transport{o: Options{Log: func(string) {}, Now: func() exchange.Time { return 1 }}}
	f := newFeed(m, c, func(n oms.AccountEvent) {
		switch {
		case n.Begins:
			out = append(out, "begins: "+n.Gap)
		case n.Gap != "":
			out = append(out, "gap: "+n.Gap)
		case n.Down != "":
			out = append(out, "down: "+n.Down)
		default:
			out = append(out, eventLine(n))
		}
	})
	return f, &out
}

func (f *feed) hear(t *testing.T, frame string) {
	t.Helper()
	ev, err := openEvent([]byte(frame))
	if err != nil {
		t.Fatal(err)
	}
	f.take(&ev)
}

func expect(t *testing.T, out *[]string, want ...string) {
	t.Helper()
	if got := strings.Join(*out, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("told:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}
	*out = nil
}

func accepted(id int) string {
	return fmt.Sprintf(`{"e":"ORDER_TRADE_UPDATE","E":2,"T":1,"o":{"s":"A","c":"c%d","S":"BUY","X":"NEW","x":"NEW","i":%d,"q":"1","p":"2","z":"0","T":1}}`, id, id)
}

// One connection replaces another: both deliver for a while, nothing is told
// twice, and nothing was missed.
func TestOverlap(t *testing.T) {
	f, out := tape(api.USDM)
	f.Up()
	f.hear(t, accepted(1))
	f.Up()
	f.hear(t, accepted(2))
	f.hear(t, accepted(2))
	f.Down(nil)
	f.hear(t, accepted(3))
	expect(t, out, "begins: the stream begins", "usdm A c1 #1 buy accepted 0/1@2 ", "usdm A c2 #2 buy accepted 0/1@2 ", "usdm A c3 #3 buy accepted 0/1@2 ")
	f.Down(errors.New("reading from wss://x: EOF"))
	f.Up()
	expect(t, out, "down: reading from wss://x: EOF", "gap: reading from wss://x: EOF")
}

// Spot gives the same event another envelope on another subscription.
func TestOverlapOnSpot(t *testing.T) {
	f, out := tape(api.Spot)
	const event = `{"e":"outboundAccountPosition","E":2,"u":1,"B":[{"a":"A","f":"1","l":"2"}]}`
	f.hear(t, `{"subscriptionId":0,"event":`+event+`}`)
	f.hear(t, `{"subscriptionId":1,"event":`+event+`}`)
	expect(t, out, "spot balance A 3 free 1")
}

// What an older event says of a balance or a position is out of date; of a
// payment of funding it is news.
func TestOldValues(t *testing.T) {
	f, out := tape(api.USDM)
	update := func(at, wallet, asset, reason string) {
		f.hear(t, `{"e":"ACCOUNT_UPDATE","E":9,"T":`+at+`,"a":{"m":"`+reason+`","B":[{"a":"`+asset+`","wb":"`+wallet+`","bc":"-1"}],"P":[{"s":"X","pa":"`+wallet+`","ep":"1","ps":"BOTH"}]}}`)
	}
	update("5", "10", "USDT", "ORDER")
	update("4", "11", "USDT", "FUNDING_FEE")
	update("4", "12", "BNB", "ORDER")
	update("5", "13", "USDT", "ORDER")
	expect(t, out, "usdm balance USDT 10 free 0", "usdm position X 10@1", "usdm FUNDING_FEE X -1 USDT", "usdm balance BNB 12 free 0",
		"usdm balance USDT 13 free 0", "usdm position X 13@1")
}

// A mute connection is down before it is closed, once.
func TestMute(t *testing.T) {
	f, out := tape(api.COINM)
	f.Conceal("k3y")
	f.Up()
	f.Mute("the listen key has expired")
	f.Down(nil)
	f.Up()
	f.Down(errors.New("dialing wss://x/ws/k3y: EOF"))
	expect(t, out, "begins: the stream begins", "down: the listen key has expired", "gap: the listen key has expired", "down: dialing wss://x/ws/•••: EOF")
	f.Close()
	f.Up()
	f.hear(t, accepted(1))
	f.Mute("x")
	f.Garbled(errors.New("x"))
	expect(t, out)
}

// An event that cannot be read may have been anything.
func TestUnreadableEvents(t *testing.T) {
	f, out := tape(api.USDM)
	f.hear(t, strings.Replace(accepted(1), `"NEW"`, `"DANCING"`, 1))
	f.hear(t, `{"e":"ORDER_TRADE_UPDATE","E":1,"T":1}`)
	f.hear(t, `{"result":null,"id":1}`)
	f.hear(t, `{"e":"SOMETHING_NEW","E":1}`)
	if len(*out) != 2 || !strings.HasPrefix((*out)[0], `gap: an event makes no sense: ORDER_TRADE_UPDATE: order status "DANCING"`) || !strings.HasPrefix((*out)[1], "gap: ") {
		t.Errorf("%q", *out)
	}
}
