package notify

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/host/notify/notifytest"
)

// hostile is what a strategy might say to reach more than its reader.
const hostile = "@everyone <!channel> <@U1> *bold* _it_ [x](https://evil.example) <a href='x'>y</a> `c` ||s||\r\nSubject: x\x1b[31m"

func noticed(text string) Notice {
	return Notice{Key: "k1", Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Severity: intent.Critical, Class: "halt", Mode: "PAPER", Session: "paper-1", Strategy: "carry", Text: text, Count: 2}
}

func secret(text string) sign.Secret { return sign.NewSecret(text) }

// targetsOn are one target of each kind that speaks HTTP, on a server.
func targetsOn(url string) map[string]*Target {
	return map[string]*Target{
		KindTelegram: {Name: "t", Kind: KindTelegram, BaseURL: url, Token: secret("123:TOKEN-abc"), Chat: "42"},
		KindDiscord:  {Name: "d", Kind: KindDiscord, URL: secret(url + "/api/webhooks/1/TOKEN-abc")},
		KindSlack:    {Name: "s", Kind: KindSlack, URL: secret(url + "/services/T/B/TOKEN-abc")},
		KindNtfy:     {Name: "n", Kind: KindNtfy, BaseURL: url, Topic: secret("my-topic"), Token: secret("tk_TOKEN-abc")},
		KindWebhook:  {Name: "w", Kind: KindWebhook, URL: secret(url + "/hook?key=TOKEN-abc"), Secret: secret("hush")},
	}
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return m
}

// Each service gets a request in the shape of its documentation, in which a stranger's text
// is no markup and no mention.
func TestEachServiceGetsItsOwnShape(t *testing.T) {
	s := notifytest.New(t)
	got := map[string]notifytest.Request{}
	for kind, target := range targetsOn(s.URL) {
		if err := target.Validate(); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if err := Try(context.Background(), target, noticed(hostile)); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		got[kind] = s.Next(t)
		if r := got[kind]; r.Method != "POST" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %+v", kind, r)
		}
		if kind != KindWebhook && kind != KindNtfy && strings.Contains(got[kind].Body, "@everyone") {
			t.Errorf("%s: a mention: %s", kind, got[kind].Body)
		}
		if strings.Contains(got[kind].Body, `\u001b`) || !strings.Contains(got[kind].Body, "PAPER CRITICAL: halt") {
			t.Errorf("%s: %s", kind, got[kind].Body)
		}
	}
	tg := object(t, got[KindTelegram].Body)
	if got[KindTelegram].Path != "/bot123:TOKEN-abc/sendMessage" || tg["chat_id"] != "42" || tg["parse_mode"] != nil || tg["link_preview_options"].(map[string]any)["is_disabled"] != true {
		t.Errorf("telegram %s %v", got[KindTelegram].Path, tg)
	}
	dc := object(t, got[KindDiscord].Body)
	if parse, ok := dc["allowed_mentions"].(map[string]any)["parse"].([]any); !ok || len(parse) != 0 || dc["flags"] != 4.0 ||
		!strings.Contains(dc["content"].(string), `\*bold\*`) || !strings.Contains(dc["content"].(string), `\[x\](https://`) {
		t.Errorf("discord %v", dc)
	}
	sl := object(t, got[KindSlack].Body)
	block := sl["blocks"].([]any)[0].(map[string]any)
	if text := block["text"].(map[string]any); sl["mrkdwn"] != false || block["type"] != "section" || text["type"] != "plain_text" || strings.Contains(sl["text"].(string), "<") {
		t.Errorf("slack %v", sl)
	}
	if nt := object(t, got[KindNtfy].Body); nt["topic"] != "my-topic" || nt["priority"] != 5.0 || nt["markdown"] != nil || got[KindNtfy].Header.Get("Authorization") != "Bearer tk_TOKEN-abc" {
		t.Errorf("ntfy %v", nt)
	}
	hook := got[KindWebhook]
	var at int64
	var mac string
	if _, err := fmt.Sscanf(hook.Header.Get(SignatureHeader), "t=%d,v1=%s", &at, &mac); err != nil {
		t.Fatal(hook.Header)
	}
	h := hmac.New(sha256.New, []byte("hush"))
	fmt.Fprintf(h, "%d.%s", at, hook.Body)
	if mac != hex.EncodeToString(h.Sum(nil)) {
		t.Errorf("the signature %s is not of %s", mac, hook.Body)
	}
	m := object(t, hook.Body)["messages"].([]any)[0].(map[string]any)
	for k, want := range map[string]any{"id": "k1", "severity": "critical", "class": "halt", "mode": "PAPER", "session": "paper-1", "strategy": "carry", "count": 2.0, "time": "2026-01-02T03:04:05Z"} {
		if m[k] != want {
			t.Errorf("webhook: %s is %v, want %v", k, m[k], want)
		}
	}
	if text := m["text"].(string); strings.ContainsAny(text, "\r\n\x1b") || !strings.HasPrefix(text, "@everyone <!channel>") {
		t.Errorf("webhook text %q", text)
	}
}

