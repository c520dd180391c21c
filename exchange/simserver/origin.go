package simserver

import (
	"net"
	"net/http"
	"net/url"
)

// Foreign says why a request may come from a page of another site, which must
// steer nothing here; empty: it does not. A browser names the page's origin, and
// a page that had its name point to this machine (DNS rebinding) sends that name
// as Host: addresses and localhost are names that no page can take.
func Foreign(r *http.Request) string {
	host := hostname(r.Host)
	if host != "localhost" && net.ParseIP(host) == nil {
		return "Host " + r.Host + " is refused: call this server by its address, or as localhost."
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return ""
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host != r.Host {
		return "Origin " + origin + " is refused: pages of other sites may not call this server."
	}
	return ""
}

// hostname is a Host without its port and an IPv6 address's brackets.
func hostname(host string) string {
	u := url.URL{Host: host}
	return u.Hostname()
}
