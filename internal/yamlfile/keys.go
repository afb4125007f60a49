package yamlfile

import (
	"reflect"
	"slices"
	"strings"
)

// keysOf lists the keys of the struct type of that name within into.
func keysOf(into any, name string) []string {
	found := find(reflect.TypeOf(into), name, 0)
	if found == nil {
		return nil
	}
	var keys []string
	for f := range found.Fields() {
		key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if key != "-" && key != "" {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// find looks for a struct type below another. The depth ends a type that holds
// itself.
func find(t reflect.Type, name string, depth int) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || depth > 8 {
		return nil
	}
	if t.String() == name {
		return t
	}
	for f := range t.Fields() {
		if found := find(f.Type, name, depth+1); found != nil {
			return found
		}
	}
	return nil
}
