// Package wire is what agent and responder exchange: the JSON of the control
// connection and the bytes of the media path. Both ends use this package, so that they
// always agree.
package wire

import "time"

// Control paths, below https://host:port. Every request carries
// "Authorization: Bearer TOKEN"; without it the answer is 401.
const (
	PathSessions = "/v1/sessions" // POST Request -> 201 Grant
	// Below PathSessions + "/" + Grant.Session:
	PathEvents   = "/events"   // GET: Event, one JSON document a line, until the session ends
	PathClock    = "/clock"    // GET: 204, header TurnaroundHeader; the control connection's round trip
	PathPorts    = "/ports"    // POST PortsRequest -> PortsGrant
	PathDownload = "/download" // GET ?bytes=N&seconds=S: bytes as fast as they go, bounded by both
	PathUpload   = "/upload"   // POST: bytes -> UploadResult. Both take TicketParameter, too
	PathLoad     = "/load"     // GET: Load, whether this session met a full responder
	PathSign     = "/sign"     // POST SignRequest -> SignAnswer: the run is over, and the responder signs its result
	PathFinish   = "/finish"   // POST: 204; the calls are over: what is left of the traces follows, then PathEvents ends, and the session stays
	// DELETE on the session itself ends it: 204.
)

// TicketParameter is the ticket of an earlier Problem, where a bandwidth test had to
// wait for its turn.
const TicketParameter = "ticket"

// TurnaroundHeader tells how long the responder held a PathClock request, in
// nanoseconds, so that its slowness is not taken for the path's.
const TurnaroundHeader = "Netready-Turnaround"

// Request asks for a session.
type Request struct {
	Version  int           `json:"version"` // Version
	Codec    string        `json:"codec"`
	Ptime    time.Duration `json:"ptime_ns"`
	Payload  int           `json:"payload"` // bytes of RTP payload
	Type     uint8         `json:"type"`    // RTP payload type
	Rate     int           `json:"rate"`    // RTP clock rate
	Duration time.Duration `json:"duration_ns"`
	Calls    int           `json:"calls"`
	DSCP     int           `json:"dscp"`             // asked of the responder for the way down
	Ticket   string        `json:"ticket,omitempty"` // of an earlier Problem, "" at first
	// ID is made up by the agent, and the same where it asks again since the answer was
	// lost: the responder then ends what it granted before, which nobody knows of. At most
	// MostID characters; "": it cannot tell.
	ID string `json:"id,omitempty"`
}

// MostID bounds Request.ID.
const MostID = 64

// Version is the version of this protocol; a responder refuses another one and says
// which one it uses.
const Version = 1

// Grant is the responder's answer: what was granted, and the keys.
type Grant struct {
	Version   int           `json:"version"`
	Session   string        `json:"session"` // 128 random bits, base64url
	Responder string        `json:"responder"`
	Region    string        `json:"region"`
	Media     string        `json:"media"` // host:port; an empty host: the host of the control connection
	Duration  time.Duration `json:"duration_ns"`
	Calls     []CallGrant   `json:"calls"`
	STUN      []string      `json:"stun"`     // host:port of its STUN listeners, empty host as above
	Nonce     string        `json:"nonce"`    // for the port checks of this session, hex
	Ports     []Listener    `json:"ports"`    // fixed listeners for the firewall checks
	Observed  string        `json:"observed"` // the agent's address as the control connection shows it
	// SigningKey is the Ed25519 key that results are signed with; empty: this
	// responder does not sign.
	SigningKey []byte `json:"signing_key,omitempty"`
	// Results is where the result of the run can be sent; nil: this responder stores none.
	Results *Results `json:"results,omitempty"`
}

// Results says that a responder stores results, and for whom.
type Results struct {
	Org    string `json:"org,omitempty"` // the organisation that the invite is for; "": the operator's own invite
	Wanted bool   `json:"wanted"`        // whoever made the invite asks for the result
}

