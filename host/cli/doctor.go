package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/perilune/perilune/host"
)

func doctorVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("doctor", "--config FILE [flags]", "perilune doctor --config perilune.toml")
	config := f.String("config", "", "the file that run --live would get (required)")
	db := f.String("db", "", "the ledger that run --live would use (default perilune-live.db)")
	asJSON := f.Bool("json", false, "print one JSON object on stdout")
	if err := parseAlone(f, args); err != nil {
		return err
	}
	if *config == "" {
		return fail(ExitUsage, "--config: name the file with the key's place and the limits")
	}
	o := &host.Options{Account: &host.AccountOptions{}, DB: *db}
	if err := o.LoadConfig(*config); err != nil {
		return err
	}
	if err := o.Live.TakeEnvironment(os.LookupEnv); err != nil {
		return err
	}
	x := host.Examine(ctx, o)
	if *asJSON {
		if err := e.printJSON(struct {
			Ready bool `json:"ready"`
			*host.Examination
		}{x.Ready(), x}); err != nil {
			return err
		}
	} else {
		e.printExamination(x)
	}
	if !x.Ready() {
		return &coded{code: ExitAccount, quiet: true, err: errors.New("not ready")}
	}
	return nil
}

func (e *env) printExamination(x *host.Examination) {
	fmt.Fprintf(e.out, "real orders on %s\n", x.Venue)
	t := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
	for _, c := range x.Findings {
		fmt.Fprintf(t, "  %s\t%s\t%s\n", strings.ToUpper(string(c.Verdict)), c.Name, c.Text)
		if c.Do != "" {
			fmt.Fprintf(t, "\t\t-> %s\n", c.Do)
		}
	}
	t.Flush()
	if x.Ready() {
		fmt.Fprintln(e.out, "yes: run --live would start")
	} else {
		fmt.Fprintln(e.out, "no: mend what FAILs first")
	}
}
