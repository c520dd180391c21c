package sign

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// Key is what the venue gives out together: the name of a key and what signs
// for it.
type Key struct {
	// API is sent as X-MBX-APIKEY. It signs nothing, but it opens the user
	// stream of an account by itself, so it is kept like a secret.
	API Secret
	// Secret is the shared secret of an HMAC key, or a private key as PEM PKCS #8.
	Secret Secret
}

// LoadKey reads both halves from where two references point to; see [Load].
func LoadKey(api, secret string) (Key, error) {
	a, err := Load(api)
	if err != nil {
		return Key{}, fmt.Errorf("load the API key: %w", err)
	}
	s, err := Load(secret)
	if err != nil {
		return Key{}, fmt.Errorf("load the secret key: %w", err)
	}
	return Key{API: a, Secret: s}, nil
}

// pemMark begins every PEM block, and no HMAC secret.
const pemMark = "-----BEGIN"

// Signer returns a new signer: RSA or Ed25519 when the secret is a PEM private
// key, otherwise HMAC. Each call returns a signer of its own, because an HMAC
// signer serves one goroutine.
func (k Key) Signer() (Signer, error) {
	text := k.Secret.Reveal()
	if strings.Contains(text, pemMark) {
		return parsePrivate(text)
	}
	if i := strings.IndexFunc(text, notPrintable); i >= 0 {
		return nil, fmt.Errorf("secret key: byte %d is a space, a line break or no plain ASCII: an HMAC secret is one word, a private key begins with %s PRIVATE KEY", i, pemMark)
	}
	return asSigner(NewHMAC(k.Secret))
}

// asSigner keeps a typed nil out of the interface when there is an error.
func asSigner[S Signer](s S, err error) (Signer, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

func notPrintable(r rune) bool { return r <= ' ' || r > '~' }

// parsePrivate reads one PEM block. Its errors say what the block is, never
// what it holds.
func parsePrivate(text string) (Signer, error) {
	block, rest := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("private key: the PEM block is damaged: want the whole file, from BEGIN to END, with its line breaks")
	}
	if strings.Contains(string(rest), pemMark) {
		return nil, errors.New("private key: the text holds more than one PEM block: keep only the private key")
	}
	if block.Type != "PRIVATE KEY" {
		return nil, fmt.Errorf("private key: the PEM block is %q, want \"PRIVATE KEY\" (PKCS #8, without password); convert it with: openssl pkcs8 -topk8 -nocrypt", block.Type)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("private key: the PEM block is not a PKCS #8 key of a known kind: want RSA or Ed25519")
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return asSigner(NewRSA(key))
	case ed25519.PrivateKey:
		return asSigner(NewEd25519(key))
	}
	return nil, fmt.Errorf("private key: it is a %T, want RSA or Ed25519", key)
}

// PrivatePEM returns an RSA or Ed25519 private key in the form that Key.Secret
// takes.
func PrivatePEM(key crypto.PrivateKey) (Secret, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Secret{}, fmt.Errorf("private key of type %T to PKCS #8: want RSA or Ed25519", key)
	}
	return NewSecret(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))), nil
}
