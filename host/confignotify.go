package host

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/host/notify"
)

// notifyConfig is the section of the configuration file.
type notifyConfig struct {
	GiveUpHours      float64 `toml:"give_up_hours"`
	DailyAt          string  `toml:"daily_at"`
	HeartbeatURL     string  `toml:"heartbeat_url"`
	HeartbeatSeconds float64 `toml:"heartbeat_seconds"`
	HeartbeatFail    bool    `toml:"heartbeat_fail"`

	Target []targetConfig `toml:"target"`
}

// targetConfig is one of its targets.
type targetConfig struct {
	Name     string   `toml:"name"`
	Kind     string   `toml:"kind"`
	Severity string   `toml:"severity"`
	Classes  []string `toml:"classes"`
	Quiet    string   `toml:"quiet"`
	Digest   string   `toml:"digest"`

	BaseURL      string   `toml:"base_url"`
	Token        string   `toml:"token"`
	Chat         string   `toml:"chat"`
	CommandChats []int64  `toml:"command_chats"`
	URL          string   `toml:"url"`
	Topic        string   `toml:"topic"`
	Secret       string   `toml:"secret"`
	Server       string   `toml:"server"`
	TLS          string   `toml:"tls"`
	User         string   `toml:"user"`
	Password     string   `toml:"password"`
	From         string   `toml:"from"`
	To           []string `toml:"to"`
	Command      []string `toml:"command"`
}

// takeNotify reads the section. Tokens are read at once, from where the file points to: a
// session that can tell nobody should not begin.
func (o *Options) takeNotify(f *notifyConfig) error {
	if f == nil || o.Notify != nil {
		return nil
	}
	n := &NotifyOptions{HeartbeatFail: f.HeartbeatFail}
	var err error
	for _, x := range []struct {
		name   string
		v, one float64
		to     *time.Duration
	}{{"give_up_hours", f.GiveUpHours, float64(time.Hour), &n.GiveUp}, {"heartbeat_seconds", f.HeartbeatSeconds, float64(time.Second), &n.HeartbeatEvery}} {
		if err := checkFloat(x.name, x.v, 1e6); err != nil {
			return err
		}
		*x.to = time.Duration(x.v * x.one)
	}
	if f.DailyAt != "" {
		if n.Daily, err = notify.ParseClock(f.DailyAt); err != nil {
			return fmt.Errorf("daily_at = %w", err)
		}
	}
	if n.HeartbeatURL, err = address("heartbeat_url", f.HeartbeatURL); err != nil {
		return err
	}
	for i := range f.Target {
		t, err := f.Target[i].read()
		if err != nil {
			return fmt.Errorf("target %d: %w", i+1, err)
		}
		n.Targets = append(n.Targets, t)
	}
	if err := n.Validate(); err != nil {
		return err
	}
	o.Notify = n
	return nil
}

func (f *targetConfig) read() (t NotifyTarget, err error) {
	t = NotifyTarget{Name: f.Name, Kind: f.Kind, Classes: f.Classes, BaseURL: f.BaseURL, Chat: f.Chat, CommandChats: f.CommandChats,
		Server: f.Server, TLS: f.TLS, User: f.User, Sender: f.From, To: f.To, Command: f.Command}
	if f.Severity != "" {
		if t.From, err = intent.ParseSeverity(f.Severity); err != nil {
			return t, fmt.Errorf("severity = %w", err)
		}
	}
	for _, c := range f.Classes {
		if err := knownClass(c); err != nil {
			return t, err
		}
	}
	if f.Quiet != "" {
		if t.Quiet, err = notify.ParseQuiet(f.Quiet); err != nil {
			return t, fmt.Errorf("quiet = %w", err)
		}
	}
	if f.Digest != "" {
		if t.Digest, err = time.ParseDuration(f.Digest); err != nil || t.Digest <= 0 {
			return t, fmt.Errorf("digest = %q: want a time such as 15m or 1h", f.Digest)
		}
	}
	for _, s := range []struct {
		name, ref string
		to        *sign.Secret
	}{{"token", f.Token, &t.Token}, {"secret", f.Secret, &t.Secret}, {"password", f.Password, &t.Password}} {
		if s.ref == "" {
			continue
		}
		if *s.to, err = sign.Load(s.ref); err != nil {
			return t, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	if t.Topic, err = plainOr(f.Topic, !strings.Contains(f.Topic, ":")); err != nil {
		return t, fmt.Errorf("topic: %w", err)
	}
	t.URL, err = address("url", f.URL)
	if err == nil && f.Kind != notify.KindWebhook && plainAddress(f.URL) {
		err = fmt.Errorf("url: who has it can write there: want env:NAME, file:PATH or credential:NAME")
	}
	return t, err
}

func knownClass(name string) error {
	var names []string
	for _, k := range AlertKinds() {
		names = append(names, string(k))
	}
	if slices.Contains(names, name) {
		return nil
	}
	return fmt.Errorf("classes: %q%s; there are %s", name, bindings.DidYouMean(name, names), strings.Join(names, ", "))
}

// address reads an address that may be a secret and may stand in the file.
func address(name, text string) (sign.Secret, error) {
	s, err := plainOr(text, plainAddress(text))
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return s, err
}

func plainAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https")
}

// plainOr is a text as it stands, or what a reference points to.
func plainOr(text string, plain bool) (sign.Secret, error) {
	if text == "" || plain {
		return sign.NewSecret(text), nil
	}
	return sign.Load(text)
}
