package main

import (
	"fmt"
	"net"
	"reflect"
	"slices"
	"strings"
	"time"

	"netready/internal/cmdline"
	"netready/internal/yamlfile"
	"netready/probe/invite"
	"netready/probe/regions"
	"netready/probe/responder"
)

// settings are those of a running responder. Each is a flag, and a key of the settings file;
// a flag overrides the file.
type settings struct {
	Config         string        `yaml:"-" aliases:"limits" placeholder:"FILE" help:"Settings in a file (YAML). Its keys are these flags with _ in place of -; a flag overrides it. SIGHUP reads it again, with certificate and tokens."`
	Control        string        `yaml:"control" default:":8443" help:"Address of the HTTPS control connections."`
	Media          string        `yaml:"media" default:"${media}" help:"Address of the UDP media."`
	Advertise      string        `yaml:"advertise" placeholder:"HOST[:PORT]" help:"How agents reach the control address, for the invite (default: this host's own address)."`
	AdvertiseMedia string        `yaml:"advertise_media" placeholder:"HOST:PORT" help:"How agents reach the media address, behind NAT or a load balancer (default: the control host)."`
	Region         string        `yaml:"region" placeholder:"ID" help:"Region of this host, for the agents' reports."`
	Data           string        `yaml:"data" default:"netready-responder-data" placeholder:"DIR" help:"Folder that keeps key, tokens and counts, so that an invite stays valid after a restart."`
	Invites        string        `yaml:"invites" placeholder:"DIR" help:"Folder with the invites of organisations, which several responders may share, with their runs (default: --data). Where it can only be read, each responder counts its own runs, in --data."`
	TLSCert        string        `yaml:"tls_cert" name:"tls-cert" placeholder:"FILE" help:"Certificate of your own (PEM), with --tls-key."`
	TLSKey         string        `yaml:"tls_key" name:"tls-key" placeholder:"FILE" help:"Its key (PEM)."`
	ACME           string        `yaml:"acme" name:"acme" placeholder:"HOST" help:"Get a certificate for this name from an authority by ACME (Let's Encrypt unless --acme-directory). It has to reach --control at port 443, or --acme-http at port 80."`
	ACMEDirectory  string        `yaml:"acme_directory" name:"acme-directory" placeholder:"URL" help:"Directory of the ACME authority."`
	ACMEEmail      string        `yaml:"acme_email" name:"acme-email" placeholder:"ADDRESS" help:"E-mail address to which the authority may send messages."`
	ACMEHTTP       string        `yaml:"acme_http" name:"acme-http" placeholder:"ADDR" help:"Also answer the authority over HTTP there, as in :80."`
	InviteFile     string        `yaml:"invite_file" placeholder:"FILE" help:"Also write the invite there, readable by the owner alone."`
	HideInvite     bool          `yaml:"hide_invite" help:"Do not print the invite: for systems that keep what is printed in a log. To see it: netready-responder invite --own."`
	TokenFile      string        `yaml:"token_file" placeholder:"FILE" help:"Tokens of your own, one a line, in place of the data folder's: with --tls-cert, several responders then have one invite."`
	Downloads      string        `yaml:"downloads" placeholder:"DIR" help:"Folder with netready's release files, for the page that an invite opens in a browser."`
	Store          string        `yaml:"store" placeholder:"URL" help:"Where results that agents send are kept: a folder, s3://BUCKET?region=…, gs://BUCKET or azblob://CONTAINER, which several responders may share, or none (default: results in --data)."`
	SisterKeys     string        `yaml:"sister_keys" placeholder:"KEYID,…" help:"Also store results that these responders signed, by the signing_key that each of them logs at its start: those that share the store but have their own keys, and this one before its key was changed."`
	Keep           keeping       `yaml:"keep" placeholder:"90d" help:"How long results are kept; then they are deleted, at night (default: until netready-responder delete)."`
	Ports          string        `yaml:"ports" default:"standard" placeholder:"LIST" help:"Listeners for the firewall checks: standard, none, or a list as in udp:3478,tls:443."`
	Metrics        string        `yaml:"metrics" placeholder:"ADDR" help:"Serve /metrics (Prometheus), /healthz and /readyz there, over HTTP, as in 127.0.0.1:9464. It asks for no token: keep it away from the Internet."`
	Drain          time.Duration `yaml:"drain" default:"60s" help:"After SIGTERM, how long current calls may continue (0s: not at all). A second signal ends them at once."`
	MaxSessions    int           `yaml:"max_sessions" default:"500" help:"Sessions at once."`
	MaxPerAddress  int           `yaml:"max_per_address" placeholder:"N" help:"Usual calls (100 packets a second each) at once from one client address; others have to wait (default: half of --max-packet-rate)."`
	MaxCalls       int           `yaml:"max_calls" default:"200" help:"Calls of one session."`
	MaxDuration    time.Duration `yaml:"max_duration" default:"10m" help:"Length of a call."`
	MaxPacketRate  int           `yaml:"max_packet_rate" default:"50000" help:"Packets a second, both ways, all sessions. The responder takes fewer where this host sends late."`
	Log            string        `yaml:"log" default:"text" enum:"text,json" help:"Form of the log on stderr: text or json."`
	Verbose        bool          `yaml:"verbose" short:"v" help:"Log every session."`
}

// wrong is a setting that no responder can run with.
type wrong struct{ key, why string }

