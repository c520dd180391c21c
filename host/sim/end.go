package sim

// End lets the session end in good order as soon as the loop is free: strategies
// are stopped and what is under way is finished, as after an interruption. Call it
// on the loop's goroutine.
func (d *Driver) End() { d.ending = true }
