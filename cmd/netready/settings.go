package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"netready/internal/cmdline"
	"netready/internal/yamlfile"
)

// settingsName is what a settings file beside the program is called.
const settingsName = "netready.yaml"

// configFlag is the flag that names another.
const configFlag = "config"

// settingsFlag names the settings file. A command with this flag takes what
// its other flags do not say from there.
type settingsFlag struct {
	Config string `placeholder:"FILE" help:"Settings in a file (YAML): the flags of run and ui as keys, with _ in place of -. The command line and the environment go before it. Without --config: netready.yaml beside the program, if there is one."`
}

// settings are what a settings file says for this machine.
type settings struct {
	file   yamlfile.File
	values map[string]setting // by the name of the flag
}

// setting is one value of the file.
type setting struct {
	text string // as it would be written on the command line
	line int
	rule int // which rule of a list chose it, counted from 1; 0: no rules
}

// loadSettings reads the settings file that was named, or the one in the
// program's folder; where there is none, nothing is set.
func loadSettings(flags []*cmdline.Flag, named, folder string, this machine) (settings, error) {
	path := named
	if named == "" {
		if folder == "" {
			return settings{}, nil
		}
		path = filepath.Join(folder, settingsName)
	}
	if named == "" && isOfAnotherUser(path) {
		return settings{}, fmt.Errorf("%s belongs to another user, so it is not used; name it with --config, or remove it", path)
	}
	data, err := yamlfile.Read(path)
	switch {
	case named == "" && errors.Is(err, fs.ErrNotExist):
		return settings{}, nil
	case err != nil && named != "":
		return settings{}, fmt.Errorf("--config: %w", err)
	case err != nil:
		return settings{}, fmt.Errorf("%w; correct it, or remove it from the folder of the program", err)
	}
	return parseSettings(flags, path, data, this)
}

// parseSettings checks every key against the flags, and every value as the
// command line would.
func parseSettings(flags []*cmdline.Flag, path string, data []byte, this machine) (settings, error) {
	s := settings{file: yamlfile.File{Name: path}, values: map[string]setting{}}
	file, err := yamlfile.Decode(path, data, &map[string]any{})
	if err != nil || file.Root == nil {
		return s, err
	}
	s.file = file
	for i := 0; i+1 < len(file.Root.Content); i += 2 {
		key, node := file.Root.Content[i], followed(file.Root.Content[i+1])
		flag := flagOfKey(flags, key.Value)
		if flag == nil {
			return s, file.Errorf(key, "unknown key %q%s", clipped(key.Value), meant(flags, key.Value))
		}
		value, chosen, err := s.read(flag, node, this)
		if err != nil {
			return s, err
		}
		if chosen {
			s.values[flag.Name] = value
		}
	}
	return s, nil
}

// keyOf is how a flag is written in the settings file.
func keyOf(flag *cmdline.Flag) string { return strings.ReplaceAll(flag.Name, "-", "_") }

func flagOfKey(flags []*cmdline.Flag, key string) *cmdline.Flag {
	for _, flag := range flags {
		if keyOf(flag) == key {
			return flag
		}
	}
	return nil
}

// meant names the key that was meant, or where all of them are listed.
func meant(flags []*cmdline.Flag, got string) string {
	var keys []string
	for _, flag := range flags {
		keys = append(keys, keyOf(flag))
	}
	if near := yamlfile.Nearest(strings.ReplaceAll(got, "-", "_"), keys); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return "; the keys are the flags of netready run and netready ui, which netready config check lists"
}

// clipped is enough of a wrong word to find it.
func clipped(word string) string {
	if r := []rune(word); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return word
}

// followed is the node that an alias (*name) refers to.
func followed(node *yaml.Node) *yaml.Node {
	for node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	return node
}

// read takes one value, or the first rule of a list that is for this machine;
// chosen is false where no rule is.
func (s *settings) read(flag *cmdline.Flag, node *yaml.Node, this machine) (value setting, chosen bool, err error) {
	if node.Kind == yaml.SequenceNode && len(node.Content) > 0 && followed(node.Content[0]).Kind == yaml.MappingNode {
		return s.readRules(flag, node, this)
	}
	text, err := s.text(flag, node)
	return setting{text: text, line: node.Line}, true, err
}

// text is a value as it would be written on the command line, checked.
func (s *settings) text(flag *cmdline.Flag, node *yaml.Node) (string, error) {
	node = followed(node)
	words := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		if !flag.IsList() {
			return "", s.file.Errorf(node, "%s: found a list where one value is expected", keyOf(flag))
		}
		words = node.Content
	}
	var texts []string
	for _, word := range words {
		text, err := s.scalar(flag, followed(word))
		if err != nil {
			return "", err
		}
		texts = append(texts, text)
	}
	text := strings.Join(texts, ",")
	if text == "" {
		return "", s.file.Errorf(node, "%s is empty: give it a value or remove the line", keyOf(flag))
	}
	return text, s.try(flag, node, text)
}

// scalar is a single word of the file. Files and folders are named from where
// the settings file lies: a start by double-click or by a schedule has no
// folder of its own.
func (s *settings) scalar(flag *cmdline.Flag, node *yaml.Node) (string, error) {
	tag := node.ShortTag()
	switch {
	case node.Kind != yaml.ScalarNode:
		return "", s.file.Errorf(node, "%s: found %s where a value is expected", keyOf(flag), map[bool]string{true: "a list", false: "a mapping (key: value)"}[node.Kind == yaml.SequenceNode])
	case tag == "!!null":
		return "", s.file.Errorf(node, "%s is empty: give it a value or remove the line", keyOf(flag))
	case flag.IsBool() != (tag == "!!bool"):
		return "", s.file.Errorf(node, "%s: found %q where %s is expected", keyOf(flag), hidden(flag, clipped(node.Value)),
			map[bool]string{true: "true or false", false: "a text or a number (put it in quotes)"}[flag.IsBool()])
	}
	text := strings.TrimSpace(node.Value)
	folder := filepath.Dir(s.file.Name)
	switch at, isFile := strings.CutPrefix(text, "@"); {
	case flag.Secret && isFile && !filepath.IsAbs(at):
		return "@" + filepath.Join(folder, at), nil
	case namesFile(flag) && text != "-" && text != "" && !filepath.IsAbs(text):
		return filepath.Join(folder, text), nil
	}
	return text, nil
}

// namesFile tells whether a flag names a file or a folder, as its placeholder
// shows.
func namesFile(flag *cmdline.Flag) bool {
	return flag.Placeholder == "FILE" || flag.Placeholder == "DIR"
}

// try reads the text as the command line would, so that an error has its line.
func (s *settings) try(flag *cmdline.Flag, node *yaml.Node, text string) error {
	if err := flag.Check(text); err != nil {
		return s.file.Errorf(node, "%s: %v", keyOf(flag), err)
	}
	return nil
}

// holdsSecret tells whether the file itself holds an invite.
func (s *settings) holdsSecret(flags []*cmdline.Flag) bool {
	return slices.ContainsFunc(flags, func(flag *cmdline.Flag) bool {
		value, ok := s.values[flag.Name]
		return ok && hidden(flag, value.text) != value.text
	})
}

// settingFlags are the flags that the settings file has keys for: those of the
// commands that read it, each once.
func settingFlags(program *cobra.Command) (all []*cmdline.Flag) {
	for _, command := range program.Commands() {
		if command.Flag(configFlag) == nil {
			continue
		}
		for _, flag := range cmdline.Flags(command) {
			if flag.Name != configFlag && flagOfKey(all, keyOf(flag)) == nil {
				all = append(all, flag)
			}
		}
	}
	return all
}
