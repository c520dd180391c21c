package host

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/watch"
)

// configWatcher takes saves of the configuration file while a session runs: what can change
// goes to the loop as events, the rest is told and stays. A file that is wrong changes
// nothing.
type configWatcher struct {
	o       *Options
	scripts []loaded
	stale   exchange.Time // the market's own StaleAfter
	log     func(Line)
	post    func(*exchange.Event)
	w       *watch.Watcher
	text    string // that is in force
	done    chan struct{}
}

// watchConfig watches the file that the options were read from; nil: there is none.
func watchConfig(o *Options, scripts []loaded, stale exchange.Time, log func(Line), post func(*exchange.Event)) (*configWatcher, error) {
	if o.file == "" {
		return nil, nil
	}
	c := &configWatcher{o: o, scripts: scripts, stale: stale, log: log, post: post, text: o.fileText, done: make(chan struct{})}
	var err error
	if c.w, err = watch.New(watch.Options{Load: loadConfigText}); err != nil {
		return nil, err
	}
	if err := c.w.Add(o.file, hashOf(o.fileText)); err != nil {
		return nil, err
	}
	go c.run()
	return c, nil
}

func hashOf(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }

// loadConfigText reads and checks a file as a session's start does.
func loadConfigText(path string) ([]string, string, any, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return []string{path}, "", nil, err
	}
	text := string(raw)
	fresh := &Options{Account: &AccountOptions{}}
	if err := fresh.LoadConfig(path); err != nil {
		return []string{path}, hashOf(text), nil, err
	}
	if fresh.fileText != text { // it was saved again meanwhile: that save is told too
		text = fresh.fileText
	}
	return []string{path}, hashOf(text), fresh, nil
}

func (c *configWatcher) run() {
	defer close(c.done)
	for ch := range c.w.Changes() {
		name := filepath.Base(c.o.file)
		switch ch.Kind {
		case watch.Changed:
			c.take(ch.Payload.(*Options))
		case watch.Failed:
			c.say(intent.Error, fmt.Sprintf("%v\n%s was not taken: what was configured stays", ch.Err, name))
		case watch.Missing:
			c.say(intent.Warn, c.o.file+" is gone: what was configured stays")
		}
	}
}

func (c *configWatcher) say(level intent.Level, text string) {
	c.log(Line{Level: level, Strategy: "host", Text: text})
}

func (c *configWatcher) close() {
	if c == nil {
		return
	}
	_ = c.w.Close()
	<-c.done
}

// changes are the keys that a file has otherwise than the one in force, sorted.
func (c *configWatcher) changes(text string) ([]toml.Key, error) {
	before, err := flatConfig(c.text)
	if err != nil {
		return nil, err
	}
	after, err := flatConfig(text)
	if err != nil {
		return nil, err
	}
	var out []toml.Key
	for _, k := range sortedKeys(after) {
		if x, there := before[k]; !there || !reflect.DeepEqual(x.value, after[k].value) {
			out = append(out, after[k].key)
		}
	}
	for _, k := range sortedKeys(before) {
		if _, there := after[k]; !there {
			out = append(out, before[k].key)
		}
	}
	return out, nil
}

type flatValue struct {
	key   toml.Key
	value any
}

// flatConfig is a file as its keys, one level of tables after the other.
func flatConfig(text string) (map[string]flatValue, error) {
	var all map[string]any
	if _, err := toml.Decode(text, &all); err != nil {
		return nil, err
	}
	out := map[string]flatValue{}
	var walk func(toml.Key, map[string]any)
	walk = func(at toml.Key, fields map[string]any) {
		for k, v := range fields { // order does not matter: it fills a map
			key := append(slices.Clone(at), k)
			if table, ok := v.(map[string]any); ok {
				walk(key, table)
				continue
			}
			out[strings.Join(key, "\x00")] = flatValue{key, v}
		}
	}
	walk(nil, all)
	return out, nil
}

// fixedLimits are keys of [risk] that parts of a session were made with.
var fixedLimits = []string{"max_borrowed", "max_feed_latency_ms", "warn_feed_latency_ms"}

// take puts into force what can be of a file that is right, after all of it was checked.
func (c *configWatcher) take(fresh *Options) {
	name := filepath.Base(c.o.file)
	changed, err := c.changes(fresh.fileText)
	if err != nil {
		c.say(intent.Error, fmt.Sprintf("%s was not taken: %v", name, err))
		return
	}
	if err := checkParams(c.scripts, fresh.Set, fresh.origins); err != nil {
		c.say(intent.Error, fmt.Sprintf("%v\n%s was not taken: what was configured stays", err, name))
		return
	}
	place := func(key toml.Key) string { return fmt.Sprintf("%s:%d", c.o.file, keyLine(fresh.fileText, key...)) }
	params, limits := map[string]map[string]string{}, false
	for _, key := range changed {
		switch {
		case key[0] == "params" && len(key) == 3:
			c.param(key, fresh, params, place(key))
		case key[0] == "risk" && len(key) == 2 && !slices.Contains(fixedLimits, key[1]):
			limits = true
		default:
			c.say(intent.Warn, fmt.Sprintf("%s: %s can't change while the session runs: what it was stays until the next start", place(key), key))
		}
	}
	for _, strategy := range sortedKeys(params) {
		c.tell(core.Instruction{By: "configuration file", Strategy: strategy, Params: params[strategy]}.Event(core.CommandParams))
	}
	if limits {
		l := fresh.Limits
		if l.StaleAfter == 0 {
			l.StaleAfter = c.stale
		}
		c.tell(core.LimitsEvent(l))
	}
	if len(changed) > 0 {
		c.say(intent.Info, fmt.Sprintf("%s was read again: %d keys are others", name, len(changed)))
	}
	c.text = fresh.fileText
}

// param gathers a parameter, unless a flag has said it or the file no longer does.
func (c *configWatcher) param(key toml.Key, fresh *Options, params map[string]map[string]string, place string) {
	full := key[1] + "." + key[2]
	value, there := fresh.Set[full]
	_, ofFile := c.o.origins[full]
	_, dotted := c.o.Set[full]
	_, plain := c.o.Set[key[2]]
	switch {
	case (dotted || plain) && !ofFile:
		c.say(intent.Warn, fmt.Sprintf("%s: %s was set by a flag, which stays", place, key))
	case !there:
		c.say(intent.Warn, fmt.Sprintf("%s: %s is in the file no more: what it was stays until the next start", c.o.file, key))
	default:
		if params[key[1]] == nil {
			params[key[1]] = map[string]string{}
		}
		params[key[1]][key[2]] = value
	}
}

// tell hands a command to the loop.
func (c *configWatcher) tell(ev *exchange.Event, err error) {
	if err != nil {
		c.say(intent.Error, err.Error())
		return
	}
	c.post(ev)
}
