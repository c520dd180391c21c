package door

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/host/control"
	"github.com/perilune/perilune/host/control/registry"
)

// Bounds of connections.
const (
	mostConns       = 512 // beyond that a connection is answered with 503 and closed
	mostHeader      = 16 << 10
	headerWithin    = 5 * time.Second
	idleConn        = 2 * time.Minute
	goodbye         = time.Second
	firstPort       = 20_000 // of ports that a ledger has by itself
	portsOfOwn      = 10_000
	portsTried      = 4
	loopbackAddress = "127.0.0.1"
)

// Doors are what a session listens on.
type Doors struct {
	door     *Door
	server   *http.Server
	place    *registry.Place
	token    sign.Secret
	kept     bool   // the token is in the ledger's file
	address  string // of the page; ""
	socket   string
	problems []string
	done     sync.WaitGroup
}

// Open listens for a session whose ledger this process has locked. What can't be listened
// on is told by Problems and is no error: a session trades without.
func (p *Prepared) Open(s Session, ledger string) (*Doors, error) {
	d := &Doors{token: p.token}
	whole, err := registry.Canonical(ledger)
	if err != nil {
		return nil, err
	}
	page := p.options.Page != noPage
	if d.token.Empty() && (page || runtime.GOOS == "windows") {
		if d.token, err = registry.MakeToken(whole); err != nil {
			d.problem("the token can't be kept beside the ledger, and is for this run only", err)
			d.token = registry.NewToken()
		}
		d.kept = err == nil
	}
	if d.door, err = New(s, Access{d.token, p.options.Hosts, p.tls != nil}, p.hooks); err != nil {
		return nil, err
	}
	d.server = &http.Server{
		Handler: d.door, ReadHeaderTimeout: headerWithin, IdleTimeout: idleConn, MaxHeaderBytes: mostHeader,
		ErrorLog: log.New(io.Discard, "", 0), // of strangers' handshakes and what they send
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			if who, ok := peerOf(c); ok {
				return context.WithValue(ctx, peerKey, who)
			}
			return ctx
		},
	}
	d.server.TLSConfig = p.tls // before either door serves: they share the server
	if page {
		d.openPage(p, whole)
	}
	if !p.options.NoSocket {
		d.openSocket(p, whole)
		d.register(s.Desk.Identity(), whole)
	}
	return d, nil
}

func (d *Doors) problem(what string, err error) {
	d.problems = append(d.problems, what+": "+err.Error())
}

func (d *Doors) openPage(p *Prepared, ledger string) {
	l, err := listenPage(p.options.Page, ledger)
	if err != nil {
		d.problem("there is no page", err)
		return
	}
	scheme := "http://"
	if p.tls != nil {
		scheme = "https://"
	}
	d.address = scheme + reachable(l.Addr()) + "/"
	d.serve(limited(l), p.tls)
}

func (d *Doors) serve(l net.Listener, c *tls.Config) {
	d.done.Go(func() {
		var err error
		if c == nil {
			err = d.server.Serve(l)
		} else {
			err = d.server.ServeTLS(l, "", "")
		}
		if !errors.Is(err, http.ErrServerClosed) {
			_ = l.Close() // nobody answers there any more
		}
	})
}

// listenPage listens on an address; "" is a port of the ledger's own, so that a page that
// is open finds the session again after a restart.
func listenPage(address, ledger string) (net.Listener, error) {
	if address != "" {
		return net.Listen("tcp", address)
	}
	h := fnv.New32a()
	h.Write([]byte(ledger))
	for i := range uint32(portsTried) {
		port := firstPort + (h.Sum32()+i)%portsOfOwn
		if l, err := net.Listen("tcp", net.JoinHostPort(loopbackAddress, strconv.Itoa(int(port)))); err == nil {
			return l, nil
		}
	}
	return net.Listen("tcp", loopbackAddress+":0")
}

// reachable is an address that a browser on this machine can open.
func reachable(a net.Addr) string {
	t, ok := a.(*net.TCPAddr)
	if ok && t.IP.IsUnspecified() {
		return net.JoinHostPort(loopbackAddress, strconv.Itoa(t.Port))
	}
	return a.String()
}

// openSocket listens on the ledger's socket. One that is there is of a process that has
// gone: this one has the ledger.
func (d *Doors) openSocket(p *Prepared, ledger string) {
	var err error
	if d.place, err = registry.For(ledger); err != nil {
		d.problem("other commands can't find this session", err)
		return
	}
	if !socketsKnowPeers {
		if d.address == "" {
			d.openLoopback(ledger)
		}
		return
	}
	_ = os.Remove(d.place.Socket()) // what is wrong with it listening tells
	l, err := net.Listen("unix", d.place.Socket())
	if err == nil {
		err = os.Chmod(d.place.Socket(), 0o600)
	}
	if err != nil {
		d.problem("other commands can't reach this session", err)
		return
	}
	d.socket = d.place.Socket()
	d.serve(limited(&peers{l}), nil)
}

// openLoopback is the door of commands where a socket does not tell who comes.
func (d *Doors) openLoopback(ledger string) {
	l, err := listenPage("", ledger)
	if err != nil {
		d.problem("other commands can't reach this session", err)
		return
	}
	d.address = "http://" + l.Addr().String() + "/"
	d.serve(limited(l), nil)
}

func (d *Doors) register(id control.Identity, ledger string) {
	if d.place == nil {
		return
	}
	e := registry.Entry{Ledger: ledger, Mode: id.Mode, PID: os.Getpid(), Started: time.Now().UTC(), Socket: d.socket, Address: d.address}
	if d.kept {
		e.Token = registry.TokenFile(ledger)
	}
	if err := d.place.Put(e); err != nil {
		d.problem("other commands can't find this session", err)
	}
}

// Problems are what could not be listened on, for people.
func (d *Doors) Problems() []string { return d.problems }

// Address is that of the page, "" if there is none. It has no token.
func (d *Doors) Address() string { return d.address }

// Login is the page's address with the token, which a browser trades for a cookie. It is
// a secret.
func (d *Doors) Login() string { return login(d.address, d.token) }

func login(address string, token sign.Secret) string { return address + "?token=" + token.Reveal() }

// Close stops listening, and lets what is being answered be answered within a second.
func (d *Doors) Close() error {
	d.door.Close()
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	if d.server.Shutdown(ctx) != nil {
		_ = d.server.Close() // who is still there waits for nothing
	}
	d.done.Wait()
	if d.place != nil {
		return d.place.Remove()
	}
	return nil
}

// limited bounds the connections of a listener.
func limited(l net.Listener) net.Listener { return &limit{Listener: l} }

type limit struct {
	net.Listener
	open atomic.Int32
}

const tooMany = `{"error":{"code":"too_many","text":"too many connections"}}` + "\n"

var full = fmt.Sprintf("HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 5\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", len(tooMany), tooMany)

func (l *limit) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.open.Add(1) <= mostConns {
			return &counted{Conn: c, open: &l.open}, nil
		}
		l.open.Add(-1)
		_ = c.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		_, _ = io.WriteString(c, full) // it fits the buffer of a new connection
		_ = c.Close()
	}
}

type counted struct {
	net.Conn
	open *atomic.Int32
	once sync.Once
}

func (c *counted) Close() error {
	c.once.Do(func() { c.open.Add(-1) })
	return c.Conn.Close()
}
