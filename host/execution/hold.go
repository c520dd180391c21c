package execution

// Hold keeps the machine from making any order or transfer until Release, whatever
// its state: what it would decide on is in doubt, because our books and the venue's
// differ. What rests is taken back, and what was sent may still fill. why is said to
// the strategy and shown as long as it lasts.
func (m *Machine) Hold(p Port, why string) {
	if m.Pair.State.Done() || m.Pair.Held == why {
		return
	}
	m.Pair.Held = why
	m.Step(p)
	m.reasons.report(p)
}

// Release ends a Hold: the machine goes on from where its fills say that it is.
func (m *Machine) Release(p Port) {
	if m.Pair.Held == "" {
		return
	}
	m.Pair.Held = ""
	m.reasons.report(p)
	m.Step(p)
}

// stand is Step while the machine is held.
func (m *Machine) stand(p Port) {
	for i := range m.working.legs {
		if m.working.legs[i].live && m.working.legs[i].rests {
			m.working.pull(p, i)
		}
	}
	m.working.hurry(p, p.Now())
}