// A service that answers badly is an error, which never quotes a token, and a redirect is not
// followed: the token stays here.
func TestBadAnswers(t *testing.T) {
	elsewhere := notifytest.New(t)
	for _, tt := range []struct {
		name   string
		answer func(w http.ResponseWriter, r *http.Request, path string) bool
		want   string
		kind   string // refused, delayed or ""
	}{
		{"redirect", func(w http.ResponseWriter, r *http.Request, path string) bool {
			http.Redirect(w, r, elsewhere.URL+path, http.StatusTemporaryRedirect)
			return true
		}, "answered 307, which leads elsewhere and is not followed", ""},
		{"500", func(w http.ResponseWriter, r *http.Request, _ string) bool {
			http.Error(w, "oops "+r.URL.RequestURI()+" "+r.Header.Get("Authorization"), 500)
			return true
		}, "answered 500: oops", ""},
		{"huge", func(w http.ResponseWriter, _ *http.Request, _ string) bool {
			w.WriteHeader(500)
			for range 64 {
				fmt.Fprint(w, strings.Repeat("x", 64<<10))
			}
			return true
		}, "answered 500: xxx", ""},
		{"huge and well", func(w http.ResponseWriter, _ *http.Request, _ string) bool {
			for range 64 {
				fmt.Fprint(w, strings.Repeat("x", 64<<10))
			}
			return true
		}, "", ""},
		{"400", func(w http.ResponseWriter, _ *http.Request, _ string) bool {
			http.Error(w, `{"ok":false,"description":"Bad Request: chat not found"}`, 400)
			return true
		}, "chat not found", "refused"},
		{"429 header", func(w http.ResponseWriter, _ *http.Request, _ string) bool {
			w.Header().Set("Retry-After", "17")
			w.WriteHeader(429)
			return true
		}, "answered 429", "delayed 17s"},
		{"429 telegram", func(w http.ResponseWriter, _ *http.Request, _ string) bool {
			w.WriteHeader(429)
			fmt.Fprint(w, `{"ok":false,"error_code":429,"parameters":{"retry_after":35}}`)
			return true
		}, "answered 429", "delayed 35s"},
		{"429 discord", func(w http.ResponseWriter, _ *http.Request, _ string) bool {
			w.WriteHeader(429)
			fmt.Fprint(w, `{"message":"You are being rate limited.","retry_after":0.5,"global":false}`)
			return true
		}, "rate limited", "delayed 500ms"},
		{"429 for ever", func(w http.ResponseWriter, _ *http.Request, _ string) bool {
			w.Header().Set("Retry-After", "1e300")
			w.WriteHeader(429)
			return true
		}, "answered 429", "delayed 1h0m0s"},
		{"cut off", func(w http.ResponseWriter, _ *http.Request, _ string) bool {
			panic(http.ErrAbortHandler)
		}, "EOF", ""},
	} {
		s := notifytest.New(t)
		s.Config.ErrorLog = nil
		s.Answer(tt.answer)
		for kind, target := range targetsOn(s.URL) {
			err := Try(context.Background(), target, noticed("x"))
			text := fmt.Sprint(err)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(text, tt.want) || strings.Contains(text, "TOKEN-abc") || strings.Contains(text, s.URL) {
				t.Errorf("%s, %s: %s", tt.name, kind, text)
			}
			var no refused
			var later delayed
			is := ""
			if errors.As(err, &no) {
				is = "refused"
			} else if errors.As(err, &later) {
				is = "delayed " + later.after.String()
			}
			if is != tt.kind {
				t.Errorf("%s, %s: it is %q, want %q", tt.name, kind, is, tt.kind)
			}
		}
	}
	if n := elsewhere.Waiting(); n != 0 {
		t.Errorf("%d requests followed to another server", n)
	}
}

