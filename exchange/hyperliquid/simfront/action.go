package simfront

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/hyperliquid/api"
	"github.com/perilune/perilune/exchange/hyperliquid/signing"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// envelope is what /exchange is sent.
type envelope struct {
	Action    json.RawMessage `json:"action"`
	Nonce     uint64          `json:"nonce"`
	Signature struct {
		R string `json:"r"`
		S string `json:"s"`
		V byte   `json:"v"`
	} `json:"signature"`
	Vault   string `json:"vaultAddress"`
	Expires uint64 `json:"expiresAfter"`
}

// desk carries out what is signed.
type desk struct{ *dialect }

// call is an action while it is carried out.
type call struct {
	*owner
	action signing.Object
	kind   string
}

// refused is an action that is refused as a whole, in words.
func refused(format string, a ...any) *simserver.Answer {
	return answer(reply.Object{{"status", "err"}, {"response", fmt.Sprintf(format, a...)}})
}

func done(kind string, data reply.Object) *simserver.Answer {
	response := reply.Object{{"type", kind}}
	if data != nil {
		response = response.With(reply.Field{"data", data})
	}
	return answer(reply.Object{{"status", "ok"}, {"response", response}})
}

// exchange answers /exchange.
func (d desk) exchange(ip string, body []byte) *simserver.Answer {
	var e envelope
	if json.Unmarshal(body, &e) != nil || len(e.Action) == 0 {
		return text(http.StatusUnprocessableEntity, "Failed to deserialize the JSON body into the target type")
	}
	value, err := signing.Parse(e.Action)
	action, ok := value.(signing.Object)
	kind, named := action.Get("type").(signing.Text)
	if err != nil || !ok || !named {
		return text(http.StatusUnprocessableEntity, "Failed to deserialize the JSON body into the target type")
	}
	if a := d.refusedFirst(ip, 1); a != nil {
		return a
	}
	if e.Vault != "" {
		return refused("Vault not registered: %s", e.Vault)
	}
	c := &call{action: action, kind: string(kind)}
	if a := d.authorise(c, &e); a != nil {
		return a
	}
	if a := d.misbehave(c); a != nil {
		return a
	}
	a := d.carryOut(c)
	d.loseAnswer(c, a)
	return a
}

// userSigned are the actions that are typed data, which only the account's own key signs.
var userSigned = map[string]signing.Kind{"usdClassTransfer": signing.UsdClassTransfer}

// authorise finds who signed, and looks at the nonce.
func (d desk) authorise(c *call, e *envelope) *simserver.Answer {
	s, err := signatureOf(e)
	if err != nil {
		return refused("Unable to recover signer.")
	}
	var digests [][32]byte
	typed, isTyped := userSigned[c.kind]
	if isTyped {
		digest, err := signing.UserDigest(typed, c.action)
		if err != nil {
			return text(http.StatusUnprocessableEntity, "Failed to deserialize the JSON body into the target type")
		}
		digests = append(digests, digest)
	} else { // clients that take this for the test network sign for that
		r := signing.Request{Action: c.action, Nonce: e.Nonce, Expires: e.Expires}
		digests = append(digests, r.Digest(true), r.Digest(false))
	}
	var signer sign.Address
	for i, digest := range digests {
		who, err := s.Signer(digest)
		if err != nil {
			return refused("Unable to recover signer.")
		}
		if c.owner = d.owners[who]; c.owner != nil || i == 0 {
			signer = who
		}
		if c.owner != nil {
			break
		}
	}
	may := simserver.MayFutures
	if isTyped {
		may = simserver.MayTransfer
	}
	if c.owner == nil || isTyped && !c.self || !c.key.May(may) {
		if isTyped {
			return refused("Must deposit before performing actions. User: %s", signer)
		}
		return refused("User or API Wallet %s does not exist.", signer)
	}
	if !c.self && d.s.Faults.Strikes(agentExpired, nil, "") {
		return refused("User or API Wallet %s does not exist.", signer)
	}
	if d.s.Faults.Strikes(nonceLow, nil, "") {
		return refused("Invalid nonce: nonce too low %d < %d", e.Nonce, e.Nonce+1)
	}
	if words := d.nonce(signer, e.Nonce); words != "" {
		return refused("%s", words)
	}
	if e.Expires != 0 && exchange.UnixMilli(int64(e.Expires)) < d.s.Clock.Wall() {
		return refused("Action expired at %d", e.Expires)
	}
	return nil
}

func signatureOf(e *envelope) (s sign.Recoverable, err error) {
	s.V = e.Signature.V
	for text, to := range map[string]*[32]byte{e.Signature.R: &s.R, e.Signature.S: &s.S} {
		digits := strings.TrimPrefix(text, "0x")
		if len(digits) > 64 {
			return s, sign.ErrSignature
		}
		if _, err := hex.Decode(to[:], []byte(strings.Repeat("0", 64-len(digits))+digits)); err != nil {
			return s, err
		}
	}
	return s, nil
}

// noncesKept is how many of the highest nonces of a signer are kept. Source: the manual,
// "Nonces and API wallets".
const noncesKept = 100

