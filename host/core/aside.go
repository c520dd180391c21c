package core

import "github.com/perilune/perilune/exchange"

// Aside lets look read what a strategy sees, in the middle of a callback of its or between
// two events. What it asks of the port is forgotten, nothing is told of it, and the callback
// goes on as if it had not been. It returns what was logged.
func (o Onlooker) Aside(strategy int, look func(*Port) error) (output string, err error) {
	ss := o.C.strategies
	s := ss.list[strategy]
	port, before := s.port, ss.reading
	s.port = &Port{marketView: port.marketView, accountView: accountView{c: port.c, instance: s}, c: port.c, instance: s, handler: port.handler}
	ss.reading = &reading{}
	defer func() { s.port, ss.reading = port, before }()
	if err = look(s.port); err == nil {
		err = s.port.refused
	}
	return ss.reading.output, err
}

// Strategies is how many there are.
func (o Onlooker) Strategies() int { return len(o.C.strategies.list) }

// Staged is the last of what the callback of a strategy has asked for so far.
type Staged struct {
	Things   int // of any kind
	Order    exchange.OrderID
	Pair     exchange.PairID
	Schedule exchange.ScheduleID
}

// Staged tells the ids that a strategy's orders, pairs and schedules have come to, those
// that its callback has only asked for so far included.
func (o Onlooker) Staged(strategy int) Staged {
	p := o.C.strategies.list[strategy].port
	return Staged{Things: len(p.staged), Order: p.c.orders.last + p.orders, Pair: p.c.pairs.last + p.pairs, Schedule: p.c.schedules.last + p.schedules}
}
