package check_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// module reads all files of the Terraform module.
func module(t *testing.T) (bodies []*hclsyntax.Body) {
	t.Helper()
	files, err := filepath.Glob("../terraform/*.tf")
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if string(hclwrite.Format(text)) != string(text) {
			t.Errorf("%s is not as terraform fmt writes it", path)
		}
		file, problems := hclsyntax.ParseConfig(text, path, hcl.InitialPos)
		if problems.HasErrors() {
			t.Fatal(problems)
		}
		bodies = append(bodies, file.Body.(*hclsyntax.Body))
	}
	return bodies
}

// declared are the names that expressions of the module may use.
func declared(bodies []*hclsyntax.Body) map[string]bool {
	known := map[string]bool{"path.module": true, "ingress.value": true}
	for _, body := range bodies {
		for _, block := range body.Blocks {
			switch block.Type {
			case "variable":
				known["var."+block.Labels[0]] = true
			case "resource":
				known[strings.Join(block.Labels, ".")] = true
			case "data":
				known["data."+block.Labels[0]] = true
			case "locals":
				for name := range block.Body.Attributes {
					known["local."+name] = true
				}
			}
		}
	}
	return known
}

// The module can be read, is formatted, and uses only what it declares, all of it.
// Whether the AWS provider knows each property only terraform validate with that
// provider tells.
func TestModuleUsesWhatItDeclares(t *testing.T) {
	bodies := module(t)
	known := declared(bodies)
	used := map[string]bool{}
	for _, body := range bodies {
		problems := hclsyntax.VisitAll(body, func(n hclsyntax.Node) hcl.Diagnostics {
			expression, ok := n.(*hclsyntax.ScopeTraversalExpr)
			if !ok {
				return nil
			}
			name := expression.Traversal.RootName()
			if len(expression.Traversal) > 1 {
				if step, ok := expression.Traversal[1].(hcl.TraverseAttr); ok {
					name += "." + step.Name
				}
			}
			if words := []string{"string", "ami"}; !known[name] && !slices.Contains(words, name) { // a type, and an attribute in lifecycle
				t.Errorf("%v: %s is not declared", expression.Range(), name)
			}
			used[name] = true
			return nil
		})
		if problems.HasErrors() {
			t.Fatal(problems)
		}
	}
	for name := range known {
		if (strings.HasPrefix(name, "var.") || strings.HasPrefix(name, "local.")) && !used[name] {
			t.Errorf("%s is declared and not used", name)
		}
	}
}

// Terraform's ports are CloudFormation's, which a test compares with the program's.
func TestModuleOpensTheSamePorts(t *testing.T) {
	type rule struct {
		protocol string
		from, to int
	}
	var ours, theirs []rule
	for _, body := range module(t) {
		for _, block := range body.Blocks {
			if attribute, ok := block.Body.Attributes["ports"]; ok && block.Type == "locals" {
				value, problems := attribute.Expr.Value(nil)
				if problems.HasErrors() {
					t.Fatal(problems)
				}
				for _, p := range value.AsValueSlice() {
					from, _ := p.GetAttr("from").AsBigFloat().Int64()
					to, _ := p.GetAttr("to").AsBigFloat().Int64()
					ours = append(ours, rule{p.GetAttr("protocol").AsString(), int(from), int(to)})
				}
			}
		}
	}
	_, template := readPlain(t)
	properties := template["Resources"].(map[string]any)["Firewall"].(map[string]any)["Properties"].(map[string]any)
	for _, p := range properties["SecurityGroupIngress"].([]any) {
		p := p.(map[string]any)
		theirs = append(theirs, rule{p["IpProtocol"].(string), int(p["FromPort"].(float64)), int(p["ToPort"].(float64))})
	}
	if !slices.Equal(ours, theirs) {
		t.Errorf("Terraform opens %v, CloudFormation %v", ours, theirs)
	}
}
