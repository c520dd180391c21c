package host

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/host/control/door"
	"github.com/perilune/perilune/host/control/hook"
)

// fileConfig is the shape of the configuration file.
type fileConfig struct {
	Version int `toml:"version"`
	Paper   struct {
		Leverage  int               `toml:"leverage"`
		FeeBP     *float64          `toml:"fee_bp"`
		Latency   string            `toml:"latency"`
		LatencyMS *float64          `toml:"latency_ms"`
		MinMS     *float64          `toml:"latency_min_ms"`
		P99MS     *float64          `toml:"latency_p99_ms"`
		Queue     string            `toml:"queue"`
		Impact    string            `toml:"impact"`
		HalfMS    *float64          `toml:"impact_half_life_ms"`
		Balances  map[string]amount `toml:"balances"`
	} `toml:"paper"`
	Risk struct {
		MaxOrderNotional    amount  `toml:"max_order_notional"`
		MaxPositionNotional amount  `toml:"max_position_notional"`
		MaxBorrowed         amount  `toml:"max_borrowed"`
		CollarBP            float64 `toml:"collar_bp"`
		OrdersPerSecond     float64 `toml:"orders_per_second"`
		OrderBurst          int     `toml:"order_burst"`
		StaleAfterSeconds   float64 `toml:"stale_after_seconds"`
		MaxOpenOrders       int     `toml:"max_open_orders"`
		DailyLoss           amount  `toml:"daily_loss"`
		MaxFeedLatencyMS    float64 `toml:"max_feed_latency_ms"`
		WarnFeedLatencyMS   float64 `toml:"warn_feed_latency_ms"`
	} `toml:"risk"`
	Script struct {
		MemoryMB        int     `toml:"memory_mb"`
		CallbackSeconds float64 `toml:"callback_seconds"`
	} `toml:"script"`
	Preflight preflightConfig `toml:"preflight"`
	Ledger    struct {
		BackupHours *float64 `toml:"backup_hours"`
		BackupKeep  int      `toml:"backup_keep"`
	} `toml:"ledger"`
	Feed struct {
		Relay *relayConfig `toml:"relay"`
	} `toml:"feed"`
	Control door.Options              `toml:"control"`
	Webhook []hook.Config             `toml:"webhook"`
	Advisor *advisorConfig            `toml:"advisor"`
	Notify  *notifyConfig             `toml:"notify"`
	Params  map[string]map[string]any `toml:"params"`
	Venue   map[string]toml.Primitive `toml:"venue"`
}

// amount is money in the file: text, because a binary fraction would not be
// exact, or a whole number.
type amount string

// UnmarshalTOML implements toml.Unmarshaler.
func (a *amount) UnmarshalTOML(v any) error {
	switch v := v.(type) {
	case string:
		*a = amount(v)
	case int64:
		*a = amount(strconv.FormatInt(v, 10))
	default:
		return fmt.Errorf("%v: want a number in quotes", v)
	}
	return nil
}

