package responder

import (
	"net/netip"
	"time"

	"netready/probe/internal/wire"
)

// Padded, bare and answered make one check or answer of a call alone.
func Padded(id wire.TransactionID, username, password string) ([]byte, error) {
	k, err := wire.NewCredential(username, password)
	if err != nil {
		return nil, err
	}
	return k.AskPadded(nil, id), nil
}

func bare(id wire.TransactionID, username, password string) ([]byte, error) {
	k, err := wire.NewCredential(username, password)
	if err != nil {
		return nil, err
	}
	return k.Ask(nil, id), nil
}

func answered(id wire.TransactionID, from netip.AddrPort, received, sent time.Duration, password string) ([]byte, error) {
	k, err := wire.NewCredential("", password)
	if err != nil {
		return nil, err
	}
	return k.Answer(nil, id, from, received, sent), nil
}
