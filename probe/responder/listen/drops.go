package listen

import (
	"bytes"
	"maps"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Drops watches how many datagrams the system dropped because a socket's buffer was
// full, port by port, so that an agent can be told that its question was lost there
// and not by a firewall. Only Linux tells; on other systems nothing is ever seen.
// The zero value is ready.
type Drops struct {
	mu    sync.Mutex // guards the rest
	at    time.Time  // of the last look
	count map[int]uint64
	last  map[int]time.Time // when a port's count was seen to grow
}

// lookEvery bounds the cost of looking: thousands of sockets are a long list.
const lookEvery = 200 * time.Millisecond

// dropTables is where Linux lists its UDP sockets (proc_pid_net(5)).
var dropTables = []string{"/proc/net/udp", "/proc/net/udp6"}

// Look notes which counts have grown since the last call. Call it regularly: the
// time of a drop is known only to that precision.
func (d *Drops) Look() {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	if now.Sub(d.at) < lookEvery {
		return
	}
	d.at = now
	if d.last == nil {
		d.last = map[int]time.Time{}
	}
	count := map[int]uint64{}
	for _, table := range dropTables {
		b, err := os.ReadFile(table)
		if err != nil {
			return
		}
		addDrops(b, count)
	}
	for port, n := range count {
		// A port that was not there before begins at zero.
		if n > d.count[port] {
			d.last[port] = now
		}
	}
	d.count = count
	maps.DeleteFunc(d.last, func(_ int, at time.Time) bool { return now.Sub(at) > dropMemory })
}

// dropMemory is longer than any session lasts.
const dropMemory = 30 * time.Minute

// Since lists the ports that dropped datagrams since a moment.
func (d *Drops) Since(moment time.Time) []int {
	d.Look()
	d.mu.Lock()
	defer d.mu.Unlock()
	ports := []int{}
	for port, at := range d.last {
		if at.After(moment) {
			ports = append(ports, port)
		}
	}
	slices.Sort(ports)
	return ports
}

// addDrops adds up the column "drops" of a table of sockets, by port.
func addDrops(table []byte, count map[int]uint64) {
	for line := range bytes.Lines(table) {
		f := bytes.Fields(line)
		if len(f) < 13 { // sl local rem st queues tr retrnsmt uid timeout inode ref pointer drops
			continue
		}
		_, hex, found := bytes.Cut(f[1], []byte(":"))
		port, err := strconv.ParseUint(string(hex), 16, 16)
		n, err2 := strconv.ParseUint(string(f[len(f)-1]), 10, 64)
		if found && err == nil && err2 == nil && n > 0 {
			count[int(port)] += n
		}
	}
}