// Nobody listens, and what is said of it has no address in it.
func TestUnreachedServices(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	l.Close()
	for kind, target := range targetsOn(url) {
		if err := Try(context.Background(), target, noticed("x")); err == nil || strings.Contains(err.Error(), "TOKEN-abc") || strings.Contains(err.Error(), "my-topic") {
			t.Errorf("%s: %v", kind, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := notifytest.New(t)
	s.Answer(func(w http.ResponseWriter, r *http.Request, p string) bool { cancel(); return s.Hang(w, r, p) })
	if err := Try(ctx, targetsOn(s.URL)[KindSlack], noticed("x")); err == nil {
		t.Error("a server that hangs took it")
	}
}

// A command gets the payload, no token of ours, no shell, and no more time than there is.
func TestCommands(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	script := filepath.Join(dir, "told.sh")
	if err := os.WriteFile(script, []byte("#!/bin/sh\ncat > \"$1\"\necho \"$2\" >> \"$1\"\nenv >> \"$1\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("BOT_TOKEN", "TOKEN-abc")
	target := &Target{Name: "c", Kind: KindCommand, Command: []string{script, out, "$(id); `id`"}}
	if err := target.Validate(); err != nil {
		t.Fatal(err)
	}
	if err := Try(context.Background(), target, noticed(hostile)); err != nil {
		t.Fatal(err)
	}
	raw, _ := os.ReadFile(out)
	if text := string(raw); !strings.Contains(text, `"class":"halt"`) || !strings.Contains(text, "$(id); `id`") || strings.Contains(text, "TOKEN-abc") {
		t.Errorf("%s", text)
	}
	target.Command = []string{"/bin/sh", "-c", "echo no such phone >&2; exit 3"}
	if err := Try(context.Background(), target, noticed("x")); err == nil || err.Error() != "/bin/sh: exit status 3: no such phone" {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	target.Command = []string{"/bin/sleep", "1000"}
	if err := Try(ctx, target, noticed("x")); err == nil {
		t.Error("a command that hangs took it")
	}
}

// smtpd is a mail server for one conversation.
func smtpd(t *testing.T, greet string, answers map[string]string) (addr string, said chan string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	said = make(chan string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		var all strings.Builder
		defer func() { said <- all.String() }()
		r := bufio.NewReader(conn)
		io.WriteString(conn, greet)
		data := false
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			all.WriteString(line)
			word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
			switch {
			case data && line == ".\r\n":
				data = false
				io.WriteString(conn, "250 taken\r\n")
			case data:
			case word == "QUIT":
				io.WriteString(conn, "221 bye\r\n")
				return
			default:
				answer := answers[word]
				if answer == "" {
					answer = "250 ok\r\n"
				}
				data = word == "DATA" && strings.HasPrefix(answer, "354")
				io.WriteString(conn, answer)
			}
		}
	}()
	return l.Addr().String(), said
}

// Mail is a letter whose head nobody's text gets into, and a server that offers no
// encryption gets no password.
func TestMail(t *testing.T) {
	answers := map[string]string{"EHLO": "250-me\r\n250 AUTH PLAIN\r\n", "DATA": "354 go on\r\n", "AUTH": "235 you are\r\n"}
	addr, said := smtpd(t, "220 me\r\n", answers)
	target := &Target{Name: "m", Kind: KindMail, Server: addr, TLS: TLSNone, User: "u", Password: secret("TOKEN-abc"), Sender: "bot@example.org", To: []string{"me@example.org", "you@example.org"}}
	if err := target.Validate(); err != nil {
		t.Fatal(err)
	}
	if err := Try(context.Background(), target, noticed(hostile+" ünïcode")); err != nil {
		t.Fatal(err)
	}
	text := <-said
	head, body, _ := strings.Cut(text, "\r\n\r\n")
	if strings.Count(head, "\nSubject: ") != 1 || !strings.Contains(head, "Subject: =?utf-8?q?PAPER_CRITICAL") || !strings.Contains(head, "RCPT TO:<you@example.org>") ||
		!strings.Contains(head, "To: me@example.org, you@example.org") || !strings.Contains(body, "=C3=BCn") || !strings.Contains(body, "session paper-1") {
		t.Errorf("%s", text)
	}
	addr, said = smtpd(t, "220 me\r\n", answers)
	target.Server, target.TLS = addr, TLSStart
	if err := Try(context.Background(), target, noticed("x")); err == nil {
		t.Error("a server without STARTTLS took it")
	}
	if text := <-said; strings.Contains(text, "AUTH PLAIN ") || strings.Contains(text, "MAIL FROM") {
		t.Errorf("something was said in the open: %s", text)
	}
	answers["RCPT"] = "554 no such user, password TOKEN-abc\r\n"
	target.Server, target.TLS = "", TLSNone
	target.Server, _ = smtpd(t, "220 me\r\n", answers)
	var no refused
	if err := Try(context.Background(), target, noticed("x")); !errors.As(err, &no) || strings.Contains(err.Error(), "TOKEN-abc") {
		t.Error(err)
	}
}

// What a target lacks, or has too much of, is said by its key.
func TestTargetsAreChecked(t *testing.T) {
	for want, target := range map[string]*Target{
		`name = "My phone"`:                  {Name: "My phone", Kind: KindSlack},
		`kind = "pager": want telegram`:      {Name: "a", Kind: "pager"},
		"token: it is missing":               {Name: "a", Kind: KindTelegram, Chat: "1"},
		"chat: it is missing":                {Name: "a", Kind: KindTelegram, Token: secret("x")},
		"url: it is missing":                 {Name: "a", Kind: KindDiscord},
		"url: http: want https":              {Name: "a", Kind: KindDiscord, URL: secret("http://example.org/SECRET")},
		"url: it is no address":              {Name: "a", Kind: KindSlack, URL: secret("SECRET")},
		"topic: it is missing":               {Name: "a", Kind: KindNtfy},
		"want host:port":                     {Name: "a", Kind: KindMail, Server: "example.org", Sender: "a@b.c", To: []string{"a@b.c"}},
		"is no address of mail":              {Name: "a", Kind: KindMail, Server: "example.org:25", Sender: "a@b.c", To: []string{"a@b.c\r\nBcc: x@y.z"}},
		"only for a server on this machine":  {Name: "a", Kind: KindMail, TLS: TLSNone, Server: "example.org:25", Sender: "a@b.c", To: []string{"a@b.c"}},
		"password: it is missing":            {Name: "a", Kind: KindMail, Server: "example.org:25", User: "u", Sender: "a@b.c", To: []string{"a@b.c"}},
		"command: it is missing":             {Name: "a", Kind: KindCommand},
		"command: exec:":                     {Name: "a", Kind: KindCommand, Command: []string{"/no/such/program"}},
		"digest = 1s":                        {Name: "a", Kind: KindSlack, Digest: time.Second},
		"only telegram takes commands":       {Name: "a", Kind: KindSlack, URL: secret("https://example.org"), CommandChats: []int64{1}},
		`chat: kind = "slack" has no use`:    {Name: "a", Kind: KindSlack, URL: secret("https://example.org"), Chat: "1"},
		`command: kind = "slack" has no use`: {Name: "a", Kind: KindSlack, URL: secret("https://example.org"), Command: []string{"x"}},
	} {
		if err := target.Validate(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	two := Options{Targets: []Target{*targetsOn("http://127.0.0.1")[KindSlack], *targetsOn("http://127.0.0.1")[KindSlack]}}
	if err := two.Validate(); err == nil || !strings.Contains(err.Error(), "another one is called that") {
		t.Error(err)
	}
	for want, o := range map[string]Options{"give_up": {GiveUp: time.Second}, "heartbeat_seconds": {HeartbeatEvery: time.Millisecond}, "heartbeat_url: ftp": {HeartbeatURL: secret("ftp://example.org/SECRET")}} {
		if err := o.Validate(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}
