//go:build (lab || system) && linux

package lab

import (
	"bytes"
	"container/heap"
	"encoding/binary"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A wire carries frames between two interfaces of a namespace through packet
// sockets, so that ICMP, TCP and UDP suffer alike. Each direction has a thread
// of its own with real-time priority: a busy machine must not bend the network
// that the program is judged by.
type wire struct {
	stop    int // an eventfd: readable once the wire shall end
	wg      sync.WaitGroup
	began   *beginning
	dropper *dropper // nil: nobody takes anything
}

// beginning is when the call started: with the first sound that any wire of the
// laboratory carried.
type beginning struct {
	epoch time.Time
	at    atomic.Int64 // since epoch, 0: not yet
	once  sync.Once
	sound chan struct{} // closed then
}

func newBeginning() *beginning {
	return &beginning{epoch: time.Now().Add(-time.Second), sound: make(chan struct{})}
}

func (b *beginning) now() time.Duration { return time.Since(b.epoch) }

const (
	realTime  = 20 // priority of SCHED_FIFO
	frameSize = 1 << 16
	mediaPort = 40000
	// soundFrame is the least size of a frame with sound: Ethernet, IP, UDP and
	// RTP headers and 20 bytes of G.729.
	soundFrame = 14 + 20 + 8 + 12 + 20
)

// newWire joins the interfaces near and far of namespace ns.
func newWire(tb testing.TB, ns, near, far string, up, down Harm, seed uint64, began *beginning, dropper *dropper) {
	tb.Helper()
	var nearFD, farFD int
	inNamespace(tb, ns, func() error {
		var err error
		if nearFD, err = packetSocket(near); err != nil {
			return err
		}
		farFD, err = packetSocket(far)
		return err
	})
	stop, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		tb.Fatal(err)
	}
	w := &wire{stop: stop, began: began, dropper: dropper}
	w.wg.Go(func() { w.forward(nearFD, farFD, true, newWay(up, seed, 1)) })
	w.wg.Go(func() { w.forward(farFD, nearFD, false, newWay(down, seed, 2)) })
	tb.Cleanup(func() {
		_, _ = unix.Write(stop, []byte{1, 0, 0, 0, 0, 0, 0, 0})
		w.wg.Wait()
		for _, fd := range []int{nearFD, farFD, stop} {
			_ = unix.Close(fd)
		}
	})
}

// packetSocket opens an interface of the thread's namespace for whole frames.
func packetSocket(name string) (int, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	ifreq, err := unix.NewIfreq(name)
	if err != nil {
		return 0, err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, ifreq); err != nil {
		return 0, err
	}
	all := binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, unix.ETH_P_ALL))
	return fd, errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 4<<20),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, 4<<20),
		unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: int(ifreq.Uint32())}),
	)
}

// lane is what one direction's thread holds.
type lane struct {
	way   *way
	up    bool
	to    int // socket
	queue queue
	count int // of frames, for those that leave at once
}

// forward is one direction, until the wire is stopped.
func (w *wire) forward(from, to int, up bool, way *way) {
	runtime.LockOSThread() // never unlocked: the thread ends with its priority
	// Without the priority the laboratory still works on an idle machine.
	_ = unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: realTime}, 0)
	l := lane{way: way, up: up, to: to}
	b := make([]byte, frameSize)
	fds := []unix.PollFd{{Fd: int32(from), Events: unix.POLLIN}, {Fd: int32(w.stop), Events: unix.POLLIN}}
	for {
		_, err := unix.Ppoll(fds, l.queue.wait(w.began.now()), nil)
		if err != nil && !errors.Is(err, unix.EINTR) || fds[1].Revents != 0 {
			return
		}
		for range 64 { // then those that are due
			n, _, err := unix.Recvfrom(from, b, 0)
			if err != nil {
				break
			}
			w.take(&l, b[:n])
		}
		for now := w.began.now(); len(l.queue) > 0 && l.queue[0].at <= now; {
			_, _ = unix.Write(to, heap.Pop(&l.queue).(departure).b)
		}
	}
}

// take decides what happens to a frame. Address resolution always passes: a laboratory's
// own links must not depend on it.
func (w *wire) take(l *lane, frame []byte) {
	if len(frame) < 14 || binary.BigEndian.Uint16(frame[12:]) == unix.ETH_P_ARP {
		_, _ = unix.Write(l.to, frame)
		return
	}
	now := w.began.now()
	if w.dropper.takes(frame, l.up, now) {
		return
	}
	if isSound(frame) {
		w.began.once.Do(func() {
			w.began.at.Store(int64(now))
			close(w.began.sound)
		})
	}
	for _, at := range l.way.due(now, time.Duration(w.began.at.Load()), len(frame)) {
		l.count++
		heap.Push(&l.queue, departure{at: at, order: l.count, b: bytes.Clone(frame)})
	}
}

// isSound tells a frame with RTP to or from the responder's media port.
func isSound(frame []byte) bool {
	if len(frame) < soundFrame || binary.BigEndian.Uint16(frame[12:]) != unix.ETH_P_IP || frame[14+9] != unix.IPPROTO_UDP {
		return false
	}
	udp := 14 + 4*int(frame[14]&15)
	if len(frame) < udp+9 {
		return false
	}
	isMedia := binary.BigEndian.Uint16(frame[udp:]) == mediaPort || binary.BigEndian.Uint16(frame[udp+2:]) == mediaPort
	return isMedia && frame[udp+8]>>6 == 2 // RTP's version, RFC 7983
}

type departure struct {
	at    time.Duration
	order int
	b     []byte
}

// queue are the frames under way, the first to leave first.
type queue []departure

// wait is how long until the first leaves, nil where none is under way.
func (q *queue) wait(now time.Duration) *unix.Timespec {
	if len(*q) == 0 {
		return nil
	}
	return new(unix.NsecToTimespec(int64(max(0, (*q)[0].at-now))))
}

func (q *queue) Len() int      { return len(*q) }
func (q *queue) Swap(i, j int) { (*q)[i], (*q)[j] = (*q)[j], (*q)[i] }
func (q *queue) Less(i, j int) bool {
	a, b := (*q)[i], (*q)[j]
	return a.at < b.at || a.at == b.at && a.order < b.order
}
func (q *queue) Push(x any) { *q = append(*q, x.(departure)) }
func (q *queue) Pop() any {
	last := len(*q) - 1
	d := (*q)[last]
	*q = (*q)[:last]
	return d
}
