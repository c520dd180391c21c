package notify

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/smtp"
	"net/textproto"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange/sign"
)

// How a mail server is spoken to.
const (
	TLSStart    = "starttls" // plain at first, and encrypted before anything is said
	TLSImplicit = "implicit" // encrypted from the first byte
	TLSNone     = "none"     // for a server on this machine
)

// mail hands mail to a server: RFC 5321, with AUTH PLAIN (RFC 4954) over TLS.
type mail struct {
	server   string // host:port
	tls      string
	user     string
	password sign.Secret
	from     string
	to       []string
	roots    *x509.CertPool // nil: the system's
	now      func() time.Time
}

func (*mail) room() int { return 64 << 10 }

func (m *mail) send(ctx context.Context, list []Notice) error {
	c, end, err := m.open(ctx)
	if err != nil {
		return mailError(err)
	}
	defer end()
	if m.user != "" {
		host, _, _ := net.SplitHostPort(m.server)
		if err := c.Auth(smtp.PlainAuth("", m.user, m.password.Reveal(), host)); err != nil {
			return mailError(err)
		}
	}
	if err := c.Mail(m.from); err != nil {
		return mailError(err)
	}
	for _, to := range m.to {
		if err := c.Rcpt(to); err != nil {
			return mailError(err)
		}
	}
	w, err := c.Data()
	if err != nil {
		return mailError(err)
	}
	_, err = w.Write(m.letter(list))
	if err := errors.Join(err, w.Close()); err != nil {
		return mailError(err)
	}
	_ = c.Quit() // it has the mail
	return nil
}

// open connects and encrypts. ctx bounds all that is said then, too.
func (m *mail) open(ctx context.Context) (*smtp.Client, func(), error) {
	host, _, err := net.SplitHostPort(m.server)
	if err != nil {
		return nil, nil, err
	}
	conf := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, RootCAs: m.roots}
	conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", m.server)
	if err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	end := func() { stop(); _ = conn.Close() }
	if m.tls == TLSImplicit {
		conn = tls.Client(conn, conf)
	}
	c, err := smtp.NewClient(conn, host)
	if err == nil && m.tls == TLSStart {
		err = c.StartTLS(conf)
	}
	if err != nil {
		end()
		return nil, nil, err
	}
	return c, end, nil
}

// mailError tells an answer that is for good from one that may pass.
func mailError(err error) error {
	var said *textproto.Error
	if !errors.As(err, &said) {
		return err
	}
	out := fmt.Errorf("answered %d: %s", said.Code, cut(OneLine(said.Msg), 200))
	if said.Code == 552 || said.Code == 554 {
		return refused{out}
	}
	return out
}

// letter is the mail with its head.
func (m *mail) letter(list []Notice) []byte {
	var b bytes.Buffer
	subject := titleOf(list)
	if len(list) == 1 {
		subject = cut(subject+": "+list[0].said(), 150)
	}
	at := m.now()
	_, domain, _ := strings.Cut(m.from, "@")
	for _, h := range [...][2]string{
		{"From", m.from}, {"To", strings.Join(m.to, ", ")}, {"Subject", mime.QEncoding.Encode("utf-8", subject)},
		{"Date", at.UTC().Format("Mon, 02 Jan 2006 15:04:05 +0000")}, {"Message-ID", "<" + rand.Text() + "@" + domain + ">"},
		{"MIME-Version", "1.0"}, {"Content-Type", "text/plain; charset=utf-8"}, {"Content-Transfer-Encoding", "quoted-printable"},
		{"Auto-Submitted", "auto-generated"},
	} {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	b.WriteString("\r\n")
	q := quotedprintable.NewWriter(&b)
	_, _ = q.Write([]byte(strings.ReplaceAll(textOf(list), "\n", "\r\n") + "\r\n")) // a buffer takes all
	_ = q.Close()
	return b.Bytes()
}
