package notify

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	netmail "net/mail"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/exchange/sign"
)

// The kinds of targets.
const (
	KindTelegram = "telegram"
	KindDiscord  = "discord"
	KindSlack    = "slack"
	KindNtfy     = "ntfy"
	KindMail     = "mail"
	KindWebhook  = "webhook"
	KindCommand  = "command"
)

// Kinds are the kinds of targets, in the order in which they are documented.
func Kinds() []string {
	return []string{KindTelegram, KindDiscord, KindSlack, KindNtfy, KindMail, KindWebhook, KindCommand}
}

// Target is whom to tell, and of what. Which fields count depends on Kind.
type Target struct {
	Name string
	Kind string

	From    intent.Severity // the least that is told
	Classes []string        // what is told; none: everything
	Quiet   *Quiet          // hours in which only what is critical is told; nil: none
	// Digest is how long what is not critical is collected before it is told at once; 0: not.
	Digest time.Duration

	BaseURL  string      // telegram, ntfy; "": the public service
	Token    sign.Secret // telegram, ntfy
	Chat     string      // telegram: the number of the chat, or @channel
	URL      sign.Secret // discord, slack, webhook
	Topic    sign.Secret // ntfy
	Secret   sign.Secret // webhook: what its body is signed with; empty: it is not
	Server   string      // mail: host:port
	TLS      string      // mail: starttls ("" as well), implicit or none
	User     string      // mail
	Password sign.Secret // mail
	Sender   string      // mail: the address that it is from
	To       []string    // mail: addresses
	Command  []string    // command: the program and its arguments

	// CommandChats are the numbers of the chats that may ask and steer; none: nobody may. Telegram only.
	CommandChats []int64
}

// The public services.
const (
	telegramBase = "https://api.telegram.org"
	ntfyBase     = "https://ntfy.sh"
)

const digestMost = 24 * time.Hour

