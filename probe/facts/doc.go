// Package facts holds what an assessment found: the types of a Result with their units,
// the codes that programs read, and how figures are rounded. It imports nothing of this
// module, so that code that judges or prints a Result needs no network code.
package facts
