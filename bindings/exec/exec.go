// Package exec is the Lua modules for intents that take many orders: pair trades
// and transfers between wallets.
//
// A pair trade is one object. The host drives it to hedged or flat within the
// stated time and the stated unhedged value, through partial fills, rejects and
// lost answers; a strategy only opens it, watches it and closes it.
package exec

import (
	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

var openType = bindings.Type{
	Name: "PairRequest",
	Doc:  "A hedged position to open: long one instrument and short another of the same coin, in equal base quantity.",
	Fields: []bindings.Value{
		{Name: "long", Type: "string|Book", Optional: true, Doc: "symbol of what is bought: a spot market, perpetual or dated future of any venue. long and short are given, or spot and perp"},
		{Name: "short", Type: "string|Book", Optional: true, Doc: "symbol of what is sold: a perpetual or dated future of any venue, or a spot market: coins that the account has, or with borrow borrowed ones"},
		{Name: "spot", Type: "string|Book", Optional: true, Doc: "long, where that is a spot market"},
		{Name: "perp", Type: "string|Book", Optional: true, Doc: "short, where that is a contract"},
		{Name: "notional", Type: "number|string|Decimal", Unit: "quote", Doc: "target value of one leg"},
		{Name: "batch", Type: "number|string|Decimal", Unit: "quote", Optional: true, Doc: "value of one slice of each leg; max_unhedged when left out, half of it on a coin-margined perpetual, and never more"},
		{Name: "level", Type: "integer", Optional: true, Doc: "book level that prices both legs, from 1; 5 when left out"},
		{Name: "min_basis", Type: "number", Unit: "fraction", Optional: true, Doc: "a slice starts only while basis.open(spot, perp, level) is at least this; any when left out"},
		{Name: "max_unhedged", Type: "number|string|Decimal", Unit: "quote", Optional: true, Doc: "largest value that may be unhedged at any moment; 5000 when left out"},
		{Name: "max_unhedged_time", Type: "number|string", Unit: "seconds, or \"5s\"", Optional: true, Doc: "how long a leg may stay unhedged before the excess is flattened; 5 s when left out, 30 s on a coin-margined perpetual, where it includes a transfer and holds as long as transfers arrive: coins of a late one are hedged on what margin the COIN-M wallet has, and for the first slice of an opening without a buffer and the last of a closing it has none, so at most one batch waits for the venue's answer"},
		{Name: "timeout", Type: "number|string", Unit: "seconds, or \"10m\"", Optional: true, Doc: "ends the opening with the size reached; 10 minutes when left out"},
		{Name: "borrow", Type: "boolean", Optional: true, Doc: "the coins of a short leg on spot are borrowed from its venue, up to max_borrowed of [risk] together; false when left out. Interest is charged every hour. Closing buys back what is owed with its interest: nothing stays owed, and no more than the smallest order is left over"},
		{Name: "dark", Type: "DarkPolicy", Optional: true, Doc: "for a venue that goes dark while something is unhedged"},
		{Name: "tag", Type: "string", Optional: true, Doc: "a note that stays with the pair"},
		{Name: "buffer", Type: "number|string|Decimal", Unit: "coin", Optional: true, Doc: "coin-margined only: coins of the COIN-M wallet that may back the short until the pair's own arrive, so that both legs go at once; without it the short waits for the transfer"},
		{Name: "rebalance_bp", Type: "number", Unit: "bp of the pair's value", Optional: true, Doc: "coin-margined only: what may be unhedged while it is held; half a contract when left out, and never less"},
		{Name: "harvest", Type: "number|string|Decimal", Unit: "quote", Optional: true, Doc: "coin-margined only: coins that funding brought are sold when they are worth this much; hedged with another contract when left out"},
		{Name: "style", Type: "\"taker\"|\"maker\"", Optional: true, Doc: "taker, when left out: both legs at once. maker: rests an order on one leg and takes the other with each fill, which is cheaper and slower. With legs anywhere what rests is worth at most half of max_unhedged"},
		{Name: "maker_leg", Type: "\"spot\"|\"perp\"|\"long\"|\"short\"", Optional: true, Doc: "the leg that rests; spot is long, and perp short. When left out, the one where that saves more: the difference of its fees, and its spread"},
		{Name: "maker_time", Type: "number|string", Unit: "seconds, or \"5m\"", Optional: true, Doc: "how long to wait for others before what is left is taken; half of timeout when left out, and nothing is taken when it is as long as timeout"},
	},
}

var darkType = bindings.Type{
	Name: "DarkPolicy",
	Doc:  "What is done about what is unhedged while the venue of a leg can't be traded at. What is hedged stays as it is.",
	Fields: []bindings.Value{
		{Name: "wait", Type: "number|string", Unit: "seconds, or \"5m\"", Optional: true, Doc: "how long the venue is waited for; max_unhedged_time when left out. What moves beyond max_unhedged meanwhile is not waited with"},
		{Name: "action", Type: "\"flatten\"|\"hold\"|\"substitute\"", Optional: true, Doc: "after that: flatten, when left out, makes the leg that can be traded match the other one; hold waits on; substitute hedges with another contract until the venue is back"},
		{Name: "substitute", Type: "string|Book", Optional: true, Doc: "symbol of that contract; action is substitute when it is given"},
	},
}

var closeType = bindings.Type{
	Name: "CloseRequest",
	Doc:  "How a pair is to be closed.",
	Fields: []bindings.Value{
		{Name: "max_basis", Type: "number", Unit: "fraction", Optional: true, Doc: "a slice starts only while basis.close(spot, perp, level) is at most this; any when left out"},
		{Name: "patience", Type: "number|string", Unit: "seconds, or \"10m\"", Optional: true, Doc: "how long max_basis is honoured; then the pair is closed at any basis; 10 minutes when left out"},
		{Name: "reason", Type: "string", Optional: true, Doc: "kept in the ledger"},
		{Name: "notional", Type: "number|string|Decimal", Unit: "quote", Optional: true, Doc: "closes only this value of each leg; a rest too small to trade goes with it; all when left out"},
		{Name: "style", Type: "\"taker\"|\"maker\"", Optional: true, Doc: "maker waits for others as long as patience, and then takes; taker when left out"},
	},
}

var keepType = bindings.Type{
	Name: "KeepRequest",
	Doc:  "How much margin to keep. A distance is the rise in price that would liquidate, as a fraction: 0.3 is 30 %.",
	Fields: []bindings.Value{
		{Name: "wallet", Type: "string", Doc: bindings.WalletDoc},
		{Name: "target", Type: "number", Unit: "fraction", Doc: "distance to open with, and to restore"},
		{Name: "soft", Type: "number", Unit: "fraction", Doc: "below it, cash of the spot wallet becomes margin; less than target"},
		{Name: "hard", Type: "number", Unit: "fraction", Doc: "below it, with no cash left, pairs are made smaller; at most soft"},
		{Name: "asset", Type: "string", Optional: true, Doc: "what margins the contracts; what all linear ones of the wallet are margined with when left out"},
		{Name: "reserve", Type: "number|string|Decimal", Unit: "asset", Optional: true, Doc: "of the spot wallet that stays there; 0 when left out"},
	},
}

// Modules returns exec, exec.pair and exec.schedule.
func Modules() []bindings.Module {
	return []bindings.Module{{
		Name: "exec",
		Doc:  "Intents that take more than one order.",
		Funcs: append(scheduleFuncs(), []bindings.Func{
			{Spec: bindings.Spec{Name: "transfer", Doc: "Moves an asset between two wallets of the account.",
				Args: []bindings.Value{{Name: "asset", Type: "string"}, {Name: "from", Type: "string", Doc: bindings.WalletDoc}, {Name: "to", Type: "string", Doc: bindings.WalletDoc},
					{Name: "amount", Type: "number|string|Decimal", Unit: "asset", Doc: "above 0"}},
				Example: "exec.transfer(\"USDT\", \"spot\", \"usdm\", 500)"}, Call: transfer},
			{Spec: bindings.Spec{Name: "keep", Doc: "Has the margin of a wallet kept from now on: cash of the spot wallet becomes margin when it runs low, pairs are made smaller when there is none, and what neither wallet needs is shared out so that another pair can be opened. A wallet has one keeper.",
				Args:    []bindings.Value{{Name: "request", Type: "KeepRequest"}},
				Returns: []bindings.Value{{Name: "ok", Type: "boolean"}, {Name: "err", Type: "string?"}},
				Example: "exec.keep{wallet = \"usdm\", target = 0.6, soft = 0.35, hard = 0.25}"}, Call: keep},
			{Spec: bindings.Spec{Name: "room", Doc: "The value of one leg of a further pair that there is money for, with its margin at the keeper's target. nil when the wallet is not kept; coinm needs no keeper, because the coins are the margin.",
				Args: []bindings.Value{{Name: "wallet", Type: "string", Doc: bindings.WalletDoc}},
				Returns: []bindings.Value{{Name: "now", Type: "number?", Unit: "quote", Doc: "as the wallets are"},
					{Name: "soon", Type: "number?", Unit: "quote", Doc: "once the keeper has shared the money out"}}}, Call: room},
			{Spec: bindings.Spec{Name: "halted", Doc: "Why this strategy may open nothing, or nil: its own latch or the session's. Asking first spares a refusal at every try.",
				Example: "if exec.halted() then return end",
				Returns: []bindings.Value{{Name: "reason", Type: "string?"}}}, Call: halted},
			{Spec: bindings.Spec{Name: "halt", Doc: "Trips the kill latch of this strategy: its working orders that would open are canceled (stops stay), openings of pairs end, it is told with on_halt, and from then on only those of its orders pass that reduce what it holds. Others trade on. The latch survives restarts; a person lifts it, with perilune resume --strategy. It happens once the callback returned without an error.",
				Args:    []bindings.Value{{Name: "reason", Type: "string", Doc: "named in the log, in on_halt and by exec.halted"}},
				Example: "exec.halt(\"the basis is 5 %: the data can't be right\")"}, Call: halt},
			{Spec: bindings.Spec{Name: "halt_all", Doc: "Trips the kill latch of the session: every strategy is told with on_halt, openings end, and from then on only orders that reduce pass, whoever asks for them. The latch survives restarts; a person lifts it, with perilune resume or --clear-halt. It happens once the callback returned without an error.",
				Args:    []bindings.Value{{Name: "reason", Type: "string", Doc: "named in the log, in on_halt and by exec.halted, after the strategy's name"}},
				Example: "exec.halt_all(\"the venue's books and its trades differ\")"}, Call: haltAll},
		}...),
		Types: []bindings.Type{scheduleRequest},
	}, {
		Name: "exec.pair",
		Doc:  "Pair trades: long one instrument and short another of the same coin, wherever they trade, as one object.",
		Funcs: []bindings.Func{
			{Spec: bindings.Spec{Name: "open", Doc: "Opens a pair. Progress arrives in on_pair.", Args: []bindings.Value{{Name: "request", Type: "PairRequest"}},
				Returns: []bindings.Value{{Name: "id", Type: "string?"}, {Name: "err", Type: "string?", Doc: "why there is none"}},
				Example: "local id, err = exec.pair.open{spot = \"spot:BTCUSDT\", perp = \"usdm:BTCUSDT\", notional = 10000, min_basis = 0.001}\nexec.pair.open{long = \"usdm:BTCUSDT\", short = \"coinm:BTCUSD_PERP\", notional = 10000, dark = {wait = \"5m\"}}"}, Call: open},
			{Spec: bindings.Spec{Name: "close", Doc: "Makes a pair flat, or smaller. One that is closing may be asked again for more, or for sooner.", Args: []bindings.Value{{Name: "id", Type: "string"}, {Name: "request", Type: "CloseRequest", Optional: true}},
				Returns: []bindings.Value{{Name: "ok", Type: "boolean"}, {Name: "err", Type: "string?"}}}, Call: closePair},
			{Spec: bindings.Spec{Name: "get", Doc: "A pair by its id.", Args: []bindings.Value{{Name: "id", Type: "string"}},
				Returns: []bindings.Value{{Name: "pair", Type: "PairTrade?"}}}, Call: get},
			{Spec: bindings.Spec{Name: "list", Doc: "The pairs of this strategy that are not done, oldest first.",
				Returns: []bindings.Value{{Name: "pairs", Type: "PairTrade[]"}}}, Call: list},
		},
		Types: []bindings.Type{openType, darkType, closeType, bindings.PairType},
	}, scheduleModule()}
}

func open(rt *bindings.Runtime) int {
	f := rt.Fields(1, &openType)
	long, short := pairLegs(rt, f)
	req := intent.PairRequest{
		Spot: long.ID, Perp: short.ID, Dark: dark(rt, f),
		Notional:        f.Get("notional").Positive(),
		Level:           f.Get("level").IntOr(0, 1, 1000),
		MinBasis:        fraction(f, "min_basis"),
		MaxUnhedgedTime: duration(f, "max_unhedged_time"),
		Timeout:         duration(f, "timeout"),
		Style:           style(f),
		MakerLeg:        makerLeg(f),
		MakerTime:       duration(f, "maker_time"),
	}
	if f.Has("batch") {
		req.Batch = f.Get("batch").Positive()
	}
	if f.Has("max_unhedged") {
		req.MaxUnhedged = f.Get("max_unhedged").Positive()
	}
	if f.Has("tag") {
		req.Tag = f.Get("tag").Name()
	}
	if req.Borrow = f.Has("borrow") && f.Get("borrow").Bool(); req.Borrow && short.Perp() {
		f.Get("borrow").Fail("short %s is a contract: only coins that are sold on spot are borrowed", short.Key())
	}
	coinFields(f, short, &req)
	rt.Count(bindings.CapPairs)
	id, err := env(rt).OpenPair(req)
	if err != nil {
		rt.PushNil()
		rt.PushString(err.Error())
		return 2
	}
	return rt.PushString(bindings.ID(id))
}

// pairLegs reads what is long and what is short, by either pair of names.
func pairLegs(rt *bindings.Runtime, f bindings.Fields) (long, short *exchange.Instrument) {
	if !f.Has("long") && !f.Has("short") {
		for _, name := range []string{"spot", "perp"} {
			if !f.Has(name) {
				rt.Raise("missing field %s: want spot and perp, or long and short", name)
			}
		}
		long, short = f.Get("spot").Instrument(), f.Get("perp").Instrument()
		if long.Perp() {
			f.Get("spot").Fail("%s is not a spot market: want long and short for two contracts", long.Key())
		}
		if !short.Perp() {
			f.Get("perp").Fail("%s is not a perpetual", short.Key())
		}
		return long, short
	}
	for _, name := range []string{"spot", "perp"} {
		if f.Has(name) {
			f.Get(name).Fail("long or short is given too: want long and short, or spot and perp")
		}
	}
	for _, name := range []string{"long", "short"} {
		if !f.Has(name) {
			rt.Raise("missing field %s: want long and short, or spot and perp", name)
		}
	}
	long, short = f.Get("long").Instrument(), f.Get("short").Instrument()
	if err := intent.CheckLegs(long, short, rt.Env().Now()); err != nil {
		rt.Raise("%v", err)
	}
	return long, short
}

// dark reads the policy for a venue that goes dark.
func dark(rt *bindings.Runtime, f bindings.Fields) (out intent.Dark) {
	if !f.Has("dark") {
		return out
	}
	d := rt.Shape("dark", f.Get("dark").Table(), &darkType)
	out.Wait = duration(d, "wait")
	if d.Has("substitute") {
		out.Then, out.Substitute = intent.SubstituteThen, d.Get("substitute").Instrument().ID
	}
	if !d.Has("action") {
		return out
	}
	switch action := d.Get("action").Choice("flatten", "hold", "substitute"); {
	case action == "substitute" && !d.Has("substitute"):
		d.Get("action").Fail("there is no substitute: want its symbol")
	case action != "substitute" && d.Has("substitute"):
		d.Get("action").Fail("a substitute is given too: want substitute, or none")
	case action == "hold":
		out.Then = intent.HoldThen
	}
	return out
}

// coinFields reads what only a coin-margined pair has.
func coinFields(f bindings.Fields, perp *exchange.Instrument, req *intent.PairRequest) {
	for _, name := range []string{"buffer", "rebalance_bp", "harvest"} {
		if f.Has(name) && !perp.Inverse() {
			f.Get(name).Fail("%s is not coin-margined", perp.Key())
		}
	}
	if f.Has("buffer") {
		req.Buffer = f.Get("buffer").Positive()
	}
	if f.Has("rebalance_bp") {
		req.RebalanceBP = f.Get("rebalance_bp").Finite()
	}
	if f.Has("harvest") {
		req.Harvest = f.Get("harvest").Positive()
	}
}

func style(f bindings.Fields) intent.Style {
	if f.Has("style") && f.Get("style").Choice("taker", "maker") == "maker" {
		return intent.Maker
	}
	return intent.Taker
}

func makerLeg(f bindings.Fields) intent.Leg {
	if !f.Has("maker_leg") {
		return intent.AutoLeg
	}
	switch f.Get("maker_leg").Choice("spot", "perp", "long", "short") {
	case "spot", "long":
		return intent.SpotLeg
	}
	return intent.PerpLeg
}

// fraction reads an optional basis, where nil means any.
func fraction(f bindings.Fields, name string) *float64 {
	if !f.Has(name) {
		return nil
	}
	v := f.Get(name).Finite()
	if v <= -1 || v >= 1 {
		f.Get(name).Fail("want a fraction between -1 and 1 (0.001 is ten basis points), got %v", v)
	}
	return &v
}

func duration(f bindings.Fields, name string) exchange.Time {
	if !f.Has(name) {
		return 0
	}
	return f.Get(name).Duration()
}

func pairID(rt *bindings.Runtime) exchange.PairID {
	id, err := bindings.ParseID[exchange.PairID](rt.Arg(1).String())
	if err != nil {
		rt.Arg(1).Fail("%v", err)
	}
	return id
}

func closePair(rt *bindings.Runtime) int {
	req := intent.CloseRequest{Pair: pairID(rt)}
	f := rt.Fields(2, &closeType)
	req.MaxBasis, req.Patience = fraction(f, "max_basis"), duration(f, "patience")
	req.Style = style(f)
	if f.Has("notional") {
		req.Notional = f.Get("notional").Positive()
	}
	if f.Has("reason") {
		req.Reason = f.Get("reason").Text()
	}
	rt.Count(bindings.CapPairs)
	return rt.PushDone(env(rt).ClosePair(req))
}

func get(rt *bindings.Runtime) int {
	p, ok := env(rt).Pair(pairID(rt))
	if !ok {
		return rt.PushNil()
	}
	return rt.Push(rt.NewPair(p))
}

func list(rt *bindings.Runtime) int {
	pairs := env(rt).Pairs()
	rt.Charge(48 * len(pairs))
	out := rt.L.CreateTable(len(pairs), 0)
	for _, p := range pairs {
		out.Append(rt.NewPair(p))
	}
	return rt.Push(out)
}

func transfer(rt *bindings.Runtime) int {
	asset, from, to := rt.Arg(1).Name(), rt.Arg(2).Wallet(), rt.Arg(3).Wallet()
	if from == to {
		rt.Arg(3).Fail("the %s wallet is both source and destination", to)
	}
	amount := rt.Arg(4).Positive()
	rt.Count(bindings.CapTransfers)
	env(rt).Transfer(asset, from, to, amount)
	return 0
}

func halt(rt *bindings.Runtime) int {
	env(rt).Halt(rt.Arg(1).Text())
	return 0
}

func haltAll(rt *bindings.Runtime) int {
	env(rt).HaltAll(rt.Arg(1).Text())
	return 0
}

func keep(rt *bindings.Runtime) int {
	f := rt.Fields(1, &keepType)
	req := intent.MaintainRequest{Wallet: f.Get("wallet").Wallet(),
		Target: f.Get("target").Positive(), Soft: f.Get("soft").Positive(), Hard: f.Get("hard").Positive()}
	if f.Has("reserve") {
		req.Reserve = f.Get("reserve").Decimal()
	}
	if f.Has("asset") {
		req.Asset = f.Get("asset").Name()
	}
	if err := req.ChooseAsset(rt.Env().Universe()); err != nil {
		rt.Arg(1).Fail("%v", err)
	}
	if err := req.Validate(); err != nil {
		rt.Arg(1).Fail("%v", err)
	}
	rt.Count(bindings.CapPairs)
	return rt.PushDone(env(rt).MaintainMargin(req))
}

func room(rt *bindings.Runtime) int {
	now, soon, ok := env(rt).Headroom(rt.Arg(1).Wallet())
	if !ok {
		return rt.PushNil()
	}
	rt.Push(rt.Number(exchange.Float(now)))
	rt.Push(rt.Number(exchange.Float(soon)))
	return 2
}

func halted(rt *bindings.Runtime) int {
	if why := env(rt).HaltReason(); why != "" {
		return rt.PushString(why)
	}
	return rt.PushNil()
}
