package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// command runs a program, which gets the payload of a webhook on its standard input.
type command struct{ args []string }

func (*command) room() int { return 32 << 10 }

// commandEnv is what a program gets of our environment: tokens and keys are in the rest.
var commandEnv = []string{"PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "SystemRoot", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY"}

func (c *command) send(ctx context.Context, list []Notice) error {
	body, err := payloadOf(list)
	if err != nil {
		return refused{err}
	}
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.WaitDelay = time.Second // of what it started and left behind
	cmd.Env = []string{}
	for _, name := range commandEnv {
		if v, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	said := &firstBytes{most: 400}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(body), said, said
	err = cmd.Run()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%s did not end in time and was ended", c.args[0])
	case errors.Is(err, exec.ErrWaitDelay):
		return fmt.Errorf("%s left programs behind that hold its output", c.args[0])
	}
	if text := OneLine(said.String()); text != "" {
		return fmt.Errorf("%s: %w: %s", c.args[0], err, cut(text, 200))
	}
	return fmt.Errorf("%s: %w", c.args[0], err)
}

// firstBytes keeps the beginning of what is written to it.
type firstBytes struct {
	bytes.Buffer
	most int
}

// Write implements io.Writer.
func (f *firstBytes) Write(p []byte) (int, error) {
	if room := f.most - f.Len(); room > 0 {
		f.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}
