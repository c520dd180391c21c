package study

import (
	"fmt"
	"testing"

	"github.com/perilune/perilune/exchange"
)

func said(list []Split) (out string) {
	for _, s := range list {
		for _, t := range s.Train {
			out += fmt.Sprintf("%.10s-%.10s ", t.From, t.To)
		}
		out += fmt.Sprintf("> %.10s-%.10s\n", s.Test.From, s.Test.To)
	}
	return out
}

func TestWalks(t *testing.T) {
	all := Span{exchange.Date(2020, 1, 1), exchange.Date(2022, 1, 1)}
	for _, c := range []struct{ text, want string }{
		{"train=1y,test=6m", "2020-01-01-2021-01-01 > 2021-01-01-2021-07-01\n2020-07-01-2021-07-01 > 2021-07-01-2022-01-01\n"},
		{"train=1y,test=6m,anchored,purge=1w", "2020-01-01-2021-01-01 > 2021-01-08-2021-07-08\n"},
		{"train=6m,test=6m,step=1y,purge=10d", "2020-01-01-2020-07-01 > 2020-07-11-2021-01-11\n"},
	} {
		w, err := ParseWalkForward(c.text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := w.Splits(all)
		if err != nil || said(got) != c.want {
			t.Errorf("%s: %v\n%swant\n%s", c.text, err, said(got), c.want)
		}
	}
	for _, text := range []string{"", "train=1y", "train=1y,test=x", "train=1y,test=0d", "train=1y,test=1y,sty=2"} {
		if _, err := ParseWalkForward(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func TestFoldsKeepTheirDistance(t *testing.T) {
	all := Span{exchange.Date(2020, 1, 1), exchange.Date(2020, 1, 31)}
	f, err := ParseFolds("k=3,purge=2d,embargo=1d")
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Splits(all)
	want := "2020-01-14-2020-01-31 > 2020-01-01-2020-01-11\n" +
		"2020-01-01-2020-01-09 2020-01-24-2020-01-31 > 2020-01-11-2020-01-21\n" +
		"2020-01-01-2020-01-19 > 2020-01-21-2020-01-31\n"
	if err != nil || said(got) != want {
		t.Errorf("%v\n%s", err, said(got))
	}
	if _, err := (&Folds{K: 40}).Splits(all); err == nil {
		t.Error("forty parts of thirty days were taken")
	}
}
