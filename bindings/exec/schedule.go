package exec

import (
	"fmt"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

var scheduleRequest = bindings.Type{
	Name: "ScheduleRequest",
	Doc:  "A large order to work off over a window of time. Give qty or notional.",
	Fields: []bindings.Value{
		{Name: "symbol", Type: "string|Book"},
		{Name: "side", Type: "\"buy\"|\"sell\""},
		{Name: "qty", Type: "number|string|Decimal", Unit: "units of quantity", Optional: true, Doc: "the whole, in coins, or contracts of coinm; rounded down to lots"},
		{Name: "notional", Type: "number|string|Decimal", Unit: "quote", Optional: true, Doc: "the whole, by value; it becomes lots once, at the mid when the window begins"},
		{Name: "start", Type: "number|string", Unit: "seconds since the epoch, or \"14:30\"", Optional: true, Doc: "of the window; a time of day is UTC, or that of a zone that is named, as in \"09:30 America/New_York\", and the next one; one that clocks skip is when they do, one that they show twice the first; now when left out"},
		{Name: "duration", Type: "number|string", Unit: "seconds, or \"2h\"", Optional: true, Doc: "of the window, from a minute to seven days; this or finish"},
		{Name: "finish", Type: "number|string", Unit: "seconds since the epoch, or \"16:00\"", Optional: true, Doc: "of the window, instead of duration; a time of day, as of start, and the next one after it; with a zone where the start has one"},
		{Name: "interval", Type: "number|string", Unit: "seconds, or \"5m\"", Optional: true, Doc: "length of a slice; 5 minutes when left out, 1 in windows below two hours, a tenth of those below ten minutes"},
		{Name: "participation", Type: "number", Unit: "fraction", Optional: true, Doc: "largest share of the market's volume to be, 0.1 when left out; for pov the share to aim at, and required"},
		{Name: "curve", Type: "\"auto\"|\"uniform\"|\"static\"", Optional: true, Doc: "vwap only: auto follows the usual volume and corrects by today's, static does not correct, uniform ignores it"},
		{Name: "slippage_bp", Type: "number", Unit: "bp", Optional: true, Doc: "a price worse by more than this than both arrival and the market's VWAP since is not paid; what waits stays due; no guard when left out"},
		{Name: "at_end", Type: "\"cross\"|\"stop\"", Optional: true, Doc: "what is left when the window is over: cross takes it from the book, within 80 bp of mid, and lets cap and guard go towards the end; stop leaves it; cross when left out, stop for pov"},
		{Name: "min_slice", Type: "number|string|Decimal", Unit: "units of quantity", Optional: true, Doc: "smallest order while the window lasts, unless less is left; the venue's smallest when left out"},
		{Name: "min_pace", Type: "number", Optional: true, Doc: "slowest that exec.schedule.pace may make it, 0.1 to 1; given with max_pace, and not for pov. 1 is its own pace"},
		{Name: "max_pace", Type: "number", Optional: true, Doc: "fastest that exec.schedule.pace may make it, 1 to 10"},
		{Name: "reduce_only", Type: "boolean", Optional: true, Doc: "never beyond flat; perpetuals only"},
		{Name: "tag", Type: "string", Optional: true, Doc: "a note that stays with the schedule"},
	},
}

// scheduleFuncs are the functions of exec that start a schedule.
func scheduleFuncs() []bindings.Func {
	starts := func(name, doc, example string, algo intent.Algo) bindings.Func {
		return bindings.Func{Spec: bindings.Spec{Name: name, Doc: doc,
			Args:    []bindings.Value{{Name: "request", Type: "ScheduleRequest"}},
			Returns: []bindings.Value{{Name: "id", Type: "string?"}, {Name: "err", Type: "string?", Doc: "why there is none"}}, Example: example},
			Call: func(rt *bindings.Runtime) int { return start(rt, algo) }}
	}
	return []bindings.Func{
		starts("vwap", "Works an order off along the market's usual volume, so that its price is near the market's own average. Progress arrives in on_schedule.",
			"local id, err = exec.vwap{symbol = \"usdm:BTCUSDT\", side = \"buy\", notional = 200000, duration = \"4h\", slippage_bp = 30}\nexec.vwap{symbol = \"spot:BTCUSDT\", side = \"sell\", qty = 0.5, start = \"14:30\", finish = \"16:00\"}", intent.VWAP),
		starts("twap", "Works an order off evenly. Progress arrives in on_schedule.",
			"exec.twap{symbol = \"spot:BTCUSDT\", side = \"sell\", qty = 25, duration = \"90m\"}", intent.TWAP),
		starts("pov", "Works an order off as a share of what the market trades, until it is done or the window is over. Progress arrives in on_schedule.",
			"exec.pov{symbol = \"usdm:BTCUSDT\", side = \"sell\", qty = 3, duration = \"24h\", participation = 0.05}", intent.POV),
	}
}

// scheduleModule is exec.schedule.
func scheduleModule() bindings.Module {
	return bindings.Module{
		Name: "exec.schedule",
		Doc:  "Orders that exec.vwap, exec.twap and exec.pov are working off.",
		Funcs: []bindings.Func{
			{Spec: bindings.Spec{Name: "get", Doc: "A schedule by its id.", Args: []bindings.Value{{Name: "id", Type: "string"}},
				Returns: []bindings.Value{{Name: "schedule", Type: "Schedule?"}}}, Call: getSchedule},
			{Spec: bindings.Spec{Name: "list", Doc: "The schedules of this strategy that are not done, oldest first.",
				Returns: []bindings.Value{{Name: "schedules", Type: "Schedule[]"}}}, Call: listSchedules},
			{Spec: bindings.Spec{Name: "cancel", Doc: "Ends a schedule. What is filled stays; its order is taken back.", Args: []bindings.Value{{Name: "id", Type: "string"}},
				Returns: []bindings.Value{{Name: "ok", Type: "boolean"}, {Name: "err", Type: "string?"}}}, Call: cancelSchedule},
			{Spec: bindings.Spec{Name: "pace", Doc: "Makes a vwap or twap go faster or slower than planned from its next slice on, within the min_pace and max_pace that it was started with. Total and end stay: the last slice does what is left. Of what is left, a slice does 1-(1-h)^x, where h is what it would do at 1.",
				Args:    []bindings.Value{{Name: "id", Type: "string"}, {Name: "x", Type: "number", Doc: "how many times as fast as planned; 1 is its own pace"}},
				Returns: []bindings.Value{{Name: "ok", Type: "boolean"}, {Name: "err", Type: "string?"}}, Example: "for _, s in ipairs(exec.schedule.list()) do exec.schedule.pace(s.id, 1.3) end"}, Call: paceSchedule},
		},
		Types: []bindings.Type{bindings.ScheduleType},
	}
}

func start(rt *bindings.Runtime, algo intent.Algo) int {
	f := rt.Fields(1, &scheduleRequest)
	in := f.Get("symbol").Instrument()
	r := intent.ScheduleRequest{
		Algo: algo, Instrument: in.ID, Side: f.Get("side").Side(),
		Interval:   duration(f, "interval"),
		ReduceOnly: f.Get("reduce_only").Bool(),
	}
	sized(f, in, &r)
	r.Start, r.Duration = window(f, rt.Env().Now())
	if f.Has("participation") {
		if r.Participation = f.Get("participation").Finite(); r.Participation <= 0 || r.Participation > 1 {
			f.Get("participation").Fail("want more than 0 and at most 1 (0.1 is a tenth of the volume), got %v", r.Participation)
		}
	}
	if f.Has("slippage_bp") {
		if r.SlippageBP = f.Get("slippage_bp").Finite(); r.SlippageBP <= 0 {
			f.Get("slippage_bp").Fail("want more than 0, got %v; leave it out for no guard", r.SlippageBP)
		}
	}
	if f.Has("min_slice") {
		size := f.Get("min_slice").Positive()
		r.MinSlice = max(1, exchange.Lots(in.Lot.Floor(size)))
	}
	if f.Has("min_pace") != f.Has("max_pace") {
		f.Get("max_pace").Fail("min_pace and max_pace: want both, or neither")
	}
	if f.Has("min_pace") {
		r.MinPace, r.MaxPace = f.Get("min_pace").Finite(), f.Get("max_pace").Finite()
		if r.MinPace <= 0 || r.MinPace > 1 {
			f.Get("min_pace").Fail("want 0.1 to 1, got %v", r.MinPace)
		}
	}
	curve := f.Get("curve").Choice("auto", "uniform", "static")
	r.Uniform, r.Static = curve == "uniform", curve == "static"
	if f.Has("at_end") {
		r.AtEnd = intent.CrossAtEnd
		if f.Get("at_end").Choice("cross", "stop") == "stop" {
			r.AtEnd = intent.StopAtEnd
		}
	}
	if f.Has("tag") {
		r.Tag = f.Get("tag").Name()
	}
	rt.Count(bindings.CapSchedules)
	id, err := env(rt).StartSchedule(r)
	if err != nil { // logged too: a script that looks at no second value would wait for ever
		rt.Count(bindings.CapLogs)
		rt.Env().Log(intent.Warn, rt.Where(), fmt.Sprintf("the %s was refused: %v", algo, err))
		rt.PushNil()
		rt.PushString(err.Error())
		return 2
	}
	return rt.PushString(bindings.ID(id))
}

// sized reads the size, which is a quantity or a value and never both.
func sized(f bindings.Fields, in *exchange.Instrument, r *intent.ScheduleRequest) {
	switch {
	case f.Has("qty") && f.Has("notional"):
		f.Get("notional").Fail("qty is given too: want one of them")
	case f.Has("notional"):
		r.Notional = f.Get("notional").Positive()
	case f.Has("qty"):
		qty := f.Get("qty").Positive()
		if r.Qty = exchange.Lots(in.Lot.Floor(qty)); r.Qty < 1 {
			f.Get("qty").Fail("%s is below one lot of %s, %s", qty, in.Key(), in.QtyDecimal(1))
		}
	default:
		f.Get("qty").Fail("missing: want qty, or notional for a size by value")
	}
}

func scheduleID(rt *bindings.Runtime) exchange.ScheduleID {
	id, err := bindings.ParseID[exchange.ScheduleID](rt.Arg(1).String())
	if err != nil {
		rt.Arg(1).Fail("%v", err)
	}
	return id
}

func getSchedule(rt *bindings.Runtime) int {
	s, ok := env(rt).Schedule(scheduleID(rt))
	if !ok {
		return rt.PushNil()
	}
	return rt.Push(rt.NewSchedule(s))
}

func listSchedules(rt *bindings.Runtime) int {
	list := env(rt).Schedules()
	rt.Charge(64 * len(list))
	out := rt.L.CreateTable(len(list), 0)
	for _, s := range list {
		out.Append(rt.NewSchedule(s))
	}
	return rt.Push(out)
}

func cancelSchedule(rt *bindings.Runtime) int {
	id := scheduleID(rt)
	rt.Count(bindings.CapSchedules)
	return rt.PushDone(env(rt).CancelSchedule(id))
}

func paceSchedule(rt *bindings.Runtime) int {
	id := scheduleID(rt)
	x := rt.Arg(2).Finite()
	rt.Count(bindings.CapSchedules)
	return rt.PushDone(env(rt).PaceSchedule(id, x))
}
