// Package deepcopy has the one function of github.com/tiendc/go-deepcopy that excelize
// calls. That library finds the methods of a type by their names, for hooks that excelize
// does not have, and the linker then keeps every method of every type: 3.8 MB of netready
// were that.
package deepcopy

import (
	"fmt"
	"reflect"

	"github.com/mohae/deepcopy"
)

// Copy copies src into what dst points to; the two share no memory then. src is a value of
// that type or a pointer to one. Fields without a capital are not copied.
func Copy(dst, src any) error {
	to := reflect.ValueOf(dst)
	if to.Kind() != reflect.Pointer || to.IsNil() {
		return fmt.Errorf("copying into a %T, which is no pointer to anything", dst)
	}
	from := reflect.ValueOf(deepcopy.Copy(src))
	if from.Kind() == reflect.Pointer && from.Type() == to.Type() {
		from = from.Elem()
	}
	if !from.IsValid() || from.Type() != to.Type().Elem() {
		return fmt.Errorf("copying a %T into a %T", src, dst)
	}
	to.Elem().Set(from)
	return nil
}
