package core

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
