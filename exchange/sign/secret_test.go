package sign

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"strings"
	"testing"
)

// canary is searched for in everything that is printed.
const canary = "CANARYsecretCANARYsecretCANARYsecretCANARYsecretCANARYsecret0123"

// hidden holds secrets where fmt reaches them only by reflection.
type hidden struct {
	name   string
	secret Secret
	nested *struct{ s Secret }
	list   []Secret
	table  map[string]Secret
	any    any
}

func (h hidden) use() string { return h.name }

func holders(t *testing.T) map[string]any {
	s := NewSecret(canary)
	nested := &struct{ s Secret }{s}
	h := hidden{"n", s, nested, []Secret{s}, map[string]Secret{"k": s}, s}
	signer, err := Key{Secret: s}.Signer()
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := NewVerifier(s)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{
		"secret": s, "pointer": &s, "zero": Secret{},
		"key": Key{API: s, Secret: s}, "key pointer": &Key{API: s, Secret: s},
		"unexported": h, "unexported pointer": &h, "name": h.use(),
		"slice": []Secret{s}, "map": map[string]Secret{"k": s}, "array": [1]Secret{s},
		"interface": []any{s, &s}, "struct": struct{ S Secret }{s},
		"error":  fmt.Errorf("key %v of %s: %w", s, s, errors.New("refused")),
		"signer": signer, "signer inside": struct{ s Signer }{signer},
		"verifier": verifier, "verifier inside": struct{ v *Verifier }{verifier},
	}
}

// needles are the spellings under which a leak may hide.
func needles() []string {
	return []string{
		canary, canary[:12],
		fmt.Sprintf("%x", canary[:12]), fmt.Sprintf("%X", canary[:12]),
		fmt.Sprint([]byte(canary[:6]))[1:15], // as %v prints bytes
		fmt.Sprintf("%#v", []byte(canary[:6]))[7:20],
		"Q0FOQVJZc2VjcmV0", // base64 of its start
	}
}

func mustNotLeak(t *testing.T, how, text string) {
	t.Helper()
	for _, n := range needles() {
		if strings.Contains(text, n) {
			t.Errorf("%s leaks: %s", how, text)
		}
	}
}

func TestSecretIsNeverFormatted(t *testing.T) {
	verbs := []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%#x", "%d", "%p", "%t", "%c", "%U", "%b", "%o", "%e", "%T", "%w", "%z", "%10.3s", "%-70v", "%[2]v", "%*d"}
	for name, value := range holders(t) {
		for _, verb := range verbs {
			mustNotLeak(t, name+" by "+verb, fmt.Sprintf(verb, value))
		}
		mustNotLeak(t, name+" by Sprint", fmt.Sprint(value)+fmt.Sprintln(value))
		mustNotLeak(t, name+" by Errorf", fmt.Errorf("%v %w", value, errors.New("x")).Error())
	}
}

func TestSecretIsNeverLogged(t *testing.T) {
	for name, value := range holders(t) {
		var out bytes.Buffer
		for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
			slog.New(h).Info("m", "v", value, slog.Group("g", "v", value))
			slog.New(h).With("v", value).Info("m")
		}
		log.New(&out, "", 0).Print(value)
		mustNotLeak(t, name+" by a log", out.String())
		if !strings.Contains(out.String(), "v=") {
			t.Fatalf("%s was not logged at all: %s", name, out.String())
		}
	}
}

func TestSecretIsNeverEncoded(t *testing.T) {
	for name, value := range holders(t) {
		// An encoder may refuse a holder; it may not write the secret.
		asJSON, _ := json.Marshal(value)
		asXML, err := xml.Marshal(value)
		mustNotLeak(t, name+" by an encoder", string(asJSON)+string(asXML)+fmt.Sprint(err))
	}
}

func TestSecretPanicDoesNotLeak(t *testing.T) {
	defer func() { mustNotLeak(t, "panic", fmt.Sprint(recover())) }()
	panic(Key{Secret: NewSecret(canary)})
}

func TestMask(t *testing.T) {
	s := NewSecret(canary)
	asJSON, err := json.Marshal(map[string]any{"s": s, "k": Key{API: s}})
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []string{fmt.Sprint(s), fmt.Sprintf("%q", s), fmt.Sprintf("%+v", &s), s.String(), s.LogValue().String()} {
		if got != Mask {
			t.Errorf("printed %q, want %q", got, Mask)
		}
	}
	for _, signer := range signers(t) {
		if got := fmt.Sprintf("%+v", signer.Signer); got != Mask {
			t.Errorf("a signer by %v prints as %q, want %q", signer.Signer.Kind(), got, Mask)
		}
	}
	if want := `{"k":{"API":"•••","Secret":"•••"},"s":"•••"}`; string(asJSON) != want {
		t.Errorf("JSON %s, want %s", asJSON, want)
	}
}

// The needles must find a leak, or the tests above prove nothing.
func TestNeedlesFindLeaks(t *testing.T) {
	type leaky struct{ s []byte }
	for _, text := range []string{
		canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary),
		fmt.Sprintf("%+v", leaky{[]byte(canary)}), fmt.Sprintf("%#v", leaky{[]byte(canary)}),
		fmt.Sprint(&leaky{[]byte(canary)}), "a: " + string(must(json.Marshal([]byte(canary)))),
	} {
		found := false
		for _, n := range needles() {
			found = found || strings.Contains(text, n)
		}
		if !found {
			t.Errorf("not found in %s", text)
		}
	}
}

// A private key's seed must stay inside its signer too.
func TestPrivateKeyIsNeverFormatted(t *testing.T) {
	seed := bytes.Repeat([]byte{0xAB}, ed25519.SeedSize)
	signer, err := NewEd25519(ed25519.NewKeyFromSeed(seed))
	if err != nil {
		t.Fatal(err)
	}
	inside := struct{ s *Ed25519 }{signer}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		text := fmt.Sprintf(verb, signer) + fmt.Sprintf(verb, inside) + fmt.Sprintf(verb, *signer)
		for _, n := range []string{"abab", "ABAB", "171 171", "0xab, 0xab"} {
			if strings.Contains(text, n) {
				t.Errorf("%s leaks: %s", verb, text)
			}
		}
	}
}

func TestSecretEqual(t *testing.T) {
	a := NewSecret("a")
	if !a.Equal(NewSecret("a")) || a.Equal(NewSecret("b")) || a.Equal(Secret{}) || !(Secret{}).Equal(NewSecret("")) {
		t.Error("Equal is wrong")
	}
	if a.Empty() || !(Secret{}).Empty() || !NewSecret("").Empty() {
		t.Error("Empty is wrong")
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
