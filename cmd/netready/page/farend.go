package page

import (
	"errors"
	"strings"

	"netready/probe/ice"
	"netready/probe/invite"
)

// A FarEnd is where the calls of a run go: to the responder of an invite, or
// through one of the TURN servers of a list. The zero one is the region's own.
type FarEnd struct {
	Invite invite.Invite
	TURN   []ice.Server
}

// errNoInvite answers a text that is neither an invite nor a list of TURN servers. The
// @FILE and - of the command line are not accepted here: a form must not read files of
// this machine, or wait for its keyboard.
var errNoInvite = errors.New("paste the invite itself: a line that starts with https:// and holds a #; or what a TURN service hands out: JSON in braces")

// readFarEnd reads what was typed into the form. No error repeats a secret.
func readFarEnd(typed string) (FarEnd, error) {
	typed = strings.TrimSpace(typed)
	switch {
	case typed == "":
		return FarEnd{}, nil
	case ice.IsList(typed):
		servers, err := ice.Parse([]byte(typed))
		return FarEnd{TURN: servers}, err
	case !strings.Contains(typed, "://"):
		return FarEnd{}, errNoInvite
	}
	to, err := invite.Parse(typed)
	if wrong, ok := errors.AsType[*invite.Error](err); ok {
		return FarEnd{}, errors.New(wrong.InForm())
	}
	if err == nil && to.Token == "" {
		return FarEnd{}, errNoInvite
	}
	return FarEnd{Invite: to}, err
}