// check says what is wrong with the settings, nil if nothing is.
func (s settings) check() *wrong {
	for _, number := range []struct {
		key string
		n   int
	}{
		{"max_sessions", s.MaxSessions}, {"max_calls", s.MaxCalls}, {"max_packet_rate", s.MaxPacketRate},
	} {
		if number.n < 1 {
			return &wrong{number.key, fmt.Sprintf("%d: give 1 or more", number.n)}
		}
	}
	switch {
	case s.MaxPerAddress < 0:
		return &wrong{"max_per_address", fmt.Sprintf("%d: give 1 or more, or 0 for half of max_packet_rate", s.MaxPerAddress)}
	case s.MaxDuration < time.Second:
		return &wrong{"max_duration", fmt.Sprintf("%v: give 1s or more", s.MaxDuration)}
	case s.Drain < 0 || s.Drain > time.Hour:
		return &wrong{"drain", fmt.Sprintf("%v: give 0s to 1h", s.Drain)}
	case s.Log != "text" && s.Log != "json":
		return &wrong{"log", fmt.Sprintf("%q: give text or json", s.Log)}
	case s.Data == "":
		return &wrong{"data", "is empty: name a folder"}
	}
	if w := s.checkStore(); w != nil {
		return w
	}
	return s.checkNames()
}

// checkNames is check for hosts, addresses and certificates.
func (s settings) checkNames() *wrong {
	if w := s.checkSisters(); w != nil {
		return w
	}
	if s.Region != "" {
		if err := regions.CheckID(s.Region); err != nil {
			return &wrong{"region", err.Error()}
		}
	}
	if s.AdvertiseMedia != "" {
		if err := responder.CheckMedia(s.AdvertiseMedia); err != nil {
			return &wrong{"advertise_media", fmt.Sprintf("%q: %v", s.AdvertiseMedia, err)}
		}
	}
	switch {
	case s.TLSCert == "" && s.TLSKey != "":
		return &wrong{"tls_key", "goes together with --tls-cert"}
	case s.TLSCert != "" && s.TLSKey == "":
		return &wrong{"tls_cert", "goes together with --tls-key"}
	case s.ACME == "" && s.ACMEDirectory+s.ACMEEmail+s.ACMEHTTP != "":
		return &wrong{"acme", "is missing: name the host that the certificate is for"}
	case s.ACME != "" && s.TLSCert != "":
		return &wrong{"acme", "and tls_cert cannot be used together: choose one"}
	case s.ACME != "" && (invite.CheckHost(net.JoinHostPort(s.ACME, "443")) != nil || !strings.Contains(s.ACME, ".") || net.ParseIP(s.ACME) != nil):
		return &wrong{"acme", fmt.Sprintf("%q: give a name as in voice.example.com", s.ACME)}
	case s.ACMEDirectory != "" && !strings.HasPrefix(s.ACMEDirectory, "https://"):
		return &wrong{"acme_directory", fmt.Sprintf("%q: give a URL that begins with https://", s.ACMEDirectory)}
	}
	for key, address := range map[string]string{"metrics": s.Metrics, "acme_http": s.ACMEHTTP} {
		if address == "" {
			continue
		}
		if _, _, err := net.SplitHostPort(address); err != nil {
			return &wrong{key, fmt.Sprintf("%q: give ADDRESS:PORT or :PORT", address)}
		}
	}
	return nil
}

// flagOf is how a key of the file is written on the command line.
func flagOf(key string) string { return "--" + strings.ReplaceAll(key, "_", "-") }

// given are the keys whose flags stand on the command line.
func given(command *cmdline.Chosen) []string {
	var keys []string
	for _, flag := range cmdline.Flags(command.Command) {
		if flag.Given {
			keys = append(keys, strings.ReplaceAll(flag.Name, "-", "_"))
		}
	}
	return keys
}

// load are the settings of the command line over those of the file, checked.
// The flags of the command line are by name in given.
func (s settings) load(given []string) (settings, error) {
	if s.Config == "" {
		if w := s.check(); w != nil {
			return s, fmt.Errorf("%s %s", flagOf(w.key), w.why)
		}
		return s, nil
	}
	data, err := yamlfile.Read(s.Config)
	if err != nil {
		return s, fmt.Errorf("--config: %w", err)
	}
	merged := s
	file, err := yamlfile.Decode(s.Config, data, &merged)
	if err != nil {
		return s, fmt.Errorf("--config: %w", err)
	}
	restore(&merged, s, given)
	if w := merged.check(); w != nil {
		if at := file.At(w.key); at != file.Root && !slices.Contains(given, w.key) {
			return s, fmt.Errorf("--config: %w", file.Errorf(at, "%s %s", w.key, w.why))
		}
		return s, fmt.Errorf("%s %s", flagOf(w.key), w.why)
	}
	return merged, nil
}

// restore puts the values of some keys back.
func restore(into *settings, from settings, keys []string) {
	to, was := reflect.ValueOf(into).Elem(), reflect.ValueOf(from)
	for i := range to.NumField() {
		if slices.Contains(keys, to.Type().Field(i).Tag.Get("yaml")) {
			to.Field(i).Set(was.Field(i))
		}
	}
}

// needRestart are the keys that differ and whose new values are used after a restart only.
func (s settings) needRestart(now settings) (keys []string) {
	live := []string{"max_sessions", "max_per_address", "max_calls", "max_duration", "max_packet_rate", "tls_cert", "tls_key", "token_file", "invite_file", "drain", "downloads"}
	a, b := reflect.ValueOf(s), reflect.ValueOf(now)
	for i := range a.NumField() {
		key := a.Type().Field(i).Tag.Get("yaml")
		if key != "-" && !slices.Contains(live, key) && !a.Field(i).Equal(b.Field(i)) {
			keys = append(keys, key)
		}
	}
	return keys
}

// limits are those of the settings.
func (s settings) limits() responder.Limits {
	return responder.Limits{
		Sessions: s.MaxSessions, PerAddress: s.MaxPerAddress, Calls: s.MaxCalls,
		Duration: s.MaxDuration, PacketRate: s.MaxPacketRate,
	}
}
