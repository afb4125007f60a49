package responder

import (
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"golang.org/x/time/rate"

	"netready/probe/internal/wire"
	"netready/probe/responder/share"
)

// A File is a program that a visitor of the invite's page may download.
type File struct {
	Name   string // as it is saved
	Path   string
	Size   int64
	SHA256 string // hex
}

const (
	// fileBytes a second, of all downloads: they must not change the figures of calls.
	fileBytes = 4 << 20
	fileChunk = 64 << 10
	// filesAtOnce are the downloads at once, filesAddress those to one address.
	filesAtOnce  = 16
	filesAddress = 8
	fileWait     = 15 * time.Minute // for one
)

// SetFiles says which files may be downloaded from now on.
func (s *Server) SetFiles(all []File) { s.files.Store(&all) }

// Files are those that may be downloaded.
func (s *Server) Files() []File {
	if all := s.files.Load(); all != nil {
		return *all
	}
	return nil
}

// file sends one of the files to a client with a token: nothing so large is sent to
// strangers.
func (s *Server) file(w http.ResponseWriter, r *http.Request) {
	for _, f := range s.Files() {
		if f.Name == r.PathValue("name") {
			s.sendFile(w, r, f)
			return
		}
	}
	refuse(w, http.StatusNotFound, wire.CodeRequest, "there is no such file here: load the page again")
}

func (s *Server) sendFile(w http.ResponseWriter, r *http.Request, f File) {
	loan := s.fileLedger.Try(share.Holder{From: clientOf(r)}, share.Cost{Sessions: 1})
	if loan == nil {
		s.busy(w, share.Turn{After: 10 * time.Second}, "many download at once")
		return
	}
	defer loan.Return()
	open, err := os.Open(f.Path)
	if err != nil {
		s.log.Error("a file for download cannot be read", "reason", err)
		refuse(w, http.StatusNotFound, wire.CodeRequest, "the file is not there any more: tell whoever runs this responder")
		return
	}
	defer open.Close()
	if http.NewResponseController(w).SetWriteDeadline(time.Now().Add(fileWait)) != nil {
		return
	}
	connOf(r).guest.Prove("file " + token(9)) // the connection counts as known until the download ends
	defer connOf(r).guest.Doubt()
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.FormatInt(f.Size, 10))
	w.Header().Set("Content-Disposition", "attachment; filename="+strconv.Quote(f.Name))
	for left := f.Size; left > 0; left -= fileChunk {
		n := min(left, fileChunk)
		if s.fileRate.WaitN(r.Context(), int(n)) != nil {
			return
		}
		if _, err := io.CopyN(w, open, n); err != nil {
			return
		}
	}
}

func newFileRate() *rate.Limiter { return rate.NewLimiter(fileBytes, fileChunk) }

func newFileLedger() *share.Ledger {
	all := share.Divide(share.Cost{Sessions: filesAtOnce}, 1)
	all.Address.Sessions = filesAddress
	return share.NewLedger(all)
}
