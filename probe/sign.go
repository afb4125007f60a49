package probe

import (
	"context"
	"time"

	"netready/probe/facts"
)

// signWait bounds the signing: a result without a signature is a result too.
const signWait = 3 * time.Second

// sign has the responder sign the result, which is complete by now. A failure
// costs the signature alone.
func (r *run) sign(ctx context.Context) {
	unsigned := func(code, reason string) { r.result.Signature = facts.Signature{Code: code, Reason: reason} }
	switch {
	case r.session == nil:
		unsigned(facts.UnsignedNoResponder, "no responder took part in the run, and only a responder signs")
		return
	case r.local:
		unsigned(facts.UnsignedLocal, "the responder of region local is this program itself, whose signature proves nothing")
		return
	case !r.session.Control().Signs():
		unsigned(facts.UnsignedOld, "the responder is of a version that does not sign: bring it to this release")
		return
	case r.plan.Digests == nil:
		unsigned(facts.UnsignedFailed, "the program that started the run asked for no signature")
		return
	}
	digests, err := r.plan.Digests(r.result)
	if err == nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.session.Control().Within(signWait)) // a run that was stopped is signed too
		defer cancel()
		r.result.Signature, err = r.session.Control().Sign(ctx, r.result.RunID, digests)
	}
	if err != nil {
		unsigned(facts.UnsignedFailed, joined([]error{err}))
	}
}
