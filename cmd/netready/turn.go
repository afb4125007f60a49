package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"netready/cmd/netready/page"
	"netready/probe/facts"

	"netready/internal/modes"
	"netready/probe"
	"netready/probe/ice"
	"netready/probe/regions"
	"netready/probe/relay"
)

// turnFlags name a TURN server that the calls go through, in place of a
// responder. No flag takes a secret: everybody on the machine can read the
// arguments of a program.
type turnFlags struct {
	ICE              string `name:"ice" placeholder:"FILE" help:"Call through a TURN server and back: the JSON that a TURN service hands out (iceServers, or AWS GetIceServerConfig), or - for stdin."`
	Turn             string `placeholder:"URI" help:"Call through this TURN server and back: turn:HOST:PORT or turns:HOST:PORT, with ?transport=udp or tcp. Its password comes from NETREADY_TURN_PASSWORD, or NETREADY_TURN_SECRET holds the secret that coturn shares."`
	TurnUser         string `placeholder:"NAME" help:"User of --turn."`
	TurnPasswordFile string `placeholder:"FILE" help:"File whose first line is the password of --turn, instead of NETREADY_TURN_PASSWORD."`

	chosen page.FarEnd // in the page's form; zero: what the flags say
}

// asksTURN tells whether a TURN server was asked for.
func (f *turnFlags) asksTURN() bool { return f.ICE != "" || f.Turn != "" || f.chosen.TURN != nil }

// servers are the TURN servers that the flags name, or the region's own where
// it has one, credentials for it are set and there is no responder; none
// otherwise.
func (f *turnFlags) servers(app *app, region regions.Region, invited bool, calls int) ([]ice.Server, error) {
	own := !f.asksTURN() && !invited && len(region.Responders) == 0 && len(region.TURNURIs) > 0 && hasTURNSecret()
	switch {
	case !f.asksTURN() && !own && (f.TurnUser != "" || f.TurnPasswordFile != "") && len(region.TURNURIs) == 0:
		return nil, errors.New("--turn-user and --turn-password-file go with --turn URI")
	case !f.asksTURN() && !own && f.TurnUser == "":
		return nil, nil
	case f.asksTURN() && invited:
		return nil, errors.New("--responder and a TURN server (--ice, --turn): give one of them; a responder tells more")
	case calls > relay.MostCalls:
		return nil, fmt.Errorf("--calls %d: give 1 to %d through a TURN server, since each call is three streams through somebody's server", calls, relay.MostCalls)
	case f.chosen.TURN != nil:
		return f.chosen.TURN, nil
	}
	source := ice.Source{File: f.ICE, URI: f.Turn, User: f.TurnUser, PasswordFile: f.TurnPasswordFile, Stdin: app.Stdin, Now: time.Now()}
	if !f.asksTURN() {
		source.URI = region.TURNURIs[0].String()
	}
	for _, file := range []string{f.ICE, f.TurnPasswordFile} {
		if file != "" && file != "-" {
			if loose := modes.Warning(file, "credentials"); loose != "" {
				app.say("%s", loose)
			}
		}
	}
	servers, err := source.Load()
	if err == nil && !f.asksTURN() {
		servers[0].URIs = region.TURNURIs
	}
	return servers, err
}

func hasTURNSecret() bool {
	return os.Getenv(ice.PasswordVariable) != "" || os.Getenv(ice.SecretVariable) != ""
}

// announce says what a run takes of somebody's server or line beyond one call,
// before it does.
func announce(app *app, p probe.Plan) {
	if len(p.TURN) > 0 && slices.Contains(p.Parts, facts.PartVoice) {
		app.say("%s", relay.Cost(p.TURN, p.Codec, p.Duration, p.Calls))
	}
	if p.UnderLoad {
		app.say("--under-load fills the line for half a minute: others on it will notice; Ctrl-C ends it")
	}
	if p.CallsMax > 0 {
		app.say("--calls-max adds calls, %d at the most (%d kbit/s each way), until a limit breaks: others on the line will notice; Ctrl-C ends it",
			p.CallsMax, p.CallsMax*callKbps)
	}
}

// callKbps is what a call of G.711 takes of an Ethernet line each way: 214 bytes 50
// times a second.
const callKbps = 86
