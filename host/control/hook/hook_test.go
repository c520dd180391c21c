package hook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/host/control"
)

const secret = "a-secret-of-a-webhook"

var now = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

func open(t *testing.T, c Config) *Hook {
	t.Helper()
	t.Setenv("HOOK_SECRET", secret)
	c.Name = "tv"
	if c.Secret == "" {
		c.Token = "env:HOOK_SECRET"
	}
	s, err := Open([]Config{c})
	if err != nil {
		t.Fatal(err)
	}
	h, ok := s.Find("tv")
	if !ok {
		t.Fatal("the webhook is not there")
	}
	return h
}

func signed(body string) http.Header {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(body))
	return http.Header{"X-Signature": {"sha256=" + hex.EncodeToString(m.Sum(nil))}}
}

func wants(t *testing.T, what string, err error, code control.Code) {
	t.Helper()
	var e *control.Error
	if code == "" && err == nil {
		return
	}
	if !errors.As(err, &e) || e.Code != code {
		t.Errorf("%s: %v, want %q", what, err, code)
	} else if strings.Contains(e.Error(), secret) {
		t.Errorf("%s: the error tells the secret", what)
	}
}

func TestToken(t *testing.T) {
	h := open(t, Config{Header: "X-Key"})
	for _, x := range []struct {
		what    string
		m       Message
		code    control.Code
		payload string
	}{
		{"in the path", Message{Body: []byte("buy BTC"), Token: secret}, "", "buy BTC"},
		{"in a header", Message{Body: []byte("{}"), Header: http.Header{"X-Key": {secret}}}, "", "{}"},
		{"as a bearer", Message{Body: []byte("1"), Header: http.Header{"Authorization": {"Bearer " + secret}}}, "", "1"},
		{"in the body, which is journalled without it", Message{Body: []byte(`{"token":"` + secret + `","side":"buy","n":0.10,"note":"` + secret + `"}`)}, "", `{"n":0.10,"note":"•••","side":"buy"}`},
		{"none", Message{Body: []byte(`{"side":"buy"}`)}, control.Forbidden, ""},
		{"a wrong one", Message{Body: []byte("x"), Token: secret + "x"}, control.Forbidden, ""},
		{"an empty one", Message{Body: []byte(`{"token":""}`)}, control.Forbidden, ""},
		{"one that is no text", Message{Body: []byte(`{"token":["` + secret + `"]}`)}, control.Forbidden, ""},
		{"bytes that are no text", Message{Body: []byte{0xff, 0xfe}, Token: secret}, control.BadRequest, ""},
	} {
		s, err := h.Read(&x.m, now)
		wants(t, x.what, err, x.code)
		if err == nil && s.Payload != x.payload {
			t.Errorf("%s: payload %q, want %q", x.what, s.Payload, x.payload)
		}
	}
}

func TestSignature(t *testing.T) {
	h := open(t, Config{Secret: "env:HOOK_SECRET"})
	good := fmt.Sprintf(`{"time":%d,"side":"buy"}`, now.Unix())
	_, err := h.Read(&Message{Body: []byte(good), Header: signed(good)}, now)
	wants(t, "signed", err, "")
	_, err = h.Read(&Message{Body: []byte(good + " "), Header: signed(good)}, now)
	wants(t, "changed", err, control.Forbidden)
	_, err = h.Read(&Message{Body: []byte(good), Token: secret}, now)
	wants(t, "the secret itself", err, control.Forbidden)
	_, err = h.Read(&Message{Body: []byte(`{}`), Header: signed(`{}`)}, now)
	wants(t, "signed, of no time", err, control.BadRequest)
}

func TestAge(t *testing.T) {
	h := open(t, Config{TTL: 60})
	for _, x := range []struct {
		time string
		code control.Code
	}{
		{`"2026-11-30T12:00:00Z"`, ""}, {`"2026-11-30T11:59:01Z"`, ""}, {`1796040000`, ""}, {`1796040000000`, ""}, {`"1796040000.5"`, ""},
		{`"2026-11-30T11:58:59Z"`, control.Refused}, {`"2026-11-30T12:00:31Z"`, control.Refused}, {`1796039000`, control.Refused},
		{`"yesterday"`, control.BadRequest}, {`-1`, control.BadRequest}, {`1e300`, control.BadRequest},
	} {
		_, err := h.Read(&Message{Body: []byte(`{"time":` + x.time + `}`), Token: secret}, now)
		wants(t, x.time, err, x.code)
	}
}

