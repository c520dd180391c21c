package cli

import (
	"context"

	"github.com/perilune/perilune/host/control"
)

func positionsVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("positions", "[flags]", "perilune positions --strategy basis")
	var d deskFlags
	d.define(f)
	d.one(f)
	if err := parseAlone(f, args); err != nil {
		return err
	}
	return e.ask(ctx, &d, func(desk control.Desk) error {
		list, err := desk.Positions(ctx, control.StrategyArgs{Strategy: d.strategy})
		return show(e, &d, "positions", list, err, func(list []control.Position) { printPositions(e.out, list) })
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
	var d deskFlags
	d.define(f)
	d.one(f)
	f.StringVar(&d.symbol, "symbol", "", "only this instrument, by its key: usdm:BTCUSDT")
	if err := parseAlone(f, args); err != nil {
		return err
	}
	return e.ask(ctx, &d, func(desk control.Desk) error {
		list, err := desk.Orders(ctx, control.OrdersArgs{Strategy: d.strategy, Instrument: d.symbol})
		return show(e, &d, "orders", list, err, func(list []control.Order) { printOrders(e.out, list) })
	})
}

func cancelAllVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("cancel-all", "[flags]", "perilune cancel-all --strategy basis --yes")
	var d deskFlags
	d.steer(f)
	d.one(f)
	f.StringVar(&d.symbol, "symbol", "", "only this instrument, by its key: usdm:BTCUSDT")
	f.BoolVar(&d.yes, "yes", false, "do not ask")
	order := f.Uint64("order", 0, "only this order, by its number")
	if err := parseAlone(f, args); err != nil {
		return err
	}
	return e.cancelRunning(ctx, &d, control.OrdersArgs{Strategy: d.strategy, Instrument: d.symbol, ID: *order})
}

func flattenVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("flatten", "[flags]", "perilune flatten --strategy basis --yes")
	var d deskFlags
	d.steer(f)
	d.one(f)
	f.StringVar(&d.symbol, "symbol", "", "only this instrument and pairs with a leg in it, by its key: usdm:BTCUSDT")
	f.BoolVar(&d.yes, "yes", false, "do not ask")
	if err := parseAlone(f, args); err != nil {
		return err
	}
	return e.flattenRunning(ctx, &d, control.FlattenArgs{Strategy: d.strategy, Instrument: d.symbol})
}