// LoadConfig reads a TOML file into the options. What the options already have
// from flags stays: a flag wins over the file.
func (o *Options) LoadConfig(path string) error {
	var f fileConfig
	raw, err := os.ReadFile(path)
	if err != nil {
		return &ConfigError{fmt.Sprintf("configuration: %v", err)}
	}
	o.file, o.fileText = path, string(raw)
	meta, err := toml.Decode(string(raw), &f)
	if err != nil {
		return configError("%s:%s", path, tomlError(err))
	}
	sections, err := venueSections(path, string(raw), &meta, &f)
	if err != nil {
		return err
	}
	// A table among parameters is told by takeParams.
	unknown := slices.DeleteFunc(meta.Undecoded(), func(k toml.Key) bool { return k[0] == "params" })
	if len(unknown) > 0 {
		return unknownKey(path, string(raw), unknown[0], &f)
	}
	if meta.IsDefined("version") && f.Version != 1 {
		return configError("%s: version %d; this program reads version 1", path, f.Version)
	}
	if err := o.takePaper(&f); err != nil {
		return configError("%s: [paper] %v", path, err)
	}
	if err := o.takeRisk(&f); err != nil {
		return configError("%s: [risk] %v", path, err)
	}
	if err := o.takeScript(&f); err != nil {
		return configError("%s: [script] %v", path, err)
	}
	if err := o.takePreflight(&f.Preflight); err != nil {
		return configError("%s: [preflight] %v", path, err)
	}
	if err := o.takeLedger(&f); err != nil {
		return configError("%s: [ledger] %v", path, err)
	}
	if err := o.takeRelay(f.Feed.Relay); err != nil {
		return configError("%s: [feed.relay] %v", path, err)
	}
	o.Doors.Take(&f.Control)
	if err := o.Doors.Check(); err != nil {
		return configError("%s: [control] %v", path, err)
	}
	if o.Doors.Hooks = f.Webhook; len(f.Webhook) > 0 {
		if err := hook.Check(f.Webhook); err != nil {
			return configError("%s: [[webhook]] %v", path, err)
		}
	}
	for i, s := range sections {
		if err := o.takeVenue(s, i == 0); err != nil {
			return configError("%s: %s %v", path, sectionName(s.House()), err)
		}
	}
	if err := o.takeAdvisor(f.Advisor); err != nil {
		return configError("%s: [advisor] %v", path, err)
	}
	if err := o.takeNotify(f.Notify); err != nil {
		return configError("%s: [notify] %v", path, err)
	}
	return o.takeParams(path, string(raw), &f)
}

func (o *Options) takeScript(f *fileConfig) error {
	mb, seconds := f.Script.MemoryMB, f.Script.CallbackSeconds
	if mb < 0 || mb > 0 && mb < 8 || mb > 1<<20 {
		return fmt.Errorf("memory_mb = %d: want 8 or more", mb)
	}
	if seconds != 0 && !(seconds >= 0.1 && seconds <= 60) {
		return fmt.Errorf("callback_seconds = %v: want 0.1 to 60", seconds)
	}
	if o.Script.MemoryBytes == 0 {
		o.Script.MemoryBytes = mb << 20
	}
	if o.Script.CallbackTime == 0 {
		o.Script.CallbackTime = time.Duration(seconds * float64(time.Second))
	}
	return nil
}

func (o *Options) takeLedger(f *fileConfig) error {
	l := &f.Ledger
	if l.BackupKeep < 0 || l.BackupKeep > 10_000 {
		return fmt.Errorf("backup_keep = %d: want 1 to 10000 backups, or leave it out for 24", l.BackupKeep)
	}
	if o.Backup.Keep == 0 {
		o.Backup.Keep = l.BackupKeep
	}
	if l.BackupHours == nil || o.Backup.Every != 0 {
		return nil
	}
	hours := *l.BackupHours
	if hours != 0 && !(hours >= 0.01 && hours <= 8760) {
		return fmt.Errorf("backup_hours = %v: want 0.01 to 8760, or 0 for no backups", hours)
	}
	o.Backup.Every = time.Duration(hours * float64(time.Hour))
	if hours == 0 {
		o.Backup.Every = -1
	}
	return nil
}

// venueSections decodes the sections of venues, in the order in which venues are listed:
// the first is the session's default.
func venueSections(path, raw string, meta *toml.MetaData, f *fileConfig) (out []connect.Section, err error) {
	for _, house := range sortedKeys(f.Venue) {
		if _, ok := connectorOf(house); !ok {
			return nil, unknownKey(path, raw, toml.Key{"venue", house}, f)
		}
	}
	for _, house := range houseNames() {
		fields, ok := f.Venue[house]
		if !ok {
			continue
		}
		c, _ := connectorOf(house)
		s := c.Section()
		if err := meta.PrimitiveDecode(fields, s); err != nil {
			return nil, configError("%s:%s", path, tomlError(err))
		}
		out = append(out, s)
	}
	return out, nil
}

