//go:build !linux && !windows

package path

import (
	"context"
	"errors"
	"runtime"

	"netready/probe/facts"
)

// asker: on this system nobody is asked.
type asker struct{}

func open(Settings) (*asker, string, error) {
	return nil, facts.PathUnsupported, errors.New("this program does not ask the routers on the path on " + runtime.GOOS)
}

func (*asker) method() string { return "" }

func (*asker) ask(int, int) error { return errors.ErrUnsupported }

func (*asker) listen(context.Context, func(answer)) {}

func (*asker) close() {}