// nonce takes note of one, or says what is wrong with it.
func (d desk) nonce(signer sign.Address, n uint64) string {
	now := millis(d.s.Clock.Wall())
	day := millis(exchange.Day)
	kept := d.nonces[signer]
	at, there := slices.BinarySearch(kept, n)
	switch {
	case int64(n) < now-2*day || int64(n) > now+day:
		return fmt.Sprintf("Invalid nonce: %d is not within 2 days before and a day after %d", n, now)
	case there:
		return fmt.Sprintf("Invalid nonce: duplicate nonce %d", n)
	case len(kept) == noncesKept && n < kept[0]:
		return fmt.Sprintf("Invalid nonce: nonce too low %d < %d", n, kept[0])
	}
	kept = slices.Insert(kept, at, n)
	d.nonces[signer] = kept[max(0, len(kept)-noncesKept):]
	return ""
}

// misbehave is a fault instead of what was asked for.
func (d desk) misbehave(c *call) *simserver.Answer {
	f := d.s.Faults
	switch {
	case c.kind == "usdClassTransfer" && f.Strikes("transfer_lost", nil, ""):
		return text(http.StatusBadGateway, "Bad Gateway")
	case c.kind != "order":
		return nil
	case f.Strikes("unavailable", nil, ""):
		return text(http.StatusServiceUnavailable, "Service Unavailable")
	case f.Strikes("internal", nil, ""):
		return text(http.StatusInternalServerError, "Internal Server Error")
	case f.Strikes("throttled", nil, ""):
		return refused("Too many cumulative requests sent (10001 > 10000) for cumulative volume traded $0. Place taker orders to free up 1 request per USDC traded.")
	}
	return nil
}

// loseAnswer loses the answer to what was carried out, or keeps it back.
func (d desk) loseAnswer(c *call, a *simserver.Answer) {
	f := d.s.Faults
	if slow, hit := f.Occasion("slow_answer", nil, ""); hit {
		a.Delay = time.Duration(slow.Millis) * time.Millisecond
	}
	var lost *simserver.Answer
	switch {
	case c.kind == "usdClassTransfer":
		if f.Strikes("transfer_unknown", nil, "") {
			lost = text(http.StatusGatewayTimeout, "Gateway Timeout")
		}
	case c.kind != "order" && c.kind != "cancel" && c.kind != "cancelByCloid" && c.kind != "batchModify" && c.kind != "modify":
	case f.Strikes("timeout", nil, ""):
		lost = text(http.StatusGatewayTimeout, "Gateway Timeout")
	case f.Strikes("unknown", nil, ""):
		lost = text(http.StatusServiceUnavailable, "Service Unavailable")
	case f.Strikes("reset", nil, ""):
		a.Reset = true
	}
	if lost != nil {
		lost.Delay = a.Delay
		*a = *lost
	}
}

// carryOut does what an action says.
func (d desk) carryOut(c *call) *simserver.Answer {
	switch c.kind {
	case "order":
		return d.orders(c)
	case "cancel", "cancelByCloid":
		return d.cancels(c)
	case "modify", "batchModify":
		return d.modify(c)
	case "scheduleCancel":
		return d.schedule(c)
	case "updateLeverage":
		return d.leverage(c)
	case "usdClassTransfer":
		return d.transfer(c)
	}
	return text(http.StatusUnprocessableEntity, "Failed to deserialize the JSON body into the target type: "+c.kind+" is not simulated")
}

func (d desk) schedule(c *call) *simserver.Answer {
	at := exchange.Time(0)
	if ms, ok := c.action.Get("time").(signing.Int); ok {
		at = exchange.UnixMilli(int64(ms))
		if at < d.s.Clock.Wall()+5*exchange.Second {
			return refused("Scheduled cancel time too early, must be at least 5 seconds from now.")
		}
	}
	for _, m := range d.s.Markets() {
		if m.Segment != nil {
			c.account.Deadlines.Countdown(m, at)
		}
	}
	return done("default", nil)
}

func (d desk) leverage(c *call) *simserver.Answer {
	n, _ := c.action.Get("asset").(signing.Int)
	leverage, _ := c.action.Get("leverage").(signing.Int)
	cross, _ := c.action.Get("isCross").(signing.Bool)
	m := d.byAsset(int(n))
	switch {
	case m == nil || !m.In.Perp():
		return refused("Invalid perp asset: %d", n)
	case !bool(cross):
		return refused("Isolated margin is not simulated.")
	case leverage < 1 || len(m.In.Brackets) > 0 && int(leverage) > m.In.Brackets[0].MaxLeverage:
		return refused("Invalid leverage value")
	}
	if err := c.account.Funds.SetLeverage(m.In.ID, int(leverage)); err != nil {
		return refused("Invalid leverage value. %v", err)
	}
	return done("default", nil)
}

// The directions of transfers, as the ledger keeps them.
const (
	toPerp = "to perp"
	toSpot = "to spot"
)

func (d desk) transfer(c *call) *simserver.Answer {
	words, _ := c.action.Get("amount").(signing.Text)
	up, _ := c.action.Get("toPerp").(signing.Bool)
	amount, err := decimal.NewFromString(string(words))
	if err != nil || !amount.IsPositive() {
		return refused("Invalid amount %s", words)
	}
	from, to, kind := d.s.Segments.Of(api.Perp), d.s.Segments.Of(api.Spot), toSpot
	if up {
		from, to, kind = to, from, toPerp
	}
	if _, err := c.account.Funds.Transfer(kind, api.USDC, from, to, amount); err != nil {
		return refused("Insufficient balance for token transfer")
	}
	return done("default", nil)
}
