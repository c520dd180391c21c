package sign

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

const someSecret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"

func hmacSigner(t testing.TB, secret string) *HMAC {
	t.Helper()
	s, err := NewHMAC(NewSecret(secret))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func signature(t testing.TB, s Signer, payload string) string {
	t.Helper()
	sig, err := s.AppendSignature(nil, []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return string(sig)
}

// HMAC must be crypto/hmac for every key, message and order of calls, also when
// the signature goes behind the payload in the same memory.
func TestHMACIsHMAC(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOfN(rapid.Byte(), 1, 200).Draw(t, "key")
		s := must(NewHMAC(NewSecret(string(key))))
		for range rapid.IntRange(1, 4).Draw(t, "calls") {
			payload := rapid.SliceOf(rapid.Byte()).Draw(t, "payload")
			mac := hmac.New(sha256.New, key)
			mac.Write(payload)
			got := must(s.AppendSignature(payload, payload))
			if want := hex.EncodeToString(mac.Sum(nil)); string(got[len(payload):]) != want {
				t.Fatalf("got %s, want %s", got[len(payload):], want)
			}
		}
	})
}

// rfc8032 are the test vectors of RFC 8032, section 7.1: TEST 1, 2, 3 and
// SHA(abc).
var rfc8032 = []struct{ name, seed, public, message, signature string }{
	{"TEST 1", "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
		"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
		"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
	{"TEST 2", "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
		"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
		"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
	{"TEST 3", "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
		"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
		"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
	{"TEST SHA(abc)", "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
		"ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
		"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
		"dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"},
}

func TestEd25519RFC8032(t *testing.T) {
	for _, v := range rfc8032 {
		t.Run(v.name, func(t *testing.T) {
			unhex := func(s string) []byte { return must(hex.DecodeString(s)) }
			s := must(NewEd25519(ed25519.NewKeyFromSeed(unhex(v.seed))))
			if got := hex.EncodeToString(s.Public()); got != v.public {
				t.Fatalf("public key %s, want %s", got, v.public)
			}
			got := signature(t, s, string(unhex(v.message)))
			if want := base64.StdEncoding.EncodeToString(unhex(v.signature)); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			if err := must(NewVerifier(s.Public())).Verify(unhex(v.message), got); err != nil {
				t.Error(err)
			}
		})
	}
}

var testRSA = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// signers returns one signer of each kind, with what verifies it.
func signers(t testing.TB) map[Kind]struct {
	Signer
	*Verifier
} {
	t.Helper()
	r := must(NewRSA(must(testRSA())))
	e := must(NewEd25519(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))))
	type both = struct {
		Signer
		*Verifier
	}
	return map[Kind]both{
		KindHMAC:    {hmacSigner(t, someSecret), must(NewVerifier(NewSecret(someSecret)))},
		KindRSA:     {r, must(NewVerifier(r.Public()))},
		KindEd25519: {e, must(NewVerifier(e.Public()))},
	}
}

func TestVerifyRefusesEveryChange(t *testing.T) {
	for kind, s := range signers(t) {
		t.Run(kind.String(), func(t *testing.T) {
			if s.Signer.Kind() != kind || s.Verifier.Kind() != kind {
				t.Fatalf("kinds are %v and %v", s.Signer.Kind(), s.Verifier.Kind())
			}
			payload := "symbol=BTCUSDT&timestamp=1"
			good := signature(t, s.Signer, payload)
			if err := s.Verify([]byte(payload), good); err != nil {
				t.Fatal(err)
			}
			for i := range payload {
				changed := []byte(payload)
				changed[i] ^= 1
				mustRefuse(t, s.Verifier, string(changed), good)
			}
			for i := range good {
				changed := []byte(good)
				changed[i] ^= 1
				// Case does not count in hex, but this is no change of case.
				mustRefuse(t, s.Verifier, payload, string(changed))
			}
			for _, bad := range []string{"", "00", good[1:], good + "00", good + "\n", " " + good, good + "=", "§"} {
				mustRefuse(t, s.Verifier, payload, bad)
			}
			if kind != KindHMAC {
				mustRefuse(t, s.Verifier, payload, strings.ToLower(good))
			}
		})
	}
}

// Base64 of 64 bytes ends in four bits that mean nothing: only zeros are the
// signature, or there would be sixteen spellings of it.
func TestVerifyRefusesOtherSpellings(t *testing.T) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	s := signers(t)[KindEd25519]
	good := signature(t, s.Signer, "a=1")
	body, padded := strings.CutSuffix(good, "==")
	last := strings.IndexByte(alphabet, body[len(body)-1])
	if !padded || last%16 != 0 {
		t.Fatalf("not the base64 of 64 bytes: %s", good)
	}
	for bits := 1; bits < 16; bits++ {
		mustRefuse(t, s.Verifier, "a=1", body[:len(body)-1]+alphabet[last+bits:last+bits+1]+"==")
	}
}

func mustRefuse(t *testing.T, v *Verifier, payload, signature string) {
	t.Helper()
	if err := v.Verify([]byte(payload), signature); !errors.Is(err, ErrSignature) {
		t.Errorf("%q with %q: %v, want ErrSignature", payload, signature, err)
	}
}

func TestSmallRSAKeyIsRefused(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Skip(err)
	}
	if _, err := NewRSA(key); err == nil || !strings.Contains(err.Error(), "1024 bits: the venue takes 2048 or 4096") {
		t.Errorf("got %v", err)
	}
}

func TestBadKeysOfVerifier(t *testing.T) {
	for _, key := range []any{nil, "text", Secret{}, ed25519.PublicKey{1}, 7} {
		if v, err := NewVerifier(key); err == nil {
			t.Errorf("%T: got %v, want an error", key, v.Kind())
		}
	}
	if _, err := NewHMAC(Secret{}); err == nil {
		t.Error("an empty HMAC secret was taken")
	}
	if _, err := NewEd25519(nil); err == nil {
		t.Error("an empty Ed25519 key was taken")
	}
}
