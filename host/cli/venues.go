package cli

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/host"
)

// venuesVerb shows what venues there are and what each has.
func venuesVerb(_ context.Context, e *env, args []string) error {
	f := e.flags("venues", "[flags]", "perilune venues")
	asJSON := f.Bool("json", false, "print one JSON object on stdout")
	if err := parseAlone(f, args); err != nil {
		return err
	}
	if *asJSON {
		list := []venueOut{}
		for _, c := range host.Venues() {
			list = append(list, venueShown(c))
		}
		return e.printJSON(map[string]any{"venues": list})
	}
	for _, c := range host.Venues() {
		e.printVenue(c)
	}
	return nil
}

// venueOut is a venue as JSON shows it.
type venueOut struct {
	House    string       `json:"house"`
	Title    string       `json:"title"`
	Section  string       `json:"section"`
	Segments []segmentOut `json:"segments"`
	Paper    []openingOut `json:"paper"`
	Keys     string       `json:"keys"`
	Able     ableOut      `json:"able"`
	Lends    string       `json:"lends"`
}

type segmentOut struct {
	Venue    string   `json:"venue"`
	Contract string   `json:"contract"`
	Wallet   string   `json:"wallet"`
	Data     []string `json:"data"`
}

type openingOut struct {
	Wallet string     `json:"wallet"`
	Asset  string     `json:"asset"`
	Amount host.Money `json:"amount"`
}

type ableOut struct {
	Income     bool `json:"income"`
	Transfers  bool `json:"transfers"`
	DeadMan    bool `json:"dead_man"`
	Disconnect bool `json:"cancel_on_disconnect"`
	Amend      bool `json:"amend"`
	Batch      bool `json:"batch"`
	HedgeMode  bool `json:"hedge_mode"`
}

func venueShown(c connect.Connector) venueOut {
	a := c.About()
	out := venueOut{House: c.House(), Title: a.Title, Section: "venue." + c.House(), Keys: a.Keys, Able: ableOut(a.Able), Lends: a.Lends, Paper: []openingOut{}}
	for _, s := range a.Segments {
		out.Segments = append(out.Segments, segmentOut{string(s.Venue), s.Contract.String(), string(s.Wallet), s.Data.Names()})
	}
	for _, b := range a.Paper {
		out.Paper = append(out.Paper, openingOut{string(b.Wallet), b.Asset, host.Money{Decimal: b.Amount}})
	}
	return out
}

// untold are the segments of contracts that do not tell of liquidations.
func untold(list []connect.Segment) (out []string) {
	for _, s := range list {
		if s.Contract != exchange.Spot && s.Data&connect.Liquidations == 0 {
			out = append(out, string(s.Venue))
		}
	}
	return out
}

func (e *env) printVenue(c connect.Connector) {
	a := c.About()
	fmt.Fprintf(e.out, "%s: %s, set up in [venue.%s]\n", c.House(), a.Title, c.House())
	t := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
	for _, s := range a.Segments {
		fmt.Fprintf(t, "  %s\t%s\twallet %s\t%s\n", s.Venue, s.Contract, s.Wallet, strings.Join(s.Data.Names(), ", "))
	}
	t.Flush()
	if quiet := untold(a.Segments); len(quiet) > 0 {
		fmt.Fprintf(e.out, "  nobody's liquidations are told in %s: on_liquidation is never called\n", strings.Join(quiet, ", "))
	}
	var opening []string
	for _, b := range a.Paper {
		opening = append(opening, fmt.Sprintf("%s %s in %s", b.Amount, b.Asset, b.Wallet))
	}
	fmt.Fprintf(e.out, "  a paper account begins with %s\n  a key needs %s\n", strings.Join(opening, ", "), a.Keys)
	if a.Lends != "" {
		fmt.Fprintf(e.out, "  coins are lent to %s\n", a.Lends)
	}
	for _, line := range strings.Split(strings.TrimSuffix(a.Able.String(), "\n"), "\n") {
		fmt.Fprintf(e.out, "  %s\n", line)
	}
}
