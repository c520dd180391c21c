package binance

import (
	"context"
	"fmt"
	"strings"

	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/archive"
	"github.com/perilune/perilune/exchange/connect"
)

var _ connect.Importer = Connector{}

// ArchiveAt implements connect.Archive.
func (Connector) ArchiveAt() string { return archive.Base }

// ArchiveKinds implements connect.Archive.
func (Connector) ArchiveKinds() []string {
	var out []string
	for _, k := range archive.Kinds {
		out = append(out, string(k))
	}
	return out
}

// ArchiveHas implements connect.Archive.
func (Connector) ArchiveHas(segment string, kinds []string) (badSegment, badKind error) {
	_, badSegment = api.ParseMarket(segment)
	for _, k := range kinds {
		if _, err := archive.ParseKind(k); err != nil {
			return badSegment, err
		}
	}
	return badSegment, nil
}

func plan(r *connect.ArchiveRequest) ([]archive.Item, error) {
	m, err := api.ParseMarket(r.Segment)
	if err != nil {
		return nil, err
	}
	if len(r.Channels) > 0 {
		return nil, fmt.Errorf("channels %s: this archive has kinds of data alone", strings.Join(r.Channels, ","))
	}
	q := archive.Request{Market: m, Symbols: r.Symbols, Interval: r.Interval, From: r.From, To: r.To}
	for _, k := range r.Kinds {
		kind, err := archive.ParseKind(k)
		if err != nil {
			return nil, err
		}
		q.Kinds = append(q.Kinds, kind)
	}
	return q.Plan()
}

// Plan implements connect.Archive.
func (Connector) Plan(r connect.ArchiveRequest) ([]string, error) {
	items, err := plan(&r)
	out := make([]string, len(items))
	for i := range items {
		out[i] = items[i].Path()
	}
	return out, err
}

// Download implements connect.Archive.
func (Connector) Download(ctx context.Context, r connect.ArchiveRequest, progress func(connect.ArchiveFile)) ([]connect.ArchiveFile, error) {
	items, err := plan(&r)
	if err != nil {
		return nil, err
	}
	d := &archive.Downloader{Base: r.Base, Dir: r.Dir, Workers: r.Workers, Attempts: r.Attempts, Pause: r.Pause,
		Progress: func(x archive.Result) { progress(fileOf(x)) }}
	results, err := d.Fetch(ctx, items)
	out := make([]connect.ArchiveFile, len(results))
	for i, x := range results {
		out[i] = fileOf(x)
	}
	return out, err
}

func fileOf(x archive.Result) connect.ArchiveFile {
	return connect.ArchiveFile{Path: x.Item.Path(), State: x.State.String(), Bytes: x.Bytes}
}

// Import implements connect.Importer.
func (Connector) Import(ctx context.Context, dir, out string, progress func(connect.Imported)) (*connect.ImportOutcome, error) {
	return archive.Import(ctx, dir, out, progress)
}
