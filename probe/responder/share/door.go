package share

import (
	"container/list"
	"net/netip"
	"sync"
	"time"
)

// A Door bounds the number of connections. A new one is always accepted while there
// are strangers (connections that have proved nothing) that can be closed for it:
// first the oldest that has sent nothing, then the oldest of the others. Connections
// that have proved whose they are stay.
type Door struct {
	Strangers Caps          // connections that have proved nothing, by circle
	Unproved  int           // of them in total
	Total     int           // connections of all kinds
	Owner     int           // proved connections of one owner; beyond that the oldest is closed
	First     time.Duration // time until the first byte
	Proof     time.Duration // time until the proof, from the beginning
	Turned    Turned        // clients whose connection was closed because the responder was full

	mu     sync.Mutex // guards the rest
	all    group      // of strangers
	groups map[netip.Prefix]*group
	owners map[string]*list.List // of *Guest
	proved int
}

// group is the strangers of one circle, the oldest first.
type group struct{ silent, speaking list.List }

func (g *group) size() int { return g.silent.Len() + g.speaking.Len() }

// oldest is the connection that is closed first.
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
	silent   standing = iota // it has sent nothing
	speaking                 // it has sent something
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

// Enter accepts a connection, or says that there is no room; then the caller closes
// it. shut closes the connection and must not block; it is called at most once,
// when the connection has to make room or its time is over.
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

// join adds a guest to its groups. d.mu is held.
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

// crowded removes the connections that have to make room for a guest. d.mu is held.
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

// Spoke notes that something arrived over the connection.
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

// Renew gives a connection that has proved nothing a new deadline from now.
func (g *Guest) Renew(wait time.Duration) {
	d := g.door
	d.mu.Lock()
	defer d.mu.Unlock()
	if g.standing == silent || g.standing == speaking {
		g.timer.Stop()
		g.timer = time.AfterFunc(wait, g.end)
	}
}

// Dismiss makes all connections of an owner strangers again, because its session is
// over.
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

// Doubt makes a connection a stranger again, because its owner's session is over. It
// may prove a new owner within the usual time.
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

// Count is the number of connections that have proved nothing, and of the others.
func (d *Door) Count() (strangers, known int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.all.size(), d.proved
}
