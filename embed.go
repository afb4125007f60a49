// Package netready embeds the list of regions and firewall checks. It lives at
// the top, because go:embed cannot look into a parent folder; probe/regions
// reads the list.
package netready

import _ "embed"

// RegionsYAML is the content of regions.yaml.
//
//go:embed regions.yaml
var RegionsYAML []byte
