package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"netready/probe/emodel"
)

// writeCapture writes a call of 500 packets whose every 50th is lost, and some
// DNS beside it.
func writeCapture(t *testing.T, kind uint8, step uint32) string {
	t.Helper()
	var out bytes.Buffer
	w := pcapgo.NewWriterNanos(&out)
	if err := w.WriteFileHeader(65536, layers.LinkTypeEthernet); err != nil {
		t.Fatal(err)
	}
	write := func(at time.Duration, port uint16, payload []byte) {
		udp := &layers.UDP{SrcPort: 40000, DstPort: layers.UDPPort(port)}
		ip := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolUDP, SrcIP: net.ParseIP("2001:db8::1"), DstIP: net.ParseIP("2001:db8::2"), TrafficClass: 46 << 2}
		if err := udp.SetNetworkLayerForChecksum(ip); err != nil {
			t.Fatal(err)
		}
		eth := &layers.Ethernet{SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, DstMAC: net.HardwareAddr{2, 0, 0, 0, 0, 2}, EthernetType: layers.EthernetTypeIPv6}
		b := gopacket.NewSerializeBuffer()
		if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, eth, ip, udp, gopacket.Payload(payload)); err != nil {
			t.Fatal(err)
		}
		began := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		info := gopacket.CaptureInfo{Timestamp: began.Add(at), CaptureLength: len(b.Bytes()), Length: len(b.Bytes())}
		if err := w.WritePacket(info, b.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 500 {
		if i%50 == 25 {
			write(time.Duration(i)*20*time.Millisecond, 53, []byte{0x80, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0})
			continue
		}
		rtp := make([]byte, 172)
		rtp[0], rtp[1] = 0x80, kind
		binary.BigEndian.PutUint16(rtp[2:], uint16(65400+i))
		binary.BigEndian.PutUint32(rtp[4:], uint32(i)*step)
		binary.BigEndian.PutUint32(rtp[8:], 0xcafe)
		write(time.Duration(i)*20*time.Millisecond+time.Duration(i%2)*4300300*time.Nanosecond, 16384, rtp)
	}
	path := filepath.Join(t.TempDir(), "call.pcap")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func command(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(t.Context(), args, strings.NewReader(""), &out, &errs)
	return status, out.String(), errs.String()
}

func TestAnalyzeJSON(t *testing.T) {
	status, stdout, stderr := command(t, "analyze", "--json", "--rtt", "80ms", writeCapture(t, 0, 160))
	if status != 0 || stderr != "" {
		t.Fatalf("status %d, stderr %q", status, stderr)
	}
	var got struct {
		Streams []map[string]any `json:"streams"`
	}
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Streams) != 1 {
		t.Fatalf("%d streams", len(got.Streams))
	}
	for name, want := range map[string]any{
		"ssrc": "0x0000cafe", "src": "[2001:db8::1]:40000", "dst": "[2001:db8::2]:16384", "codec": "pcmu",
		"payload_type": 0.0, "clock_rate": 8000.0, "ptime_ms": 20.0, "started_at": "2026-11-23T12:00:00Z",
		"sent": 500.0, "received": 490.0, "lost": 10.0, "loss_percent": 2.0, "discard_percent": 0.0,
		"in_order_percent": 100.0, "duplicates": 0.0, "dscp_received": 46.0, "mos_basis": "pcmu", "dscp_asked": nil,
	} {
		if got.Streams[0][name] != want {
			t.Errorf("%s = %v, want %v", name, got.Streams[0][name], want)
		}
	}
	if long := regexp.MustCompile(`"[a-z_0-9]+": -?[0-9]+\.[0-9]{4,}`).FindAllString(stdout, -1); long != nil {
		t.Errorf("figures with more than three decimals: %v", long) // duration_s once was 3.9802999999999997
	}
	p := emodel.Defaults(emodel.Narrowband).OneWay(40 + 60 + 20 + 0.25)
	p.Bpl, p.Ppl = 25.1, 2
	if want := math.Round(p.Rate().R()*1000) / 1000; got.Streams[0]["r"] != want {
		t.Errorf("r = %v, want %v", got.Streams[0]["r"], want)
	}
}

func TestAnalyzeText(t *testing.T) {
	status, stdout, stderr := command(t, "analyze", writeCapture(t, 0, 160))
	if status != 0 || stderr != "" {
		t.Fatalf("status %d, stderr %q", status, stderr)
	}
	for _, want := range []string{"[2001:db8::1]:40000 -> [2001:db8::2]:16384", "0x0000cafe", "10 lost", "2 %", "MOS", "taken as 0"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is not in\n%s", want, stdout)
		}
	}
}

