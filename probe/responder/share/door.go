package share

import (
	"container/list"
	"net/netip"
	"sync"
	"time"
)

// A Door counts connections. The newest always comes in while there are
// strangers to make room for it: the oldest that has said nothing goes first,
// then the oldest that has proved nothing. Who has proved himself stays.
type Door struct {
	Strangers Caps          // connections that have proved nothing, by circle
	Unproved  int           // of them in all
	Total     int           // connections of all kinds
	Owner     int           // proved connections of one owner; the oldest of them makes room
	First     time.Duration // for the first byte
	Proof     time.Duration // until it is proved who is there, from the beginning
	Turned    Turned        // whom a connection was closed because the responder was full

	mu     sync.Mutex // guards the rest
	all    group      // of strangers
	groups map[netip.Prefix]*group
	owners map[string]*list.List // of *Guest
	proved int
}

// group is the strangers of one circle, the oldest first.
type group struct{ silent, speaking list.List }

func (g *group) size() int { return g.silent.Len() + g.speaking.Len() }

// oldest is who has to go first.
func (g *group) oldest() *Guest {
	for _, l := range []*list.List{&g.silent, &g.speaking} {
		if e := l.Front(); e != nil {
			return e.Value.(*Guest)
		}
	}
	return nil
}

// standing is what is known of a connection.
type standing int

const (
	silent   standing = iota // it has said nothing
	speaking                 // it has said something
	proved                   // it is known whose it is
	gone
)

// A Guest is one connection.
type Guest struct {
	door     *Door
	from     netip.Addr
	shut     func()
	timer    *time.Timer
	standing standing
	owner    string
	in       []*group
	at       []*list.Element // its place in each of them, or among its owner's
}

// Enter lets a connection in, or says that there is no room, and then the
// caller closes it. shut closes the connection and must not wait; it is called
// once at most, when the connection has to make room or its time is over.
func (d *Door) Enter(from netip.Addr, shut func()) (*Guest, bool) {
	g := &Guest{door: d, from: from, shut: shut}
	d.mu.Lock()
	if d.Total > 0 && d.all.size() == 0 && d.proved >= d.Total {
		d.mu.Unlock()
		d.Turned.Note(from)
		return nil, false
	}
	d.join(g)
	out := d.crowded(g)
	g.timer = time.AfterFunc(d.First, g.overdue)
	d.mu.Unlock()
	for _, other := range out {
		d.Turned.Note(other.from)
		other.shut()
	}
	return g, true
}

// join takes a guest into its circles. d.mu is held.
func (d *Door) join(g *Guest) {
	if d.groups == nil {
		d.groups = map[netip.Prefix]*group{}
	}
	g.in = []*group{&d.all}
	for _, circle := range Circles(g.from) {
		if !circle.IsValid() {
			continue
		}
		if d.groups[circle] == nil {
			d.groups[circle] = &group{}
		}
		g.in = append(g.in, d.groups[circle])
	}
	for _, group := range g.in {
		g.at = append(g.at, group.silent.PushBack(g))
	}
}

// crowded takes out who has to make room for a guest. d.mu is held.
func (d *Door) crowded(g *Guest) (out []*Guest) {
	makeRoom := func(in *group, most int) {
		if most > 0 && in.size() > most {
			if other := in.oldest(); other != g {
				d.remove(other)
				out = append(out, other)
			}
		}
	}
	for i, most := range d.Strangers {
		if i+1 < len(g.in) {
			makeRoom(g.in[i+1], most)
		}
	}
	makeRoom(&d.all, d.Unproved)
	if d.Total > 0 && d.proved+d.all.size() > d.Total {
		makeRoom(&d.all, 1)
	}
	return out
}

