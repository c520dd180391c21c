package signing

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/sign"
)

var (
	tenth = exchange.MustStep("0.1")
	one   = exchange.MustStep("1")
)

func TestQueryPublished(t *testing.T) {
	order := func(q *Query, symbol string) {
		q.Reset()
		q.Text("symbol", symbol)
		q.Text("side", "BUY")
		q.Text("type", "LIMIT")
		q.Text("timeInForce", "GTC")
		q.Steps("quantity", 1, one)
		q.Steps("price", 1, tenth)
	}
	var q Query
	s := hmacSigner(t, spotSecret)
	for i, symbol := range []string{"LTCBTC", "１２３４５６"} {
		order(&q, symbol)
		got, err := q.Sign(s, exchange.UnixMilli(1499827319559), 5*exchange.Second)
		if err != nil {
			t.Fatal(err)
		}
		if want := published[i].payload + "&signature=" + published[i].signature; string(got) != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

func TestQueryText(t *testing.T) {
	for value, want := range map[string]string{
		"":                       "p=",
		"AZaz09-._~":             "p=AZaz09-._~",
		"a b":                    "p=a%20b",
		"+/=&?#%":                "p=%2B%2F%3D%26%3F%23%25",
		`[{"symbol":"BTCUSDT"}]`: "p=%5B%7B%22symbol%22%3A%22BTCUSDT%22%7D%5D",
		"币安人生USDT":               "p=%E5%B8%81%E5%AE%89%E4%BA%BA%E7%94%9FUSDT",
		"\x00\x7f":               "p=%00%7F",
	} {
		var q Query
		q.Text("p", value)
		if got, err := q.Unsigned(); err != nil || string(got) != want {
			t.Errorf("%q: got %s, %v, want %s", value, got, err, want)
		}
	}
}

// Signing again replaces the stamp and nothing else; parameters may still be
// added after a signature.
func TestQuerySignAgain(t *testing.T) {
	var q Query
	s := hmacSigner(t, spotSecret)
	q.Bool("reduceOnly", true)
	q.Int("orderId", -9007199254740993)
	first := string(must(q.Sign(s, exchange.UnixMilli(1), 0)))
	again := string(must(q.Sign(s, exchange.UnixMilli(2), exchange.Minute)))
	wantSigned(t, s, first, "reduceOnly=true&orderId=-9007199254740993&timestamp=1")
	wantSigned(t, s, again, "reduceOnly=true&orderId=-9007199254740993&recvWindow=60000&timestamp=2")
	q.Text("symbol", "A")
	wantSigned(t, s, string(must(q.Sign(s, exchange.UnixMilli(3), 0))), "reduceOnly=true&orderId=-9007199254740993&symbol=A&timestamp=3")
	if got := string(must(q.Unsigned())); got != "reduceOnly=true&orderId=-9007199254740993&symbol=A" {
		t.Errorf("unsigned: %s", got)
	}
	q.Reset()
	wantSigned(t, s, string(must(q.Sign(s, exchange.UnixMilli(4), 0))), "timestamp=4")
}

func wantSigned(t *testing.T, s sign.Signer, got, payload string) {
	t.Helper()
	if want := payload + "&signature=" + signature(t, s, payload); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestQueryRefuses(t *testing.T) {
	s := hmacSigner(t, spotSecret)
	for _, window := range []exchange.Time{-1, 1, exchange.Millisecond - 1, exchange.Minute + 1} {
		var q Query
		if _, err := q.Sign(s, exchange.Second, window); err == nil || !strings.Contains(err.Error(), "want 1 to 60000 ms") {
			t.Errorf("recvWindow %d: got %v", window, err)
		}
	}
	var q Query
	q.Text("symbol", "A\xffB")
	q.Text("side", "\xfe")
	want := `parameter symbol: "A\xffB" is not UTF-8`
	if _, err := q.Sign(s, exchange.Second, 0); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if _, err := q.Unsigned(); err == nil {
		t.Error("unsigned text that is not UTF-8")
	}
	q.Reset()
	if _, err := q.Sign(s, exchange.Second, 0); err != nil {
		t.Errorf("after Reset: %v", err)
	}
}

// What a Query sends, a venue cuts apart, verifies and reads back: with every
// kind of key, for every text.
func TestQueryReachesServer(t *testing.T) {
	all := signers(t)
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-zA-Z]{1,9}`), 0, 5, rapid.ID).Draw(t, "names")
		if slices.Contains(names, "signature") {
			t.Skip()
		}
		var q Query
		want := url.Values{"timestamp": {"5"}}
		for _, n := range names {
			v := rapid.String().Draw(t, n)
			q.Text(n, v)
			want.Add(n, v)
		}
		s := all[rapid.SampledFrom([]sign.Kind{sign.KindHMAC, sign.KindEd25519, sign.KindRSA}).Draw(t, "kind")]
		sent := string(must(q.Sign(s.Signer, 5*exchange.Millisecond, 0)))
		query, body := sent, ""
		if i := strings.IndexByte(sent, '&'); i > 0 && rapid.Bool().Draw(t, "split") {
			query, body = sent[:i], sent[i:] // as a client that signs both parts together
		}
		payload, sig, err := Cut(query, body)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Verify([]byte(payload), sig); err != nil {
			t.Fatalf("%s: %v", sent, err)
		}
		got := must(url.ParseQuery(payload))
		if got.Encode() != want.Encode() {
			t.Fatalf("the server reads %v, want %v", got, want)
		}
	})
}

func TestCut(t *testing.T) {
	for _, c := range []struct{ query, body, payload, signature, err string }{
		{"a=1&signature=ab", "", "a=1", "ab", ""},
		{"", "a=1&signature=ab", "a=1", "ab", ""},
		{"a=1", "b=2&signature=ab", "a=1b=2", "ab", ""},
		{"a=1&signature=ab", "b=2", "a=1b=2", "ab", ""},
		{"signature=ab", "", "", "ab", ""},
		{"a=1&signature=a%2Bb%2Fc%3D", "", "a=1", "a+b/c=", ""},
		{"a=1&signature=a+b/c=", "", "a=1", "a b/c=", ""}, // not encoded: no longer base64
		{"a=1&signature=", "", "a=1", "", ""},
		{"a=1", "", "", "", "missing"},
		{"", "", "", "", "missing"},
		{"signature=ab&a=1", "", "", "", "not the last"},
		{"a=1&xsignature=ab", "", "", "", "missing"},
		{"signature=ab", "signature=ab", "", "", "in the query and in the body"},
		{"a=1&signature=%zz", "", "", "", "invalid URL escape"},
	} {
		payload, sig, err := Cut(c.query, c.body)
		if payload != c.payload || sig != c.signature || (err == nil) != (c.err == "") {
			t.Errorf("Cut(%q, %q) = %q, %q, %v", c.query, c.body, payload, sig, err)
		}
		if err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("Cut(%q, %q): %v, want %q", c.query, c.body, err, c.err)
		}
	}
}

// The venue's example of a mixed request, with the space that its hash covers
// and, unencoded, its body.
func TestCutPublishedMixed(t *testing.T) {
	v := published[5]
	payload, sig, err := Cut("symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC",
		"quantity=1&price=9000&recvWindow=5000&timestamp= 1591702613943&signature="+v.signature)
	if err != nil || payload != v.payload {
		t.Fatalf("got %q, %v", payload, err)
	}
	if err := must(sign.NewVerifier(sign.NewSecret(v.secret))).Verify([]byte(payload), sig); err != nil {
		t.Error(err)
	}
}

const publishedAPI = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"

func TestParamsPublished(t *testing.T) {
	s := hmacSigner(t, spotSecret)
	for _, c := range []struct {
		vector                        int
		side, symbol, price, quantity string
		window                        exchange.Time
	}{
		{vector: 2, side: "SELL", symbol: "BTCUSDT", price: "52000.00", quantity: "0.01000000", window: 100 * exchange.Millisecond},
		{vector: 3, side: "BUY", symbol: "１２３４５６", price: "0.10000000", quantity: "1.00000000", window: 5 * exchange.Second},
	} {
		var p Params
		p.Text("symbol", c.symbol)
		p.Text("side", c.side)
		p.Text("type", "LIMIT")
		p.Text("timeInForce", "GTC")
		p.Text("price", c.price)
		p.Text("quantity", c.quantity)
		for range 2 { // signing again must not add anything
			if err := p.Sign(s, sign.NewSecret(publishedAPI), exchange.UnixMilli(1645423376532), c.window); err != nil {
				t.Fatal(err)
			}
		}
		v := published[c.vector]
		if got := string(p.AppendPayload(nil)); got != v.payload {
			t.Errorf("got payload\n%s\nwant\n%s", got, v.payload)
		}
		var sent map[string]any
		if err := json.Unmarshal(must(p.AppendJSON(nil)), &sent); err != nil {
			t.Fatal(err)
		}
		if sent["signature"] != v.signature || sent["symbol"] != c.symbol || sent["price"] != c.price || sent["timestamp"] != 1645423376532.0 {
			t.Errorf("sent %v", sent)
		}
	}
}

func TestParamsJSON(t *testing.T) {
	var p Params
	p.Steps("quantity", 3, tenth)
	p.Int("orderId", 9007199254740993)
	p.Bool("postOnly", true)
	p.Text("note", "\"\\\n<é>")
	if err := p.Stamp(exchange.UnixMilli(7), 0); err != nil {
		t.Fatal(err)
	}
	want := `{"note":"\"\\\u000a<é>","orderId":9007199254740993,"postOnly":true,"quantity":"0.3","timestamp":7}`
	if got := string(must(p.AppendJSON(nil))); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	p.Reset()
	if got := string(must(p.AppendJSON(nil))); got != "{}" {
		t.Errorf("after Reset: %s", got)
	}
}

func TestParamsRefuse(t *testing.T) {
	s := hmacSigner(t, spotSecret)
	for want, fill := range map[string]func(*Params){
		"parameter symbol is given twice":       func(p *Params) { p.Text("symbol", "A"); p.Int("symbol", 1) },
		`parameter symbol: "\xff" is not UTF-8`: func(p *Params) { p.Text("symbol", "\xff") },
	} {
		var p Params
		fill(&p)
		if err := p.Sign(s, sign.NewSecret("k"), exchange.Second, 0); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		if _, err := p.AppendJSON(nil); err == nil || err.Error() != want {
			t.Errorf("JSON: got %v, want %s", err, want)
		}
	}
	var p Params
	if err := p.Sign(s, sign.NewSecret("k"), exchange.Second, 2*exchange.Minute); err == nil {
		t.Error("a recvWindow of two minutes was taken")
	}
}

// Whatever is sent as JSON, a server that sorts what it decodes gets the payload
// that was signed.
func TestParamsReachServer(t *testing.T) {
	all := signers(t)
	rapid.Check(t, func(t *rapid.T) {
		s := all[rapid.SampledFrom([]sign.Kind{sign.KindHMAC, sign.KindEd25519}).Draw(t, "kind")]
		var p Params
		for _, n := range rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{1,6}`), 0, 6, rapid.ID).Draw(t, "names") {
			p.Text(n, rapid.String().Draw(t, n))
		}
		if err := p.Sign(s.Signer, sign.NewSecret("K"), 5*exchange.Second, exchange.Second); err != nil {
			t.Fatal(err)
		}
		var sent map[string]json.RawMessage
		if err := json.Unmarshal(must(p.AppendJSON(nil)), &sent); err != nil {
			t.Fatal(err)
		}
		sig := text(t, sent["signature"])
		delete(sent, "signature")
		var pairs []string
		for n, raw := range sent {
			pairs = append(pairs, n+"="+text(t, raw))
		}
		slices.Sort(pairs)
		// Names here are letters, which are above =, so that sorting the pairs
		// sorts the names.
		if err := s.Verify([]byte(strings.Join(pairs, "&")), sig); err != nil {
			t.Fatalf("%v: %v", pairs, err)
		}
	})
}

// text returns a JSON value as it is signed.
func text(t *rapid.T, raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return string(raw)
	}
	return s
}

func FuzzCut(f *testing.F) {
	f.Add("a=1&signature=ab", "b=2")
	f.Add("", "signature=%2B")
	f.Add("&&signature=&", "=&signature=%")
	f.Fuzz(func(t *testing.T, query, body string) {
		payload, sig, err := Cut(query, body)
		if err != nil {
			return
		}
		// Nothing but the signature and its separator may be lost.
		if lost := len(query) + len(body) - len(payload); lost < len("signature=") || !strings.Contains(query+body, "signature=") {
			t.Errorf("Cut(%q, %q) = %q, %q", query, body, payload, sig)
		}
		if utf8.ValidString(query+body) != utf8.ValidString(payload) && utf8.ValidString(query+body) {
			t.Errorf("Cut(%q, %q) broke the text: %q", query, body, payload)
		}
	})
}
