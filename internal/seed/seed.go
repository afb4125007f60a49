// Package seed gives tests with random inputs their seed.
package seed

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// variable names the environment variable that asks for other inputs: "new" for a new seed,
// or a number that a failed test printed.
const variable = "NETREADY_SEED"

// usual is the seed without that variable. An estimate from random packets is right with a
// probability below 1, so a test of thousands of estimates sometimes fails on new inputs
// although nothing is wrong. `make soak` asks for new inputs.
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
