package emodel

import (
	"strings"
	"testing"
	"time"
)

func TestPacketSizes(t *testing.T) {
	tests := []struct {
		codec   string
		ptime   time.Duration
		payload int
		step    uint32
		wire    float64 // bit/s on Ethernet
	}{
		{"pcmu", 20 * time.Millisecond, 160, 160, 87_200},
		{"pcma", 20 * time.Millisecond, 160, 160, 87_200},
		{"pcmu", 30 * time.Millisecond, 240, 240, 79_466.67},
		{"g722", 20 * time.Millisecond, 160, 160, 87_200},
		{"g729", 20 * time.Millisecond, 20, 160, 31_200},
		{"opus", 20 * time.Millisecond, 80, 960, 55_200},
	}
	for _, tt := range tests {
		c, ok := FindCodec(tt.codec)
		if !ok {
			t.Fatalf("no codec %s", tt.codec)
		}
		if got := c.PayloadBytes(tt.ptime); got != tt.payload {
			t.Errorf("%s: %d payload bytes, want %d", tt.codec, got, tt.payload)
		}
		if got := c.TimestampStep(tt.ptime); got != tt.step {
			t.Errorf("%s: timestamp step %d, want %d", tt.codec, got, tt.step)
		}
		if got := c.WireBitRate(tt.ptime); got < tt.wire-0.01 || got > tt.wire+0.01 {
			t.Errorf("%s: %.2f bit/s, want %.2f", tt.codec, got, tt.wire)
		}
	}
}

func TestFindCodec(t *testing.T) {
	for _, name := range CodecNames() {
		c, ok := FindCodec(name)
		if !ok || c.Name != name || c.Title == "" || c.Provenance == "" || c.ClockRate == 0 {
			t.Errorf("%s: %+v", name, c)
		}
	}
	if _, ok := FindCodec("g711"); ok {
		t.Error("g711 is no codec's name")
	}
}

func TestChoose(t *testing.T) {
	five, ten := 5.0, 10.0
	tests := []struct {
		name, codec string
		ie, bpl     *float64
		basis       string
		scale       Scale
		wantIe      float64
		wantBpl     float64
		says        string
	}{
		{"published", "pcmu", nil, nil, "pcmu", Narrowband, 0, 25.1, "G.113"},
		{"published for 20 ms", "g729", nil, nil, "g729", Narrowband, 11, 19, "packets of 20 ms"},
		{"half overridden", "g729", nil, &ten, "g729", Narrowband, 11, 10, "Bpl as given"},
		{"no Bpl", "g722", nil, nil, "pcmu", Narrowband, 0, 25.1, "No Bpl is published"},
		{"Bpl given", "g722", nil, &ten, "g107.1:g722", Wideband, 13, 10, "wideband"},
		{"nothing published", "opus", nil, nil, "pcmu", Narrowband, 0, 25.1, "No Ie and Bpl"},
		{"half given", "opus", &five, nil, "pcmu", Narrowband, 0, 25.1, "No Bpl"},
		{"both given", "opus", &five, &ten, "g107.1:opus", Wideband, 5, 10, "--ie and --bpl"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := FindCodec(tt.codec)
			m := Choose(c, tt.ie, tt.bpl)
			if m.Basis != tt.basis || m.Scale != tt.scale || m.Ie != tt.wantIe || m.Bpl != tt.wantBpl {
				t.Errorf("got %+v", m)
			}
			if all := strings.Join(m.Assumptions, "\n"); !strings.Contains(all, tt.says) {
				t.Errorf("assumptions %q do not say %q", all, tt.says)
			}
		})
	}
}
