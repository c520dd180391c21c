package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"

	"github.com/perilune/perilune/host/cli/manual"
	"github.com/perilune/perilune/host/control"
	"github.com/perilune/perilune/host/control/mcp"
)

// mcpVerb serves a model over standard input and output.
func mcpVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("mcp", "[flags]", "perilune mcp --allow halt,resume")
	var d deskFlags
	f.StringVar(&d.db, "db", "", "ledger of the session (default: the one that runs; else perilune-paper.db)")
	dir := f.String("dir", ".", "folder with the scripts and histories that check, backtest and study may read")
	allow := f.StringSlice("allow", nil, "what steers and may be called, each by name: halt,resume,cancel-all,flatten,reload,set,signal,eval,stop (default: it only reads)")
	if err := parseAlone(f, args); err != nil {
		return err
	}
	root, err := os.OpenRoot(*dir)
	if err != nil {
		return fail(ExitUsage, "--dir: %w", err)
	}
	defer root.Close()
	r := &research{root: root, busy: make(chan struct{}, 1)}
	o := mcp.Options{Call: d.call, Allow: *allow, Version: buildOf().Version, Tools: append(r.tools(), docsTool())}
	for _, c := range chapters() {
		o.Docs = append(o.Docs, mcp.Doc{Name: c.Name, Title: c.Title, Text: c.Source})
	}
	s, err := mcp.New(o)
	if err != nil {
		return fail(ExitUsage, "--allow: %w", err)
	}
	if err := mcp.Serve(ctx, s, io.NopCloser(e.in), unclosed{e.out}); err != nil && ctx.Err() == nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// unclosed is a writer that is not the server's to close.
type unclosed struct{ io.Writer }

func (unclosed) Close() error { return nil }

// call does an operation on the session that runs now, or on the ledger.
func (d *deskFlags) call(ctx context.Context, op *control.Op, by control.Who, args []byte) (any, error) {
	desk, leave, err := d.desk(ctx)
	if err != nil {
		return nil, control.Errorf(control.NotFound, "%v", err)
	}
	defer leave()
	return op.Call(ctx, desk, by, args)
}

type docsArgs struct {
	Chapter string `json:"chapter,omitempty" doc:"name of a chapter; all chapters are listed if it and words are left out"`
	Words   string `json:"words,omitempty" doc:"sections with all of these words, of the chapter or of all"`
}

// docsTool is the manual for clients that read no resources.
func docsTool() mcp.Tool {
	return mcp.Tool{Name: "docs", Doc: "Read or search the manual and the Lua API.", Args: reflect.TypeFor[docsArgs](),
		Do: func(_ context.Context, raw json.RawMessage) (any, error) {
			var a docsArgs
			if err := control.Decode(raw, &a); err != nil {
				return nil, control.Errorf(control.BadRequest, "docs: %v", err)
			}
			return docsFor(chapters(), &a)
		}}
}

// mostSections is how many sections a search returns.
const mostSections = 10

func docsFor(list []manual.Chapter, a *docsArgs) (any, error) {
	if a.Chapter != "" {
		c, ok := manual.Find(list, a.Chapter)
		if !ok {
			return nil, control.Errorf(control.NotFound, "there is no chapter %q%s", a.Chapter, nearestChapter(a.Chapter))
		}
		if a.Words == "" {
			return c.Source, nil
		}
		list = []manual.Chapter{c}
	}
	if a.Words == "" {
		var out []string
		for _, c := range list {
			out = append(out, fmt.Sprintf("%s: %s", c.Name, c.Summary))
		}
		return out, nil
	}
	hits := manual.Search(list, strings.Fields(a.Words))
	out := []string{}
	for _, h := range hits[:min(len(hits), mostSections)] {
		out = append(out, h.Chapter+": "+h.Source)
	}
	return out, nil
}
