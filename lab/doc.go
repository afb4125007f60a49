// Package lab is a laboratory of planted faults. It builds the network path from an office to
// a far end out of network namespaces, plants one fault at one place of it, runs the real
// programs over it, and compares the place that the first finding names with the true one. It
// has tests only: `make lab` runs all situations, `make system` two of them. Nothing leaves
// the machine.
//
// docs/lab.md has the drawing and the last run's matrix.
package lab
