package hook

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/host/control"
)

// Message is what came.
type Message struct {
	Body   []byte
	Token  string // at the end of the path; "" if there is none
	Header http.Header
}

// Signal is a message that was let in.
type Signal struct {
	ID      string // the message's own, or a hash of it
	Payload string
	hook    *Hook
	lives   time.Duration // how long the same message could still be let in
}

// Args are what the session is told: once for each strategy that is named.
func (s *Signal) Args() []control.SignalArgs {
	a := control.SignalArgs{Name: s.hook.config.Name, Payload: s.Payload, ID: s.ID}
	if len(s.hook.config.Strategies) == 0 {
		return []control.SignalArgs{a}
	}
	var out []control.SignalArgs
	for _, name := range s.hook.config.Strategies {
		a.Strategy, a.ID = name, s.ID+"/"+name
		out = append(out, a)
	}
	return out
}

// clockSkew is how far a sender's clock may be ahead.
const clockSkew = 30 * time.Second

// Read lets a message in, or says why not.
func (h *Hook) Read(m *Message, now time.Time) (*Signal, error) {
	fields, isObject := object(m.Body)
	if !h.authentic(m, fields) {
		what := "token"
		if !h.secret.Empty() {
			what = "signature"
		}
		return nil, control.Errorf(control.Forbidden, "webhook %s: no %s, or a wrong one", h.config.Name, what)
	}
	if !h.rate.take(now) {
		return nil, control.Errorf(control.TooMany, "webhook %s: more than %d messages a minute", h.config.Name, h.rate.perMinute)
	}
	if !utf8.Valid(m.Body) {
		return nil, control.Errorf(control.BadRequest, "webhook %s: the body is neither JSON nor text in UTF-8", h.config.Name)
	}
	if err := h.young(fields, now); err != nil {
		return nil, err
	}
	s := &Signal{hook: h, Payload: string(m.Body), lives: h.ttl}
	if written(fields) != "" {
		s.lives += clockSkew
	}
	if _, has := fields["token"]; isObject && has {
		// What is journalled holds no secret.
		delete(fields, "token")
		raw, err := json.Marshal(fields)
		if err != nil {
			return nil, control.Errorf(control.BadRequest, "webhook %s: %v", h.config.Name, err)
		}
		s.Payload = string(raw)
	}
	if t := h.token.Reveal(); t != "" {
		s.Payload = strings.ReplaceAll(s.Payload, t, sign.Mask)
	}
	s.ID = h.identity(fields, s.Payload, now)
	return s, nil
}

// object reads the fields of a JSON object.
func object(body []byte) (map[string]json.RawMessage, bool) {
	if b := bytes.TrimSpace(body); len(b) == 0 || b[0] != '{' {
		return nil, false
	}
	var fields map[string]json.RawMessage
	return fields, json.Unmarshal(body, &fields) == nil
}

func (h *Hook) authentic(m *Message, fields map[string]json.RawMessage) bool {
	if !h.secret.Empty() {
		name := h.config.Header
		if name == "" {
			name = "X-Signature"
		}
		got, err := hex.DecodeString(strings.TrimPrefix(strings.TrimSpace(m.Header.Get(name)), "sha256="))
		mac := hmac.New(sha256.New, []byte(h.secret.Reveal()))
		mac.Write(m.Body)
		return err == nil && hmac.Equal(got, mac.Sum(nil))
	}
	shown := []string{m.Token, text(fields["token"])}
	if name := h.config.Header; name != "" {
		shown = append(shown, m.Header.Get(name))
	}
	if _, v, ok := strings.Cut(m.Header.Get("Authorization"), " "); ok {
		shown = append(shown, strings.TrimSpace(v))
	}
	for _, s := range shown {
		if s != "" && sign.NewSecret(s).Equal(h.token) {
			return true
		}
	}
	return false
}

// text is a JSON string or number as text; "" of anything else.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil {
		return n.String()
	}
	return ""
}

// written is when a message says that it was written; "" if it does not.
func written(fields map[string]json.RawMessage) string {
	if said := text(fields["time"]); said != "" {
		return said
	}
	return text(fields["timestamp"])
}

// young refuses a message that is too old. One that is signed must say when it was
// written: whoever heard it could send it again on another day.
func (h *Hook) young(fields map[string]json.RawMessage, now time.Time) error {
	said := written(fields)
	if said == "" {
		if !h.secret.Empty() {
			return control.Errorf(control.BadRequest, "webhook %s: the message says no time: want a field time, in RFC 3339 or seconds or milliseconds since 1970", h.config.Name)
		}
		return nil
	}
	at, err := parseTime(said)
	if err != nil {
		return control.Errorf(control.BadRequest, "webhook %s: field time: want RFC 3339, or seconds or milliseconds since 1970", h.config.Name)
	}
	switch age := now.Sub(at); {
	case age > h.ttl:
		return control.Errorf(control.Refused, "webhook %s: the message is %s old, and may be %s", h.config.Name, age.Round(time.Second), h.ttl)
	case age < -clockSkew:
		return control.Errorf(control.Refused, "webhook %s: the message is of a time %s ahead: is the sender's clock right?", h.config.Name, (-age).Round(time.Second))
	}
	return nil
}

func parseTime(s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, nil
	}
	v, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil || !(v > 0 && v < 1e14):
		return time.Time{}, fmt.Errorf("no time")
	case v > 1e11:
		v /= 1000
	}
	return time.UnixMilli(int64(v * 1000)), nil
}

// identity tells a message from others: by its own id, or by what it says. With a time in
// it the same words are always the same message. Without, they are for as long as it may
// live, and another later, which the number of that stretch is for.
func (h *Hook) identity(fields map[string]json.RawMessage, payload string, now time.Time) string {
	if id := text(fields["id"]); id != "" {
		sum := sha256.Sum256([]byte(id))
		return h.config.Name + ":id:" + hex.EncodeToString(sum[:16])
	}
	sum := sha256.Sum256([]byte(payload))
	if written(fields) != "" {
		return h.config.Name + ":at:" + hex.EncodeToString(sum[:16])
	}
	return fmt.Sprintf("%s:%d:%s", h.config.Name, now.UnixNano()/int64(h.ttl), hex.EncodeToString(sum[:16]))
}
