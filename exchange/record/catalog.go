package record

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// catalog collects what the paths are.
type catalog struct {
	formats Formats
	parts   []*part
	raw     []*rawInfo
	tardis  []*tardisInfo
	notes   []string // for people
}

func (c *catalog) add(path string, opts Options) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("open recording: %w", err)
	}
	if info.IsDir() {
		return c.addDir(path, opts)
	}
	return c.addFile(path, opts)
}

func (c *catalog) addDir(dir string, opts Options) error {
	if _, bars, err := historyFiles(dir); err != nil {
		return fmt.Errorf("open recording: %w", err)
	} else if bars {
		h, err := c.formats.LoadHistory(dir, opts.History.Symbols...)
		if err != nil {
			return err
		}
		p, err := h.part(opts.History)
		if err != nil {
			return err
		}
		c.parts = append(c.parts, p)
		return nil
	}
	files, unused, err := recordingsIn(dir)
	if err != nil {
		return err
	}
	if len(unused) > 0 {
		c.notes = append(c.notes, notUsed(dir, unused))
	}
	for _, f := range files {
		if err := c.addFile(f, opts); err != nil {
			return err
		}
	}
	return nil
}

// recordingsIn lists the files of a directory that look like recordings, and what
// else is in it. Where it has none itself, those of the folders below it are meant, as a
// download lays them out by kind and day.
func recordingsIn(dir string) (files, unused []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("open recording: %w", err)
	}
	for _, e := range entries {
		switch path := filepath.Join(dir, e.Name()); {
		case strings.HasPrefix(e.Name(), "."):
		case !e.IsDir() && looksRecorded(e.Name()):
			files = append(files, path)
		default:
			unused = append(unused, path)
		}
	}
	if len(files) == 0 {
		if files, unused, err = recordingsBelow(dir); err != nil {
			return nil, nil, fmt.Errorf("open recording: %w", err)
		}
	}
	if len(files) == 0 {
		return nil, nil, fmt.Errorf("%s holds no recordings: want *.jsonl or *.csv (also .gz, .zst, .zip), or folders spot…, perp…, mark…, funding… of bars", dir)
	}
	return files, unused, nil
}

func (c *catalog) addFile(path string, opts Options) error {
	if opts.History.From != 0 || opts.History.To != 0 {
		return fmt.Errorf("%s: from and to apply to bar histories only; a recorded stream is run whole, its book needs the snapshot", path)
	}
	kind, header, err := sniff(path)
	if err != nil {
		return err
	}
	if kind == tardisFile {
		info, err := c.formats.inspectTardis(path, header, opts.Contracts)
		if err == nil {
			c.tardis = append(c.tardis, info)
		}
		return err
	}
	info, err := c.formats.inspectRaw(path, opts.Venue)
	if err == nil {
		for _, o := range info.symbols {
			o.contracts = opts.Contracts
		}
		c.raw = append(c.raw, info)
	}
	return err
}

// recordingsBelow is recordingsIn of all folders below a directory. What a download has not
// finished is passed over.
func recordingsBelow(dir string) (files, unused []string, err error) {
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && path != dir && (strings.HasPrefix(e.Name(), ".") || strings.HasSuffix(e.Name(), ".minutes")):
			return fs.SkipDir
		case e.IsDir(), strings.HasPrefix(e.Name(), "."):
		case looksRecorded(e.Name()):
			files = append(files, path)
		default:
			unused = append(unused, path)
		}
		return nil
	})
	return files, unused, err
}

// looksRecorded reports whether a file is named as recordings are.
func looksRecorded(name string) bool {
	for _, packed := range [...]string{".gz", ".zst", ".zip"} {
		name = strings.TrimSuffix(name, packed)
	}
	return slices.Contains([]string{".jsonl", ".ndjson", ".csv"}, filepath.Ext(name))
}

type fileKind uint8

const (
	rawFile fileKind = iota + 1
	tardisFile
)

// sniff tells the kind of a file by its first lines.
func sniff(path string) (fileKind, columns, error) {
	r, err := openLines(path)
	if err != nil {
		return 0, nil, err
	}
	defer r.close()
	for range 20 {
		line, err := r.next()
		if err != nil {
			break // an empty or damaged file is described below
		}
		if c := parseHeader(line); r.line == 1 && c.has("exchange", "symbol", "timestamp", "local_timestamp") {
			return tardisFile, c, nil
		}
		if _, frame, ok := splitLine(line); ok && len(frame) > 0 && frame[0] == '{' {
			return rawFile, nil, nil
		}
	}
	return 0, nil, fmt.Errorf("%s is no recording: its first lines are neither `<local_ns> {JSON}` nor a Tardis CSV header (exchange,symbol,timestamp,local_timestamp,…)", path)
}

// all groups consecutive files and returns every part in a fixed order.
func (c *catalog) all() []*part {
	parts := c.parts
	for _, group := range grouped(c.raw, func(i *rawInfo) (string, exchange.Time) {
		return string(i.venue) + ":" + i.names(), i.first
	}) {
		parts = append(parts, rawPart(group))
	}
	for _, group := range grouped(c.tardis, func(i *tardisInfo) (string, exchange.Time) {
		return i.kind.String() + ":" + i.names(), i.first
	}) {
		parts = append(parts, tardisPart(group))
	}
	return parts
}

// grouped sorts by first time and splits by name, keeping the order in which
// the names first appear.
func grouped[T any](list []T, describe func(T) (string, exchange.Time)) [][]T {
	sort.SliceStable(list, func(i, j int) bool {
		_, a := describe(list[i])
		_, b := describe(list[j])
		return a < b
	})
	var groups [][]T
	place := map[string]int{}
	for _, x := range list {
		name, _ := describe(x)
		i, ok := place[name]
		if !ok {
			i = len(groups)
			place[name] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], x)
	}
	return groups
}

// rawPart is the consecutive raw files of one stream.
func rawPart(infos []*rawInfo) *part {
	var files []*Raw
	var joined exchange.Feed
	p := &part{}
	for _, i := range infos {
		p.observed = append(p.observed, i.symbols...)
	}
	p.open = func(u *exchange.Universe) (exchange.Feed, error) {
		var feeds []exchange.Feed
		known := estimates{}
		for _, i := range infos {
			f := newRaw(i, u, known)
			files, feeds = append(files, f), append(feeds, f)
		}
		joined = Concat(feeds...)
		return joined, nil
	}
	p.describe = func() []string {
		text := fmt.Sprintf("raw recording of %s %s: %s", infos[0].segment, infos[0].names(), pathsOf(infos))
		if slices.ContainsFunc(p.observed, (*observed).funded) {
			text += "; it states no settled funding: where it has marks, the last estimate before each settlement is taken for it"
		}
		return []string{text}
	}
	p.stats = func() Stats {
		s := Stats{Clamped: clampedBy(joined)}
		for _, f := range files {
			s.add(f.stats)
		}
		return s
	}
	return p
}

func clampedBy(f exchange.Feed) int64 {
	if c, ok := f.(*chain); ok {
		return c.clamped
	}
	return 0
}

func pathsOf(infos []*rawInfo) string {
	var s []string
	for _, i := range infos {
		s = append(s, i.path)
	}
	return strings.Join(s, ", ")
}
