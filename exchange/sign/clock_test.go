package sign

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/perilune/perilune/exchange"
)

const (
	ms    = exchange.Millisecond
	start = exchange.Time(1_700_000_000) * exchange.Second
)

func sampled(t *testing.T, c *Clock, sent, received, server exchange.Time) {
	t.Helper()
	if err := c.Sample(sent, received, server); err != nil {
		t.Fatal(err)
	}
}

func TestClockTakesShortestRoundTrip(t *testing.T) {
	var c Clock
	const offset = 300 * ms
	for i, rtt := range []exchange.Time{400 * ms, 20 * ms, 900 * ms} {
		sent := start + exchange.Time(i)*exchange.Second
		// The whole round trip is on the way back: the middle is off by half of it.
		sampled(t, &c, sent, sent+rtt, sent+offset)
	}
	now := start + 3*exchange.Second
	got, uncertainty, err := c.Offset(now)
	if err != nil {
		t.Fatal(err)
	}
	if d := got - offset; d > 0 || d < -10*ms {
		t.Errorf("offset %d ms, want 290 to 300", got/ms)
	}
	if uncertainty < 10*ms || uncertainty > 13*ms {
		t.Errorf("uncertainty %d ms, want 10 to 13", uncertainty/ms)
	}
}

// For any delays on either way and any drift that NTP allows, a stamp is never
// ahead of the venue's clock, and behind it by no more than was said.
func TestClockStampIsNeverAhead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c Clock
		offset := exchange.Time(rapid.Int64Range(-2000, 2000).Draw(t, "offset ms")) * ms
		ppm := exchange.Time(rapid.Int64Range(-450, 450).Draw(t, "ppm"))
		venue := func(at exchange.Time) exchange.Time { return at + offset + (at-start)*ppm/1_000_000 }
		now := start
		for range rapid.IntRange(1, 20).Draw(t, "samples") {
			there := exchange.Time(rapid.Int64Range(0, 800e6).Draw(t, "there"))
			back := exchange.Time(rapid.Int64Range(0, 800e6).Draw(t, "back"))
			server := venue(now+there) / ms * ms // the venue cuts to milliseconds
			if err := c.Sample(now, now+there+back, server); err != nil {
				t.Fatal(err)
			}
			now += there + back + exchange.Time(rapid.Int64Range(0, 60e9).Draw(t, "pause"))
		}
		_, uncertainty, err := c.Offset(now)
		if err != nil {
			t.Fatal(err)
		}
		stamp, err := c.Stamp(now, 10*exchange.Second)
		if err != nil {
			t.Fatal(err)
		}
		if behind := venue(now) - stamp; behind < 0 || behind > 2*uncertainty+ms {
			t.Fatalf("the stamp is %d µs behind the venue, want 0 to %d", behind/1000, (2*uncertainty+ms)/1000)
		}
	})
}

func TestClockRefusesSkew(t *testing.T) {
	for _, c := range []struct {
		offset, window exchange.Time
		want           string // "" when it is fine
	}{
		{2400 * ms, 5 * exchange.Second, ""},
		{-2400 * ms, 5 * exchange.Second, ""},
		{2600 * ms, 5 * exchange.Second, "our clock is 2600 ms behind the venue's, more than half of recvWindow (5000 ms): synchronise the computer's clock (NTP) before trading"},
		{-2601 * ms, 5 * exchange.Second, "our clock is 2600 ms ahead of the venue's, more than half of recvWindow (5000 ms)"},
		{-2601 * ms, 10 * exchange.Second, ""},
		{600 * ms, exchange.Second, "half of recvWindow (1000 ms)"},
	} {
		var clock Clock
		sampled(t, &clock, start, start, start+c.offset)
		_, err := clock.Stamp(start, c.window)
		var skew *SkewError
		switch {
		case c.want == "" && err != nil:
			t.Errorf("offset %d ms: %v", c.offset/ms, err)
		case c.want != "" && (!errors.As(err, &skew) || !strings.Contains(err.Error(), c.want)):
			t.Errorf("offset %d ms: got %v, want %q", c.offset/ms, err, c.want)
		}
	}
}

