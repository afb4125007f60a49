// Command relay is a UDP relay for tests that disturbs what passes through it: it loses,
// delays, reorders and duplicates RTP packets, each direction as its flags say, and
// reports at the end exactly what it did and when. Of RTP it knows only the version bits
// (RFC 7983).
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "relay:", err)
		os.Exit(1) //nolint:gocritic // stop has nothing left to do
	}
}

// run relays until ctx or stdin ends, then prints a Report.
func run(ctx context.Context, args []string, stdin io.Reader, stdout io.Writer) error {
	fs := flag.NewFlagSet("relay", flag.ContinueOnError)
	listen := fs.String("listen", "127.0.0.1:0", "where the agent sends to")
	to := fs.String("to", "", "where the responder listens")
	seed := fs.Uint64("seed", 0, "of the random numbers; 0: drawn anew")
	var up, down harm
	up.flags(fs, "up-")
	down.flags(fs, "down-")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	r, err := start(ctx, *listen, *to, *seed, up, down)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "relay on %s, seed %d\n", r.outer.LocalAddr(), *seed)
	ctx, cancel := context.WithCancel(ctx)
	go func() { // ends with the program: stdin cannot be interrupted
		_, _ = io.Copy(io.Discard, stdin)
		cancel()
	}()
	<-ctx.Done()
	return json.NewEncoder(stdout).Encode(r.close(*seed))
}

// harm is what happens in one direction. Delay and DeadAt apply to all datagrams, the rest
// to RTP only, unless Everything.
type harm struct {
	Loss       float64       // share, at random
	Burst      float64       // mean length of a run of lost packets; 0 or 1: single ones
	Drop       ranges        // these packets, counted from 0
	Delay      time.Duration // of all
	Jitter     time.Duration // on top, evenly from 0 to this
	Reorder    float64       // share held back by ReorderBy
	ReorderBy  time.Duration
	Duplicate  float64       // share sent twice
	DeadAt     time.Duration // nothing passes from then on, since the first RTP packet; below 0: never
	Everything bool
}

func (h *harm) flags(fs *flag.FlagSet, prefix string) {
	fs.Float64Var(&h.Loss, prefix+"loss", 0, "share of packets lost at random")
	fs.Float64Var(&h.Burst, prefix+"burst", 0, "mean length of a run of lost packets")
	fs.Var(&h.Drop, prefix+"drop", "packets to drop, as in 3,10-19")
	fs.DurationVar(&h.Delay, prefix+"delay", 0, "delay of every datagram")
	fs.DurationVar(&h.Jitter, prefix+"jitter", 0, "further delay, evenly from 0 to this")
	fs.Float64Var(&h.Reorder, prefix+"reorder", 0, "share held back")
	fs.DurationVar(&h.ReorderBy, prefix+"reorder-by", 50*time.Millisecond, "for how long")
	fs.Float64Var(&h.Duplicate, prefix+"duplicate", 0, "share sent twice")
	fs.DurationVar(&h.DeadAt, prefix+"dead-at", -1, "nothing passes from then on, since the first RTP packet; 0: from the start")
	fs.BoolVar(&h.Everything, prefix+"everything", false, "harm not RTP alone")
}

// ranges are numbers as in 3,10-19.
type ranges [][2]int

func (r *ranges) String() string { return fmt.Sprint([][2]int(*r)) }

// Set implements flag.Value.
func (r *ranges) Set(s string) error {
	for part := range strings.SplitSeq(s, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		a, err := strconv.Atoi(first)
		if err != nil {
			return err
		}
		b, err := strconv.Atoi(last)
		if err != nil {
			return err
		}
		*r = append(*r, [2]int{a, b})
	}
	return nil
}

func (r *ranges) has(n int) bool {
	for _, x := range *r {
		if n >= x[0] && n <= x[1] {
			return true
		}
	}
	return false
}
