package main

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// A commit is what a release is made from.
type commit struct {
	version string // as git describes it: v1.2.3, or the hash where no tag is
	hash    string
	date    time.Time // of the commit: the time of everything in the release
}

// headCommit is the commit that is checked out. Changed files show in the version.
func headCommit(ctx context.Context) (commit, error) {
	var c commit
	var err error
	if c.version, err = git(ctx, "describe", "--tags", "--always", "--dirty"); err != nil {
		return c, err
	}
	if c.hash, err = git(ctx, "rev-parse", "HEAD"); err != nil {
		return c, err
	}
	date, err := git(ctx, "log", "-1", "--format=%cI")
	if err != nil {
		return c, err
	}
	c.date, err = time.Parse(time.RFC3339, date)
	c.date = c.date.UTC()
	return c, err
}

func git(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "git", args...).Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w (a release is made in a clone)", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}

// stamp is what programs say of their build (internal/release).
func (c commit) stamp() string {
	return c.version + " " + c.hash + " " + c.date.Format(time.RFC3339)
}

// numbers is the version as Windows and its installer want it: three numbers,
// each under 65,536. A commit without a tag is 0.0.0.
func (c commit) numbers() [3]uint16 {
	var n [3]uint16
	tag, _, _ := strings.Cut(strings.TrimPrefix(c.version, "v"), "-")
	parts := strings.Split(tag, ".")
	if len(parts) != len(n) {
		return n
	}
	for i, part := range parts {
		v, err := strconv.ParseUint(part, 10, 16)
		if err != nil {
			return [3]uint16{}
		}
		n[i] = uint16(v)
	}
	return n
}

// packageVersion is the version in a form that deb and rpm order correctly: releases by their
// numbers, and commits between two releases by their date.
func (c commit) packageVersion() string {
	n := c.numbers()
	base := fmt.Sprintf("%d.%d.%d", n[0], n[1], n[2])
	if "v"+base == c.version {
		return base
	}
	return base + "+git" + c.date.Format("20060102150405") + "." + c.hash[:8]
}
