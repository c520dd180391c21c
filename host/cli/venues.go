package cli

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/host"
)

// venuesVerb shows what venues there are and what each has.
func venuesVerb(_ context.Context, e *env, args []string) error {
	f := e.flags("venues", "", "perilune venues")
	if err := parseAlone(f, args); err != nil {
		return err
	}
	for _, c := range host.Venues() {
		e.printVenue(c)
	}
	return nil
}

func (e *env) printVenue(c connect.Connector) {
	a := c.About()
	fmt.Fprintf(e.out, "%s: %s, set up in [venue.%s]\n", c.House(), a.Title, c.House())
	t := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
	for _, s := range a.Segments {
		fmt.Fprintf(t, "  %s\t%s\twallet %s\t%s\n", s.Venue, s.Contract, s.Wallet, strings.Join(s.Data.Names(), ", "))
	}
	t.Flush()
	var opening []string
	for _, b := range a.Paper {
		opening = append(opening, fmt.Sprintf("%s %s in %s", b.Amount, b.Asset, b.Wallet))
	}
	fmt.Fprintf(e.out, "  a paper account begins with %s\n  a key needs %s\n", strings.Join(opening, ", "), a.Keys)
	for _, line := range strings.Split(strings.TrimSuffix(a.Able.String(), "\n"), "\n") {
		fmt.Fprintf(e.out, "  %s\n", line)
	}
}