// Validate says what is wrong with a target, and fills in what is left out.
func (t *Target) Validate() error {
	if t.Name == "" || len(t.Name) > 32 || strings.Trim(t.Name, "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" {
		return fmt.Errorf("name = %q: want 1 to 32 of a-z, 0-9, _ and -", t.Name)
	}
	if t.Digest != 0 && (t.Digest < time.Minute || t.Digest > digestMost) {
		return fmt.Errorf("digest = %s: want 1m to 24h", t.Digest)
	}
	if err := t.checkKind(); err != nil {
		return err
	}
	if t.Kind != KindTelegram && len(t.CommandChats) > 0 {
		return errors.New("command_chats: only telegram takes commands")
	}
	return t.foreign()
}

func (t *Target) checkKind() error {
	missing := func(name string, ok bool) error {
		if ok {
			return nil
		}
		return fmt.Errorf("%s: it is missing, and kind = %q needs it", name, t.Kind)
	}
	switch t.Kind {
	case KindTelegram:
		if t.BaseURL == "" {
			t.BaseURL = telegramBase
		}
		return firstOf(missing("token", !t.Token.Empty()), missing("chat", t.Chat != ""), named("base_url", checkAddress(t.BaseURL)))
	case KindDiscord, KindSlack, KindWebhook:
		if err := missing("url", !t.URL.Empty()); err != nil {
			return err
		}
		return named("url", checkAddress(t.URL.Reveal()))
	case KindNtfy:
		if t.BaseURL == "" {
			t.BaseURL = ntfyBase
		}
		return firstOf(missing("topic", !t.Topic.Empty()), named("base_url", checkAddress(t.BaseURL)))
	case KindMail:
		return t.checkMail(missing)
	case KindCommand:
		if err := missing("command", len(t.Command) > 0); err != nil {
			return err
		}
		if _, err := exec.LookPath(t.Command[0]); err != nil {
			return fmt.Errorf("command: %w", err)
		}
		return nil
	}
	return fmt.Errorf("kind = %q: want %s", t.Kind, strings.Join(Kinds(), ", "))
}

func (t *Target) checkMail(missing func(string, bool) error) error {
	if t.TLS == "" {
		t.TLS = TLSStart
	}
	if err := firstOf(missing("server", t.Server != ""), missing("from", t.Sender != ""), missing("to", len(t.To) > 0)); err != nil {
		return err
	}
	host, _, err := net.SplitHostPort(t.Server)
	switch {
	case err != nil:
		return fmt.Errorf("server = %q: want host:port, such as smtp.example.org:587", t.Server)
	case !slices.Contains([]string{TLSStart, TLSImplicit, TLSNone}, t.TLS):
		return fmt.Errorf("tls = %q: want %s, %s or %s", t.TLS, TLSStart, TLSImplicit, TLSNone)
	case t.TLS == TLSNone && !local(host):
		return fmt.Errorf("tls = %q: want it only for a server on this machine or in a private network", t.TLS)
	case t.User != "" && t.Password.Empty():
		return errors.New("password: it is missing, and user needs it")
	case len(t.To) > 20:
		return fmt.Errorf("to: %d addresses: want at most 20", len(t.To))
	}
	for _, a := range append([]string{t.Sender}, t.To...) {
		if p, err := netmail.ParseAddress(a); err != nil || p.Address != a {
			return fmt.Errorf("%q is no address of mail: want one such as me@example.org", a)
		}
	}
	return nil
}

// foreign says what is set that the kind has no use for.
func (t *Target) foreign() error {
	for _, f := range []struct {
		name  string
		set   bool
		kinds []string
	}{
		{"base_url", t.BaseURL != "", []string{KindTelegram, KindNtfy}}, {"token", !t.Token.Empty(), []string{KindTelegram, KindNtfy}},
		{"chat", t.Chat != "", []string{KindTelegram}}, {"url", !t.URL.Empty(), []string{KindDiscord, KindSlack, KindWebhook}},
		{"topic", !t.Topic.Empty(), []string{KindNtfy}}, {"secret", !t.Secret.Empty(), []string{KindWebhook}},
		{"server", t.Server != "", []string{KindMail}}, {"tls", t.TLS != "", []string{KindMail}}, {"user", t.User != "", []string{KindMail}},
		{"password", !t.Password.Empty(), []string{KindMail}}, {"from", t.Sender != "", []string{KindMail}}, {"to", len(t.To) > 0, []string{KindMail}},
		{"command", len(t.Command) > 0, []string{KindCommand}},
	} {
		if f.set && !slices.Contains(f.kinds, t.Kind) {
			return fmt.Errorf("%s: kind = %q has no use for it; it is of %s", f.name, t.Kind, strings.Join(f.kinds, ", "))
		}
	}
	return nil
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func named(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}

// wants reports whether a target is to be told of a notice.
func (t *Target) wants(n *Notice) bool {
	return n.Severity >= t.From && (len(t.Classes) == 0 || slices.Contains(t.Classes, n.Class))
}

// secrets are what must not be in an error.
func (t *Target) secrets() []sign.Secret {
	return append([]sign.Secret{t.Token, t.Topic, t.Secret, t.Password}, partsOf(t.URL)...)
}

// partsOf are an address and what of it a server may quote.
func partsOf(address sign.Secret) []sign.Secret {
	out := []sign.Secret{address}
	u, err := url.Parse(address.Reveal())
	if err != nil {
		return out
	}
	parts := strings.FieldsFunc(u.RequestURI(), func(r rune) bool { return strings.ContainsRune("/?&=", r) })
	for _, part := range append(parts, u.RequestURI()) {
		if len(part) >= 6 {
			out = append(out, sign.NewSecret(part))
		}
	}
	return out
}

// sender returns what speaks to a valid target.
func (t *Target) sender(c *http.Client) sender {
	switch t.Kind {
	case KindTelegram:
		return &telegram{c, t.BaseURL, t.Token, t.Chat}
	case KindDiscord:
		return &discord{c, t.URL}
	case KindSlack:
		return &slack{c, t.URL}
	case KindNtfy:
		return &ntfy{c, t.BaseURL, t.Topic, t.Token}
	case KindMail:
		return &mail{server: t.Server, tls: t.TLS, user: t.User, password: t.Password, from: t.Sender, to: t.To, now: time.Now}
	case KindWebhook:
		return &webhook{c, t.URL, t.Secret, time.Now}
	}
	return &command{t.Command}
}