// CallGrant holds one call's keys. Every call has a media socket of its own on
// the agent's side.
type CallGrant struct {
	Username string `json:"username"` // of the STUN checks, both ways
	Password string `json:"password"` // short-term credential, RFC 8489 9.1
	Key      []byte `json:"key"`      // 32 bytes: tags of the RTP packets, both ways
	UpSSRC   uint32 `json:"up_ssrc"`
	DownSSRC uint32 `json:"down_ssrc"`
	UpSeq    uint16 `json:"up_seq"` // first RTP sequence number
	UpTime   uint32 `json:"up_time"`
	DownSeq  uint16 `json:"down_seq"`
	DownTime uint32 `json:"down_time"`
}

// Listener is a port that the responder serves for firewall checks.
type Listener struct {
	Protocol string `json:"protocol"` // tcp, tls, udp, stun, stun-tcp, dns, dns-tcp, sip, sip-tcp, sip-tls
	Port     int    `json:"port"`
}

// Event is a line of PathEvents. About once a second there is one for each
// call, with what came since the last.
type Event struct {
	Call    int    `json:"call"`
	Up      []byte `json:"up,omitempty"`       // Arrivals, packed
	Down    []byte `json:"down,omitempty"`     // Departures, packed
	Leeway  []byte `json:"leeway,omitempty"`   // of packets down that did not leave at their stamp: how long after it they were gone at the latest, packed like departures
	Foreign int    `json:"foreign,omitempty"`  // up packets with a wrong tag, so far
	Dropped uint32 `json:"dropped,omitempty"`  // by the responder's own socket, since the session began
	Slow    int    `json:"slow,omitempty"`     // packets down that the responder's system took later than SlowHandover after their stamp, so far
	Checks  int    `json:"checks,omitempty"`   // STUN requests of the agent that arrived, so far
	Asked   int    `json:"asked,omitempty"`    // checks of its own that the responder sent, so far
	Proved  string `json:"proved,omitempty"`   // the address that was proved last, when it changed
	NoDSCP  string `json:"no_dscp,omitempty"`  // why received marks cannot be read here
	DownSet *int   `json:"down_set,omitempty"` // the DSCP that the responder's packets leave with
	NotSet  string `json:"not_set,omitempty"`  // why they leave without the one that was asked for
	Ended   string `json:"ended,omitempty"`    // the call's down stream is over: sent, consent, limit, stopped, busy
	Closed  string `json:"closed,omitempty"`   // the last line: why the events end: finished, stopped, idle, limit, shutdown
}

// EndedBusy is Event.Ended of a call that the responder has no capacity for any more:
// its agent sent nothing for a while, and others took its share.
const EndedBusy = "busy"

// STUN attributes of ours, from the comprehension-optional range.
const (
	// attrReceived and attrSent are 8 bytes each, nanoseconds on the responder's
	// monotonic clock: when the request arrived and when the answer left.
	attrReceived = 0xC0D1
	attrSent     = 0xC0D2
)

// StampOffset and TagOffset are where, inside the RTP payload, the 8-byte send
// stamp (nanoseconds on the sender's monotonic clock, big endian) and the
// 4-byte tag lie. The rest is filler, so that the packet has a call's true size.
// The tag is HMAC-SHA256 over RTP header and stamp, cut to 4 bytes.
//
// At ChallengeOffset, if the payload has so much room, are 8 bytes: down a random number of
// the responder's, which changes every second, and up the last one that arrived. It shows
// that the address which the packet up comes from still receives the stream (RFC 7675 asks the
// same with checks, which a limit of rate drops first).
const (
	StampOffset     = 0
	TagOffset       = 8
	MinPayload      = 12
	ChallengeOffset = MinPayload
)

// TooLate is how late a sender drops a packet: it is not sent, since nobody waits for
// it any more, and counts as the sender's own loss. It is also how long late packets
// are awaited after the last one was due.
const TooLate = 2 * time.Second

