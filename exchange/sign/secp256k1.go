package sign

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"golang.org/x/crypto/sha3"
)

// Keccak256 is the hash of Ethereum: Keccak before it was padded as SHA3.
func Keccak256(parts ...[]byte) (sum [32]byte) {
	h := sha3.NewLegacyKeccak256()
	for _, p := range parts {
		h.Write(p)
	}
	h.Sum(sum[:0])
	return sum
}

// Address is an account of Ethereum: the end of its public key's hash.
type Address [20]byte

// String is the address in lower-case hexadecimal after 0x.
func (a Address) String() string { return "0x" + hex.EncodeToString(a[:]) }

// ParseAddress is the inverse of String; letters may be of either case.
func ParseAddress(text string) (a Address, err error) {
	digits, ok := strings.CutPrefix(text, "0x")
	if !ok || len(digits) != 2*len(a) {
		return a, fmt.Errorf("address of %d characters: want 0x and 40 hexadecimal digits", len(text))
	}
	if _, err := hex.Decode(a[:], []byte(digits)); err != nil {
		return a, errors.New("address: want 0x and 40 hexadecimal digits")
	}
	return a, nil
}

// addressOf is the account of a public key.
func addressOf(key *secp256k1.PublicKey) (a Address) {
	sum := Keccak256(key.SerializeUncompressed()[1:])
	copy(a[:], sum[12:])
	return a
}

// Recoverable is a signature of a digest that shows whose it is. V is 27 or 28.
type Recoverable struct {
	R, S [32]byte
	V    byte
}

// Signer is the account that signed a digest.
func (r Recoverable) Signer(digest [32]byte) (Address, error) {
	if r.V != 27 && r.V != 28 {
		return Address{}, fmt.Errorf("%w: v is %d, want 27 or 28", ErrSignature, r.V)
	}
	compact := append(append([]byte{r.V}, r.R[:]...), r.S[:]...)
	key, _, err := ecdsa.RecoverCompact(compact, digest[:])
	if err != nil {
		return Address{}, fmt.Errorf("%w: %v", ErrSignature, err)
	}
	return addressOf(key), nil
}

// Secp256k1 signs digests for an account of Ethereum, with nonces by RFC 6979 and S in its
// lower half. It is safe for concurrent use.
type Secp256k1 struct {
	key     func() *secp256k1.PrivateKey
	address Address
}

// NewSecp256k1 takes a private key of 64 hexadecimal digits, with 0x before them or
// without.
func NewSecp256k1(secret Secret) (*Secp256k1, error) {
	raw, err := hex.DecodeString(strings.TrimPrefix(secret.Reveal(), "0x"))
	if err != nil || len(raw) != 32 {
		return nil, errors.New("private key: want 64 hexadecimal digits, which may begin with 0x")
	}
	var scalar secp256k1.ModNScalar
	if over := scalar.SetByteSlice(raw); over || scalar.IsZero() {
		return nil, errors.New("private key: the number is none of the curve's: was it copied whole?")
	}
	key := secp256k1.NewPrivateKey(&scalar)
	return &Secp256k1{key: func() *secp256k1.PrivateKey { return key }, address: addressOf(key.PubKey())}, nil
}

// Address is the account that the key signs for.
func (s *Secp256k1) Address() Address { return s.address }

// Sign signs a digest.
func (s *Secp256k1) Sign(digest [32]byte) (r Recoverable) {
	compact := ecdsa.SignCompact(s.key(), digest[:], false)
	r.V = compact[0]
	copy(r.R[:], compact[1:33])
	copy(r.S[:], compact[33:])
	return r
}

// Format keeps the key out of prints.
func (s *Secp256k1) Format(f fmt.State, verb rune) { Secret{}.Format(f, verb) }
