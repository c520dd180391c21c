package core

import "github.com/perilune/perilune/exchange"

// MarginBehind is what stands behind the account's position in a contract: its own margin,
// where that is isolated, or that of its wallet.
func (wl *wallets) MarginBehind(id exchange.InstrumentID) exchange.Margin {
	return wl.ofPosition(wl.u.Get(id))
}

// MarkOf is an instrument's mark price and running funding estimate.
func (mk *markets) MarkOf(id exchange.InstrumentID) exchange.MarkState { return mk.list[id].mark }
