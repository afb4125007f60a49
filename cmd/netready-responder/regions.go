package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"netready"
	"netready/internal/atomicfile"
	"netready/internal/yamlfile"
	"netready/probe/invite"
	"netready/probe/regions"
)

// regionsCmd makes a regions.yaml in which the regions have their responders.
type regionsCmd struct {
	Files   []string `arg:"" name:"file" help:"Files with what aws cloudformation describe-stacks or terraform output -json printed."`
	Invites string   `placeholder:"DIR" help:"Folder with the stacks' invites, REGION.txt each, or REGION.HOST.txt where a region has several. Without it the list has host:port, and agents need NETREADY_TOKEN."`
	Regions string   `placeholder:"FILE" help:"The list to fill in (default: the built-in one)."`
	Output  string   `short:"o" placeholder:"FILE" help:"Where to write it, readable by the owner alone: invites are secrets (default: stdout)."`
}

// Run fills in the responders, all or none.
func (c *regionsCmd) Run(a *app) error {
	var stacks []stack
	for _, path := range c.Files {
		more, err := readStacks(path)
		if err != nil {
			return err
		}
		stacks = append(stacks, more...)
	}
	name, text := cmp.Or(c.Regions, "regions.yaml"), netready.RegionsYAML
	if c.Regions != "" {
		var err error
		if text, err = yamlfile.Read(c.Regions); err != nil {
			return fmt.Errorf("--regions: %w", err)
		}
	}
	list, err := regions.Parse(name, text)
	if err != nil {
		return fmt.Errorf("--regions: %w", err)
	}
	responders, missing, err := c.responders(stacks)
	if err != nil {
		return err
	}
	filled, err := fill(text, list.Checks, responders)
	if err != nil {
		return err
	}
	if _, err := regions.Parse(name, filled); err != nil {
		return fmt.Errorf("the list with the stacks' responders is not valid: %w", err)
	}
	for _, s := range missing {
		fmt.Fprintf(a.stderr, "%s: no invite, so agents need NETREADY_TOKEN and a certificate that they know; to get it: (umask 077; aws s3 cp %s %s.txt)\n", s.region, s.place, s.region)
	}
	if c.Output == "" {
		_, err = a.stdout.Write(filled)
		return err
	}
	if err := atomicfile.Private(c.Output, filled); err != nil {
		return fmt.Errorf("writing the list: %w; choose another file with -o", err)
	}
	return nil
}

// listed are the responders of a region, in the order of the stacks.
type listed struct {
	region     string
	responders []string
}

// responders are those that the list has to name, by region, and the stacks without an invite.
func (c *regionsCmd) responders(stacks []stack) (all []*listed, missing []stack, err error) {
	seen := map[string]string{}
	byRegion := map[string]*listed{}
	for _, s := range stacks {
		if before, twice := seen[s.host]; twice {
			return nil, nil, fmt.Errorf("%s: %s is a duplicate, first in %s: give each stack once", s.from, s.host, before)
		}
		seen[s.host] = s.from
		responder, err := c.invite(s)
		if err != nil {
			return nil, nil, err
		}
		if responder == "" {
			responder, missing = s.host, append(missing, s)
		}
		id := strings.ToLower(s.region)
		if byRegion[id] == nil {
			byRegion[id] = &listed{region: s.region}
			all = append(all, byRegion[id])
		}
		byRegion[id].responders = append(byRegion[id].responders, responder)
	}
	return all, missing, nil
}

// invite is that of a stack, "" if it is not in the folder.
func (c *regionsCmd) invite(s stack) (string, error) {
	if c.Invites == "" {
		return "", nil
	}
	host := strings.NewReplacer(":", "_", "[", "", "]", "").Replace(s.host)
	for _, name := range []string{s.region + "." + host + ".txt", s.region + ".txt"} {
		path := filepath.Join(c.Invites, name)
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("--invites: %w", err)
		}
		to, err := invite.Parse(strings.TrimSpace(string(text)))
		if err != nil {
			return "", fmt.Errorf("--invites: %s: %w", path, err)
		}
		if to.Host != s.host {
			return "", fmt.Errorf("--invites: %s leads to %s, and the stack (%s) is at %s: fetch the invite again from %s", path, to.Host, s.from, s.host, s.place)
		}
		return to.String(), nil
	}
	return "", nil
}

// fill writes responders into a list and does not change the rest, comments included. A
// region that the list does not have is added at its end.
func fill(text []byte, checks []regions.Check, all []*listed) ([]byte, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, fmt.Errorf("reading the list: %w", err)
	}
	known := valueOf(root.Content[0], "regions")
	for _, one := range all {
		region := regionIn(known, one.region)
		if region == nil {
			region = &yaml.Node{Kind: yaml.MappingNode}
			set(region, "id", scalar(one.region))
			set(region, "name", scalar(one.region))
			// The domain of its service is not known: only the rows that ask the responder.
			set(region, "skip", namesOf(rowsOfTheService(checks)))
			known.Content = append(known.Content, region)
		}
		set(region, "responders", namesOf(one.responders))
		set(region, "weights", nil) // those were for other responders
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := errors.Join(encoder.Encode(&root), encoder.Close()); err != nil {
		return nil, fmt.Errorf("writing the list: %w", err)
	}
	return out.Bytes(), nil
}

// rowsOfTheService are the checks of hosts whose names need a domain.
func rowsOfTheService(checks []regions.Check) (names []string) {
	for _, c := range checks {
		if strings.Contains(c.Host, "{domain}") || strings.Contains(c.Host, "{suffix}") {
			names = append(names, c.Name)
		}
	}
	return names
}

func namesOf(texts []string) *yaml.Node {
	names := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, text := range texts {
		names.Content = append(names.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: text})
	}
	return names
}

func scalar(text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
}

func valueOf(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

func regionIn(known *yaml.Node, id string) *yaml.Node {
	for _, region := range known.Content {
		for region.Kind == yaml.AliasNode {
			region = region.Alias
		}
		if at := valueOf(region, "id"); at != nil && strings.EqualFold(at.Value, id) {
			return region
		}
	}
	return nil
}

// set gives a key of a mapping its value; nil removes it.
func set(mapping *yaml.Node, key string, value *yaml.Node) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value != key {
			continue
		}
		if value == nil {
			mapping.Content = append(mapping.Content[:i], mapping.Content[i+2:]...)
		} else {
			mapping.Content[i+1] = value
		}
		return
	}
	if value != nil {
		mapping.Content = append(mapping.Content, scalar(key), value)
	}
}
