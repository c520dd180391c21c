package host

import (
	"reflect"
	"sync"
)

// lent are the values of embedding programs that sessions of this process have. Two
// loops that call one value's methods would tear it, and two that read one channel would
// share its events out by chance.
var lent = struct {
	sync.Mutex
	keys map[lentKey]bool
}{keys: map[lentKey]bool{}}

// lentKey is where a value is.
type lentKey struct {
	kind reflect.Type
	at   uintptr
}

// loan is what one session, or replay, has of its program.
type loan []lentKey

// borrow takes a value, which what names. One that is nobody's to share is taken by one
// session at a time; what is copied when it is handed over may be in any number.
func (l *loan) borrow(what string, v any) error {
	key, ok := identity(v)
	if !ok {
		return nil
	}
	lent.Lock()
	defer lent.Unlock()
	if lent.keys[key] {
		return configError("%s: a session that is not over has the same value, or this one has it twice: make a value of its own for each", what)
	}
	lent.keys[key] = true
	*l = append(*l, key)
	return nil
}

// giveBack ends all of it.
func (l *loan) giveBack() {
	lent.Lock()
	defer lent.Unlock()
	for _, key := range *l {
		delete(lent.keys, key)
	}
	*l = nil
}

// borrowAll takes all that a session, or a replay, is given, or nothing.
func (w *own) borrowAll(source Source) (l loan, err error) {
	defer func() {
		if err != nil {
			l.giveBack()
		}
	}()
	for _, s := range w.strategies {
		if err := l.borrow("strategy "+s.name, s.Strategy); err != nil {
			return l, err
		}
	}
	for _, r := range w.rules {
		if err := l.borrow("risk rule "+r.Name(), r); err != nil {
			return l, err
		}
	}
	if c, ok := source.(*ChanSource); ok && c.Events != nil {
		if err := l.borrow("the channel of ChanSource "+c.Info.Name, c.Events); err != nil {
			return l, err
		}
	}
	return l, nil
}

// identity is where the one value is that v stands for, through what only wraps it; false
// when copies of it are as good.
func identity(v any) (lentKey, bool) {
	if s, ok := v.(*goStrategy); ok {
		v = s.value
	}
	x := reflect.ValueOf(v)
	for x.Kind() == reflect.Struct && x.NumField() == 1 || x.Kind() == reflect.Interface {
		if x.Kind() == reflect.Interface {
			x = x.Elem()
		} else {
			x = x.Field(0)
		}
	}
	switch x.Kind() {
	case reflect.Pointer:
		if x.Type().Elem().Size() == 0 {
			return lentKey{}, false // all of them are at one place
		}
	case reflect.Map, reflect.Chan:
	default:
		return lentKey{}, false
	}
	return lentKey{x.Type(), x.Pointer()}, !x.IsNil()
}
