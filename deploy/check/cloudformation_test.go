// Package check_test compares the files of deploy/ for clouds and clusters with the
// official schemas. It is a module of its own, so that the program does not depend on
// these.
package check_test

import (
	"encoding/json"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/awslabs/goformation/v7/schema"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// plain is a template without its functions: a text stands for the value of each,
// as all of them are texts here; of !If the first value is taken.
func plain(t *testing.T, n *yaml.Node) any {
	t.Helper()
	switch {
	case n.Tag == "!If":
		return plain(t, n.Content[1])
	case strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!"):
		return "a text"
	case n.Kind == yaml.SequenceNode:
		all := []any{}
		for _, element := range n.Content {
			all = append(all, plain(t, element))
		}
		return all
	case n.Kind == yaml.MappingNode:
		all := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			if name := n.Content[i].Value; strings.HasPrefix(name, "Fn::") {
				return "a text"
			} else {
				all[name] = plain(t, n.Content[i+1])
			}
		}
		return all
	case n.Kind == yaml.AliasNode:
		t.Errorf("line %d: CloudFormation knows no aliases", n.Line)
	}
	var value any
	if err := n.Decode(&value); err != nil {
		t.Fatal(err)
	}
	if number, ok := value.(int); ok {
		return float64(number)
	}
	return value
}

func readPlain(t *testing.T) (root yaml.Node, template map[string]any) {
	t.Helper()
	text, err := os.ReadFile("../cloudformation/responder.yaml")
	if err == nil {
		err = yaml.Unmarshal(text, &root)
	}
	if err != nil {
		t.Fatal(err)
	}
	return root, plain(t, root.Content[0]).(map[string]any)
}

// schemaOf is CloudFormation's schema of one type of resource.
func schemaOf(t *testing.T, kind string) *jsonschema.Schema {
	t.Helper()
	var all struct {
		Definitions map[string]any `json:"definitions"`
	}
	if err := json.Unmarshal([]byte(schema.CloudformationSchema), &all); err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(all.Definitions, func(name string, _ any) bool {
		return name != kind && !strings.HasPrefix(name, kind+".") && name != "Tag" // all of them take minutes to compile
	})
	if all.Definitions[kind] == nil {
		t.Fatalf("CloudFormation knows no %s", kind)
	}
	compiler := jsonschema.NewCompiler()
	document := map[string]any{"$schema": "http://json-schema.org/draft-04/schema#", "definitions": all.Definitions, "$ref": "#/definitions/" + kind}
	if err := compiler.AddResource("resource.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := compiler.Compile("resource.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The resources of the template follow the schema of CloudFormation: known types, known and
// all required properties, each of the right kind. An error of each kind is found.
func TestTemplateKeepsToTheSchema(t *testing.T) {
	_, template := readPlain(t)
	resources := template["Resources"].(map[string]any)
	for name, resource := range resources {
		kind := resource.(map[string]any)["Type"].(string)
		if err := schemaOf(t, kind).Validate(resource); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	network := resources["Firewall"].(map[string]any)
	properties := network["Properties"].(map[string]any)
	s := schemaOf(t, network["Type"].(string))
	for name, slip := range map[string]func(){
		"unknown property": func() { properties["VpcID"] = "a" },
		"wrong kind":       func() { properties["VpcId"] = []any{"a"} },
		"missing property": func() { delete(properties, "GroupDescription") },
	} {
		_, template = readPlain(t)
		network = template["Resources"].(map[string]any)["Firewall"].(map[string]any)
		properties = network["Properties"].(map[string]any)
		slip()
		if s.Validate(network) == nil {
			t.Errorf("not found: %s", name)
		}
	}
}

// Everything that the template refers to exists: parameters, resources and conditions.
func TestTemplateRefersToWhatIsThere(t *testing.T) {
	root, template := readPlain(t)
	known := map[string]bool{"AWS::Region": true, "Region": true, "Advertise": true, "InvitePlace": true, "Host": true} // the latter four by Fn::Sub
	for _, section := range []string{"Parameters", "Resources", "Conditions"} {
		for name := range template[section].(map[string]any) {
			known[name] = true
		}
	}
	refer := func(n *yaml.Node, name string) {
		name, _, _ = strings.Cut(name, ".")
		if !known[name] {
			t.Errorf("line %d refers to %q, which is not there", n.Line, name)
		}
	}
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		switch n.Tag {
		case "!Ref", "!GetAtt":
			refer(n, n.Value)
		case "!If":
			refer(n, n.Content[0].Value)
		case "!Sub":
			text := n.Value
			if n.Kind == yaml.SequenceNode {
				text = n.Content[0].Value
			}
			for _, word := range strings.Split(text, "${")[1:] {
				name, _, _ := strings.Cut(word, "}")
				refer(n, name)
			}
		}
		for _, below := range n.Content {
			walk(below)
		}
	}
	walk(&root)
}
