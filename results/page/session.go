package page

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"strings"
	"time"

	"netready/probe/responder"
	"netready/results"
)

// A browser's session is a cookie that holds the token, encrypted with a key that only
// this process has (AES-256-GCM, NIST SP 800-38D), and ends with it. Nothing is kept for it
// here, and each request asks anew whether the token is still good.

const (
	cookieName    = "__Secure-netready-reader" // browsers take such a name over TLS alone
	sessionLife   = 8 * time.Hour              // a day's work
	longestCookie = 2000                       // bytes
)

type sessions struct{ seal cipher.AEAD }

func newSessions() sessions {
	var key [32]byte
	_, _ = rand.Read(key[:])            // never fails
	block, err := aes.NewCipher(key[:]) // of this length it does not fail
	seal, err2 := cipher.NewGCM(block)  // nor does this
	if err != nil || err2 != nil {
		panic("AES-256 is missing")
	}
	return sessions{seal}
}

// cookie is the session of a token.
func (s sessions) cookie(token string, now time.Time) *http.Cookie {
	nonce := make([]byte, s.seal.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	plain := append(binary.BigEndian.AppendUint64(nil, uint64(now.Add(sessionLife).Unix())), token...)
	return &http.Cookie{
		Name: cookieName, Value: base64.RawURLEncoding.EncodeToString(s.seal.Seal(nonce, nonce, plain, nil)),
		Path: results.PathPage, MaxAge: int(sessionLife / time.Second), Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}
}

// token is the one that a request's session is of.
func (s sessions) token(r *http.Request, now time.Time) (string, bool) {
	cookie, err := r.Cookie(cookieName)
	if err != nil || len(cookie.Value) > longestCookie {
		return "", false
	}
	sealed, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	size := s.seal.NonceSize()
	if err != nil || len(sealed) < size {
		return "", false
	}
	plain, err := s.seal.Open(nil, sealed[:size], sealed[size:], nil)
	if err != nil || len(plain) < 8 || now.Unix() >= int64(binary.BigEndian.Uint64(plain)) {
		return "", false
	}
	return string(plain[8:]), true
}

// begin makes a session of the token that the request shows.
func (h *handler) begin(w http.ResponseWriter, r *http.Request) {
	who, ok := responder.HolderOf(r.Context())
	token, shown := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	headers(w, "text/plain; charset=utf-8")
	switch {
	case !ok || !shown:
		http.Error(w, "This link is not valid. Ask for a new one.", http.StatusUnauthorized)
	case !who.Reads:
		http.Error(w, "This invite places calls and does not read results. Ask whoever runs the responder for: netready-responder invite --read", http.StatusForbidden)
	default:
		http.SetCookie(w, h.sessions.cookie(token, h.Now()))
		w.WriteHeader(http.StatusNoContent)
	}
}

// end ends the session. Another site may not do that.
func (h *handler) end(w http.ResponseWriter, r *http.Request) {
	if site := r.Header.Get("Sec-Fetch-Site"); site == "" || site == "same-origin" || site == "none" {
		http.SetCookie(w, &http.Cookie{Name: cookieName, Path: results.PathPage, MaxAge: -1, Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode})
	}
	h.show(w, http.StatusOK, "door", frame{Title: "Results"})
}
