package core

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// Commands that a KindCommand event can carry in Name.
const (
	CommandStart  = "start"
	CommandStop   = "stop"   // finish what is under way, start nothing
	CommandHalt   = "halt"   // trip the kill latch
	CommandResume = "resume" // lift it
	// CommandHold lets only reducing orders pass until CommandRelease: the host can't
	// see the account just now. It is no latch, and needs no person.
	// With an Instrument they are about that one alone, and nothing passes: see
	// Core.suspend.
	CommandHold    = exchange.CommandHold
	CommandRelease = exchange.CommandRelease
	// CommandCancel cancels every working order. It forbids nothing: see CommandHold.
	CommandCancel = "cancel"
	// CommandCaughtUp comes after the market data that waited for the session to begin: how
	// long it did is no venue's latency.
	CommandCaughtUp = "caught up"
	CommandEnd      = "end" // the last event of a session: sample and save
)

func (c *Core) onCommand(ev *exchange.Event) {
	c.commandErr = nil
	switch ev.Name {
	case CommandStart:
		c.phase.running = true
		c.strategies.notifyAll(Callback{Handler: OnStart})
		c.strategies.tellPasts(c.markets)
		c.bars.warmUp()
	case CommandStop:
		c.stop()
	case CommandHalt:
		c.halt(ev.Reason)
	case CommandResume:
		steering{c}.lift()
	case CommandHold:
		if ev.Instrument != exchange.NoInstrument {
			c.holds.suspend(ev.Instrument, ev.Reason)
		} else if c.gate.Hold(ev.Reason) {
			c.log(intent.Warn, -1, "no new risk: "+ev.Reason)
		}
	case CommandRelease:
		if ev.Instrument != exchange.NoInstrument {
			c.holds.suspend(ev.Instrument, "")
		} else if c.gate.Release() {
			c.log(intent.Info, -1, "new orders pass again"+c.markets.stillDark())
		}
	case CommandCancel:
		c.conditionals.recall(exchange.NoInstrument, "every order was canceled")
		for _, o := range c.orders.open {
			c.entry.Cancel(o.ID)
		}
	case CommandCaughtUp:
		c.delays.begin()
	case CommandLimits:
		steering{c}.setLimits(ev)
	case CommandEnd:
		c.end(ev)
	case CommandLatch, CommandUnlatch, CommandPause, CommandUnpause, CommandParams, CommandWithdraw, CommandFlatten, CommandSignal,
		CommandEvaluate, CommandLeave:
		steering{c}.follow(ev)
	}
}

func (c *Core) stop() {
	c.phase.stopping, c.phase.stopAt = true, c.now
	c.strategies.notifyAll(Callback{Handler: OnStop})
	c.strategies.drain()
	c.advisors.forgetQuestions()
	for _, m := range c.pairs.list {
		m.Stop()
		c.driver.stepPair(m)
	}
	c.parents.pauseSchedules()
	c.conditionals.pause()
	for _, o := range c.orders.open {
		c.entry.Cancel(o.ID)
	}
}

func (c *Core) halt(reason string) {
	if !c.gate.Kill(reason) {
		return
	}
	c.halted(reason)
}

// lift is the reverse of halt.
func (c steering) lift() {
	if c.gate.Killed() != "" {
		c.gate.Resume()
		c.emit(-1, haltsNow(c.Core))
		c.log(intent.Warn, -1, "resumed: the kill latch is lifted")
	}
}

// halted tells everyone that the latch was tripped.
func (c *Core) halted(reason string) {
	c.emit(-1, haltsNow(c))
	c.log(intent.Error, -1, HaltedLine+reason)
	for _, m := range c.pairs.list {
		m.Halt(c.driver.port, reason)
		c.driver.snoozeIdle(m)
	}
	c.strategies.notifyAll(Callback{Handler: OnHalt, Reason: reason})
}

func (c *Core) onReload(ev *exchange.Event) {
	r := ev.Reload
	if r.Strategy < 0 || int(r.Strategy) >= len(c.strategies.list) {
		c.log(intent.Error, -1, "reload of a strategy that does not run: "+r.Path)
		return
	}
	c.commandErr = nil
	s := c.strategies.list[r.Strategy]
	v := &Version{Number: s.version, Path: r.Path, Hash: r.Hash, Sources: r.Sources, Rollback: r.To > 0, By: r.By, Why: r.Why, Took: r.Took}
	defer steering{c}.tellReload(s, r, v)
	if err := c.replace(s, func() (Strategy, error) { return s.Reload(s.port, r) }); err != nil {
		v.Problem = err.Error()
		c.stats.ReloadsRefused++
		c.emit(s.index, VersionChanged{v})
		return
	}
	s.cautioned = false
	s.version++
	s.paused, s.strikes, s.errors, s.failed = "", 0, 0, nil
	c.stats.Reloads++
	v.Number, v.Loaded = s.version, true
	c.emit(s.index, VersionChanged{v})
	c.commit(s)
	c.strategies.releaseUndelivered(s)
	s.asleep = ""
	c.strategies.checkAwake(s)
}

// replace lets the strategy that fresh returns take an instance's place. What it asks
// for meanwhile is staged, for the caller to commit; after an error nothing has changed.
func (c *Core) replace(s *instance, fresh func() (Strategy, error)) error {
	s.port.reset()
	s.port.handler = OnReload
	next, err := Strategy(nil), c.strategies.repeat(s, false)
	if err == nil {
		if next, err = fresh(); err != nil {
			c.strategies.noteInterrupt(s, err)
		}
	}
	if err == nil && s.port.refused != nil {
		next.Close()
		err = s.port.refused
	}
	if err != nil {
		s.port.reset()
		return err
	}
	s.Strategy.Close()
	s.install(next, c.u)
	c.bars.buildBars()
	s.dirty = true
	return nil
}
