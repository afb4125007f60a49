//go:build !linux && !windows

package radio

import "errors"

// adapter: this system tells an ordinary program nothing about its Wi-Fi.
type adapter struct{}

func open(string) *adapter { return nil }

func (*adapter) close() {}

func (*adapter) read() (reading, error) { return reading{}, errors.ErrUnsupported }
