// Package page is the operator's page: what a session is worth, holds and does, and the
// means to intervene. It is plain HTML, style sheets and modules as a browser reads them,
// with no step of building and no request to another host.
//
// It speaks to the door beside it: POST api/v1/{op} and the events of api/v1/follow. Of a
// ledger whose session has ended it shows the same, and tells nothing; with a second desk
// at api/v1/with/ it compares two runs.
//
// Whatever comes from a session is text: elements are made in static/js/dom.js alone. A
// style sheet or script may come from the page's own address and nowhere else, so that
// the strictest Content-Security-Policy serves.
package page

import (
	"embed"
	"io/fs"
)

//go:embed static
var static embed.FS

// Files returns the page, index.html at its root.
func Files() fs.FS {
	sub, err := fs.Sub(static, "static")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}
