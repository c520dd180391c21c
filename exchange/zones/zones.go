// Package zones is the database of time zones: the binary's own, because the time package
// would look for the system's first, and a replay elsewhere would begin at another time.
package zones

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"time"
)

// file is the IANA database as Go ships it (lib/time/zoneinfo.zip, in the public domain).
//
//go:embed zoneinfo.zip
var file []byte

// Load finds a zone by its IANA name, such as "Europe/Berlin".
func Load(name string) (*time.Location, error) {
	files, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, fmt.Errorf("the database of time zones can't be read: %w", err)
	}
	for _, f := range files.File {
		if f.Name != name || f.FileInfo().IsDir() {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		defer r.Close()
		data, err := io.ReadAll(io.LimitReader(r, 1<<20))
		if err != nil {
			return nil, err
		}
		return time.LoadLocationFromTZData(name, data)
	}
	return nil, fmt.Errorf("no time zone is called %q: want an IANA name, such as \"America/New_York\" or \"Asia/Tokyo\"", name)
}