// remove forgets a guest. d.mu is held.
func (d *Door) remove(g *Guest) {
	switch g.standing {
	case silent, speaking:
		for i, group := range g.in {
			g.listOf(group).Remove(g.at[i])
		}
		for _, circle := range Circles(g.from) {
			if group := d.groups[circle]; group != nil && group.size() == 0 {
				delete(d.groups, circle)
			}
		}
	case proved:
		d.proved--
		own := d.owners[g.owner]
		own.Remove(g.at[0])
		if own.Len() == 0 {
			delete(d.owners, g.owner)
		}
	case gone:
		return
	}
	g.standing = gone
	if g.timer != nil {
		g.timer.Stop()
	}
}

func (g *Guest) listOf(in *group) *list.List {
	if g.standing == silent {
		return &in.silent
	}
	return &in.speaking
}

// Spoke notes that something came over the connection.
func (g *Guest) Spoke() {
	g.door.mu.Lock()
	defer g.door.mu.Unlock()
	if g.standing != silent {
		return
	}
	for i, group := range g.in {
		group.silent.Remove(g.at[i])
		g.at[i] = group.speaking.PushBack(g)
	}
	g.standing = speaking
}

// Prove notes whose connection it is. It then has no deadline, and makes room
// only for a newer one of the same owner.
func (g *Guest) Prove(owner string) {
	d := g.door
	d.mu.Lock()
	if g.standing == gone || g.standing == proved && g.owner == owner {
		d.mu.Unlock()
		return
	}
	d.remove(g)
	if d.owners == nil {
		d.owners = map[string]*list.List{}
	}
	if d.owners[owner] == nil {
		d.owners[owner] = list.New()
	}
	d.proved++
	g.standing, g.owner, g.at = proved, owner, []*list.Element{d.owners[owner].PushBack(g)}
	var out *Guest
	if d.Owner > 0 && d.owners[owner].Len() > d.Owner {
		out = d.owners[owner].Front().Value.(*Guest)
		d.remove(out)
	}
	d.mu.Unlock()
	if out != nil {
		out.shut()
	}
}

// Renew gives a connection that has proved nothing another time from now.
func (g *Guest) Renew(wait time.Duration) {
	d := g.door
	d.mu.Lock()
	defer d.mu.Unlock()
	if g.standing == silent || g.standing == speaking {
		g.timer.Stop()
		g.timer = time.AfterFunc(wait, g.end)
	}
}

// Dismiss takes back that it is known whose an owner's connections are: he is
// no more.
func (d *Door) Dismiss(owner string) {
	var all []*Guest
	d.mu.Lock()
	if own := d.owners[owner]; own != nil {
		for e := own.Front(); e != nil; e = e.Next() {
			all = append(all, e.Value.(*Guest))
		}
	}
	d.mu.Unlock()
	for _, g := range all {
		g.Doubt()
	}
}

// Doubt takes back that it is known whose the connection is: its owner is no
// more. It may prove itself anew within the time for that.
func (g *Guest) Doubt() {
	d := g.door
	d.mu.Lock()
	defer d.mu.Unlock()
	if g.standing != proved {
		return
	}
	d.remove(g)
	g.standing, g.owner, g.at = silent, "", nil
	d.join(g)
	g.timer = time.AfterFunc(d.Proof, g.end)
}

// Closed notes that the connection is over.
func (g *Guest) Closed() {
	g.door.mu.Lock()
	defer g.door.mu.Unlock()
	g.door.remove(g)
}

// overdue ends a connection that took too long for its first byte or its proof.
func (g *Guest) overdue() {
	d := g.door
	d.mu.Lock()
	if g.standing == speaking && d.Proof > d.First && g.timer != nil {
		g.standing, g.timer = speaking, time.AfterFunc(d.Proof-d.First, g.end)
		d.mu.Unlock()
		return
	}
	d.mu.Unlock()
	g.end()
}

// end ends a connection that has proved nothing.
func (g *Guest) end() {
	d := g.door
	d.mu.Lock()
	stranger := g.standing == silent || g.standing == speaking
	if stranger {
		d.remove(g)
	}
	d.mu.Unlock()
	if stranger {
		g.shut()
	}
}

// Count is how many connections have proved nothing, and how many something.
func (d *Door) Count() (strangers, known int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.all.size(), d.proved
}
