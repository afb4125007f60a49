package probe

import "netready/probe/invite"

// A Home is where the result of a run can be sent: to the responder that granted it.
type Home struct {
	To     invite.Invite // the responder's
	Stores bool          // it stores results
	Org    string        // for which organisation; "" with the operator's own invite
	Wanted bool          // whoever made the invite asks for the result
}

// tellHome says where the result can be sent, as soon as that is known. The responder of
// region local is this program, and no home.
func (r *run) tellHome() {
	if r.plan.Home == nil || r.local {
		return
	}
	home := Home{To: r.session.Control().Invite()}
	if offered := r.session.Control().Grant().Results; offered != nil {
		home.Stores, home.Org, home.Wanted = true, offered.Org, offered.Wanted
	}
	r.plan.Home(home)
}
