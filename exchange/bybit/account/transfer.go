package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/bybit/client"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/oms"
)

var _ oms.Transfers = (*Account)(nil)

// accountTypes are what transfers call wallets.
var accountTypes = map[exchange.Wallet]string{api.Unified: "UNIFIED", api.Funding: "FUND"}

func walletOf(accountType string) exchange.Wallet {
	for w, t := range accountTypes { // order does not matter: types are unique
		if t == accountType {
			return w
		}
	}
	return ""
}

// Transfer implements oms.Transfers. Its id is ours, made of the tag, and the venue takes
// each only once.
func (a *Account) Transfer(ctx context.Context, t oms.TransferOrder) (string, error) {
	q := client.Request{What: fmt.Sprintf("move %s from %s to %s", t.Asset, t.From, t.To), Path: "/v5/asset/transfer/inter-transfer", Count: client.Read, Priority: limit.Hedge}
	from, to := accountTypes[t.From], accountTypes[t.To]
	if from == "" || to == "" || from == to {
		return "", q.Fault(exchange.ErrRefused, fmt.Errorf("want a transfer between %s and %s", api.Unified, api.Funding))
	}
	id, err := uuidOf(t.Tag)
	if err != nil {
		return "", q.Fault(exchange.ErrRefused, err)
	}
	if q.Body, err = json.Marshal(map[string]string{"transferId": id, "coin": t.Asset, "amount": t.Amount.String(), "fromAccountType": from, "toAccountType": to}); err != nil {
		return "", q.Fault(exchange.ErrRefused, err)
	}
	_, err = a.Do(ctx, q)
	return id, err
}

// TransferHistory implements oms.Transfers.
func (a *Account) TransferHistory(ctx context.Context, from, to exchange.Wallet, since exchange.Time) (out []oms.TransferRow, err error) {
	err = a.weeks(since, func(begin, end exchange.Time) error {
		q := client.Request{What: "list transfers", Path: "/v5/asset/transfer/query-inter-transfer-list", Count: client.Read, Priority: limit.Hedge,
			Query: url.Values{"startTime": {milli(begin)}, "endTime": {milli(end)}, "limit": {"50"}}}
		return a.Pages(ctx, q, func(raw []byte) error {
			r, err := decodeTransfer(raw)
			if err == nil && r.From == from && r.To == to {
				out = append(out, r)
			}
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(out, func(x, y oms.TransferRow) int { return int(x.Time/exchange.Millisecond - y.Time/exchange.Millisecond) })
	return out, nil
}

func decodeTransfer(raw []byte) (r oms.TransferRow, err error) {
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "transferId":
			r.ID = f.Text()
			r.Tag, _ = tagOf(r.ID) // somebody else's has none
		case "coin":
			r.Asset = f.Text()
		case "amount":
			r.Amount = f.Decimal()
		case "fromAccountType":
			r.From = walletOf(f.Text())
		case "toAccountType":
			r.To = walletOf(f.Text())
		case "timestamp":
			r.Time = exchange.UnixMilli(f.Int())
		case "status":
			switch f.Text() {
			case "SUCCESS":
				r.Done = true
			case "FAILED":
				r.Failed = true
			}
		}
	}
	return r, f.Err()
}

// alphabet are the characters of a tag; 0 stands for none before its first.
const alphabet = "0123456789abcdefghijklmnopqrstuvwxyz"

// longestTag is what fits the 122 bits of a UUID that are free.
const longestTag = 23

var base = big.NewInt(int64(len(alphabet) + 1))

// uuidOf is a tag as a UUID of version 4, which the venue wants as the id of a transfer.
func uuidOf(tag string) (string, error) {
	if tag == "" || len(tag) > longestTag {
		return "", fmt.Errorf("tag %q: want 1 to %d characters", tag, longestTag)
	}
	n := new(big.Int)
	for _, c := range []byte(tag) {
		d := strings.IndexByte(alphabet, c)
		if d < 0 {
			return "", fmt.Errorf("tag %q: want a-z and 0-9", tag)
		}
		n.Add(n.Mul(n, base), big.NewInt(int64(d+1)))
	}
	low := new(big.Int).And(n, new(big.Int).SetUint64(1<<62-1)).Uint64()
	n.Rsh(n, 62)
	middle := new(big.Int).And(n, big.NewInt(1<<12-1)).Uint64()
	high := n.Rsh(n, 12).Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", high>>16, high&0xffff, middle, 1<<15|low>>48, low&(1<<48-1)), nil
}

// tagOf is the inverse of uuidOf.
func tagOf(uuid string) (string, error) {
	var a, b, c, d, e uint64
	if n, err := fmt.Sscanf(uuid, "%08x-%04x-4%03x-%04x-%012x", &a, &b, &c, &d, &e); n != 5 || err != nil || len(uuid) != 36 {
		return "", errors.New("not of ours")
	}
	n := new(big.Int).SetUint64(a<<16 | b)
	n.Add(n.Lsh(n, 12), new(big.Int).SetUint64(c))
	n.Add(n.Lsh(n, 62), new(big.Int).SetUint64((d&(1<<14-1))<<48|e))
	var tag []byte
	for digit := new(big.Int); n.Sign() > 0; {
		n.DivMod(n, base, digit)
		if digit.Sign() == 0 || len(tag) == longestTag {
			return "", errors.New("not of ours")
		}
		tag = append(tag, alphabet[digit.Int64()-1])
	}
	slices.Reverse(tag)
	if again, err := uuidOf(string(tag)); err != nil || again != uuid {
		return "", errors.New("not of ours")
	}
	return string(tag), nil
}

// fundingBalances are those of the wallet that backs nothing.
func (a *Account) fundingBalances(ctx context.Context) (out []oms.Balance, err error) {
	q := client.Request{What: "list balances", Path: "/v5/asset/transfer/query-account-coins-balance", Query: url.Values{"accountType": {"FUND"}}, Count: client.Read, Priority: limit.Hedge}
	result, err := a.Do(ctx, q)
	if err != nil {
		return nil, err
	}
	var r struct {
		Balance []struct {
			Coin  string          `json:"coin"`
			Total jsonscan.Amount `json:"walletBalance"`
			Free  jsonscan.Amount `json:"transferBalance"`
		} `json:"balance"`
	}
	if err := json.Unmarshal(result, &r); err != nil {
		return nil, q.Garbled(err)
	}
	for _, b := range r.Balance {
		if b.Total.IsPositive() {
			out = append(out, oms.Balance{Wallet: api.Funding, Asset: b.Coin, Total: b.Total.Decimal, Free: b.Free.Decimal})
		}
	}
	return out, nil
}