// ExactHandover is how long after its stamp a packet may be in the system's hands and
// the stamp still counts as the moment when it left. That is some times what handing it
// over takes, and less than the jitter of any real path.
const ExactHandover = 50 * time.Microsecond

// SlowHandover is how long after its stamp a packet may be in the system's hands:
// what takes longer makes the path look slower than it is, by so much that it
// shows beside a jitter of 30 ms.
const SlowHandover = 5 * time.Millisecond

// SignRequest asks for a signature of the session's result.
type SignRequest struct {
	RunID string `json:"run_id"`
	JSON  string `json:"json_sha256"` // as facts.Signature has it
	Text  string `json:"text_sha256"`
}

// SignAnswer is what the responder adds and signs: facts.Signature.Statement.
type SignAnswer struct {
	SignedAt  string `json:"signed_at"`
	UpPackets int64  `json:"up_packets"`
	Value     string `json:"value"`
	Holder    string `json:"holder,omitempty"` // facts.HolderStatement, signed
}

// PortsRequest asks the responder to open ports for a moment.
type PortsRequest struct {
	Protocol string `json:"protocol"` // udp
	Ports    []int  `json:"ports"`
}

// PortsGrant says which of them are open now, and which could not be.
type PortsGrant struct {
	Open   []int          `json:"open"`
	Failed map[int]string `json:"failed"`
	Busy   bool           `json:"busy"`   // some of those because the responder has as many ports open as it takes
	For    time.Duration  `json:"for_ns"` // then they close
}

// Load tells whether the responder was too full for a session since it began.
// What did not come back is then the responder's fault and no firewall's.
type Load struct {
	// TurnedAway: TCP connections to its ports from the address of the control
	// connection were closed because the responder was full; Anyone: somebody's were.
	TurnedAway bool `json:"turned_away"`
	Anyone     bool `json:"anyone"`
	// Dropped are UDP ports that dropped datagrams for lack of buffer space.
	Dropped []int `json:"dropped"`
}

// UploadResult is what arrived of an upload.
type UploadResult struct {
	Bytes   int64         `json:"bytes"`
	Elapsed time.Duration `json:"elapsed_ns"`
}

// Problem is the body of every answer that is not a success.
type Problem struct {
	Error string `json:"error"` // one sentence for the user
	Code  string `json:"code"`  // one of Code*
	// After is when to ask again, with CodeBusy: the header Retry-After for programs.
	After time.Duration `json:"after_ns,omitempty"`
	// Ticket keeps the place in the queue: the next Request carries it.
	Ticket string `json:"ticket,omitempty"`
	// Ahead is how many are before it there.
	Ahead int `json:"ahead,omitempty"`
}

// Codes of a Problem.
const (
	CodeVersion = "version" // the responder speaks another Version
	CodeToken   = "token"   // missing or wrong
	// Codes of a token that was good once.
	CodeTokenExpired = "token_expired"
	CodeTokenUsedUp  = "token_used_up" // it has had its runs
	CodeTokenRevoked = "token_revoked"
	CodeTokenReads   = "token_reads" // it reads results, and places no calls
	CodeLimit        = "limit"       // more than is ever granted
	CodeBusy         = "busy"        // not now: ask again after Problem.After
	// CodeDraining: the responder ends soon. Another one is better asked, or
	// this one after Problem.After.
	CodeDraining = "draining"
	CodeRequest  = "request" // cannot be understood
	CodeSession  = "session" // unknown, or over
)

// TokenWords say what is wrong with a token, by its code; "" for a code that is
// not about tokens.
func TokenWords(code string) string {
	switch code {
	case CodeToken:
		return "the token is missing or wrong"
	case CodeTokenExpired:
		return "the invite has expired"
	case CodeTokenUsedUp:
		return "the invite has had all its runs"
	case CodeTokenRevoked:
		return "the invite was revoked"
	case CodeTokenReads:
		return "the invite reads results and places no calls"
	}
	return ""
}
