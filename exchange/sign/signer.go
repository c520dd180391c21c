package sign

import (
	"crypto"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
)

// Kind is an algorithm of signing, as the venue names it.
type Kind uint8

const (
	KindHMAC    Kind = iota + 1 // HMAC-SHA256, lower-case hex
	KindRSA                     // PKCS #1 v1.5 over SHA-256, base64
	KindEd25519                 // over the raw payload, base64; the only kind that session.logon takes
)

func (k Kind) String() string {
	switch k {
	case KindHMAC:
		return "HMAC"
	case KindRSA:
		return "RSA"
	case KindEd25519:
		return "Ed25519"
	}
	return "none"
}

// Signer signs payloads with one key.
type Signer interface {
	Kind() Kind
	// AppendSignature appends the text form of the payload's signature to dst:
	// hex or base64 by Kind, not percent-encoded. dst may share memory with
	// payload and end where payload ends.
	AppendSignature(dst, payload []byte) ([]byte, error)
}

var (
	_ Signer = (*HMAC)(nil)
	_ Signer = (*RSA)(nil)
	_ Signer = (*Ed25519)(nil)
)

// HMAC signs with a shared secret and does not allocate: the digests of the
// padded key, inner and outer, are computed once and restored for each payload.
// It is therefore not safe for concurrent use; give each goroutine its own.
type HMAC struct {
	mac hash.Hash
	sum [sha256.Size]byte
}

// NewHMAC returns a signer for a secret that is not empty.
func NewHMAC(secret Secret) (*HMAC, error) {
	if secret.Empty() {
		return nil, errors.New("sign with HMAC: the secret is empty")
	}
	h := &HMAC{mac: hmac.New(sha256.New, []byte(secret.Reveal()))}
	h.mac.Reset() // saves the states of the padded key, which the first Reset does
	return h, nil
}

func (h *HMAC) Kind() Kind { return KindHMAC }

func (h *HMAC) AppendSignature(dst, payload []byte) ([]byte, error) {
	h.mac.Reset()
	h.mac.Write(payload)
	return hex.AppendEncode(dst, h.mac.Sum(h.sum[:0])), nil
}

// Format keeps the key out of prints: its digests are as good as the key.
func (h *HMAC) Format(f fmt.State, verb rune) { Secret{}.Format(f, verb) }

// minRSABits is the smallest modulus the venue registers (2048 or 4096).
const minRSABits = 2048

// RSA signs with PKCS #1 v1.5. It is safe for concurrent use.
type RSA struct{ key func() *rsa.PrivateKey }

// NewRSA returns a signer for a key of at least 2048 bits.
func NewRSA(key *rsa.PrivateKey) (*RSA, error) {
	if bits := key.N.BitLen(); bits < minRSABits {
		return nil, fmt.Errorf("sign with RSA: the key has %d bits: the venue takes 2048 or 4096", bits)
	}
	return &RSA{key: func() *rsa.PrivateKey { return key }}, nil
}

func (r *RSA) Kind() Kind { return KindRSA }

func (r *RSA) AppendSignature(dst, payload []byte) ([]byte, error) {
	digest := sha256.Sum256(payload)
	sig, err := rsa.SignPKCS1v15(nil, r.key(), crypto.SHA256, digest[:])
	if err != nil {
		return dst, fmt.Errorf("sign with RSA: %w", err)
	}
	return base64.StdEncoding.AppendEncode(dst, sig), nil
}

// Public returns the half that a Verifier takes.
func (r *RSA) Public() *rsa.PublicKey { return &r.key().PublicKey }

// Format keeps the key out of prints.
func (r *RSA) Format(f fmt.State, verb rune) { Secret{}.Format(f, verb) }

// Ed25519 signs the payload itself, without hashing it first. It is safe for
// concurrent use.
type Ed25519 struct{ key func() ed25519.PrivateKey }

// NewEd25519 returns a signer for a private key of the right length.
func NewEd25519(key ed25519.PrivateKey) (*Ed25519, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("sign with Ed25519: the private key has %d bytes, want %d", len(key), ed25519.PrivateKeySize)
	}
	return &Ed25519{key: func() ed25519.PrivateKey { return key }}, nil
}

func (e *Ed25519) Kind() Kind { return KindEd25519 }

func (e *Ed25519) AppendSignature(dst, payload []byte) ([]byte, error) {
	return base64.StdEncoding.AppendEncode(dst, ed25519.Sign(e.key(), payload)), nil
}

// Public returns the half that a Verifier takes.
func (e *Ed25519) Public() ed25519.PublicKey {
	return e.key().Public().(ed25519.PublicKey)
}

// Format keeps the key out of prints.
func (e *Ed25519) Format(f fmt.State, verb rune) { Secret{}.Format(f, verb) }
