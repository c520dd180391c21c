package bindings

// Handlers describes the functions a strategy may define, in the order in which
// package core numbers them. Their arguments are what they are called with.
func Handlers() []Spec {
	symbol := Value{Name: "symbol", Type: "string"}
	return []Spec{
		{Name: "on_start", Doc: "Once, before the first event after a start or a restart; not after a reload."},
		{Name: "on_book", Doc: "An order book changed.", Args: []Value{{Name: "book", Type: "Book"}}},
		{Name: "on_trade", Doc: "A public trade.", Args: []Value{{Name: "trade", Type: "Trade"}}},
		{Name: "on_mark", Doc: "A new mark price or funding estimate.", Args: []Value{symbol, {Name: "mark", Type: "Mark"}}},
		{Name: "on_liquidation", Doc: "Somebody's position was closed by force, as the venue tells it; nothing is subscribed to without this handler. Your own come as on_fill.", Args: []Value{{Name: "liquidation", Type: "Liquidation"}}},
		{Name: "on_funding", Doc: "Funding was received or paid on a position.", Args: []Value{{Name: "payment", Type: "FundingPayment"}}},
		{Name: "on_bar", Doc: "A bar finished; of those that finish together, shorter ones come first. bar.length tells which of the declared lengths it has.", Args: []Value{{Name: "bar", Type: "Bar"}}},
		{Name: "on_past", Doc: "The past of an instrument is here, as far as it can be had: its bars and settled funding. Once for each that is watched, after on_start, and not again after a reload. A live session that reads the past of many instruments begins before it has all of them.", Args: []Value{symbol}},
		{Name: "on_timer", Doc: "A timer is due.", Args: []Value{{Name: "name", Type: "string"}}},
		{Name: "on_order", Doc: "One of our orders changed.", Args: []Value{{Name: "order", Type: "Order"}}},
		{Name: "on_fill", Doc: "One of our orders was executed, in part or whole.", Args: []Value{{Name: "fill", Type: "Fill"}}},
		{Name: "on_pair", Doc: "A pair trade changed.", Args: []Value{{Name: "pair", Type: "PairTrade"}}},
		{Name: "on_schedule", Doc: "A schedule (vwap, twap, pov) changed.", Args: []Value{{Name: "schedule", Type: "Schedule"}}},
		{Name: "on_advice", Doc: "What came of a question to the advisor: an answer, or why there is none.", Args: []Value{{Name: "advice", Type: "Advice"}}},
		{Name: "on_signal", Doc: "Somebody outside sent a signal: a webhook, perilune signal, the page. A payload that is JSON is a value of Lua, an object a table; any other is its text, and none nil. " +
			"It is told once for each id, and not to a strategy that is paused.",
			Args: []Value{{Name: "name", Type: "string"}, {Name: "payload", Type: "any"}}},
		{Name: "on_gap", Doc: "Market data is missing; the book cannot be used until it is ready again.", Args: []Value{symbol, {Name: "reason", Type: "string"}}},
		{Name: "on_halt", Doc: "A kill latch was tripped: this strategy's by exec.halt, or the session's by exec.halt_all of any strategy, a loss or a person. Only orders that reduce pass; exec.halted says why.", Args: []Value{{Name: "reason", Type: "string"}}},
		{Name: "on_reload", Doc: "Once in a new version, before it takes over: migrate what the old version remembered. An error keeps the old version.",
			Args: []Value{{Name: "state", Type: "table"}, {Name: "from_version", Type: "integer", Doc: "the version of the strategy that ran before"}}},
		{Name: "on_stop", Doc: "Once, before the strategy ends."},
	}
}

// StrategyType describes the table that a strategy file returns.
var StrategyType = Type{
	Name: "Strategy",
	Doc:  "What a strategy file returns. At least one handler is required.",
	Fields: []Value{
		{Name: "name", Type: "string", Doc: "1 to 32 of a-z, 0-9, - and _; it names the strategy's orders, state and ledger rows"},
		{Name: "version", Type: "integer", Optional: true, Doc: "raise it when what is kept in state changes its shape; 0 when left out"},
		{Name: "doc", Type: "string", Optional: true, Doc: "what the strategy does"},
		{Name: "params", Type: "table<string, ParamSpec>", Optional: true, Doc: "declared parameters"},
		{Name: "subscribe", Type: "string[]|fun(params: table): string[]", Optional: true,
			Doc: "the instruments it needs: symbols, or globs such as \"usdm:*USDT\"; a function is called once the parameters are known"},
		{Name: "universe", Type: "string[]|fun(params: table): string[]", Optional: true, Doc: "another name for subscribe"},
		{Name: "bars", Type: "string[]|fun(params: table): string[]", Optional: true,
			Doc: "the lengths of bars it needs, such as {\"1m\", \"1h\"}: a number of s, m, h or d that divides a day; a function is called once the parameters are known. " +
				"Left out, it gets the bars that the market brings, or 1m where that brings none"},
		{Name: "warmup", Type: "integer|table<string, integer>|fun(params: table): integer|table<string, integer>", Optional: true,
			Doc: "how many finished bars an instrument has to have before anything is opened in it, at most 1000: a number, of the first length of bars, or one for each length, such as { [\"1h\"] = 200 }. " +
				"Until then market.ready says what is missing, and orders that open are refused"},
	},
}

// ParamType describes the declaration of one parameter.
var ParamType = Type{
	Name: "ParamSpec",
	Doc:  "The declaration of one parameter.",
	Fields: []Value{
		{Name: "type", Type: "\"number\"|\"integer\"|\"string\"|\"boolean\"|\"choice\"|\"list\"", Optional: true,
			Doc: "a list holds numbers, or strings; when left out it is that of the default"},
		{Name: "default", Type: "any", Doc: "the value when configuration sets none"},
		{Name: "min", Type: "number", Optional: true, Doc: "least value of a number; least length of a list"},
		{Name: "max", Type: "number", Optional: true, Doc: "greatest value of a number; greatest length of a list"},
		{Name: "choices", Type: "string[]", Optional: true, Doc: "the words a choice allows"},
		{Name: "unit", Type: "string", Optional: true, Doc: "for people: \"quote\", \"fraction\", \"hours\""},
		{Name: "doc", Type: "string", Optional: true, Doc: "what it does"},
	},
}
