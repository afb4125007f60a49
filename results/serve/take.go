package serve

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"netready/probe/responder"
	"netready/results"
	"netready/results/store"
)

// tryAgain is when to send again what could not be taken now.
const tryAgain = 5 * time.Second

// roomAgain is the same where somebody has to make room first.
const roomAgain = 10 * time.Minute

// take stores a result. It is accepted once the store has it for good.
func (h *handler) take(w http.ResponseWriter, r *http.Request) {
	who, _ := responder.HolderOf(r.Context())
	if no := h.mayStore(who, r); no != nil {
		h.refuse(w, r, no)
		return
	}
	raw, no := body(r)
	if no != nil {
		h.refuse(w, r, no)
		return
	}
	select {
	case h.reading <- struct{}{}:
	case <-r.Context().Done():
		h.refuse(w, r, tooMany) // it waited for as long as it may
		return
	}
	one, no := h.read(raw, who)
	<-h.reading
	if no != nil {
		h.refuse(w, r, no)
		return
	}
	org := who.Org
	if who.Own {
		org = one.Organization
	}
	giveBack, ok := h.allowed.take(who.TokenID, len(raw), time.Now())
	if !ok {
		h.refuse(w, r, &refusal{http.StatusTooManyRequests, results.DayFull, "this invite has stored the most that it may in a day: send it tomorrow", untilTomorrow(time.Now())})
		return
	}
	stored, outcome, err := h.Store.Put(r.Context(), org, raw, one)
	if err != nil || outcome == store.Same {
		giveBack()
	}
	switch {
	case errors.Is(err, store.ErrOther):
		h.refuse(w, r, &refusal{http.StatusConflict, results.OtherContent, fmt.Sprintf("another result of the run %s is stored already, and a stored result never changes", one.RunID), 0})
	case errors.Is(err, store.ErrGone):
		h.refuse(w, r, &refusal{http.StatusGone, results.Deleted, "it was stored and deleted, and is not stored again", 0})
	case errors.Is(err, store.ErrFull):
		h.Log.Error("a result could not be stored", "run_id", one.RunID, "reason", err)
		h.refuse(w, r, &refusal{http.StatusServiceUnavailable, results.StoreFull, "the responder has no room for more results now; its operator has to make some", roomAgain})
	case err != nil:
		h.Log.Error("a result could not be stored", "run_id", one.RunID, "reason", err)
		h.refuse(w, r, &refusal{http.StatusServiceUnavailable, results.StoreFailed, "the responder cannot store the result now", tryAgain})
	default:
		same := outcome == store.Same
		h.Log.Info("a result was stored", "run_id", one.RunID, "org", org, "token", tokenName(who), "again", same)
		answer(w, map[bool]int{true: http.StatusOK, false: http.StatusCreated}[same], results.Accepted{Key: stored.Key, Same: same})
	}
}

// mayStore says whether the owner of this token stores this result here.
func (h *handler) mayStore(who responder.Holder, r *http.Request) *refusal {
	query := r.URL.Query()
	madeWith := query.Get(results.ParameterInvite)
	org, known := "", madeWith == "" && who.Own
	if madeWith != "" {
		org, known = h.OrgOf(madeWith)
		known = known && !who.Own
	}
	switch {
	case who.Reads:
		return &refusal{http.StatusForbidden, results.ReadOnly, "this invite reads results and stores none: use the one that the run was made with", 0}
	case query.Has(results.ParameterInvite) && (!known || org != who.Org):
		return othersRun()
	}
	return nil
}

// tooMany is the refusal where a result cannot be taken beside the others.
var tooMany = &refusal{http.StatusTooManyRequests, results.Busy, "many results are sent at once", tryAgain}

// body is the whole body of a request.
func body(r *http.Request) ([]byte, *refusal) {
	tooLarge := &refusal{http.StatusRequestEntityTooLarge, results.TooLarge, fmt.Sprintf("the result has more than %d MiB, which no run makes", results.Largest>>20), 0}
	if r.ContentLength > results.Largest {
		return nil, tooLarge
	}
	var raw bytes.Buffer
	_, err := raw.ReadFrom(io.LimitReader(r.Body, results.Largest+1))
	switch {
	case errors.Is(err, responder.ErrTooLarge), err == nil && raw.Len() > results.Largest:
		return nil, tooLarge
	case errors.Is(err, responder.ErrFull):
		return nil, tooMany
	case err != nil:
		return nil, &refusal{http.StatusRequestTimeout, results.Incomplete, "the result did not arrive whole", tryAgain}
	}
	return raw.Bytes(), nil
}
