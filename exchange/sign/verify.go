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
	"strings"
)

// ErrSignature says that a signature is not that of the payload.
var ErrSignature = errors.New("the signature is not valid for this request")

// Verifier checks signatures of one key, as a venue does. It is safe for
// concurrent use.
type Verifier struct {
	kind   Kind
	secret Secret
	public crypto.PublicKey
}

// NewVerifier takes an HMAC [Secret], an *rsa.PublicKey or an ed25519.PublicKey.
func NewVerifier(key any) (*Verifier, error) {
	switch k := key.(type) {
	case Secret:
		if k.Empty() {
			return nil, errors.New("verify with HMAC: the secret is empty")
		}
		return &Verifier{kind: KindHMAC, secret: k}, nil
	case *rsa.PublicKey:
		return &Verifier{kind: KindRSA, public: k}, nil
	case ed25519.PublicKey:
		if len(k) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("verify with Ed25519: the public key has %d bytes, want %d", len(k), ed25519.PublicKeySize)
		}
		return &Verifier{kind: KindEd25519, public: k}, nil
	}
	return nil, fmt.Errorf("verify with a %T: want a Secret, *rsa.PublicKey or ed25519.PublicKey", key)
}

// Kind is the algorithm of the key.
func (v *Verifier) Kind() Kind { return v.kind }

// Verify checks a signature in its text form, percent-decoded. Hex may be in
// either case; base64 is exact. Every failure is an ErrSignature.
func (v *Verifier) Verify(payload []byte, signature string) error {
	raw, err := v.decode(signature)
	if err != nil {
		return fmt.Errorf("%w: %v", ErrSignature, err)
	}
	if !v.matches(payload, raw) {
		return ErrSignature
	}
	return nil
}

func (v *Verifier) decode(signature string) ([]byte, error) {
	if v.kind == KindHMAC {
		raw, err := hex.DecodeString(signature)
		if err != nil {
			return nil, errors.New("an HMAC signature is 64 hex digits")
		}
		return raw, nil
	}
	// Strict, and no line breaks: two spellings of one signature would let a
	// request be replayed as another.
	raw, err := base64.StdEncoding.Strict().DecodeString(signature)
	if err != nil || strings.ContainsAny(signature, "\r\n") {
		return nil, fmt.Errorf("a signature by %s is base64, percent-encoded in a URL", v.kind)
	}
	return raw, nil
}

func (v *Verifier) matches(payload, raw []byte) bool {
	switch v.kind {
	case KindHMAC:
		mac := hmac.New(sha256.New, []byte(v.secret.Reveal()))
		mac.Write(payload)
		return hmac.Equal(mac.Sum(nil), raw)
	case KindRSA:
		digest := sha256.Sum256(payload)
		return rsa.VerifyPKCS1v15(v.public.(*rsa.PublicKey), crypto.SHA256, digest[:], raw) == nil
	case KindEd25519:
		return ed25519.Verify(v.public.(ed25519.PublicKey), payload, raw)
	}
	return false
}
