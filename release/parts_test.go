package main

import (
	"bytes"
	"debug/macho"
	"encoding/binary"
	"image/png"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

func TestVersionsAsPackagesOrderThem(t *testing.T) {
	date := time.Date(2027, 3, 4, 5, 6, 7, 0, time.UTC)
	for version, want := range map[string]string{
		"v1.2.3": "1.2.3", "v2.0.10": "2.0.10",
		"v1.2.3-4-gabcdef0": "1.2.3+git20270304050607.01234567", "abcdef0": "0.0.0+git20270304050607.01234567", "v1.2.3-dirty": "1.2.3+git20270304050607.01234567",
		"v70000.1.1": "0.0.0+git20270304050607.01234567",
	} {
		if got := (commit{version: version, hash: "0123456789abcdef", date: date}).packageVersion(); got != want {
			t.Errorf("%s: %s, want %s", version, got, want)
		}
	}
}

// thin is the smallest program that the reader takes.
func thin(cpu macho.Cpu, sub uint32) []byte {
	var b bytes.Buffer
	_ = binary.Write(&b, binary.LittleEndian, macho.FileHeader{Magic: macho.Magic64, Cpu: cpu, SubCpu: sub, Type: macho.TypeExec})
	b.Write(make([]byte, 4+len("padding")))
	return b.Bytes()
}

func TestUniversalProgramHoldsBoth(t *testing.T) {
	fat, err := join([][]byte{thin(macho.CpuAmd64, 3), thin(macho.CpuArm64, 0)})
	if err != nil {
		t.Fatal(err)
	}
	f, err := macho.NewFatFile(bytes.NewReader(fat))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []macho.Cpu{macho.CpuAmd64, macho.CpuArm64} {
		if a := f.Arches[i]; a.Cpu != want || a.Offset%(1<<pageBits) != 0 || !bytes.Equal(fat[a.Offset:a.Offset+a.Size], thin(want, a.SubCpu)) {
			t.Errorf("part %d: %+v, want %s", i, a.FatArchHeader, want)
		}
	}
	if _, err := join([][]byte{thin(macho.CpuArm64, 0), thin(macho.CpuArm64, 0)}); err == nil {
		t.Error("two parts for one processor were joined")
	}
	if _, err := join([][]byte{[]byte("no program")}); err == nil {
		t.Error("a text was joined")
	}
}

func TestSummaryIsFixedOrRefused(t *testing.T) {
	at := time.Date(2027, 3, 4, 5, 6, 7, 0, time.UTC)
	guid := guidOf("test")
	for _, damaged := range [][]byte{nil, summaryFormat, append(make([]byte, 28), summaryFormat...), append(append(make([]byte, 28), summaryFormat...), bytes.Repeat([]byte{0xff}, 100)...)} {
		if err := fixSummary(damaged, summary{guid: guid, at: at}); err == nil {
			t.Errorf("%d bytes without a summary were taken", len(damaged))
		}
	}
	if len(guid) != 36 || guid != guidOf("test") || guid == guidOf("another") || strings.ToUpper(guid) != guid {
		t.Errorf("GUID %s", guid)
	}
}

func TestSignIsDrawnInEachSize(t *testing.T) {
	for _, size := range []int{16, 256} {
		var b bytes.Buffer
		if err := png.Encode(&b, icon(size)); err != nil {
			t.Fatal(err)
		}
		if _, _, _, a := icon(size).At(size/2, size/2).RGBA(); a != 0xffff {
			t.Errorf("%d: the middle is transparent", size)
		}
		if _, _, _, a := icon(size).At(0, 0).RGBA(); a != 0 {
			t.Errorf("%d: the corner is not transparent", size)
		}
	}
}

func TestOnlyKnownSystems(t *testing.T) {
	if _, err := choose("windows/amd64, linux/armv7"); err != nil {
		t.Error(err)
	}
	if _, err := choose("linux/sparc"); err == nil || !strings.Contains(err.Error(), "linux/armv7") {
		t.Errorf("an unknown system: %v", err)
	}
}

func TestFolderOfOthersIsNotEmptied(t *testing.T) {
	dir := t.TempDir()
	if err := emptyFolder(dir); err != nil {
		t.Fatal(err)
	}
	if err := emptyFolder(dir); err != nil {
		t.Errorf("its own folder: %v", err)
	}
	if err := emptyFolder(".."); err == nil {
		t.Fatal("a folder with other files was emptied")
	}
}

// What is linked in from a folder of this repository is not a module of others, and a
// module that replaces another is the one that people get.
func TestReplacedModulesAreNamedAsTheyAre(t *testing.T) {
	for path, replace := range map[string]*debug.Module{"example.com/a": nil, "example.com/fork": {Path: "example.com/fork", Version: "v2.0.0"}, "": {Path: "./internal/deepcopy"}} {
		m, ok := linkedModule(&debug.Module{Path: "example.com/a", Version: "v1.0.0", Replace: replace})
		if ok != (path != "") || ok && m.path != path {
			t.Errorf("%+v: %+v, %v", replace, m, ok)
		}
	}
}