func TestAnalyzeFlags(t *testing.T) {
	tests := []struct {
		name  string
		kind  uint8
		step  uint32
		flags []string
		want  []string
	}{
		{"opus is guessed", 96, 960, nil, []string{`"codec": "opus"`, `"mos_basis": "pcmu"`}},
		{"mapped", 97, 320, []string{"--map", "97=AMR-WB/16000"}, []string{`"codec": "amr-wb"`, `"clock_rate": 16000`}},
		{"named", 97, 160, []string{"--codec", "g722"}, []string{`"codec": "g722"`, `"clock_rate": 8000`}},
		{"own values", 18, 160, []string{"--ie", "5", "--bpl", "20"}, []string{`"mos_basis": "g729"`, "--ie and --bpl"}},
		{"video", 96, 1800, nil, []string{`"mos": null`, "not speech"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args := append([]string{"analyze", "--json", writeCapture(t, tt.kind, tt.step)}, tt.flags...)
			status, stdout, stderr := command(t, args...)
			if status != 0 {
				t.Fatalf("status %d: %s", status, stderr)
			}
			for _, want := range tt.want {
				if !strings.Contains(stdout, want) {
					t.Errorf("%q is not in\n%s", want, stdout)
				}
			}
		})
	}
}

func TestAnalyzeErrors(t *testing.T) {
	capture := writeCapture(t, 0, 160)
	whole, err := os.ReadFile(capture)
	if err != nil {
		t.Fatal(err)
	}
	file := func(name string, b []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tests := []struct {
		name   string
		args   []string
		status int
		says   string
	}{
		{"no file", []string{"missing.pcap"}, exitUsage, "missing.pcap"},
		{"a folder", []string{t.TempDir()}, exitUsage, "folder"},
		{"empty", []string{file("empty.pcap", nil)}, exitUsage, "empty"},
		{"text", []string{file("a.txt", []byte("hello, world"))}, exitUsage, "not a packet capture"},
		{"no packets", []string{file("b.pcap", whole[:24])}, exitUndetermined, "no RTP stream in 0 packets"},
		{"cut short", []string{file("c.pcap", whole[:len(whole)-9])}, exitReady, "c.pcap: The file is cut short"},
		{"bad map", []string{capture, "--map", "200=opus"}, exitUsage, "--map 200=opus"},
		{"bad rate", []string{capture, "--map", "96=opus/x"}, exitUsage, "--map"},
		{"bad buffer", []string{capture, "--jitter-buffer=-1ms"}, exitUsage, "--jitter-buffer"},
		{"bad rtt", []string{capture, "--rtt=-1ms"}, exitUsage, "--rtt"},
		{"bad bpl", []string{capture, "--bpl", "0"}, exitUsage, "--bpl"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, _, stderr := command(t, append([]string{"analyze"}, tt.args...)...)
			if status != tt.status || !strings.Contains(stderr, tt.says) {
				t.Errorf("status %d, want %d; stderr %q", status, tt.status, stderr)
			}
		})
	}
}

func TestMos(t *testing.T) {
	tests := []struct {
		name   string
		args   []string
		r, mos float64
	}{
		{"defaults", nil, 93.206208, 4.409406},
		{"delay", []string{"--delay", "250ms"}, 79.177101, 3.992519},
		{"loss in bursts", []string{"--loss", "5", "--burst-r", "2"}, 75.996063, 3.864123},
		{"G.729", []string{"--codec", "g729", "--loss", "2"}, 74.206208, 3.787558},
		{"Opus on G.711's basis", []string{"--codec", "opus", "--loss", "1"}, 89.566361, 4.328232},
		{"wideband with values of one's own", []string{"--codec", "g722", "--ie", "5", "--bpl", "20", "--delay", "150ms"}, 122.421331, 4.439743},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, stdout, stderr := command(t, append([]string{"mos", "--json"}, tt.args...)...)
			var got mosAnswer
			if err := json.Unmarshal([]byte(stdout), &got); err != nil || status != 0 || stderr != "" {
				t.Fatalf("status %d, %v, stderr %q", status, err, stderr)
			}
			if math.Abs(got.R-tt.r) > 1e-6 || math.Abs(got.MOS-tt.mos) > 1e-6 {
				t.Errorf("R %.6f, MOS %.6f; want %.6f, %.6f", got.R, got.MOS, tt.r, tt.mos)
			}
			terms := got.Terms
			if sum := terms.Ro - terms.Is - terms.Idte - terms.Idle - terms.Idd - terms.IeEff; math.Abs(sum-got.R) > 1e-9 {
				t.Errorf("the terms add up to %g, R is %g", sum, got.R)
			}
		})
	}
}

func TestMosErrors(t *testing.T) {
	for _, args := range [][]string{
		{"--loss", "101"},
		{"--loss=-1"},
		{"--loss", "NaN"},
		{"--delay=-1ms"},
		{"--delay", "2h"},
		{"--delay", "150"},
		{"--burst-r", "0.5"},
		{"--burst-r", "+Inf"},
		{"--ie", "96"},
		{"--ie=-1"},
		{"--bpl", "0"},
		{"--bpl", "NaN"},
		{"--codec", "g711"},
	} {
		status, stdout, stderr := command(t, append([]string{"mos"}, args...)...)
		if status != exitUsage || stdout != "" || !strings.Contains(stderr, strings.TrimPrefix(strings.Split(args[0], "=")[0], "--")) {
			t.Errorf("%v: status %d, stdout %q, stderr %q", args, status, stdout, stderr)
		}
	}
}
