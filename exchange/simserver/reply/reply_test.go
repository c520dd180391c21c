package reply

import (
	"encoding/json"
	"testing"

	"github.com/shopspring/decimal"
)

// Keys keep their order, and every kind of value is JSON.
func TestEncode(t *testing.T) {
	price := decimal.RequireFromString("1.50")
	v := Object{{"b", 1}, {"a", List{"x", true, nil, int64(2)}}, {"p", price}, {"n", Amount(price)}, {"r", Raw(`[0]`)}, {"q", "\"<é"},
		{"l", []Object{{{"k", []string{"v"}}}}}}.With(Field{"z", 1.5})
	want := `{"b":1,"a":["x",true,null,2],"p":"1.5","n":1.5,"r":[0],"q":"\"\u003cé","l":[{"k":["v"]}],"z":1.5}`
	if got := string(Encode(v)); got != want || !json.Valid([]byte(got)) {
		t.Errorf("%s, want %s", got, want)
	}
}
