package signing

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange/datatest"
	"github.com/perilune/perilune/exchange/sign"
)

const (
	spotSecret    = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
	futuresSecret = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"
)

// published are the examples of the venue's manuals (spot REST and WebSocket
// API of 2026-07-21, USD-M general information of 2026-05-28). The last one
// covers a space that the manual has after "timestamp=".
var published = []struct{ name, secret, payload, signature string }{
	{"spot REST", spotSecret,
		"symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559",
		"c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"},
	{"spot REST, symbol percent-encoded", spotSecret,
		"symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559",
		"e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3"},
	{"WebSocket API", spotSecret,
		"apiKey=vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A&price=52000.00&quantity=0.01000000&recvWindow=100&side=SELL&symbol=BTCUSDT&timeInForce=GTC&timestamp=1645423376532&type=LIMIT",
		"aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24"},
	{"WebSocket API, symbol in raw UTF-8", spotSecret,
		"apiKey=vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A&price=0.10000000&quantity=1.00000000&recvWindow=5000&side=BUY&symbol=１２３４５６&timeInForce=GTC&timestamp=1645423376532&type=LIMIT",
		"b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd"},
	{"USD-M REST", futuresSecret,
		"symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&recvWindow=5000&timestamp=1591702613943",
		"3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9"},
	{"USD-M REST, query and body", futuresSecret,
		"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTCquantity=1&price=9000&recvWindow=5000&timestamp= 1591702613943",
		"f9d0ae5e813ef6ccf15c2b5a434047a0181cb5a342b903b367ca6d27a66e36f2"},
}

func hmacSigner(t testing.TB, secret string) *sign.HMAC {
	t.Helper()
	s, err := sign.NewHMAC(sign.NewSecret(secret))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func signature(t testing.TB, s sign.Signer, payload string) string {
	t.Helper()
	sig, err := s.AppendSignature(nil, []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return string(sig)
}

// signers returns one signer of each kind, with what verifies it.
func signers(t testing.TB) map[sign.Kind]struct {
	sign.Signer
	*sign.Verifier
} {
	t.Helper()
	r := must(sign.NewRSA(must(rsa.GenerateKey(rand.Reader, 2048))))
	e := must(sign.NewEd25519(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))))
	type both = struct {
		sign.Signer
		*sign.Verifier
	}
	return map[sign.Kind]both{
		sign.KindHMAC:    {hmacSigner(t, spotSecret), must(sign.NewVerifier(sign.NewSecret(spotSecret)))},
		sign.KindRSA:     {r, must(sign.NewVerifier(r.Public()))},
		sign.KindEd25519: {e, must(sign.NewVerifier(e.Public()))},
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestHMACPublished(t *testing.T) {
	for _, v := range published {
		t.Run(v.name, func(t *testing.T) {
			s := hmacSigner(t, v.secret)
			for range 3 { // the restored states must serve any number of times
				if got := signature(t, s, v.payload); got != v.signature {
					t.Fatalf("got %s, want %s", got, v.signature)
				}
			}
			verifier := must(sign.NewVerifier(sign.NewSecret(v.secret)))
			for _, sig := range []string{v.signature, strings.ToUpper(v.signature)} {
				if err := verifier.Verify([]byte(v.payload), sig); err != nil {
					t.Errorf("Verify %s: %v", sig, err)
				}
			}
		})
	}
}

// The shared collection may grow; all of it must hold.
func TestHMACCollected(t *testing.T) {
	file := must(os.ReadFile(datatest.Path(t, "samples/binance/signature_vectors.json")))
	var vectors struct {
		HMAC []struct{ Name, Secret, Payload, Signature string }
	}
	if err := json.Unmarshal(file, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors.HMAC) == 0 {
		t.Fatal("the file has no HMAC vectors")
	}
	for _, v := range vectors.HMAC {
		if got := signature(t, hmacSigner(t, v.Secret), v.Payload); got != v.Signature {
			t.Errorf("%s: got %s, want %s", v.Name, got, v.Signature)
		}
	}
}
