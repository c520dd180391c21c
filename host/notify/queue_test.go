package notify

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange/intent"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func queued(t *Target) *queue { return &queue{target: t, giveUp: 24 * time.Hour, room: 1000} }

func waiting(text string, s intent.Severity, made time.Time) Delivery {
	return Delivery{Notice: Notice{Key: text, Class: "feed", Severity: s, Text: text, Time: made}, Target: "t", State: Waiting, Made: made}
}

func texts(batch []*pending) string {
	out := ""
	for _, p := range batch {
		out += p.Text + " "
	}
	return out
}

// Pauses double up to their bound, a success forgets them, and a service that says when to
// come again is heard.
func TestPausesDoubleToABound(t *testing.T) {
	q, now := queued(&Target{}), noon
	q.add(waiting("a", intent.Critical, now))
	var pauses []time.Duration
	for range 12 {
		batch, wait := q.take(now)
		if len(batch) != 1 || wait != 0 {
			t.Fatalf("%s, %s", texts(batch), wait)
		}
		q.settle(batch, errors.New("down"), now)
		batch, wait = q.take(now)
		if len(batch) != 0 {
			t.Fatal("it is tried again at once")
		}
		pauses = append(pauses, wait)
		now = now.Add(wait)
	}
	want := "[2s 4s 8s 16s 32s 1m4s 2m8s 4m16s 5m0s 5m0s 5m0s 5m0s]"
	if fmt.Sprint(pauses) != want {
		t.Errorf("%v, want %s", pauses, want)
	}
	batch, _ := q.take(now)
	q.settle(batch, delayed{errors.New("slow down"), 90 * time.Second}, now)
	if _, wait := q.take(now); wait != 90*time.Second {
		t.Errorf("it comes again in %s", wait)
	}
	now = now.Add(90 * time.Second)
	batch, _ = q.take(now)
	if done := q.settle(batch, nil, now); done[0].State != Sent || done[0].Attempts != 14 || done[0].Error != "" {
		t.Errorf("%+v", done)
	}
	q.add(waiting("b", intent.Critical, now))
	batch, _ = q.take(now.Add(time.Second))
	q.settle(batch, errors.New("down"), now)
	if _, wait := q.take(now); wait != firstPause {
		t.Errorf("after a success the first pause is %s", wait)
	}
}

// A notice is given up in the end, with the last error.
func TestANoticeIsGivenUp(t *testing.T) {
	q := queued(&Target{})
	q.add(waiting("a", intent.Critical, noon))
	batch, _ := q.take(noon)
	q.settle(batch, errors.New("down"), noon)
	if out := q.expire(noon.Add(24*time.Hour - 1)); out != nil {
		t.Errorf("%+v", out)
	}
	out := q.expire(noon.Add(24 * time.Hour))
	if len(out) != 1 || out[0].State != Failed || out[0].Error != "given up after 24h0m0s; the last try: down" || len(q.list) != 0 {
		t.Errorf("%+v", out)
	}
}

// What waits is told at once, within bounds, and one message that is refused holds up no other.
func TestBatches(t *testing.T) {
	q, now := queued(&Target{}), noon
	for i := range 30 {
		q.add(waiting(fmt.Sprintf("%c", 'a'+i), intent.Warning, now))
	}
	batch, _ := q.take(now)
	if len(batch) != batchMost {
		t.Fatalf("%d at once", len(batch))
	}
	q.settle(batch, refused{errors.New("bad")}, now)
	now = now.Add(spacing)
	for i := range batchMost {
		batch, wait := q.take(now)
		if len(batch) != 1 || wait != 0 {
			t.Fatalf("%s, %s", texts(batch), wait)
		}
		var err error
		if i == 3 {
			err = refused{errors.New("bad")}
		}
		done := q.settle(batch, err, now)
		if want := map[bool]State{false: Sent, true: Failed}[i == 3]; done[0].State != want {
			t.Errorf("%d: %+v", i, done)
		}
		now = now.Add(spacing)
	}
	if batch, _ := q.take(now); len(batch) != 10 {
		t.Errorf("then %s", texts(batch))
	}
	q = queued(&Target{})
	q.room = 100
	for range 5 {
		q.add(waiting("01234567890123456789", intent.Critical, now))
	}
	if batch, _ := q.take(now); len(batch) != 2 {
		t.Errorf("%d of 43 bytes in a message of 100", len(batch))
	}
}

