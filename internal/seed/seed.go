// Package seed gives the tests that make up their inputs what they start from.
package seed

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// variable names the environment variable that asks for other inputs: "new"
// for a seed never used before, or a number that a failed test printed.
const variable = "NETREADY_SEED"

// usual is the seed of every other run. An estimate from scattered packets is
// right with a probability below 1, so that a test of thousands of them fails
// now and then on new inputs, whatever changed. `make soak` asks for new ones.
const usual = 20261126

// Of is the seed of a test, and prints it.
func Of(t *testing.T) uint64 {
	t.Helper()
	seed := uint64(usual)
	switch asked := os.Getenv(variable); asked {
	case "":
	case "new":
		seed = rand.Uint64()
	default:
		n, err := strconv.ParseUint(asked, 10, 64)
		if err != nil {
			t.Fatalf("%s is %q: set it to new or to a whole number", variable, asked)
		}
		seed = n
	}
	t.Logf("%s=%d", variable, seed)
	return seed
}
