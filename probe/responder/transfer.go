package responder

import (
	"crypto/rand"
	"io"
	"net/http"
	"strconv"
	"time"

	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
	"netready/probe/responder/share"
)

// transfersAtOnce are under way, half of them of one address: each takes as much
// as its path carries, and the more there are the less each shows.
const transfersAtOnce = 8

func newTransferLedger() *share.Ledger {
	return share.NewLedger(share.Divide(share.Cost{Sessions: transfersAtOnce}, 1))
}

// lendTransfer lets a session begin a bandwidth test, or says when to ask again.
func (s *Server) lendTransfer(w http.ResponseWriter, r *http.Request, session *session) (end func(), ok bool) {
	session.showSign()
	turn := s.transfers.Ask(share.Holder{From: session.client}, share.Cost{Sessions: 1}, r.URL.Query().Get(wire.TicketParameter), time.Now(), func() bool { return true })
	switch {
	case turn.Loan == nil:
		s.busy(w, turn, "other bandwidth tests are under way")
		return nil, false
	case !session.mayTransfer(w):
		turn.Loan.Return()
		return nil, false
	}
	return turn.Loan.Return, true
}

// mayTransfer bounds the bandwidth tests of a session.
func (session *session) mayTransfer(w http.ResponseWriter) bool {
	session.mu.Lock()
	defer session.mu.Unlock()
	session.transfers++
	if session.transfers <= maxTransfers {
		return true
	}
	refuse(w, http.StatusTooManyRequests, wire.CodeLimit, "this session has had its bandwidth tests")
	return false
}

// download sends random bytes, which nothing on the path can compress, as fast as
// possible, bounded in number and time.
func (s *Server) download(w http.ResponseWriter, r *http.Request, session *session) {
	most, err1 := strconv.ParseInt(r.URL.Query().Get("bytes"), 10, 64)
	seconds, err2 := strconv.ParseFloat(r.URL.Query().Get("seconds"), 64)
	if err1 != nil || err2 != nil || most < 1 || !(seconds > 0) {
		refuse(w, http.StatusBadRequest, wire.CodeRequest, "give bytes and seconds")
		return
	}
	done, ok := s.lendTransfer(w, r, session)
	if !ok {
		return
	}
	defer done()
	most = min(most, s.now.Load().limits.Transfer)
	end := time.Now().Add(min(time.Duration(min(seconds, 60)*float64(time.Second)), maxTransfer))
	chunk := make([]byte, frame)
	_, _ = rand.Read(chunk)
	w.Header().Set("Content-Type", "application/octet-stream")
	if http.NewResponseController(w).SetWriteDeadline(end.Add(transferRest)) != nil {
		return
	}
	for sent := int64(0); sent < most && time.Now().Before(end) && session.ctx.Err() == nil; {
		n, err := w.Write(chunk[:min(most-sent, int64(wire.Piece(sent)))])
		if err != nil {
			return
		}
		sent += int64(n)
	}
}

// transferRest is how long a download may take to hand over what was begun in time. The
// agent waits for 3 s.
const transferRest = 2 * time.Second

// upload counts what arrives, from the first byte to the last.
func (s *Server) upload(w http.ResponseWriter, r *http.Request, session *session) {
	done, ok := s.lendTransfer(w, r, session)
	if !ok {
		return
	}
	defer done()
	// Who announces an upload and sends nothing must not hold the session.
	if http.NewResponseController(w).SetReadDeadline(time.Now().Add(maxTransfer+time.Second)) != nil {
		return
	}
	body := io.LimitReader(r.Body, s.now.Load().limits.Transfer)
	b := make([]byte, frame)
	var result wire.UploadResult
	var c wire.Counted
	for session.ctx.Err() == nil {
		n, err := body.Read(b)
		if n > 0 {
			c.Add(n, stamp.Now())
		}
		if err != nil || c.For() > maxTransfer {
			break
		}
	}
	result.Bytes, result.Elapsed = c.Rate()
	answer(w, http.StatusOK, result)
}