// In quiet hours only what is critical is told; the rest is told at once when they end, and a
// digest is told at once when its time has passed.
func TestQuietHoursAndDigests(t *testing.T) {
	quiet, err := ParseQuiet("22:00-07:00 Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	night := time.Date(2026, 1, 2, 23, 30, 0, 0, time.UTC) // 00:30 in Berlin
	q := queued(&Target{Quiet: quiet})
	q.add(waiting("w", intent.Warning, night))
	q.add(waiting("c", intent.Critical, night))
	q.add(waiting("v", intent.Notice, night.Add(time.Minute)))
	if batch, _ := q.take(night); texts(batch) != "c " {
		t.Errorf("at night: %s", texts(batch))
	} else {
		q.settle(batch, nil, night)
	}
	batch, wait := q.take(night.Add(time.Minute))
	if len(batch) != 0 || wait != 6*time.Hour+29*time.Minute {
		t.Errorf("%s, %s", texts(batch), wait)
	}
	if batch, _ := q.take(time.Date(2026, 1, 3, 6, 0, 0, 0, time.UTC)); texts(batch) != "w v " {
		t.Errorf("in the morning: %s", texts(batch))
	}
	q = queued(&Target{Digest: 15 * time.Minute})
	q.add(waiting("a", intent.Warning, noon))
	q.add(waiting("b", intent.Notice, noon.Add(14*time.Minute)))
	q.add(waiting("c", intent.Critical, noon.Add(14*time.Minute)))
	if batch, _ := q.take(noon.Add(14 * time.Minute)); texts(batch) != "c " {
		t.Errorf("before: %s", texts(batch))
	} else {
		q.settle(batch, nil, noon.Add(14*time.Minute))
	}
	if batch, wait := q.take(noon.Add(14*time.Minute + spacing)); len(batch) != 0 || wait != 59*time.Second {
		t.Errorf("%s, %s", texts(batch), wait)
	}
	if batch, _ := q.take(noon.Add(15 * time.Minute)); texts(batch) != "a b " {
		t.Errorf("then: %s", texts(batch))
	}
}

func TestQuietHours(t *testing.T) {
	at := func(text string) time.Time {
		x, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	for _, tt := range []struct{ quiet, at, until string }{
		{"22:00-07:00", "2026-01-02T21:59:59Z", ""}, {"22:00-07:00", "2026-01-02T22:00:00Z", "2026-01-03T07:00:00Z"},
		{"22:00-07:00", "2026-01-02T06:59:59Z", "2026-01-02T07:00:00Z"}, {"22:00-07:00", "2026-01-02T07:00:00Z", ""},
		{"12:00-13:00", "2026-01-02T12:30:00Z", "2026-01-02T13:00:00Z"}, {"12:00-13:00", "2026-01-02T13:30:00Z", ""},
		// Clocks are put forward in the night.
		{"22:00-07:00 America/New_York", "2026-03-08T04:00:00Z", "2026-03-08T11:00:00Z"},
	} {
		q, err := ParseQuiet(tt.quiet)
		if err != nil {
			t.Fatal(err)
		}
		want := at(tt.at)
		if tt.until != "" {
			want = at(tt.until)
		}
		if got := q.until(at(tt.at)); !got.Equal(want) {
			t.Errorf("%s at %s: until %s, want %s", tt.quiet, tt.at, got, want)
		}
	}
	for _, bad := range []string{"", "22:00", "22-07", "22:00-25:00", "22:00-22:00", "22:00-07:00 Nowhere/Land", "22:00-07:00 "} {
		if q, err := ParseQuiet(bad); err == nil {
			t.Errorf("%q is %+v", bad, q)
		}
	}
	if c, err := ParseClock("08:30 Asia/Tokyo"); err != nil || !c.Next(noon).Equal(at("2026-01-02T23:30:00Z")) {
		t.Errorf("%v, %v", c, err)
	}
}

// What there is no room for is the least severe and oldest.
func TestAQueueIsBounded(t *testing.T) {
	q := queued(&Target{})
	q.add(waiting("old warning", intent.Warning, noon))
	q.add(waiting("notice", intent.Notice, noon))
	for range queueMost - 2 {
		q.add(waiting("critical", intent.Critical, noon))
	}
	for _, want := range []string{"notice", "old warning", "critical"} {
		if out := q.add(waiting("critical", intent.Critical, noon)); len(out) != 1 || out[0].Text != want || out[0].State != Dropped {
			t.Errorf("%+v, want %s", out, want)
		}
	}
	if len(q.list) != queueMost {
		t.Errorf("%d wait", len(q.list))
	}
}
