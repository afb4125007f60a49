//go:build !linux && !darwin

package diskroom

import "errors"

// Of is the room of the disk that a folder lies on: not asked for on this system.
func Of(string) (Room, error) { return Room{}, errors.ErrUnsupported }
