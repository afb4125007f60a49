package release

import (
	"runtime/debug"
	"testing"
)

func TestVersionNamesTheCommit(t *testing.T) {
	git := []debug.BuildSetting{{Key: "vcs.revision", Value: "0123456789abcdef0123"}, {Key: "vcs.time", Value: "2027-03-04T05:06:07Z"}}
	const full = "v1.2.3 (commit 0123456789ab of 2027-03-04T05:06:07Z)"
	for _, test := range []struct {
		name, stamp   string
		info          *debug.BuildInfo
		version, full string
	}{
		{"make", "v1.2.3 0123456789abcdef0123 2027-03-04T05:06:07Z", &debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}, "v1.2.3", full},
		{"the version alone", "v1.2.3", &debug.BuildInfo{Settings: git}, "v1.2.3", full},
		{"go build in a clone", "", &debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}, Settings: git}, "v1.2.3", full},
		{"go install", "", &debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}, "v1.2.3", "v1.2.3"},
		{"go run", "", &debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}, "dev", "dev"},
		{"make without git", "dev  ", nil, "dev", "dev"},
	} {
		b := of(test.stamp, test.info)
		if b.version != test.version || b.String() != test.full {
			t.Errorf("%s: %q and %q, want %q and %q", test.name, b.version, b, test.version, test.full)
		}
	}
}
