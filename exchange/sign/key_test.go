package sign

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestKeyPicksSigner(t *testing.T) {
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for want, secret := range map[Kind]Secret{
		KindHMAC:    NewSecret(someSecret),
		KindRSA:     must(PrivatePEM(must(testRSA()))),
		KindEd25519: must(PrivatePEM(edKey)),
	} {
		s, err := Key{Secret: secret}.Signer()
		if err != nil {
			t.Errorf("%v: %v", want, err)
		} else if s.Kind() != want {
			t.Errorf("got a signer by %v, want %v", s.Kind(), want)
		}
	}
}

func TestBadKeys(t *testing.T) {
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	ec := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	good := must(PrivatePEM(must(testRSA()))).Reveal()
	cases := map[string]struct{ secret, want string }{
		"empty":           {"", "the secret is empty"},
		"two words":       {canary + " " + canary, "byte 64 is a space"},
		"line break":      {canary + "\n" + canary, "byte 64 is a space, a line break"},
		"not ASCII":       {"é" + canary, "byte 0"},
		"damaged":         {pemMark + " PRIVATE KEY-----\n" + canary, "damaged"},
		"PKCS #1":         {block("RSA PRIVATE KEY", []byte(canary)), "openssl pkcs8 -topk8 -nocrypt"},
		"with password":   {block("ENCRYPTED PRIVATE KEY", []byte(canary)), "without password"},
		"public half":     {block("PUBLIC KEY", []byte(canary)), `the PEM block is "PUBLIC KEY"`},
		"no PKCS #8":      {block("PRIVATE KEY", []byte(canary)), "want RSA or Ed25519"},
		"elliptic curve":  {block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(ec))), "want RSA or Ed25519"},
		"two keys":        {good + good, "more than one PEM block"},
		"cut in the base": {good[:400], "damaged"},
	}
	for name, c := range cases {
		s, err := Key{Secret: NewSecret(c.secret)}.Signer()
		if err == nil || s != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, %v, want %q", name, s, err, c.want)
			continue
		}
		mustNotLeak(t, name, err.Error())
	}
	if _, err := PrivatePEM(canary); err == nil {
		t.Error("a string was taken for a private key")
	}
}

func TestLoadEnv(t *testing.T) {
	t.Setenv("PERILUNE_TEST_SECRET", "  "+canary+"\n")
	s, err := Load("env:PERILUNE_TEST_SECRET")
	if err != nil || s.Reveal() != canary {
		t.Fatalf("got %q, %v", s.Reveal(), err)
	}
	oneLine := strings.ReplaceAll(must(PrivatePEM(must(testRSA()))).Reveal(), "\n", `\n`)
	t.Setenv("PERILUNE_TEST_PEM", oneLine)
	if signer, err := (Key{Secret: must(Load("env:PERILUNE_TEST_PEM"))}).Signer(); err != nil || signer.Kind() != KindRSA {
		t.Errorf("PEM on one line: got %v, %v", signer, err)
	}
}

func TestLoadFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such permissions")
	}
	path := writeKey(t, t.TempDir(), "key", canary+"\n")
	for perm, ok := range map[os.FileMode]bool{
		0o600: true, 0o400: true,
		0o640: false, 0o604: false, 0o660: false, 0o644: false, 0o666: false, 0o620: false, 0o601: false, 0o777: false,
	} {
		if err := os.Chmod(path, perm); err != nil {
			t.Fatal(err)
		}
		s, err := Load("file:" + path)
		switch {
		case ok && (err != nil || s.Reveal() != canary):
			t.Errorf("%04o: got %q, %v", perm, s.Reveal(), err)
		case !ok && (err == nil || !strings.Contains(err.Error(), fmt.Sprintf("permissions are %04o", perm)) || !strings.Contains(err.Error(), "chmod 0600 "+path)):
			t.Errorf("%04o: got %v", perm, err)
		}
	}
}

func TestLoadCredential(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such permissions")
	}
	dir := t.TempDir()
	path := writeKey(t, dir, "binance", canary)
	t.Setenv(credentialsDir, dir)
	if err := os.Chmod(path, 0o440); err != nil { // as systemd leaves it, with an ACL
		t.Fatal(err)
	}
	if s, err := Load("credential:binance"); err != nil || s.Reveal() != canary {
		t.Errorf("got %q, %v", s.Reveal(), err)
	}
	if err := os.Chmod(path, 0o444); err != nil {
		t.Fatal(err)
	}
	if _, err := Load("credential:binance"); err == nil || !strings.Contains(err.Error(), "0444") {
		t.Errorf("readable by all: got %v", err)
	}
}

func TestLoadRefuses(t *testing.T) {
	dir := t.TempDir()
	long := writeKey(t, dir, "long", strings.Repeat("x", maxSecretBytes+1))
	blank := writeKey(t, dir, "blank", " \n\t")
	t.Setenv("PERILUNE_TEST_BLANK", "  ")
	t.Setenv(credentialsDir, dir)
	for ref, want := range map[string]string{
		canary:                      "points nowhere: want env:NAME, file:PATH or credential:NAME",
		"":                          "a reference of 0 bytes",
		"env:":                      "points nowhere",
		"vault:x":                   "points nowhere",
		"env:" + canary:             "want up to 63 of A-Z",
		"env:PERILUNE_TEST_NOT_SET": "PERILUNE_TEST_NOT_SET is not set",
		"env:PERILUNE_TEST_BLANK":   "PERILUNE_TEST_BLANK is empty",
		"file:" + dir:               "not a regular file",
		"file:" + long:              "longer than any key",
		"file:" + blank:             "is empty",
		"file:" + dir + "/none":     "no such file",
		"credential:../" + "blank":  "without directories",
		"credential:none":           "no such file",
	} {
		s, err := Load(ref)
		if err == nil || !s.Empty() || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", ref, err, want)
			continue
		}
		mustNotLeak(t, ref, err.Error())
	}
	t.Setenv(credentialsDir, "")
	if _, err := Load("credential:x"); err == nil || !strings.Contains(err.Error(), "LoadCredential=x:PATH") {
		t.Errorf("without a directory: got %v", err)
	}
}

func TestLoadKey(t *testing.T) {
	t.Setenv("PERILUNE_TEST_API", "api")
	t.Setenv("PERILUNE_TEST_SECRET", canary)
	k, err := LoadKey("env:PERILUNE_TEST_API", "env:PERILUNE_TEST_SECRET")
	if err != nil || k.API.Reveal() != "api" || k.Secret.Reveal() != canary {
		t.Fatalf("got %v", err)
	}
	if _, err := LoadKey("env:PERILUNE_TEST_NONE", "env:PERILUNE_TEST_SECRET"); err == nil || !strings.HasPrefix(err.Error(), "load the API key: ") {
		t.Errorf("got %v", err)
	}
	if _, err := LoadKey("env:PERILUNE_TEST_API", "env:PERILUNE_TEST_NONE"); err == nil || !strings.HasPrefix(err.Error(), "load the secret key: ") {
		t.Errorf("got %v", err)
	}
}

func writeKey(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
