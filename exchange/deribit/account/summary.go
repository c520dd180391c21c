package account

import (
	"context"
	"encoding/json"

	"github.com/perilune/perilune/exchange/deribit/client"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// Summaries are what the venue says of the account. Source: the manual,
// "private/get_account_summaries".
type Summaries struct {
	ID         json.Number `json:"id"`
	Type       string      `json:"type"` // main or subaccount
	SelfTrade  string      `json:"self_trading_reject_mode"`
	Currencies []Currency  `json:"summaries"`
}

// Currency is what it says of one.
type Currency struct {
	Name      string          `json:"currency"`
	Balance   jsonscan.Amount `json:"balance"` // without what the session has made
	Equity    jsonscan.Amount `json:"equity"`
	Available jsonscan.Amount `json:"available_funds"`
	Margin    string          `json:"margin_model"` // segregated_sm, cross_sm, segregated_pm, cross_pm
	Options   jsonscan.Amount `json:"options_value"`
	Fees      map[string]map[string]struct {
		Default struct {
			Type  string          `json:"type"` // fixed: a fraction
			Maker jsonscan.Amount `json:"maker"`
			Taker jsonscan.Amount `json:"taker"`
		} `json:"default"`
	} `json:"fees"` // by index and kind, of whoever has any of his own
	Limits struct {
		Other    bucket `json:"non_matching_engine"`
		Matching struct {
			Trading map[string]bucket `json:"trading"`
			Spot    bucket            `json:"spot"`
		} `json:"matching_engine"`
	} `json:"limits"`
}

type bucket struct {
	Rate  int `json:"rate"`
	Burst int `json:"burst"`
}

// Summaries asks for them, and takes over what the venue allows the account.
func (a *Account) Summaries(ctx context.Context) (s Summaries, err error) {
	q := a.question("", "ask about the account", "private/get_account_summaries", client.Params{"extended": true})
	result, err := a.Do(ctx, q)
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(result, &s); err != nil {
		return s, q.Garbled(err)
	}
	for _, c := range s.Currencies {
		l := &c.Limits
		a.Allow("non_matching_engine", l.Other.Rate, l.Other.Burst)
		a.Allow("trading", l.Matching.Trading["total"].Rate, l.Matching.Trading["total"].Burst)
		a.Allow("spot", l.Matching.Spot.Rate, l.Matching.Spot.Burst)
	}
	return s, nil
}
