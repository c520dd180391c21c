// Package signing signs what is sent to Hyperliquid.
//
// There are two schemes. An action of trading (an order, a cancel) is packed as
// MessagePack in the order of its fields, hashed with its nonce and the account that it is
// for, and the hash signed as the connection id of a "phantom agent": by the account's own
// key, or that of an agent that the account approved. What moves money is signed as itself,
// as EIP-712 typed data, and an agent may not.
//
// Sources: the venue's manual, "Signing" and "Nonces and API wallets" (as of January
// 2026); hyperliquid-dex/hyperliquid-python-sdk, hyperliquid/utils/signing.py and
// tests/signing_test.py; hyperliquid-dex/hyperliquid-rust-sdk,
// src/exchange/exchange_client.rs. All of their vectors are recomputed in the tests.
package signing

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/perilune/perilune/exchange/sign"
)

// Request is an action on its way.
type Request struct {
	Action  Object
	Nonce   uint64        // milliseconds since 1970
	Vault   *sign.Address // whose account it is for, when it is not the signer's own: a vault or a sub-account
	Expires uint64        // milliseconds since 1970 after which it is refused; 0: never
}

// Hash is what an action of trading is known by: the connection id of its agent.
func (r *Request) Hash() [32]byte {
	b := binary.BigEndian.AppendUint64(r.Action.pack(make([]byte, 0, 512)), r.Nonce)
	if r.Vault == nil {
		b = append(b, 0)
	} else {
		b = append(append(b, 1), r.Vault[:]...)
	}
	if r.Expires != 0 {
		b = binary.BigEndian.AppendUint64(append(b, 0), r.Expires)
	}
	return sign.Keccak256(b)
}

// Digest is what is signed of an action of trading. The networks differ in the agent's
// source, so that nothing of one is good in the other.
func (r *Request) Digest(mainnet bool) [32]byte {
	source := "b"
	if mainnet {
		source = "a"
	}
	hash := r.Hash()
	return typed(domain("Exchange", 1337), agentType, text(source), hash[:])
}

var agentType = keccak("Agent(string source,bytes32 connectionId)")

// Body is the JSON of a request with its signature.
func (r *Request) Body(s sign.Recoverable) []byte {
	o := Object{{"action", r.Action}, {"nonce", Int(r.Nonce)}, {"signature", signature(s)}}
	if r.Vault != nil {
		o = append(o, Field{"vaultAddress", Text(r.Vault.String())})
	}
	if r.Expires != 0 {
		o = append(o, Field{"expiresAfter", Int(r.Expires)})
	}
	return JSON(o)
}

func signature(s sign.Recoverable) Object {
	return Object{{"r", quantity(s.R)}, {"s", quantity(s.S)}, {"v", Int(s.V)}}
}

// quantity is a number in hexadecimal without leading zeros, as both SDKs send it.
func quantity(n [32]byte) Text {
	digits := strings.TrimLeft(hex.EncodeToString(n[:]), "0")
	if digits == "" {
		digits = "0"
	}
	return Text("0x" + digits)
}

// Kind is the type of an action that is signed as typed data.
type Kind string

// The kinds that are used. Each has the fields of its types entry, in that order.
const (
	UsdClassTransfer Kind = "HyperliquidTransaction:UsdClassTransfer(string hyperliquidChain,string amount,bool toPerp,uint64 nonce)"
	UsdSend          Kind = "HyperliquidTransaction:UsdSend(string hyperliquidChain,string destination,string amount,uint64 time)"
	Withdraw         Kind = "HyperliquidTransaction:Withdraw(string hyperliquidChain,string destination,string amount,uint64 time)"
	ApproveAgent     Kind = "HyperliquidTransaction:ApproveAgent(string hyperliquidChain,address agentAddress,string agentName,uint64 nonce)"
	ApproveBuilder   Kind = "HyperliquidTransaction:ApproveBuilderFee(string hyperliquidChain,string maxFeeRate,address builder,uint64 nonce)"
)

// SignatureChain is the chain that typed data is said to be signed on, by the action's
// signatureChainId. Any is taken; the network is told by hyperliquidChain. This one is what both SDKs have: 421614, Arbitrum
// Sepolia.
const SignatureChain = 0x66eee

// UserDigest is what is signed of an action that is typed data.
func UserDigest(kind Kind, action Object) ([32]byte, error) {
	name, list, _ := strings.Cut(strings.TrimSuffix(string(kind), ")"), "(")
	var words [][]byte
	for _, member := range strings.Split(list, ",") {
		typ, field, _ := strings.Cut(member, " ")
		word, err := wordOf(typ, action.get(field))
		if err != nil {
			return [32]byte{}, fmt.Errorf("%s: %s: %w", name, field, err)
		}
		words = append(words, word)
	}
	chain := uint64(SignatureChain)
	if id, ok := action.get("signatureChainId").(Text); ok {
		var err error
		if chain, err = strconv.ParseUint(strings.TrimPrefix(string(id), "0x"), 16, 64); err != nil {
			return [32]byte{}, fmt.Errorf("%s: signatureChainId %q: want 0x and hexadecimal digits", name, id)
		}
	}
	return typed(domain("HyperliquidSignTransaction", chain), keccak(string(kind)), words...), nil
}

func (o Object) get(name string) Value {
	for _, f := range o {
		if f.Name == name {
			return f.Value
		}
	}
	return nil
}

// wordOf is a value as 32 bytes: EIP-712, encodeData.
func wordOf(typ string, v Value) ([]byte, error) {
	switch v := v.(type) {
	case Text:
		if typ == "address" {
			a, err := sign.ParseAddress(string(v))
			return append(make([]byte, 12, 32), a[:]...), err
		}
		if typ == "string" {
			return text(string(v)), nil
		}
	case Int:
		if typ == "uint64" {
			return number(uint64(v)), nil
		}
	case Bool:
		if typ == "bool" && bool(v) {
			return number(1), nil
		} else if typ == "bool" {
			return number(0), nil
		}
	}
	return nil, fmt.Errorf("%v is no %s", v, typ)
}

// typed is the digest of EIP-712: 0x19 0x01, the domain and the struct's hash.
func typed(domain, typ [32]byte, words ...[]byte) [32]byte {
	parts := append([][]byte{typ[:]}, words...)
	inner := sign.Keccak256(parts...)
	return sign.Keccak256([]byte{0x19, 0x01}, domain[:], inner[:])
}

var domainType = keccak("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")

// domain has version 1 and no contract in both schemes.
func domain(name string, chain uint64) [32]byte {
	return sign.Keccak256(domainType[:], text(name), text("1"), number(chain), make([]byte, 32))
}

func keccak(s string) [32]byte { return sign.Keccak256([]byte(s)) }

func text(s string) []byte {
	sum := keccak(s)
	return sum[:]
}

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(make([]byte, 24, 32), n) }
