package core

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// darkness is a channel of a house that is dark.
type darkness struct {
	house   string
	channel exchange.Channel
	why     string
}

// stillDark says where no new risk passes all the same; "": nowhere.
func (mk *markets) stillDark() string {
	var houses []string
	for i := range mk.dark {
		if house := mk.dark[i].house; !slices.Contains(houses, house) {
			houses = append(houses, house)
		}
	}
	if len(houses) == 0 {
		return ""
	}
	return ", but for what is still dark: " + strings.Join(houses, ", ")
}

// onVenue notes that a house went dark, or is back, and gives the pairs that have a leg
// there their turn.
func (pd *pairDriver) onVenue(mk *markets, ev *exchange.Event) {
	i := slices.IndexFunc(mk.dark, func(d darkness) bool { return d.house == ev.Name && d.channel == ev.Channel })
	switch {
	case ev.Reason == "" && i < 0:
		return
	case ev.Reason == "":
		mk.dark = slices.Delete(mk.dark, i, i+1)
		pd.log(intent.Info, -1, fmt.Sprintf("%s: %s are back", ev.Name, ev.Channel))
	case i < 0:
		mk.dark = append(mk.dark, darkness{ev.Name, ev.Channel, ev.Reason})
		pd.log(intent.Warn, -1, fmt.Sprintf("%s: %s are dark: %s", ev.Name, ev.Channel, ev.Reason))
	default:
		mk.dark[i].why = ev.Reason
	}
	for _, m := range pd.pairs.list {
		if !m.Pair.State.Done() && m.Concerns(pd.u, ev.Name) {
			pd.stepPair(m)
		}
	}
}

// closed says why no order can be made in an instrument now, or "".
func (mk *markets) closed(id exchange.InstrumentID) string {
	if mk.readOnly != nil {
		if why := mk.readOnly(mk.u.Get(id)); why != "" {
			return why
		}
	}
	return mk.Dark(id)
}

// Dark implements execution.Port.
func (mk *markets) Dark(id exchange.InstrumentID) string {
	if len(mk.dark) == 0 {
		return ""
	}
	house := mk.u.Get(id).Venue.House()
	for i := range mk.dark {
		if d := &mk.dark[i]; d.house == house {
			return fmt.Sprintf("%s: %s are dark: %s", d.house, d.channel, d.why)
		}
	}
	return ""
}