// takeVenue takes what a venue's section says. What the first one says of how much is
// wanted may have been said by a flag; that of further ones stays in their sections.
func (o *Options) takeVenue(s connect.Section, first bool) error {
	c, l := s.Shared(), &o.Live
	if c.Top < 0 || c.Top > 10_000 {
		return fmt.Errorf("top = %d: want 1 to 10000 coins", c.Top)
	}
	length, err := barLength(c)
	if err != nil {
		return err
	}
	if first {
		l.Top = cmp.Or(l.Top, c.Top)
		l.Bars = cmp.Or(length, l.Bars)
	}
	if _, err := l.feedOf(s.House(), c); err != nil {
		return err
	}
	for _, k := range []struct{ name, ref string }{{"api_key", c.Key}, {"secret", c.Secret}} {
		if k.ref == "" {
			continue
		}
		if err := sign.CheckReference(k.ref); err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
	}
	if first {
		l.Venue = s
	} else {
		l.Further = append(l.Further, s)
	}
	if _, err := s.Open(); err != nil {
		return err
	}
	if c.DeadMan != 0 && (c.DeadMan < 20 || c.DeadMan > 86_400) {
		return fmt.Errorf("dead_man_seconds = %d: want 20 or more, at most 86400; it is renewed four times before it runs down", c.DeadMan)
	}
	if a := o.Account; a != nil && first {
		a.Key, a.Secret, a.Countdown = c.Key, c.Secret, exchange.Time(c.DeadMan)*exchange.Second
	}
	return nil
}

// barLength is the length of bars that a section asks for; 0: it does not say.
func barLength(c *connect.Common) (exchange.Time, error) {
	if c.Bars == "" {
		return 0, nil
	}
	length, err := exchange.ParseBarLength(c.Bars)
	if err != nil {
		return 0, fmt.Errorf("bars = %q: want a length such as 1m, 15m or 1h", c.Bars)
	}
	return length, nil
}

// tomlError words what the parser found as "line: key: what".
func tomlError(err error) string {
	var p toml.ParseError
	if !errors.As(err, &p) {
		return " " + err.Error()
	}
	key := ""
	if p.LastKey != "" {
		key = p.LastKey + ": "
	}
	return fmt.Sprintf("%d: %s%s", p.Position.Line, key, p.Message)
}

func (o *Options) takePaper(f *fileConfig) error {
	p := &o.Paper
	if p.Leverage == 0 {
		p.Leverage = f.Paper.Leverage
	}
	if fee := f.Paper.FeeBP; fee != nil {
		if err := checkFloat("fee_bp", *fee, mostBP); err != nil {
			return err
		}
	}
	if p.FeeBP == nil {
		p.FeeBP = f.Paper.FeeBP
	}
	if f.Paper.Queue != "" {
		q, err := paper.ParseQueue(f.Paper.Queue)
		if err != nil {
			return err
		}
		if p.Queue == (Queue{}) {
			p.Queue = q
		}
	}
	if err := errors.Join(p.takeLatency(f), p.takeImpact(f.Paper.Impact, f.Paper.HalfMS)); err != nil {
		return err
	}
	flags := p.Balances
	var list []Deposit
	for _, key := range sortedKeys(f.Paper.Balances) {
		d, err := ParseDeposit(key + "=" + string(f.Paper.Balances[key]))
		if err != nil {
			return err
		}
		list = append(list, d)
	}
	if err := checkBalances(list); err != nil {
		return err
	}
	for _, d := range list {
		if !slices.ContainsFunc(flags, func(x Deposit) bool { return x.Wallet == d.Wallet && x.Asset == d.Asset }) {
			p.Balances = append(p.Balances, d)
		}
	}
	return nil
}

func (p *PaperOptions) takeLatency(f *fileConfig) error {
	model, ms := f.Paper.Latency, f.Paper.LatencyMS
	if models := []string{"", "lognormal", "const", "none"}; !slices.Contains(models, model) {
		return fmt.Errorf("latency = %q: want %s%s", model, strings.Join(models[1:], ", "), bindings.DidYouMean(model, models[1:]))
	}
	l := paper.Latency{Model: model}
	for _, x := range []struct {
		key string
		ms  *float64
		to  *exchange.Time
	}{{"latency_ms", ms, &l.Median}, {"latency_min_ms", f.Paper.MinMS, &l.Min}, {"latency_p99_ms", f.Paper.P99MS, &l.P99}} {
		if x.ms == nil {
			continue
		}
		if err := checkFloat(x.key, *x.ms, float64(mostLatency/exchange.Millisecond)); err != nil {
			return err
		}
		if x.key != "latency_ms" && model != "lognormal" {
			return fmt.Errorf(`%s: it is of latency = "lognormal"`, x.key)
		}
		*x.to = exchange.Time(*x.ms * 1e6)
	}
	switch {
	case p.Latency != nil:
	case model == "lognormal":
		if err := l.Check(); err != nil {
			return err
		}
		p.Latency = &l
	case ms != nil:
		l := ConstLatency(*ms)
		p.Latency = &l
	case model != "":
		p.Latency = &paper.Latency{Model: model}
	}
	return nil
}

