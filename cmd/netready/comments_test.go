package main

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	"netready/probe/facts"
)

// source is what the comments of one package say.
type source struct {
	types  map[string]string            // the comment of a type
	fields map[string]map[string]string // by type and field
	groups []group
}

// group is a block of constants that are the values of some fields.
type group struct {
	comment string
	codes   [][2]string // the value and its comment
}

// sourceOf reads the comments of the package that declares a type.
func (d *fieldDocs) sourceOf(typ reflect.Type) source {
	if s, ok := d.sources[typ.PkgPath()]; ok {
		return s
	}
	s := source{types: map[string]string{}, fields: map[string]map[string]string{}}
	files, err := filepath.Glob(filepath.Join("../..", strings.TrimPrefix(typ.PkgPath(), "netready"), "*.go"))
	if err != nil || len(files) == 0 {
		d.t.Fatalf("no source of %s: %v", typ.PkgPath(), err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(gotoken.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			d.t.Fatal(err)
		}
		for _, decl := range file.Decls {
			if g, ok := decl.(*ast.GenDecl); ok {
				s.read(g, typ.PkgPath() == reflect.TypeFor[facts.Result]().PkgPath())
			}
		}
	}
	d.sources[typ.PkgPath()] = s
	return s
}

// read takes the comments of a declaration. Of the package of the facts all
// constants of texts are codes; of others those whose comment says so.
func (s *source) read(decl *ast.GenDecl, all bool) {
	for _, spec := range decl.Specs {
		spec, ok := spec.(*ast.TypeSpec)
		if !ok {
			continue
		}
		s.types[spec.Name.Name] = sentenceOf(decl.Doc, spec.Doc)
		fields := map[string]string{}
		if of, ok := spec.Type.(*ast.StructType); ok {
			for _, f := range of.Fields.List {
				for _, name := range f.Names {
					fields[name.Name] = sentenceOf(f.Doc, f.Comment)
				}
			}
		}
		s.fields[spec.Name.Name] = fields
	}
	codes := codesOf(decl)
	if comment := sentenceOf(decl.Doc); len(codes) > 0 && (all || strings.HasPrefix(comment, "Values of ")) {
		s.groups = append(s.groups, group{comment, codes})
	}
}

// codesOf are the texts of a block of exported constants.

func codesOf(decl *ast.GenDecl) [][2]string {
	var all [][2]string
	for _, spec := range decl.Specs {
		spec, ok := spec.(*ast.ValueSpec)
		if !ok || decl.Tok != gotoken.CONST || !decl.Lparen.IsValid() || len(spec.Values) != 1 {
			continue
		}
		if literal, ok := spec.Values[0].(*ast.BasicLit); ok && literal.Kind == gotoken.STRING {
			if value, err := strconv.Unquote(literal.Value); err == nil {
				all = append(all, [2]string{value, sentenceOf(spec.Doc, spec.Comment)})
			}
		}
	}
	return all
}

// sentenceOf joins comments into one line.
func sentenceOf(comments ...*ast.CommentGroup) string {
	var all []string
	for _, c := range comments {
		all = append(all, strings.Fields(c.Text())...)
	}
	return strings.Join(all, " ")
}
