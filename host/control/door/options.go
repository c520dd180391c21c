package door

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"

	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/host/control"
	"github.com/perilune/perilune/host/control/hook"
)

// Options are [control] of a configuration file, and flags.
type Options struct {
	// Page is the address of page and API over TCP; "" is a free port of 127.0.0.1, the
	// same for a ledger each time while it is free; "off": there is none.
	Page string `toml:"page"`
	// NoSocket: other commands on this machine can't find the session.
	NoSocket bool `toml:"no_socket"`
	// Token is where the token is: env:NAME, file:PATH or credential:NAME. "": one is made
	// and kept beside the ledger.
	Token string `toml:"token"`
	// Hosts are names that the page may be called by, beside localhost and its address.
	Hosts []string `toml:"hosts"`
	// Cert and Key are the files of a certificate. Without them nothing but this machine
	// may connect, unless Insecure.
	Cert     string `toml:"tls_cert"`
	Key      string `toml:"tls_key"`
	Insecure bool   `toml:"insecure_listen"`
	// MCP names the operations that a model may call at /mcp beside those that only ask.
	MCP []string `toml:"mcp_allow"`
	// Hooks are the [[webhook]]s.
	Hooks []hook.Config `toml:"-"`
}

// Bounds of the options.
const (
	mostHosts    = 64
	mostHostName = 253
)

// noPage is the value of Options.Page for none.
const noPage = "off"

// Take takes from a file what is not said already.
func (o *Options) Take(f *Options) {
	o.Page, o.Token = cmp.Or(o.Page, f.Page), cmp.Or(o.Token, f.Token)
	if o.Cert == "" && o.Key == "" {
		o.Cert, o.Key = f.Cert, f.Key
	}
	o.NoSocket, o.Insecure = o.NoSocket || f.NoSocket, o.Insecure || f.Insecure
	o.Hosts, o.MCP = slices.Concat(o.Hosts, f.Hosts), slices.Concat(o.MCP, f.MCP)
}

// Check says what is wrong with the options, and reads no file.
func (o *Options) Check() error {
	if err := o.checkPage(); err != nil {
		return err
	}
	if o.Token != "" {
		if err := sign.CheckReference(o.Token); err != nil {
			return fmt.Errorf("token: %w", err)
		}
	}
	if len(o.Hosts) > mostHosts {
		return fmt.Errorf("hosts: %d of them: want at most %d", len(o.Hosts), mostHosts)
	}
	for _, h := range o.Hosts {
		if _, _, err := net.SplitHostPort(h); h == "" || len(h) > mostHostName || err == nil {
			return fmt.Errorf("hosts: %q: want names without ports", h)
		}
	}
	for _, name := range o.MCP {
		if op, ok := control.Find(name); !ok || op.Kind == control.Read {
			return fmt.Errorf("mcp_allow: %q: want operations that tell, such as halt and resume; what only asks is allowed", name)
		}
	}
	if (o.Cert == "") != (o.Key == "") {
		return fmt.Errorf("tls_cert and tls_key: want both")
	}
	return nil
}

func (o *Options) checkPage() error {
	if o.Page == "" || o.Page == noPage {
		return nil
	}
	host, port, err := net.SplitHostPort(o.Page)
	if err != nil {
		return fmt.Errorf("page = %q: want an address such as 127.0.0.1:8080, or off", o.Page)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("page = %q: its port %d: want 0 to 65535, 0 for a free one", o.Page, n)
	}
	if !loopback(host) && o.Cert == "" && !o.Insecure {
		return fmt.Errorf("page = %q: others than this machine could read the token on its way: give a certificate (tls_cert and tls_key, or --tls-cert and --tls-key), put a proxy that has one in front of 127.0.0.1, "+
			"or say insecure_listen (--insecure-listen) where the network itself is safe", o.Page)
	}
	return nil
}

// loopback reports whether only this machine can reach a host. No host is every address.
func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// Prepared are options whose secrets and certificates were read.
type Prepared struct {
	options Options
	token   sign.Secret // empty: one is made
	hooks   *hook.Set
	tls     *tls.Config
}

// leastToken is the length of a token that can't be guessed.
const leastToken = 16

// Prepare reads what the options refer to, before anything else of a session is begun.
func (o *Options) Prepare() (*Prepared, error) {
	if err := o.Check(); err != nil {
		return nil, fmt.Errorf("[control] %w", err)
	}
	p := &Prepared{options: *o}
	var err error
	if o.Token != "" {
		if p.token, err = sign.Load(o.Token); err != nil {
			return nil, fmt.Errorf("[control] token: %w", err)
		}
		if n := len(p.token.Reveal()); n < leastToken {
			return nil, fmt.Errorf("[control] token: it has %d characters: want %d or more, such as openssl rand -hex 16 makes", n, leastToken)
		}
	}
	if o.Cert != "" {
		c, err := tls.LoadX509KeyPair(o.Cert, o.Key)
		if err != nil {
			return nil, fmt.Errorf("[control] tls_cert, tls_key: %w", err)
		}
		p.tls = &tls.Config{Certificates: []tls.Certificate{c}, MinVersion: tls.VersionTLS12}
	}
	if p.hooks, err = hook.Open(o.Hooks); err != nil {
		return nil, fmt.Errorf("[[webhook]] %w", err)
	}
	return p, nil
}
