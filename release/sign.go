package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// sign puts a signature (Authenticode) on a Windows program or installer with
// the key that --sign names; without --sign it leaves the file alone.
func (d dist) sign(path string) error {
	if d.signing == "" {
		return nil
	}
	if _, err := exec.LookPath("osslsigncode"); err != nil {
		return errors.New("--sign needs osslsigncode (Debian: apt-get install osslsigncode)")
	}
	fmt.Fprintln(d.said, "sign ", path)
	signed := path + ".signed"
	args := append([]string{"sign", "-h", "sha256", "-n", "netready"}, strings.Fields(d.signing)...)
	c := exec.CommandContext(d.ctx, "osslsigncode", append(args, "-in", path, "-out", signed)...)
	if out, err := c.CombinedOutput(); err != nil {
		_ = os.Remove(signed)
		return fmt.Errorf("signing %s: %w\n%s", path, err, out)
	}
	if err := os.Rename(signed, path); err != nil {
		return fmt.Errorf("signing %s: %w", path, err)
	}
	return errors.Join(os.Chmod(path, 0o755), os.Chtimes(path, d.commit.date, d.commit.date)) //nolint:gosec // a program
}
