package ledger

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func noticeOf(key, text string, seq uint64) Notice {
	return Notice{Key: key, Time: at(seq).Time, Severity: "critical", Class: "halt", Strategy: "host", Text: text, Count: 1}
}

// A notice is written with the rows of its event, once; deliveries come from elsewhere and go
// through the same writer, and say what was taken up.
func TestOutbox(t *testing.T) {
	r := newRig(t, WriterOptions{})
	made := time.Now()
	for range 2 { // the second time is a replay
		r.post(&NoticeRow{At: at(5), Notice: noticeOf("1-5-a", "down", 5)})
		r.post(&NoticeRow{At: at(6), Notice: noticeOf("1-6-a", "down", 6)})
		r.post(&NoticeRow{At: at(7), Notice: noticeOf("1-7-b", "up", 7)})
	}
	r.sync()
	left, err := OutboxOf(&r.Reader).Unsent()
	must(t, err)
	if len(left) != 3 || left[0].State != "new" || left[0].Key != "1-5-a" || left[2].Text != "up" || left[0].Notice.Time != at(5).Time || time.Since(left[0].Made) < 0 {
		t.Fatalf("%+v", left)
	}
	// What says the same and came before is on its way with it.
	waits := Delivery{Notice: noticeOf("1-6-a", "down", 6), Target: "phone", State: "waiting", Made: made}
	must(t, r.w.Aside(&DeliveryRow{Delivery: waits}))
	r.sync()
	left, err = OutboxOf(&r.Reader).Unsent()
	must(t, err)
	if len(left) != 2 || left[0].Text != "up" || left[1].Target != "phone" || !left[1].Next.IsZero() {
		t.Fatalf("%+v", left)
	}
	sent, failed := waits, waits
	sent.State, sent.Attempts = "sent", 2
	failed.Target, failed.State, failed.Error, failed.Next = "mail", "failed", "given up", made.Add(time.Minute)
	none := Delivery{Notice: noticeOf("1-7-b", "up", 7), State: "dropped", Made: made}
	must(t, r.w.Aside(&DeliveryRow{Delivery: sent}, &DeliveryRow{Delivery: failed}, &DeliveryRow{Delivery: none}))
	r.sync()
	if left, err = OutboxOf(&r.Reader).Unsent(); err != nil || len(left) != 0 {
		t.Fatalf("%+v, %v", left, err)
	}
	all, err := OutboxOf(&r.Reader).Deliveries(10)
	must(t, err)
	if len(all) != 2 || all[0].State != "sent" || all[0].Attempts != 2 || all[1].Error != "given up" || !all[1].Next.Equal(made.Add(time.Minute)) {
		t.Errorf("%+v", all)
	}
	for since, want := range map[time.Time]int{made: 1, made.Add(1): 0} {
		if list, err := OutboxOf(&r.Reader).SentSince(since); err != nil || len(list) != want {
			t.Errorf("since %s: %+v, %v", since, list, err)
		}
	}
	// A replay brings none of it back.
	r.post(&NoticeRow{At: at(7), Notice: noticeOf("1-7-b", "up", 7)})
	r.sync()
	if left, err = OutboxOf(&r.Reader).Unsent(); err != nil || len(left) != 0 {
		t.Errorf("%+v, %v", left, err)
	}
}

// Rows that no event led to change nothing of those that one did: an event is whole or not
// there, and the nth row of an event stays the nth.
func TestAsideLeavesEventsWhole(t *testing.T) {
	r := newRig(t, WriterOptions{})
	r.w.Mark(4)
	r.post(&LogRow{At: at(5), Level: "warn", Text: "first"})
	must(t, r.w.Aside(&DeliveryRow{Delivery: Delivery{Notice: noticeOf("k", "x", 1), Target: "phone", State: "sent", Made: time.Now()}}))
	for r.count("outbox") == 0 { // the writer commits it by itself, and nothing of event 5
		time.Sleep(time.Millisecond)
	}
	if n := r.count("log"); n != 0 {
		t.Errorf("%d rows of an event that is not whole", n)
	}
	r.post(&LogRow{At: at(5), Level: "warn", Text: "second"})
	r.w.Mark(5)
	r.sync()
	if n := r.count("log"); n != 2 {
		t.Errorf("%d of 2 rows of an event", n)
	}
}

// The outbox is bounded in the ledger and in memory.
func TestTheOutboxIsBounded(t *testing.T) {
	r := newRig(t, WriterOptions{})
	_, err := r.write.Exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		INSERT INTO outbox (run, key, target, time, severity, class, strategy, text, count, state, attempts, next, error, made)
		SELECT 1, i, 't', 0, '', '', '', '', 1, 'sent', 1, 0, '', 0 FROM n`, outboxRows)
	must(t, err)
	must(t, r.w.Aside(&DeliveryRow{Delivery: Delivery{Notice: noticeOf("k", "x", 1), Target: "phone", State: "sent", Made: time.Now()}}))
	r.sync()
	if n := r.count("outbox"); n != outboxRows {
		t.Errorf("%d rows", n)
	}
	var many []Record
	for i := range asideMost + 1 {
		many = append(many, &DeliveryRow{Delivery: Delivery{Notice: noticeOf(fmt.Sprint(i), "x", 1), Target: "phone"}})
	}
	if err := r.w.Aside(many...); !errors.Is(err, ErrSlow) {
		t.Error(err)
	}
	must(t, r.w.Close())
	if err := r.w.Aside(many[0]); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}
