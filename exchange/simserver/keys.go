package simserver

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"slices"

	"github.com/perilune/perilune/exchange/sign"
)

// HMACKey is an API key of the oldest kind.
type HMACKey struct {
	Key    string `json:"key"`
	Secret string `json:"secret"`
	// Passphrase is there where the venue wants one beside the secret.
	Passphrase string `json:"passphrase,omitempty"`
}

// Ed25519Key is an API key whose private half only its owner has; PrivateKey is
// PKCS#8 in PEM.
type Ed25519Key struct {
	Key        string `json:"key"`
	PrivateKey string `json:"private_key"`
}

// Keys are the two API keys of one account. They are made from the seed, so a
// configuration stays valid over restarts; they guard play money only.
type Keys struct {
	HMAC    HMACKey    `json:"hmac"`
	Ed25519 Ed25519Key `json:"ed25519"`
}

// APIKey is a key as the exchange knows it.
type APIKey struct {
	Name     string
	Account  *Account
	Verifier *sign.Verifier
	// Passphrase is what a request must name beside its signature; empty: nothing.
	Passphrase string
	// Note is the front's.
	Note any
	// permissions are what the key may do.
	permissions []string
}

// What an API key may do.
const (
	MayRead     = "reading"
	MaySpot     = "spot"
	MayFutures  = "futures"
	MayTransfer = "transfer"
	MayWithdraw = "withdraw"
)

var (
	allPermissions     = []string{MayRead, MaySpot, MayFutures, MayTransfer, MayWithdraw}
	defaultPermissions = []string{MayRead, MaySpot, MayFutures, MayTransfer}
)

// May reports whether the key is allowed something.
func (k *APIKey) May(what string) bool { return slices.Contains(k.permissions, what) }

const keyAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// keyText returns the 64 characters that a seed, an account and a purpose make.
func keyText(seed uint64, account int, purpose string) string {
	a, b := digest(seed, account, purpose+"/1"), digest(seed, account, purpose+"/2")
	text := make([]byte, 0, 64)
	for _, c := range append(a[:], b[:]...) {
		text = append(text, keyAlphabet[int(c)%len(keyAlphabet)])
	}
	return string(text)
}

func digest(seed uint64, account int, purpose string) [sha256.Size]byte {
	b := binary.BigEndian.AppendUint64([]byte("perilune sim "+purpose+" "), seed)
	return sha256.Sum256(binary.BigEndian.AppendUint64(b, uint64(account)))
}

func newKey(name string, a *Account) *APIKey {
	return &APIKey{Name: name, Account: a, permissions: defaultPermissions}
}

// makeKeys returns an account's keys for the user and for the server.
func makeKeys(seed uint64, salt string, a *Account) (Keys, [2]*APIKey, error) {
	private := digest(seed, a.Number, salt+"ed25519 private")
	ed := ed25519.NewKeyFromSeed(private[:])
	der, err := x509.MarshalPKCS8PrivateKey(ed)
	if err != nil {
		return Keys{}, [2]*APIKey{}, fmt.Errorf("encoding the Ed25519 key of account %d: %w", a.Number, err)
	}
	k := Keys{
		HMAC:    HMACKey{Key: keyText(seed, a.Number, salt+"hmac key"), Secret: keyText(seed, a.Number, salt+"hmac secret")},
		Ed25519: Ed25519Key{keyText(seed, a.Number, salt+"ed25519 key"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))},
	}
	known := [2]*APIKey{newKey(k.HMAC.Key, a), newKey(k.Ed25519.Key, a)}
	for i, key := range []any{sign.NewSecret(k.HMAC.Secret), ed.Public()} {
		if known[i].Verifier, err = sign.NewVerifier(key); err != nil {
			return Keys{}, known, fmt.Errorf("API key of account %d: %w", a.Number, err)
		}
	}
	return k, known, nil
}

// AddKey registers an API key for an account under a name of the front's own. One whose
// signatures the front checks itself has no verifier.
func (s *State) AddKey(name string, a *Account, v *sign.Verifier) *APIKey {
	k := newKey(name, a)
	k.Verifier = v
	s.keys[name] = k
	return k
}

// KeyText returns 64 letters and digits that the seed makes for an account and a purpose:
// a secret, a passphrase.
func (s *State) KeyText(a *Account, purpose string) string {
	return keyText(s.opt.Seed, a.Number, s.opt.Salt+purpose)
}

// KeySeed is KeyText for private keys: 32 bytes.
func (s *State) KeySeed(a *Account, purpose string) [sha256.Size]byte {
	return digest(s.opt.Seed, a.Number, s.opt.Salt+purpose)
}

func changePermissions(s *State, a *armed) {
	for _, name := range sortedKeys(s.keys) {
		if a.Key == "" || a.Key == name {
			s.keys[name].permissions = a.Permissions
		}
	}
}

// AddHMAC registers a key with a shared secret for an account.
func (s *State) AddHMAC(k HMACKey, a *Account) error {
	v, err := sign.NewVerifier(sign.NewSecret(k.Secret))
	if err != nil {
		return fmt.Errorf("API key %s: %w", k.Key, err)
	}
	s.AddKey(k.Key, a, v).Passphrase = k.Passphrase
	return nil
}
