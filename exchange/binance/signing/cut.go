package signing

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Cut takes a REST request apart as a venue does: the payload is the query
// followed by the body with nothing between, as they were sent, without the
// signature; the signature is percent-decoded. It must be the last parameter of
// the query or of the body.
func Cut(query, body string) (payload, signature string, err error) {
	query, inQuery, a := cutLast(query)
	body, inBody, b := cutLast(body)
	switch {
	case a && b:
		return "", "", errors.New("parameter signature is in the query and in the body")
	case !a && !b:
		return "", "", errors.New("parameter signature is missing, or is not the last of the query or body")
	}
	// QueryUnescape turns + into a space, so base64 that was not encoded fails
	// here as it fails at the venue.
	if signature, err = url.QueryUnescape(inQuery + inBody); err != nil {
		return "", "", fmt.Errorf("parameter signature: %w", err)
	}
	return query + body, signature, nil
}

// cutLast splits off the last parameter if it is the signature.
func cutLast(s string) (rest, signature string, found bool) {
	i := strings.LastIndexByte(s, '&')
	value, found := strings.CutPrefix(s[i+1:], "signature=")
	if !found {
		return s, "", false
	}
	return s[:max(i, 0)], value, true
}
