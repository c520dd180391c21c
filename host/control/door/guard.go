package door

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/host/control"
)

type contextKey int

const (
	peerKey   contextKey = iota // control.Who of a connection over the socket
	callerKey                   // control.Who of a request that was let in
)

// who is who a request that was let in comes from.
func who(r *http.Request) control.Who {
	by, _ := r.Context().Value(callerKey).(control.Who)
	return by
}

// policy is what a browser may do with what stands here. Nothing is loaded from elsewhere.
const policy = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// guard lets requests in: by the name that the host is called, by where a browser says
// that they come from, by their token.
func (d *Door) guard(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// An error means that the connection has no deadlines, as in tests.
		until := time.Now().Add(writeWithin)
		if r.URL.Path == mcpPath { // a stream, which ends with its client's session
			until = time.Time{}
		}
		_ = http.NewResponseController(w).SetWriteDeadline(until)
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if peer, ok := r.Context().Value(peerKey).(control.Who); ok {
			if err := checkPath(r); err != nil {
				refuse(w, err)
				return
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey, peer)))
			return
		}
		if err := d.foreign(r); err != nil {
			refuse(w, err)
			return
		}
		if err := cross.Check(r); err != nil {
			refuse(w, control.Errorf(control.Forbidden, "the request comes from a page of another origin"))
			return
		}
		d.admit(w, r, next)
	})
}

// foreign says why a request is not meant for this door.
func (d *Door) foreign(r *http.Request) error {
	if !d.named(r) {
		return control.Errorf(control.Forbidden, "this session is not called %q: open it by its address, or name the host under hosts in [control]", printable(r.Host))
	}
	if err := checkPath(r); err != nil {
		return err
	}
	site := r.Header.Get("Sec-Fetch-Site")
	if site != "" && site != "same-origin" && site != "none" && r.URL.Path != "/" {
		return control.Errorf(control.Forbidden, "the request comes from a page of another origin")
	}
	return nil
}

// named reports whether a request names a host that is this one. A name that is not on the
// list may be one that a stranger has had point here.
func (d *Door) named(r *http.Request) bool {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	if host == "localhost" || slices.ContainsFunc(d.access.Hosts, func(h string) bool { return strings.EqualFold(h, host) }) {
		return true
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	return ip.IsLoopback() || ip == localAddress(r).Addr()
}

func localAddress(r *http.Request) netip.AddrPort {
	a, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return netip.AddrPort{}
	}
	p, _ := netip.ParseAddrPort(a.String())
	return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
}

// checkPath refuses ways around what stands where.
func checkPath(r *http.Request) error {
	p, escaped := r.URL.Path, strings.ToLower(r.URL.EscapedPath())
	if !strings.HasPrefix(p, "/") || strings.ContainsAny(p, "\\\x00") || strings.Contains(escaped, "%2f") ||
		path.Clean(p) != strings.TrimSuffix(p, "/") && p != "/" {
		return control.Errorf(control.BadRequest, "the path is none: want one without empty parts, dots, \\ and zero bytes")
	}
	return nil
}

// admit asks for the token.
func (d *Door) admit(w http.ResponseWriter, r *http.Request, next http.Handler) {
	// A hook has a secret of its own, and whether the loop goes on is none.
	if r.URL.Path == "/healthz" || strings.HasPrefix(r.URL.Path, "/hook/") {
		next.ServeHTTP(w, r)
		return
	}
	from := remote(r)
	shown, by := d.shown(r)
	now := time.Now()
	// Others on this machine can't lock its user out: there the right token passes.
	blocked := d.failures.blocked(from, now)
	right := !d.access.Token.Empty() && shown.Equal(d.access.Token)
	if by == byCookie {
		right = !d.access.Token.Empty() && shown.Equal(d.cookieValue())
	}
	switch {
	case blocked && !(right && from.IsLoopback()):
		w.Header().Set("Retry-After", "60")
		refuse(w, control.Errorf(control.TooMany, "%d wrong tokens within a minute from this address: wait a minute", mostFailures))
	case right && r.URL.Path == "/" && r.URL.Query().Has("token"):
		d.login(w, r)
	case right:
		if !from.IsLoopback() {
			by += " at " + from.String()
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey, control.Who{Door: "http", Name: by})))
	default:
		if by != "" {
			d.failures.add(from, now)
		}
		d.unauthorized(w, r, by)
	}
}

// signinFile is the file of the page that asks for the token.
const signinFile = "signin.html"

// unauthorized is 401, which the contract leaves to doors: who asks is not known. A browser
// that opens the page is given a form for the token.
func (d *Door) unauthorized(w http.ResponseWriter, r *http.Request, by string) {
	w.Header().Set("WWW-Authenticate", "Bearer")
	f, there := d.page[signinFile]
	if there && r.URL.Path == "/" && strings.Contains(r.Header.Get("Accept"), "text/html") {
		w.Header().Set("Content-Type", f.kind)
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write(f.body) // who asked has gone
		return
	}
	e := control.Errorf(control.Forbidden, "want the session's token")
	if by != "" {
		e.Text = "this is not the session's token"
	}
	e.Hint = "open the address that perilune page prints, or send Authorization: Bearer with the token of the file beside the ledger"
	write(w, http.StatusUnauthorized, failure{e})
}

// byCookie is the name of who shows the cookie.
const byCookie = "page"

// shown is the token that a request shows, and how: by "token" or byCookie; "" for none.
func (d *Door) shown(r *http.Request) (sign.Secret, string) {
	if scheme, v, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return sign.NewSecret(strings.TrimSpace(v)), "token"
	}
	if r.URL.Path == "/" && r.Method == http.MethodGet && r.URL.Query().Has("token") {
		return sign.NewSecret(r.URL.Query().Get("token")), "token"
	}
	if c, err := r.Cookie(cookieName(r)); err == nil {
		return sign.NewSecret(c.Value), byCookie
	}
	return sign.Secret{}, ""
}

// cookieName tells sessions on one machine apart: cookies know no ports.
func cookieName(r *http.Request) string { return fmt.Sprintf("perilune-%d", localAddress(r).Port()) }

// cookieValue is made of the token, so that it outlives a restart of the session, and is
// not the token, so that it opens nothing else.
func (d *Door) cookieValue() sign.Secret {
	m := hmac.New(sha256.New, []byte(d.access.Token.Reveal()))
	m.Write([]byte("perilune page"))
	return sign.NewSecret(hex.EncodeToString(m.Sum(nil)))
}

// login trades the token in the page's address for a cookie, and takes it out of the
// address.
func (d *Door) login(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{
		Name: cookieName(r), Value: d.cookieValue().Reveal(), Path: "/", HttpOnly: true, Secure: d.access.TLS, SameSite: http.SameSiteStrictMode,
	})
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func remote(r *http.Request) netip.Addr {
	p, _ := netip.ParseAddrPort(r.RemoteAddr)
	return p.Addr().Unmap()
}
