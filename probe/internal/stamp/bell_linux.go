package stamp

import (
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A bell wakes one goroutine at a moment, or when a socket can be read. It is an epoll(7)
// of its own, with a timer and the socket in it, which the Go runtime polls in its turn; so
// the socket can be left out. Its calls of the system are short and do not go through the
// Go scheduler: that would wake the runtime's monitor each time.
type bell struct {
	poll   *os.File
	raw    syscall.RawConn
	fd     int // of the poll
	timer  int
	socket int
	ready  func(fd uintptr) bool
	events [2]unix.EpollEvent
	hears  bool // the socket

	mu     sync.Mutex // guards the rest
	isRung bool       // ring came, and no wait has returned since
	closed bool
}

func newBell(socket syscall.RawConn) (*bell, error) {
	b := &bell{}
	if err := socket.Control(func(fd uintptr) { b.socket = int(fd) }); err != nil {
		return nil, fmt.Errorf("reaching the descriptor: %w", err)
	}
	var err error
	if b.timer, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC); err != nil {
		return nil, fmt.Errorf("making a timer: %w", err)
	}
	if b.fd, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err == nil {
		if err = unix.SetNonblock(b.fd, true); err == nil {
			err = b.control(unix.EPOLL_CTL_ADD, b.timer)
		}
		b.poll = os.NewFile(uintptr(b.fd), "poll")
	}
	if err == nil {
		b.raw, err = b.poll.SyscallConn()
	}
	if err != nil {
		_ = b.close()
		return nil, fmt.Errorf("making a poll: %w", err)
	}
	b.ready = func(fd uintptr) bool {
		n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, fd, uintptr(unsafe.Pointer(&b.events[0])), uintptr(len(b.events)), 0, 0, 0)
		return errno != 0 || n > 0
	}
	return b, nil
}

func (b *bell) control(op, fd int) error {
	e := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET&(1<<32-1), Fd: int32(fd)}
	return unix.EpollCtl(b.fd, op, fd, &e)
}

// wait waits until a moment, or until something arrives if it is to hear that. It may
// return early. It fails when the bell is closed.
func (b *bell) wait(until time.Duration, hears bool) error {
	if hears != b.hears {
		op := unix.EPOLL_CTL_DEL
		if hears {
			op = unix.EPOLL_CTL_ADD // rings for what has arrived already, too
		}
		if err := b.control(op, b.socket); err != nil {
			return err
		}
		b.hears = hears
	}
	rung, err := b.setFor(until)
	if rung || err != nil {
		return err
	}
	err = b.raw.Read(b.ready)
	b.mu.Lock()
	b.isRung = false
	b.mu.Unlock()
	return err
}

// setFor sets the timer, unless somebody has rung. It sets it for the same moment again: the
// timer's clock may be a little ahead of Now, so that it has rung for that moment already.
func (b *bell) setFor(until time.Duration) (rung bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	rung, b.isRung = b.isRung, false
	switch {
	case b.closed:
		return false, os.ErrClosed
	case rung:
		return true, nil
	}
	return false, b.setTimer(until)
}

func (b *bell) setTimer(at time.Duration) error {
	t := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(max(epoch+at, 1)))}
	_, _, errno := unix.RawSyscall6(unix.SYS_TIMERFD_SETTIME, uintptr(b.timer), unix.TFD_TIMER_ABSTIME, uintptr(unsafe.Pointer(&t)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// ring ends a wait, or the next one if there is none.
func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.isRung = true
		_ = b.setTimer(-epoch) // the past
	}
}

// close ends a wait.
func (b *bell) close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil
	}
	b.closed = true
	_ = unix.Close(b.timer)
	if b.poll == nil {
		return nil
	}
	return b.poll.Close()
}