// The same message is told once within its time to live; one with an id of its own has it
// for the session to know it by later.
func TestOnce(t *testing.T) {
	h := open(t, Config{TTL: 60, Strategies: []string{"a", "b"}})
	told := 0
	send := func(body string, at time.Time, fail error) (*Outcome, error) {
		t.Helper()
		s, err := h.Read(&Message{Body: []byte(body), Token: secret}, at)
		if err != nil {
			t.Fatal(err)
		}
		if args := s.Args(); len(args) != 2 || args[0].Strategy != "a" || args[0].ID == args[1].ID || args[1].Name != "tv" {
			t.Errorf("the session is told %v", args)
		}
		return h.Once(s, at, func() error { told++; return fail })
	}
	for i, x := range []struct {
		body string
		at   time.Duration
		told bool
	}{
		{"buy", 0, true}, {`{"id":"7","side":"buy"}`, 0, true}, {`{"id":"7","side":"sell"}`, time.Second, false}, {`{"id":8}`, time.Second, true},
		{"buy", 30 * time.Second, false}, {"sell", 30 * time.Second, true}, {"buy", 59 * time.Second, false}, {"buy", 60 * time.Second, true},
	} {
		if o, err := send(x.body, now.Add(x.at), nil); err != nil || o.Told != x.told {
			t.Errorf("message %d: %v %v, want told %v", i, o, err, x.told)
		}
	}
	if told != 5 {
		t.Errorf("told %d times, want 5", told)
	}
	refused := control.Errorf(control.Refused, "no")
	now := now.Add(time.Minute)
	if _, err := send("later", now, refused); !errors.Is(err, refused) {
		t.Errorf("what can't be told: %v", err)
	}
	if o, err := send("later", now, nil); err != nil || !o.Told {
		t.Errorf("again after that: %v %v, want it told", o, err)
	}
	late := control.Errorf(control.Late, "it will be done")
	if _, err := send("slow", now, late); !errors.Is(err, late) {
		t.Errorf("what the loop is late with: %v", err)
	}
	if o, err := send("slow", now, nil); err != nil || o.Told {
		t.Errorf("again after that: %v %v, want it not told twice", o, err)
	}
}

func TestBounds(t *testing.T) {
	h := open(t, Config{PerMinute: 3})
	for i := range 4 {
		_, err := h.Read(&Message{Body: fmt.Append(nil, i), Token: secret}, now)
		want := control.Code("")
		if i == 3 {
			want = control.TooMany
		}
		wants(t, fmt.Sprint(i), err, want)
	}
	var m memory
	for i := range mostRemembered {
		if again, full := m.add(fmt.Sprint(i), now, time.Minute); again || full {
			t.Fatal(i, again, full)
		}
	}
	if _, full := m.add("more", now, time.Minute); !full {
		t.Error("more is remembered than there is room for")
	}
	if again, full := m.add("more", now.Add(time.Minute), time.Minute); again || full || len(m.seen) != 1 {
		t.Errorf("when the others are over: %v %v, %d remembered", again, full, len(m.seen))
	}
}

func TestCheck(t *testing.T) {
	for _, x := range []struct {
		list []Config
		want string
	}{
		{[]Config{{Name: "a b", Token: "env:A"}}, "name"},
		{[]Config{{Name: "a", Token: "env:A"}, {Name: "a", Token: "env:A"}}, "two of that name"},
		{[]Config{{Name: "a"}}, "either token or secret"},
		{[]Config{{Name: "a", Token: "env:A", Secret: "env:B"}}, "either token or secret"},
		{[]Config{{Name: "a", Token: "hunter2"}}, "points nowhere"},
		{[]Config{{Name: "a", Token: "env:A", TTL: -1}}, "ttl_seconds"},
		{[]Config{{Name: "a", Token: "env:A", TTL: 0.5}}, "ttl_seconds"},
		{[]Config{{Name: "a", Token: "env:A", PerMinute: 1e6}}, "rate_per_minute"},
		{[]Config{{Name: "a", Token: "env:A", MaxBytes: 1 << 20}}, "max_bytes"},
		{[]Config{{Name: "a", Token: "env:A", Header: "X: y"}}, "header"},
	} {
		if err := Check(x.list); err == nil || !strings.Contains(err.Error(), x.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%+v: %v, want an error about %s", x.list, err, x.want)
		}
	}
	t.Setenv("SHORT", "short")
	t.Setenv("SPACED", "a secret with spaces in it")
	for _, ref := range []string{"env:SHORT", "env:SPACED", "env:NOWHERE"} {
		if _, err := Open([]Config{{Name: "a", Token: ref}}); err == nil {
			t.Errorf("%s is taken for a token", ref)
		}
	}
	if _, ok := (*Set)(nil).Find("a"); ok {
		t.Error("no webhooks have one")
	}
}

// A signed message that a clock ahead of ours wrote is let in for longer than others, and
// is no other message in the next stretch of time or after a restart.
func TestSignedIsNotReplayed(t *testing.T) {
	h := open(t, Config{TTL: 60})
	body := []byte(`{"time":"2026-11-30T12:00:29Z","side":"buy"}`)
	told := 0
	var ids []string
	for _, after := range []time.Duration{0, 61 * time.Second, 85 * time.Second} {
		s, err := h.Read(&Message{Body: body, Token: secret}, now.Add(after))
		if err != nil {
			t.Fatal(after, err)
		}
		ids = append(ids, s.Args()[0].ID)
		if _, err := h.Once(s, now.Add(after), func() error { told++; return nil }); err != nil {
			t.Fatal(after, err)
		}
	}
	if told != 1 {
		t.Errorf("told %d times, want once", told)
	}
	if ids[0] != ids[1] || ids[0] != ids[2] {
		t.Errorf("the session would take it for another message: %v", ids)
	}
}