func (p *PaperOptions) takeImpact(model string, half *float64) error {
	if models := []string{"", "memory", "stays", "none"}; !slices.Contains(models, model) {
		return fmt.Errorf("impact = %q: want %s%s", model, strings.Join(models[1:], ", "), bindings.DidYouMean(model, models[1:]))
	}
	im := paper.Impact{Model: model}
	switch {
	case model == "stays" && half == nil:
		im = paper.Impact{Model: "memory", HalfLife: -1}
	case half != nil && model != "memory":
		return errors.New(`impact_half_life_ms: it is of impact = "memory"`)
	case half != nil:
		if err := checkFloat("impact_half_life_ms", *half, float64(mostLatency/exchange.Millisecond)); err != nil {
			return err
		}
		im.HalfLife = max(1, exchange.Time(*half*1e6))
	}
	if model != "" && p.Impact == (paper.Impact{}) {
		p.Impact = im
	}
	return nil
}

func (o *Options) takeRisk(f *fileConfig) error {
	l := &o.Limits
	if err := errors.Join(decimalKey("max_order_notional", f.Risk.MaxOrderNotional, &l.MaxOrderNotional),
		decimalKey("max_position_notional", f.Risk.MaxPositionNotional, &l.MaxPositionNotional),
		decimalKey("max_borrowed", f.Risk.MaxBorrowed, &l.MaxBorrowed)); err != nil {
		return err
	}
	if f.Risk.DailyLoss != "" {
		v, ok := readDecimal(string(f.Risk.DailyLoss), 1)
		if !ok {
			return fmt.Errorf("daily_loss = %q: want a fraction of the equity from 0 to 1, such as \"0.02\" for 2 %%", f.Risk.DailyLoss)
		}
		l.DailyLoss = v
	}
	for _, d := range []struct {
		name    string
		v, most float64
	}{
		{"collar_bp", f.Risk.CollarBP, mostBP}, {"orders_per_second", f.Risk.OrdersPerSecond, 1e6}, {"order_burst", float64(f.Risk.OrderBurst), 1e6},
		{"stale_after_seconds", f.Risk.StaleAfterSeconds, 1e7}, {"max_open_orders", float64(f.Risk.MaxOpenOrders), 1e6},
		{"max_feed_latency_ms", f.Risk.MaxFeedLatencyMS, mostFeedLatencyMS}, {"warn_feed_latency_ms", f.Risk.WarnFeedLatencyMS, mostFeedLatencyMS},
	} {
		if err := checkFloat(d.name, d.v, d.most); err != nil {
			return err
		}
	}
	l.CollarBP, l.OrdersPerSecond, l.OrderBurst = f.Risk.CollarBP, f.Risk.OrdersPerSecond, f.Risk.OrderBurst
	l.MaxOpenOrders = f.Risk.MaxOpenOrders
	if m, w := f.Risk.MaxFeedLatencyMS, f.Risk.WarnFeedLatencyMS; m > 0 && w > m {
		return fmt.Errorf("warn_feed_latency_ms = %v: want %v or less, which is max_feed_latency_ms", w, m)
	}
	l.MaxFeedLatency = exchange.Time(f.Risk.MaxFeedLatencyMS * float64(exchange.Millisecond))
	l.WarnFeedLatency = exchange.Time(f.Risk.WarnFeedLatencyMS * float64(exchange.Millisecond))
	l.StaleAfter = exchange.Time(f.Risk.StaleAfterSeconds * float64(exchange.Second))
	return nil
}
