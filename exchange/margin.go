package exchange

import "github.com/shopspring/decimal"

// Margin is what one asset of a derivatives wallet holds and what it has to
// back, at the mark price, all in that asset. The venue liquidates when Equity
// falls to Maintenance.
type Margin struct {
	Equity      decimal.Decimal // wallet balance and unrealised profit
	Exposure    decimal.Decimal // value of the positions, long and short added up
	Initial     decimal.Decimal // needed to keep positions and working orders open
	Maintenance decimal.Decimal // needed to keep the positions from liquidation
	// Movable is what a transfer may take: unrealised profit may not leave.
	Movable decimal.Decimal
}
