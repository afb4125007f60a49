package responder

import (
	"bytes"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"netready/probe/internal/wire"
)

// eventLines writes events to an agent, a line each.
type eventLines struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// linesAtOnce is how many bytes of lines are written at once: a frame of HTTP/2 (RFC 9113
// 4.2), so that the calls of a session share what a write costs.
const linesAtOnce = 16 << 10

// lineRooms are buffers for lines. A session needs one for a moment in each second.
var lineRooms = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// news writes the news of calls and further events, and says whether the agent takes them.
func (l eventLines) news(calls []*call, further ...wire.Event) bool {
	room := lineRooms.Get().(*bytes.Buffer) //nolint:forcetypeassert // the pool has nothing else
	defer lineRooms.Put(room)
	room.Reset()
	encoder := json.NewEncoder(room)
	for _, c := range calls {
		if encoder.Encode(c.news()) != nil || room.Len() >= linesAtOnce && !l.write(room) {
			return false
		}
	}
	for _, e := range further {
		if encoder.Encode(e) != nil {
			return false
		}
	}
	return l.write(room) && l.control.Flush() == nil
}

// write writes what the room holds. An agent that stops reading must not keep the session,
// so writing has a limit.
func (l eventLines) write(room *bytes.Buffer) bool {
	if l.control.SetWriteDeadline(time.Now().Add(writeWait)) != nil {
		return false
	}
	_, err := room.WriteTo(l.w)
	return err == nil
}
