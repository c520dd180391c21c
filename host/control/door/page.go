package door

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"time"

	"github.com/perilune/perilune/host/control"
)

// file is a file of the page. All are in memory, by name: there is no path that a request
// could lead astray.
type file struct {
	kind, tag string
	body      []byte
}

// kinds are said here, because what the operating system takes an extension for differs.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8",
	".css": "text/css; charset=utf-8", ".json": "application/json", ".svg": "image/svg+xml", ".png": "image/png",
	".ico": "image/x-icon", ".woff2": "font/woff2", ".txt": "text/plain; charset=utf-8", ".webmanifest": "application/manifest+json",
}

// mostPage bounds what a page may be.
const mostPage = 32 << 20

func loadPage(from fs.FS) (map[string]file, error) {
	out, size := map[string]file{}, 0
	if from == nil {
		return out, nil
	}
	err := fs.WalkDir(from, ".", func(name string, e fs.DirEntry, err error) error {
		kind, ok := kinds[path.Ext(name)]
		if err != nil || !e.Type().IsRegular() || !ok {
			return err
		}
		body, err := fs.ReadFile(from, name)
		if size += len(body); size > mostPage {
			return fmt.Errorf("the page has more than %d bytes", mostPage)
		}
		sum := sha256.Sum256(body)
		out[name] = file{kind, `"` + hex.EncodeToString(sum[:16]) + `"`, body}
		return err
	})
	return out, err
}

// show serves a file of the page.
func (d *Door) show(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("path")
	if name == "" {
		name = "index.html"
	}
	f, ok := d.page[name]
	if !ok {
		refuse(w, control.Errorf(control.NotFound, "there is nothing here"))
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("ETag", f.tag)
	h.Set("Cache-Control", "no-cache") // asked about each time, by its tag
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.body))
}
