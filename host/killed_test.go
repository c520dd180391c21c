package host

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

var killedAll = flag.Bool("killed-all", false, "TestVenuesKilledAtEveryPoint kills at every point at every venue, and not at some of them")

// liveKillPoints are those of an order's life, in its order, and of a transfer's.
var liveKillPoints = []string{killIntent, killSend, killAck, killHeard, killFill, killCommit, killMove}

// A session that is killed at any point of an order's life knows, once it is started again, what
// its venue knows, whichever venue it is. Every venue at every point:
//
//	go test ./host -run TestVenuesKilledAtEveryPoint -killed-all -timeout 60m -v
//
// without the flag the points go round, so that each is tried somewhere. The default venue is
// killed by TestLiveKilledAtEveryPoint too.
func TestVenuesKilledAtEveryPoint(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	t.Parallel()
	n := 0
	for i := range simulatedVenues {
		v := &simulatedVenues[i]
		for j, point := range liveKillPoints {
			if point == killMove && len(v.moves) == 0 {
				continue
			}
			if n++; !*killedAll && (i == 0 || (i+j)%len(liveKillPoints) != 0) {
				continue
			}
			t.Run(v.house+" "+point, func(t *testing.T) {
				t.Parallel()
				killedAt(t, v, point, uint64(n))
			})
		}
	}
}

func killedAt(t *testing.T, v *simulated, point string, seed uint64) {
	h := openSimulated(t, v, seed, nil)
	cmd := h.child(point)
	cmd.Env = append(cmd.Env, "HOST_LIVE_HOUSE="+v.house)
	out, err := cmd.CombinedOutput()
	if err == nil || cmd.ProcessState.ExitCode() != -1 {
		t.Fatalf("the child was not killed: %v\n%s", err, tail(string(out), 4000))
	}
	acts := 24
	if v.every >= 1 { // a limit by the minute, which the first start has used up
		acts = 90
	}
	s := begin(t, h.configured(v, acts), nil)
	s.until("its acts are over", 4*time.Minute, func(*liveState) bool { return strings.Contains(s.log(), "nothing more is begun") })
	s.settled(h)
	a := h.compareAll(v.house)
	t.Logf("%s killed at %q: %s", v.house, point, a)
	if a.trades < 3 {
		t.Error("the test tested little")
	}
	if t.Failed() {
		t.Log(tail(s.log(), 8000))
	}
}

// simulatedChild are the options of the process that is killed.
func simulatedChild(house, dir string) *Options {
	for i := range simulatedVenues {
		if v := &simulatedVenues[i]; v.house == house {
			o, err := v.options(dir, 1000)
			if err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
			return o
		}
	}
	fmt.Println("no venue", house)
	os.Exit(1)
	return nil
}
