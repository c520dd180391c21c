package cli

import (
	"context"

	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/control"
)

// The verbs of this file ask or tell the session that runs. Where none does, what asks
// answers from the ledger, or with --config from the venues, and what tells reaches the
// venues itself.

func positionsVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("positions", "[flags]", "perilune positions --strategy basis")
	var d deadFlags
	d.define(f, false)
	if err := parseAlone(f, args); err != nil {
		return err
	}
	if dead, err := d.dead(ctx); dead || err != nil {
		if err != nil {
			return err
		}
		return deadPositions(ctx, e, &d)
	}
	return e.ask(ctx, &d.deskFlags, func(desk control.Desk) error {
		list, err := desk.Positions(ctx, control.StrategyArgs{Strategy: d.strategy})
		return show(e, &d.deskFlags, "positions", list, err, func(list []control.Position) { printPositions(e.out, list) })
	})
}

func accountsVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("accounts", "[flags]", "perilune accounts")
	var d deskFlags
	d.define(f)
	if err := parseAlone(f, args); err != nil {
		return err
	}
	return e.ask(ctx, &d, func(desk control.Desk) error {
		list, err := desk.Accounts(ctx)
		return show(e, &d, "accounts", list, err, func(list []control.Account) { printAccounts(e.out, list) })
	})
}

func ordersVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("orders", "[flags]", "perilune orders")
	var d deadFlags
	d.define(f, false)
	f.StringVar(&d.symbol, "symbol", "", "only this instrument, by its key: usdm:BTCUSDT")
	if err := parseAlone(f, args); err != nil {
		return err
	}
	if dead, err := d.dead(ctx); dead || err != nil {
		if err != nil {
			return err
		}
		return deadOrders(ctx, e, &d)
	}
	return e.ask(ctx, &d.deskFlags, func(desk control.Desk) error {
		list, err := desk.Orders(ctx, control.OrdersArgs{Strategy: d.strategy, Instrument: d.symbol})
		return show(e, &d.deskFlags, "orders", list, err, func(list []control.Order) { printOrders(e.out, list) })
	})
}

func cancelAllVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("cancel-all", "[flags]", "perilune cancel-all --strategy basis --yes")
	var d deadFlags
	d.define(f, true)
	f.StringVar(&d.symbol, "symbol", "", "of a session that runs: only this instrument, by its key: usdm:BTCUSDT")
	order := f.Uint64("order", 0, "of a session that runs: only this order, by its number")
	if err := parseAlone(f, args); err != nil {
		return err
	}
	if dead, err := d.dead(ctx); dead || err != nil {
		if err == nil {
			err = d.wholly(*order)
		}
		if err != nil {
			return err
		}
		return tendDead(ctx, e, &d, "cancels the working orders that it left", host.CancelDead)
	}
	return cancelRunning(ctx, e, &d, control.OrdersArgs{Strategy: d.strategy, Instrument: d.symbol, ID: *order})
}

func flattenVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("flatten", "[flags]", "perilune flatten --strategy basis --yes")
	var d deadFlags
	d.define(f, true)
	f.StringVar(&d.symbol, "symbol", "", "of a session that runs: only this instrument and pairs with a leg in it, by its key: usdm:BTCUSDT")
	if err := parseAlone(f, args); err != nil {
		return err
	}
	if dead, err := d.dead(ctx); dead || err != nil {
		if err == nil {
			err = d.wholly(0)
		}
		if err != nil {
			return err
		}
		return tendDead(ctx, e, &d, "closes all that its strategies hold, at the market", host.FlattenDead)
	}
	return flattenRunning(ctx, e, &d, control.FlattenArgs{Strategy: d.strategy, Instrument: d.symbol})
}

// wholly refuses to choose of what a dead session left by more than its strategy: doing
// more than was asked for would be worse.
func (d *deadFlags) wholly(order uint64) error {
	if d.symbol != "" || order != 0 {
		return fail(ExitUsage, "no session runs: of what one left, --strategy alone chooses, not --symbol or --order")
	}
	return nil
}
