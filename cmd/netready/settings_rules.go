package main

import (
	"net"
	"net/netip"
	"os"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"

	"netready/internal/cmdline"
	"netready/internal/yamlfile"
)

// machine is what the rules of a settings file can ask for.
type machine struct {
	host      string
	addresses []netip.Addr
}

// thisMachine asks the system. What it does not tell matches no rule.
func thisMachine() machine {
	var m machine
	m.host, _ = os.Hostname()
	addrs, _ := net.InterfaceAddrs()
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			m.addresses = append(m.addresses, p.Addr().Unmap())
		}
	}
	return m
}

// Keys of a rule beside the setting itself.
const (
	ruleHost   = "host"   // a pattern of host names, or several
	ruleSubnet = "subnet" // a subnet in CIDR form, or several
)

// readRules takes the first rule that matches this machine. All rules are checked, so that a
// file is either valid on every machine or on none.
func (s *settings) readRules(flag *cmdline.Flag, list *yaml.Node, this machine) (value setting, chosen bool, err error) {
	for i, rule := range list.Content {
		rule = followed(rule)
		if rule.Kind != yaml.MappingNode {
			return value, false, s.file.Errorf(rule, "%s: this is not a rule: write - {host: \"ber-*\", %s: …}", keyOf(flag), keyOf(flag))
		}
		text, node, conditions, err := s.readRule(flag, rule)
		if err != nil {
			return value, false, err
		}
		if len(conditions) == 0 && i < len(list.Content)-1 {
			return value, false, s.file.Errorf(rule, "%s: this rule is for every machine, so those below it are never used: move it to the end or give it %s or %s", keyOf(flag), ruleHost, ruleSubnet)
		}
		if !chosen && this.meets(conditions) {
			value, chosen = setting{text: text, line: node.Line, rule: i + 1}, true
		}
	}
	return value, chosen, nil
}

// readRule reads one rule: its value and its conditions by key.
func (s *settings) readRule(flag *cmdline.Flag, rule *yaml.Node) (text string, at *yaml.Node, conditions map[string][]string, err error) {
	conditions = map[string][]string{}
	for i := 0; i+1 < len(rule.Content); i += 2 {
		key, node := rule.Content[i], followed(rule.Content[i+1])
		switch key.Value {
		case keyOf(flag):
			at = node
			text, err = s.text(flag, node)
		case ruleHost, ruleSubnet:
			conditions[key.Value], err = s.patterns(key.Value, node)
		default:
			err = s.file.Errorf(key, "unknown key %q in a rule%s", clipped(key.Value), meantInRule(flag, key.Value))
		}
		if err != nil {
			return "", nil, nil, err
		}
	}
	if at == nil {
		return "", nil, nil, s.file.Errorf(rule, "the rule has no %s: write {%s: …, %s: …}", keyOf(flag), ruleHost, keyOf(flag))
	}
	return text, at, conditions, nil
}

func meantInRule(flag *cmdline.Flag, got string) string {
	keys := []string{ruleHost, ruleSubnet, keyOf(flag)}
	if near := yamlfile.Nearest(got, keys); near != "" {
		return "; did you mean \"" + near + "\"?"
	}
	return "; the keys here are " + strings.Join(keys, ", ")
}

// patterns are the host names or subnets of a rule.
func (s *settings) patterns(key string, node *yaml.Node) ([]string, error) {
	words := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		words = node.Content
	}
	var all []string
	for _, word := range words {
		word = followed(word)
		if word.Kind != yaml.ScalarNode || strings.TrimSpace(word.Value) == "" || word.ShortTag() == "!!null" {
			return nil, s.file.Errorf(word, "%s: give a text or a list of texts", key)
		}
		text := strings.ToLower(strings.TrimSpace(word.Value))
		if _, err := path.Match(text, ""); key == ruleHost && err != nil {
			return nil, s.file.Errorf(word, "host: %q is not a pattern: * stands for any letters, ? for one", clipped(word.Value))
		}
		if prefix, err := netip.ParsePrefix(text); key == ruleSubnet && (err != nil || prefix != prefix.Masked()) {
			return nil, s.file.Errorf(word, "subnet: %q is not a subnet: write it as in 10.1.0.0/16 or 2001:db8:1::/48, with no bits set behind the length", clipped(word.Value))
		}
		all = append(all, text)
	}
	if len(all) == 0 {
		return nil, s.file.Errorf(node, "%s: the list is empty: give it a value or remove it", key)
	}
	return all, nil
}

// meets tells whether every condition holds: one of its patterns each.
func (m machine) meets(conditions map[string][]string) bool {
	for key, patterns := range conditions {
		met := false
		for _, pattern := range patterns {
			met = met || key == ruleHost && m.isNamed(pattern) || key == ruleSubnet && m.isIn(pattern)
		}
		if !met {
			return false
		}
	}
	return true
}

// isNamed tries the whole name and its first label; capitals do not matter.
func (m machine) isNamed(pattern string) bool {
	host := strings.ToLower(strings.TrimSuffix(m.host, "."))
	label, _, _ := strings.Cut(host, ".")
	for _, name := range []string{host, label} {
		if ok, _ := path.Match(pattern, name); ok && name != "" {
			return true
		}
	}
	return false
}

func (m machine) isIn(subnet string) bool {
	prefix, err := netip.ParsePrefix(subnet)
	for _, a := range m.addresses {
		if err == nil && prefix.Contains(a) {
			return true
		}
	}
	return false
}
