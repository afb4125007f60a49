// Package lab is a laboratory of planted faults. It builds an office's way to a
// far end out of network namespaces, puts one fault on one place of it, runs the
// real programs across it, and compares the place that the first finding names
// with the true one. It has tests only: `make lab` runs all situations, `make
// system` two of them. Nothing leaves the machine.
//
// docs/lab.md has the drawing and the last run's matrix.
package lab
