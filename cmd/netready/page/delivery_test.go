package page

import (
	"context"
	"strings"
	"testing"

	"netready/probe"
	"netready/report"
)

// The page shows the progress of the sending, starts it once the result is shown, and
// another run stops it.
func TestTheResultIsSentAfterItIsShown(t *testing.T) {
	sc, cfg := quickScript(t)
	ended := make(chan error, 2)
	cfg.Run = func(ctx context.Context, o Options, progress func(probe.Event)) (report.Report, error) {
		o.Delivery.Tell(Upload{State: "announced", Text: "will be sent", MayDecline: true})
		rep, err := sc.run(ctx, o, progress)
		upload, declined := o.Upload, o.Delivery.Declined()
		o.Delivery.Then(func(ctx context.Context) {
			if !upload || declined {
				return
			}
			o.Delivery.Tell(Upload{State: "sending", Text: "sending"})
			<-ctx.Done()
			ended <- ctx.Err()
		})
		return rep, err
	}
	s := serve(t, cfg)
	start := `{"region":"local","duration_s":1,"calls":1,"upload":true,"anonymous":true}`
	post(t, s, "/api/start", start)
	got := watch(t, s, func(now state) bool { return over(now) && now.Upload.State == "sending" })
	if got.Result != ulid(1) {
		t.Errorf("got %+v", got)
	}
	post(t, s, "/api/start", strings.Replace(start, "true", "false", 1))
	if err := <-ended; err == nil {
		t.Error("the sending went on beside another run")
	}
	watch(t, s, func(now state) bool { return over(now) && now.Run == 2 })
	if _, page := (request{method: "GET", path: "/"}).do(t, s); !strings.Contains(page, `type="checkbox" checked aria-describedby="anonymous-hint"`) || strings.Contains(page, `type="checkbox" checked aria-describedby="upload-hint"`) {
		t.Error("the page does not remember the ticks")
	}
}

// The user can say no while the run goes on.
func TestTheUserSaysNo(t *testing.T) {
	sc, cfg := quickScript(t)
	told, answered := make(chan struct{}), make(chan bool, 1)
	cfg.Run = func(ctx context.Context, o Options, progress func(probe.Event)) (report.Report, error) {
		o.Delivery.Tell(Upload{State: "asked", Text: "the maker of the invite asks", MayDecline: true})
		<-told
		answered <- o.Delivery.Declined()
		return sc.run(ctx, o, progress)
	}
	s := serve(t, cfg)
	post(t, s, "/api/start", validStart)
	watch(t, s, func(now state) bool { return now.Upload.MayDecline })
	post(t, s, "/api/decline", "")
	watch(t, s, func(now state) bool { return now.Upload.State == "declined" && !now.Upload.MayDecline })
	close(told)
	if !<-answered {
		t.Error("the run did not hear of it")
	}
	watch(t, s, over)
}
