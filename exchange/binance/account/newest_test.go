package account

import (
	"strconv"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/oms"
)

// However many assets a stream names, few are remembered, and what is out of date is
// dropped all the same.
func TestNamesOfAStreamAreBounded(t *testing.T) {
	told := 0
	f := &feed{sink: func(oms.AccountEvent) { told++ }, newest: map[string]exchange.Time{}}
	say := func(asset string, at exchange.Time) {
		f.fresh(oms.AccountEvent{Balance: &oms.Balance{Asset: asset}, Time: at})
	}
	const all = 3*newestMost + 5
	for i := range all {
		say(strconv.Itoa(i), 2)
	}
	if told != all || len(f.newest) > newestMost {
		t.Errorf("%d of %d were told, %d are known", told, all, len(f.newest))
	}
	if say(strconv.Itoa(all-1), 1); told != all {
		t.Error("one that is out of date was told")
	}
}
