package cli

import (
	"context"
	"fmt"
	"os"

	"github.com/perilune/perilune/host"
)

// recordVerb writes live market data to files.
func recordVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("record", "--out DIR --symbols LIST [flags]", "perilune record --out tape --symbols spot:BTCUSDT,usdm:BTCUSDT --for 10m")
	out := f.String("out", "", "directory to write to (required)")
	symbols := f.StringSlice("symbols", nil, "what to record, such as usdm:BTCUSDT,spot:* or HOUSE.MARKET:SYMBOL (required)")
	length := f.String("for", "", "end after this time: 10m, 12h (default: until Ctrl-C)")
	config := f.String("config", "", "TOML file with "+host.VenueSection())
	asJSON := f.Bool("json", false, "print one JSON object on stdout at the end")
	if err := parseAlone(f, args); err != nil {
		return err
	}
	if *out == "" {
		return fail(ExitUsage, "--out: name the directory to write to")
	}
	if len(*symbols) == 0 {
		return fail(ExitUsage, "--symbols: name what to record, for example --symbols spot:BTCUSDT,usdm:BTCUSDT")
	}
	last, err := parseLength(*length)
	if err != nil {
		return err
	}
	t := newTicker(e.err, false)
	o := host.Options{}
	if *config != "" {
		if err := o.LoadConfig(*config); err != nil {
			return err
		}
	}
	if err := o.Live.TakeEnvironment(os.LookupEnv); err != nil {
		return err
	}
	o.Live.Symbols = *symbols
	rec, err := host.Record(ctx, host.RecordOptions{Live: o.Live, Out: *out, For: last, Log: t.line})
	if rec == nil {
		return err
	}
	if *asJSON {
		if jerr := e.printJSON(rec); jerr != nil {
			return jerr
		}
	} else {
		fmt.Fprintf(e.out, "%d lines (%.1f MB before compression) in %d files, %d gaps, %.0f s: %s\n",
			rec.Lines, float64(rec.Bytes)/1e6, rec.Files, rec.Gaps, rec.Seconds, rec.Out)
	}
	return err
}
