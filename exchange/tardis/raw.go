package tardis

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/perilune/perilune/exchange/fetch"
	"github.com/perilune/perilune/exchange/record"
)

// day is what a venue sent of a symbol in some channels on a day.
type day struct {
	exchange, symbol string
	channels         []string
	at               time.Time
}

// path is where its recording is. The channels are part of it: with others it is another.
func (d *day) path() string {
	return path.Join(d.exchange, Raw, d.at.Format("2006/01/02"), fmt.Sprintf("%s-%s.jsonl.zst", spelled(d.symbol), strings.Join(d.channels, "+")))
}

// minute is the file and the request of a minute.
func (d *day) minute(n int) (fetch.File, error) {
	type filter struct {
		Channel string   `json:"channel"`
		Symbols []string `json:"symbols"`
	}
	var filters []filter
	for _, c := range d.channels {
		filters = append(filters, filter{c, []string{d.symbol}})
	}
	text, err := json.Marshal(filters)
	if err != nil {
		return fetch.File{}, err
	}
	q := url.Values{"from": {d.at.Format(time.DateOnly)}, "offset": {strconv.Itoa(n)}, "filters": {string(text)}}
	return fetch.File{Path: path.Join(d.slices(), fmt.Sprintf("%04d.ndjson", n)), At: "v1/data-feeds/" + d.exchange + "?" + q.Encode()}, nil
}

// slices is where minutes are kept until the day is whole.
func (d *day) slices() string { return d.path() + ".minutes" }

const minutes = 24 * 60

// fetch brings the minutes that are missing of the day, and makes a recording of them.
func (d *day) fetch(ctx context.Context, t *fetch.Tree) (out fetch.Result, err error) {
	out.File = fetch.File{Path: d.path()}
	file := filepath.Join(t.Dir, filepath.FromSlash(d.path()))
	if _, err := os.Stat(file); err == nil {
		out.State = fetch.Present // it takes its place when it is whole
		return out, nil
	}
	files := make([]fetch.File, minutes)
	for n := range files {
		if files[n], err = d.minute(n); err != nil {
			return out, err
		}
	}
	// A minute takes its place when its answer came to the end that the server stated.
	results, err := t.Fetch(ctx, files)
	there := 0
	for i := range results {
		out.Bytes += results[i].Bytes
		if s := results[i].State; s == fetch.Fetched || s == fetch.Present {
			there++
		}
	}
	switch {
	case err != nil:
		out.State, out.Err = fetch.Failed, fmt.Errorf("%s: %d of %d minutes are here; a second run continues: %w", d.path(), there, minutes, first(err))
	case there == 0:
		out.State = fetch.Absent
		return out, os.RemoveAll(filepath.Join(t.Dir, filepath.FromSlash(d.slices())))
	default:
		if err = d.join(t.Dir, file); err != nil {
			out.Err = fmt.Errorf("%s: %w", d.path(), err)
		} else {
			out.State = fetch.Fetched
		}
	}
	if out.Err != nil {
		out.State = fetch.Failed
	}
	return out, out.Err
}

// first is the first of errors that were joined: that of 1,440 minutes is enough.
func first(err error) error {
	if list, ok := err.(interface{ Unwrap() []error }); ok && len(list.Unwrap()) > 0 {
		return list.Unwrap()[0]
	}
	return err
}

// join writes the minutes as a recording, and takes them away.
func (d *day) join(dir, file string) (err error) {
	part := file + ".part"
	f, err := os.Create(part)
	if err != nil {
		return err
	}
	z, err := zstd.NewWriter(f)
	if err != nil {
		_ = f.Close()
		return err
	}
	w := bufio.NewWriterSize(z, 1<<16)
	j := joiner{w: w}
	for n := range minutes {
		name := filepath.Join(dir, filepath.FromSlash(d.slices()), fmt.Sprintf("%04d.ndjson", n))
		text, err := os.ReadFile(name)
		if err != nil && !os.IsNotExist(err) {
			_ = f.Close()
			return err
		}
		if err := j.add(text); err != nil {
			_ = f.Close()
			return fmt.Errorf("minute %d: %w", n, err)
		}
	}
	for _, end := range []func() error{w.Flush, z.Close, f.Sync, f.Close} {
		if err := end(); err != nil {
			return err
		}
	}
	if err := os.Rename(part, file); err != nil {
		return err
	}
	return os.RemoveAll(filepath.Join(dir, filepath.FromSlash(d.slices())))
}

// joiner turns lines of Tardis into those of a recording.
type joiner struct {
	w    *bufio.Writer
	last int64 // nanoseconds of the last line
	line []byte
}

// stamp is how long the time of a line is: 2026-10-01T00:00:00.1234567Z.
const stamp = 28

func (j *joiner) add(text []byte) error {
	for n := 1; len(text) > 0; n++ {
		line, rest, _ := bytes.Cut(text, []byte{'\n'})
		text = rest
		if len(line) == 0 {
			if j.last != 0 {
				if err := j.write(record.Disconnected); err != nil {
					return err
				}
			}
			continue
		}
		if len(line) < stamp+2 || line[stamp] != ' ' {
			return fmt.Errorf("line %d is %.60q: want a time of %d characters, a space and a message", n, line, stamp)
		}
		at, err := time.Parse(time.RFC3339Nano, string(line[:stamp]))
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		j.last = max(j.last, at.UnixNano())
		if err := j.write(line[stamp+1:]); err != nil {
			return err
		}
	}
	return nil
}

func (j *joiner) write(frame []byte) error {
	j.line = strconv.AppendInt(j.line[:0], j.last, 10)
	j.line = append(append(append(j.line, ' '), frame...), '\n')
	_, err := j.w.Write(j.line)
	return err
}
