package path

import (
	"context"
	"sync"

	"netready/probe/facts"
	"netready/probe/internal/icmpapi"
	"netready/probe/internal/stamp"

	"golang.org/x/sys/windows"
)

// asker sends echo requests with a TTL, which Windows lets every user do, and reads what
// routers answer. Windows does not report the errors of UDP packets.
type asker struct {
	socket  *icmpapi.Socket
	packet  []byte
	answers chan answer

	mu     sync.Mutex // guards the rest
	closed bool
	asking sync.WaitGroup
}

func (*asker) method() string { return facts.MethodICMP }

func open(s Settings) (*asker, string, error) {
	socket, err := icmpapi.Open(s.Target.Addr())
	if err != nil {
		return nil, facts.PathUnsupported, err
	}
	return &asker{socket: socket, packet: filling(min(s.Size, icmpapi.MostEcho)), answers: make(chan answer, 256)}, "", nil
}

// ask sends a question; its answer is awaited at the same time as others.
func (a *asker) ask(ttl, number int) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return windows.ERROR_INVALID_HANDLE
	}
	a.asking.Go(func() {
		reply, err := a.socket.Echo(a.packet, ttl, patience)
		got := answer{ttl: ttl, number: number, at: stamp.Now(), from: reply.From, isEnd: reply.Status == icmpapi.Answered}
		if err != nil || !got.isEnd && reply.Status != icmpapi.TTLExpired {
			return
		}
		select {
		case a.answers <- got:
		default: // nobody reads them any more
		}
	})
	return nil
}

func (a *asker) listen(ctx context.Context, answered func(answer)) {
	for {
		select {
		case <-ctx.Done():
			return
		case got := <-a.answers:
			answered(got)
		}
	}
}

// close waits for the open questions, patience at most.
func (a *asker) close() {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.asking.Wait()
	a.socket.Close()
}
