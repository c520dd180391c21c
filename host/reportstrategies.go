package host

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/perilune/perilune/host/report"
	"github.com/perilune/perilune/ledger"
)

// addSeries are what strategies plotted, of each session that the report is of.
func (p *reporting) addSeries(ctx context.Context, d *report.Data) error {
	accounts := []string{p.sel.Account}
	if p.sel.Account == "" {
		sessions, err := p.db.Sessions()
		if err != nil {
			return err
		}
		accounts = accounts[:0]
		for i := range sessions {
			accounts = append(accounts, sessions[i].Account)
		}
	}
	places := map[[2]string]int{}
	for _, account := range accounts {
		pages := ledger.Pages{Reader: &p.db.Reader, Account: account}
		points, err := pages.Chart(ctx, p.sel.Strategy, p.sel.From, p.sel.To, reportPoints)
		if err != nil {
			return err
		}
		for i := range points {
			x := &points[i]
			k := [2]string{x.Strategy, x.Series}
			at, there := places[k]
			if !there {
				at = len(d.Series)
				places[k] = at
				d.Series = append(d.Series, report.Series{Strategy: x.Strategy, Name: x.Series})
			}
			d.Series[at].Samples = append(d.Series[at].Samples, report.Sample{Time: x.Time, Value: x.Value})
		}
	}
	return nil
}

// addScripts are the strategies of a run at its end.
func (p *reporting) addScripts(d *report.Data) {
	for i, l := range p.scripts {
		st := report.Strategy{Name: l.name, Path: l.path}
		set := paramsFor(l.name, l.params, p.set)
		for _, x := range l.params {
			st.Params = append(st.Params, report.Param{Name: x.Name, Value: cmp.Or(set[x.Name], fmt.Sprint(x.Default)), Default: fmt.Sprint(x.Default), Doc: x.Doc})
		}
		for _, v := range p.versions {
			if v.strategy == int32(i) {
				st.Versions = append(st.Versions, v.Version)
			}
		}
		d.Strategies = append(d.Strategies, st)
	}
}

// addStrategies are the strategies of a ledger, with the parameters that its newest run set.
func (p *reporting) addStrategies(d *report.Data) error {
	versions, err := p.db.Versions(ledger.Filter{Account: p.sel.Account, Strategy: p.sel.Strategy})
	if err != nil {
		return err
	}
	runs, err := p.db.Runs(p.sel.Account)
	if err != nil {
		return err
	}
	var config struct {
		Params map[string]map[string]string `json:"params"` // by path
	}
	if n := len(runs); n > 0 {
		_ = json.Unmarshal([]byte(runs[n-1].Config), &config) // of an older version: what it has
	}
	places := map[string]int{}
	for i := range versions {
		v := &versions[i]
		at, there := places[v.Strategy]
		if !there {
			at = len(d.Strategies)
			places[v.Strategy] = at
			st := report.Strategy{Name: v.Strategy, Path: v.Path}
			for _, name := range sortedKeys(config.Params[v.Path]) {
				st.Params = append(st.Params, report.Param{Name: name, Value: config.Params[v.Path][name]})
			}
			d.Strategies = append(d.Strategies, st)
		}
		note := fmt.Sprintf("v%d %s", v.Version, v.Outcome)
		if v.Outcome == "refused" {
			note = "refused: " + v.Problem
		}
		st := &d.Strategies[at]
		st.Versions = append(st.Versions, report.Version{Hash: v.Hash, From: v.Time, Note: note})
	}
	return nil
}
