//go:build system

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"netready/internal/need"
)

// forWindows is a release in the making with a program for each Windows, small
// ones in place of the agent.
func forWindows(t *testing.T, signing string) dist {
	t.Helper()
	need.Tool(t, "wixl")
	need.Tool(t, "msibuild")
	d := dist{
		ctx: t.Context(), said: io.Discard, folder: t.TempDir(), work: t.TempDir(), signing: signing,
		commit: commit{version: "v1.2.3", hash: "0123456789abcdef", date: time.Date(2027, 3, 4, 5, 6, 7, 0, time.UTC)},
	}
	for _, target := range targets {
		if target.os != "windows" {
			continue
		}
		build := exec.Command("go", "build", "-trimpath", "-o", d.path(target.file("netready")), "netready/internal/wine/hello")
		build.Env = append(os.Environ(), "GOOS=windows", "GOARCH="+target.arch, "CGO_ENABLED=0")
		output(t, build)
		for _, err := range []error{d.addResources(target, "netready"), d.sign(d.path(target.file("netready"))), d.msi(target)} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return d
}

// signer is a certificate for signing programs, with its key, as files.
func signer(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a test of netready"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}, IsCA: true, BasicConstraintsValid: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", cert), write("key.pem", "PRIVATE KEY", secret)
}

// What --sign names signs programs and installers for both processors; a byte that
// is changed afterwards is noticed.
func TestSigned(t *testing.T) {
	tool := need.Tool(t, "osslsigncode")
	certificate, key := signer(t)
	d := forWindows(t, "-certs "+certificate+" -key "+key)
	for _, name := range []string{"netready-windows-amd64.exe", "netready-windows-arm64.exe", "netready-windows-amd64.msi", "netready-windows-arm64.msi"} {
		verify := func(path string) error {
			return exec.Command(tool, "verify", "-CAfile", certificate, "-in", path).Run()
		}
		if err := verify(d.path(name)); err != nil {
			t.Errorf("%s: its signature is not taken: %v", name, err)
		}
		changed := []byte(read(t, d.folder, name))
		changed[len(changed)/3] ^= 1
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		if verify(path) == nil {
			t.Errorf("%s: a changed byte is not noticed", name)
		}
	}
	d.signing = "-certs " + certificate + " -key /nowhere"
	if err := d.sign(d.path("netready-windows-amd64.exe")); err == nil || !strings.Contains(err.Error(), "/nowhere") {
		t.Errorf("a key that is missing: %v", err)
	}
}

// The installer for arm64 says so, and both have the optional task.
func TestInstallersOfBothProcessors(t *testing.T) {
	d := forWindows(t, "")
	codes := map[string]bool{}
	for processor, want := range map[string]string{"amd64": "Template: x64;1033", "arm64": "Template: Arm64;1033"} {
		msi := d.path("netready-windows-" + processor + ".msi")
		if summary := output(t, exec.Command(need.Tool(t, "msiinfo"), "suminfo", msi)); !strings.Contains(summary, want+"\n") || !strings.Contains(summary, "Version: 500 ") {
			t.Errorf("%s: its summary is %s", processor, summary)
		}
		codes[output(t, exec.Command("sh", "-c", "msiinfo export "+msi+" Property | grep ProductCode"))] = true
		actions := output(t, exec.Command("msiinfo", "export", msi, "CustomAction"))
		for _, want := range []string{"MakeTask\t3106\tINSTALLDIR\t", "RemoveTask\t3170\tINSTALLDIR\t"} {
			if !strings.Contains(actions, want) {
				t.Errorf("%s: no action %q in %s", processor, want, actions)
			}
		}
	}
	if len(codes) != 2 {
		t.Errorf("product codes: %v", codes)
	}
}
