package account_test

import (
	"context"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/simserver"
)

// A clock that was found too far off is looked at again soon: whoever was off may be
// right again, and nothing is signed until then.
func TestAClockThatIsRightAgain(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the next look at the clocks")
	}
	b := running(t)
	c := b.client(nil)
	b.arm(simserver.Fault{Kind: "skew", Millis: -6000})
	if _, err := c.Balances(context.Background(), api.Spot.Wallet()); err == nil {
		t.Fatal("a request was signed with a clock that is 6 s off")
	}
	b.arm(simserver.Fault{Kind: "skew"})
	for end := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		_, err := c.Balances(context.Background(), api.Spot.Wallet())
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("a minute after the clocks agree: %v", err)
		}
	}
}
