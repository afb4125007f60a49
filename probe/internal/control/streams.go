package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
)

// Events calls on for every line of the responder's trace until the last,
// which has Closed set. It returns nil after that one.
func (c *Client) Events(ctx context.Context, on func(wire.Event)) error {
	resp, err := c.send(ctx, http.MethodGet, c.path(wire.PathEvents), nil)
	if err != nil {
		return fmt.Errorf("asking the responder for its trace: %w", err)
	}
	defer resp.Body.Close()
	left := c.trace
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(make([]byte, 0, 64<<10), min(maxEvent, left.bytes))
	for lines.Scan() {
		if !left.take(lines.Bytes()) {
			return fmt.Errorf("%w: the responder's trace does not end, it reports more than the calls can have", ErrBroken)
		}
		var e wire.Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return fmt.Errorf("reading the responder's trace: %w", err)
		}
		e = cleaned(e)
		on(e)
		if e.Closed != "" {
			return nil
		}
	}
	if err := lines.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			return fmt.Errorf("%w: a line of the responder's trace is longer than the calls can make it", ErrBroken)
		}
		return broken(err)
	}
	return ErrBroken
}

// Clock is the round trip of one exchange over the control connection, without
// the time that the responder held it.
func (c *Client) Clock(ctx context.Context) (time.Duration, error) {
	asked := stamp.Now()
	resp, err := c.send(ctx, http.MethodGet, c.path(wire.PathClock), nil)
	answered := stamp.Now()
	if err != nil {
		return 0, fmt.Errorf("measuring the control connection's round trip: %w", err)
	}
	defer resp.Body.Close()
	held, err := strconv.ParseInt(resp.Header.Get(wire.TurnaroundHeader), 10, 64)
	trip := answered - asked
	if err != nil || held < 0 || time.Duration(held) > trip {
		return 0, errors.New("measuring the control connection's round trip: the responder reported an impossible turnaround")
	}
	return trip - time.Duration(held), nil
}

// Download asks for bytes at full speed, bounded by number and time. The error is a
// Busy where this agent has to wait; ticket is that of the last Busy.
func (c *Client) Download(ctx context.Context, ticket string, most int64, d time.Duration) (io.ReadCloser, error) {
	q := url.Values{"bytes": {strconv.FormatInt(most, 10)}, "seconds": {strconv.FormatFloat(d.Seconds(), 'f', -1, 64)}}
	if ticket != "" {
		q.Set(wire.TicketParameter, ticket)
	}
	resp, err := c.send(ctx, http.MethodGet, c.path(wire.PathDownload)+"?"+q.Encode(), nil) //nolint:bodyclose // the caller closes it, through download
	if err != nil {
		return nil, fmt.Errorf("asking for a download: %w", err)
	}
	return download{resp.Body}, nil
}

// download is a body whose errors do not need net/http to be understood.
type download struct{ io.ReadCloser }

func (d download) Read(b []byte) (int, error) {
	n, err := d.ReadCloser.Read(b)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = broken(err)
	}
	return n, err
}

// Upload sends all of r and returns what the responder counted, or a Busy like
// Download.
func (c *Client) Upload(ctx context.Context, ticket string, r io.Reader) (wire.UploadResult, error) {
	var result wire.UploadResult
	path := c.path(wire.PathUpload)
	if ticket != "" {
		path += "?" + url.Values{wire.TicketParameter: {ticket}}.Encode()
	}
	if err := c.exchange(ctx, http.MethodPost, path, r, &result); err != nil {
		return wire.UploadResult{}, fmt.Errorf("uploading: %w", err)
	}
	return result, nil
}
