package exchange

import "github.com/shopspring/decimal"

// Posting is one leg of a movement of money; those of one movement sum to zero for each
// asset. Accounts are A:<wallet> assets, T:<instrument> conversion, I:<what> income,
// X:<what> expense, Q:<what> equity.
type Posting struct {
	Account string
	Asset   string
	Amount  decimal.Decimal
}