func TestClockRefusesSlowConnection(t *testing.T) {
	var c Clock
	sampled(t, &c, start, start+6*exchange.Second, start+3*exchange.Second)
	var slow *RoundTripError
	if _, err := c.Stamp(start+6*exchange.Second, 5*exchange.Second); !errors.As(err, &slow) || !strings.Contains(err.Error(), "±3000 ms") {
		t.Errorf("got %v", err)
	}
}

func TestClockExpires(t *testing.T) {
	c := Clock{MaxAge: exchange.Minute}
	if _, err := c.Stamp(start, 5*exchange.Second); !errors.Is(err, ErrNoSample) || !c.Due(start) {
		t.Errorf("without samples: got %v", err)
	}
	sampled(t, &c, start, start, start)
	for after, due := range map[exchange.Time]bool{0: false, 30 * exchange.Second: false, 31 * exchange.Second: true, exchange.Minute: true} {
		if _, err := c.Stamp(start+after, 5*exchange.Second); err != nil || c.Due(start+after) != due {
			t.Errorf("after %d s: due %v, %v", after/exchange.Second, c.Due(start+after), err)
		}
	}
	for _, now := range []exchange.Time{start + exchange.Minute + 1, start - 1} {
		if _, err := c.Stamp(now, 5*exchange.Second); !errors.Is(err, ErrExpired) || !c.Due(now) {
			t.Errorf("at %v: got %v, want ErrExpired", now, err)
		}
	}
	c.Forget()
	if _, err := c.Stamp(start, 5*exchange.Second); !errors.Is(err, ErrNoSample) {
		t.Errorf("after Forget: got %v", err)
	}
}

// A clock that was set makes the earlier samples lie, however short their round
// trips were.
func TestClockDropsWhatContradicts(t *testing.T) {
	var c Clock
	for i := range exchange.Time(12) {
		sampled(t, &c, start+i*exchange.Second, start+i*exchange.Second+ms, start+i*exchange.Second)
	}
	at := start + 20*exchange.Second
	sampled(t, &c, at, at+100*ms, at+exchange.Second) // ours is set back by 1 s
	got, uncertainty, err := c.Offset(at + 100*ms)
	if err != nil {
		t.Fatal(err)
	}
	if got < 940*ms || got > 960*ms || uncertainty < 50*ms {
		t.Errorf("offset %d ± %d ms, want 950 ± 50", got/ms, uncertainty/ms)
	}
}

// The ring must hold the last samples whatever was dropped before: compared with
// a plain list.
func TestClockKeepsLastSamples(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var c Clock
	var list []sample
	now := start
	for step := range 500 {
		now += exchange.Time(r.Int64N(int64(exchange.Second)))
		offset := exchange.Time(step/50) * 200 * ms // the clock is set every 50 samples
		rtt := exchange.Time(r.Int64N(int64(100 * ms)))
		sampled(t, &c, now, now+rtt, now+rtt/2+offset)
		s := sample{now + rtt/2 + offset - now - rtt, now + rtt/2 + offset + ms - now, now + rtt}
		var agreeing []sample
		for _, old := range list {
			if slack := (s.at - old.at) / drift; old.at <= s.at && old.low-slack <= s.high && s.low <= old.high+slack {
				agreeing = append(agreeing, old)
			}
		}
		list = append(agreeing, s)
		list = list[max(0, len(list)-kept):]
		if c.count != len(list) {
			t.Fatalf("step %d: %d samples, want %d", step, c.count, len(list))
		}
		for i := range list {
			if got := c.samples[(c.next-c.count+i+kept)%kept]; got != list[i] {
				t.Fatalf("step %d: sample %d is %v, want %v", step, i, got, list[i])
			}
		}
	}
}

func TestClockRefusesNonsense(t *testing.T) {
	var c Clock
	if err := c.Sample(start, start-ms, start); err == nil || !strings.Contains(err.Error(), "received 1 ms before") {
		t.Errorf("got %v", err)
	}
	if err := c.Sample(start, start, 0); err == nil {
		t.Error("a server time of 0 was taken")
	}
	if _, _, err := c.Offset(start); !errors.Is(err, ErrNoSample) {
		t.Errorf("a refused sample was kept: %v", err)
	}
}
