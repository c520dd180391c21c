package oms

import (
	"context"

	"github.com/perilune/perilune/exchange"
)

// Perform asks an account and puts what comes of it into a.
func Perform(ctx context.Context, account Account, r *Request, a *Answer) {
	switch r.Kind {
	case PlaceOrder:
		a.Report, a.Err = account.Place(ctx, r.Order)
	case CancelOrder:
		a.Report, a.Err = account.Cancel(ctx, r.ref())
	case QueryOrder:
		a.Report, a.Err = account.Query(ctx, r.ref())
	case ListOpenOrders:
		a.Reports, a.Err = account.OpenOrders(ctx, r.Venue)
	case ListExecutions:
		a.Executions, a.Err = account.Executions(ctx, r.Venue, r.Symbol, r.From)
	case ListBalances:
		a.Balances, a.Err = account.Balances(ctx, r.Wallet)
	case ListPositions:
		a.Positions, a.Err = account.Positions(ctx, r.Venue)
	default:
		performOptional(ctx, account, r, a)
	}
}

// performOptional asks for what only some accounts have.
func performOptional(ctx context.Context, account Account, r *Request, a *Answer) {
	a.Err = &exchange.VenueError{Class: exchange.ErrRefused, Venue: r.Venue, What: r.Kind.String(), Message: "the venue has nothing of the kind"}
	switch r.Kind {
	case ListIncome:
		if x, ok := account.(Incomes); ok {
			a.Incomes, a.Err = x.Income(ctx, r.Wallet, r.Since)
		}
	case MoveMoney:
		if x, ok := account.(Transfers); ok {
			a.TransferID, a.Err = x.Transfer(ctx, r.Transfer)
		}
	case ListTransfers:
		if x, ok := account.(Transfers); ok {
			a.Transfers, a.Err = x.TransferHistory(ctx, r.Transfer.From, r.Transfer.To, r.Since)
		}
	case ArmSwitch:
		if x, ok := account.(DeadMan); ok {
			a.Err = x.ArmDeadMan(ctx, r.Venue, r.Symbol, r.Countdown)
		}
	}
}
