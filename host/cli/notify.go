package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/notify"
	"github.com/perilune/perilune/ledger"
)

func notifyVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("notify", "[list|test] [flags]", "perilune notify test --config live.toml --target phone")
	config := f.String("config", "", "with test: TOML file with the section [notify]")
	target := f.String("target", "", "only this target")
	db := f.String("db", "perilune-paper.db", "with list: ledger file")
	last := f.Int("last", 50, "with list: only the newest so many; what waits or failed is shown first")
	asJSON := f.Bool("json", false, "print one JSON object on stdout")
	if err := parse(f, args); err != nil {
		return err
	}
	switch word := f.Arg(0); {
	case f.NArg() > 1 || !slices.Contains([]string{"", "list", "test"}, word):
		return fail(ExitUsage, "want list, which is the default, or test, got %q", strings.Join(f.Args(), " "))
	case word == "test":
		return e.notifyTest(ctx, *config, *target, *asJSON)
	case *config != "":
		return fail(ExitUsage, "--config: it is for notify test; what waits is in the ledger: want --db")
	}
	if *last < 1 || *last > 10_000 {
		return fail(ExitUsage, "--last %d: want 1 to 10000", *last)
	}
	return e.notifyList(*db, *target, *last, *asJSON)
}

// tried is what came of a test message.
type tried struct {
	Target  string  `json:"target"`
	Kind    string  `json:"kind"`
	OK      bool    `json:"ok"`
	Error   string  `json:"error,omitempty"`
	Seconds float64 `json:"seconds"`
}

// notifyTest sends a message to each target and prints what came of it.
func (e *env) notifyTest(ctx context.Context, config, target string, asJSON bool) error {
	if config == "" {
		return fail(ExitUsage, "notify test: want --config FILE, which has the section [notify]")
	}
	var o host.Options
	if err := o.LoadConfig(config); err != nil {
		return err
	}
	if o.Notify == nil || len(o.Notify.Targets) == 0 {
		return fail(ExitConfig, "%s: there is no target in it: want a section [[notify.target]]", config)
	}
	var names []string
	var list []notify.Target
	for _, t := range o.Notify.Targets {
		names = append(names, t.Name)
		if target == "" || t.Name == target {
			list = append(list, t)
		}
	}
	if len(list) == 0 {
		return fail(ExitUsage, "--target %s: there is none of this name; there are %s", target, strings.Join(names, ", "))
	}
	out := make([]tried, len(list))
	var all sync.WaitGroup
	for i := range list {
		all.Go(func() { out[i] = try(ctx, &list[i]) })
	}
	all.Wait()
	failed := 0
	t := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
	for _, x := range out {
		text := fmt.Sprintf("took it in %.1f s", x.Seconds)
		if !x.OK {
			failed++
			text = "FAILED: " + x.Error
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", x.Target, x.Kind, text)
	}
	if asJSON {
		if err := e.printJSON(map[string]any{"ok": failed == 0, "targets": out}); err != nil {
			return err
		}
	} else if err := t.Flush(); err != nil {
		return err
	}
	if failed > 0 {
		return fail(ExitFailure, "%d of %d targets did not take the message", failed, len(out))
	}
	return nil
}

func try(ctx context.Context, t *notify.Target) tried {
	began := time.Now()
	err := notify.Try(ctx, t, notify.Notice{Key: fmt.Sprintf("test-%d", began.UnixNano()), Time: began, Severity: intent.Notice, Class: "test", Mode: "PAPER",
		Session: "none", Strategy: "host", Text: "This is a test: perilune can tell you here what happens.", Count: 1})
	out := tried{Target: t.Name, Kind: t.Kind, OK: err == nil, Seconds: time.Since(began).Seconds()}
	if err != nil {
		out.Error = err.Error()
	}
	return out
}

// told is a delivery as it is listed.
type told struct {
	Time     string `json:"time"`
	Target   string `json:"target"`
	State    string `json:"state"`
	Severity string `json:"severity"`
	Class    string `json:"class"`
	Strategy string `json:"strategy"`
	Text     string `json:"text"`
	Count    int    `json:"count"`
	Attempts int    `json:"attempts"`
	Next     string `json:"next,omitempty"`
	Error    string `json:"error,omitempty"`
}

// notifyList shows what people were told, and what waits to be.
func (e *env) notifyList(path, target string, last int, asJSON bool) error {
	if _, err := os.Stat(path); err != nil {
		return fail(ExitLedger, "ledger %s: there is no such file; a run makes one", path)
	}
	db, err := ledger.Open(ledger.Options{Path: path, ReadOnly: true})
	if err != nil {
		return err
	}
	defer db.Close()
	box := ledger.OutboxOf(&db.Reader)
	waiting, err := box.Unsent()
	newest, nerr := box.Deliveries(last)
	if err := errors.Join(err, nerr); err != nil {
		return err
	}
	open := func(d ledger.Delivery) bool { return d.State == "new" || d.State == "waiting" }
	newest = slices.DeleteFunc(newest, open)
	slices.SortStableFunc(newest, func(a, b ledger.Delivery) int { return order(a.State) - order(b.State) })
	out := []told{}
	counts := map[string]int{}
	for _, d := range slices.Concat(waiting, newest) {
		if target != "" && d.Target != target {
			continue
		}
		counts[d.State]++
		x := told{d.Notice.Time.String(), d.Target, d.State, d.Severity, d.Class, d.Strategy, d.Text, d.Count, d.Attempts, "", d.Error}
		if !d.Next.IsZero() {
			x.Next = d.Next.UTC().Format(time.RFC3339)
		}
		out = append(out, x)
	}
	if asJSON {
		return e.printJSON(map[string]any{"db": path, "deliveries": out})
	}
	t := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "time\ttarget\tstate\tseverity\tclass\ttext\ttries\tlast error")
	for _, x := range out {
		text := []rune(x.Text)
		if len(text) > 60 {
			text = append(text[:59], '…')
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\n", x.Time, x.Target, x.State, x.Severity, x.Class, string(text), x.Attempts, x.Error)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(e.err, "%d wait, %d sent, %d failed, %d dropped\n", counts["new"]+counts["waiting"], counts["sent"], counts["failed"], counts["dropped"])
	return nil
}

// order puts what went wrong before what went well.
func order(state string) int {
	if state == "sent" || state == "repeated" {
		return 1
	}
	return 0
}
