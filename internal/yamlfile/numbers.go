package yamlfile

import (
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// plainNumber is a number as people write it. YAML 1.1 knows more, and not all
// of it means what it looks like: 030 is 24, 1:30 is 90, 0x10 is 16.
var (
	plainNumber = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?$`)
	sexagesimal = regexp.MustCompile(`^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$`)
)

// checkNumbers refuses numbers that are not written in plain decimal digits, anywhere in the
// file. Quoted values are texts.
func (f File) checkNumbers(node *yaml.Node) error {
	for _, child := range node.Content {
		if err := f.checkNumbers(child); err != nil {
			return err
		}
	}
	if node.Kind != yaml.ScalarNode || node.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return nil
	}
	switch tag := node.ShortTag(); {
	case tag != "!!int" && tag != "!!float" && !sexagesimal.MatchString(node.Value), plainNumber.MatchString(node.Value):
		return nil
	case strings.Contains(strings.ToLower(node.Value), "inf"), strings.Contains(strings.ToLower(node.Value), "nan"):
		return f.Errorf(node, "%s is not a number that can be used here; leave the key out for its default", clip(node.Value))
	}
	return f.Errorf(node, "%s can be read as two different numbers; write plain decimal digits (30, 0.5, 443) without a leading zero, or put it in quotes if it is a text", clip(node.Value))
}
