package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/pkg/browser"

	"netready/cmd/netready/page"
	"netready/internal/release"
	"netready/probe"
	"netready/report"
)

// uiCmd serves the page.
type uiCmd struct {
	settingsFlag

	Invite    string `arg:"" optional:"" secret:"" help:"Test invite, the line from whoever asked you to run this test (also @FILE, NETREADY_INVITE, or netready-invite.txt beside the program); the page uses it without showing it."`
	NoBrowser bool   `help:"Print the page's address and open nothing."`
	Listen    string `default:"127.0.0.1:0" placeholder:"HOST:PORT" help:"Loopback address of the page; port 0 is any free one."`
	Out       string `placeholder:"DIR" help:"Folder of the results (default: netready-results here, or in Documents)."`

	AllowMedia []string `sep:"," placeholder:"HOST" help:"Let the calls go to this host although the invite names another, as netready run does."`
}

// Run serves the page until it has been closed for a while or Ctrl-C.
func (c *uiCmd) Run(app *app) error {
	cfg, err := c.config(app)
	if err != nil {
		return usageError(err)
	}
	return servePage(app, cfg, c.NoBrowser)
}

// config fills in what the page offers.
func (c *uiCmd) config(app *app) (page.Config, error) {
	read, err := app.read(c.asRun())
	if err != nil {
		return page.Config{}, err
	}
	flags := read.cli.Run
	list, err := loadRegions(flags.Regions)
	if err != nil {
		return page.Config{}, err
	}
	given := cmp.Or(c.Invite, flags.Responder, inviteBeside(app.folder()))
	invited, err := readInvite(given, app)
	if err != nil {
		return page.Config{}, err
	}
	out, err := outFolder(c.Out, app.Stderr)
	if err != nil {
		return page.Config{}, err
	}
	return page.Config{
		Listen: c.Listen, Dir: out, Invite: invited, Remember: rememberedForm(), Regions: list.Regions, Version: release.Version(),
		Given:   read.given(),
		Run:     pageRunner(app, flags, out, c.AllowMedia),
		Measure: nearest(list),
		Formats: formats,
	}, nil
}

// inviteBeside names the invite that a responder's page saved beside the program, ""
// where there is none: whoever used that page starts the program without pasting the invite.
func inviteBeside(folder string) string {
	path := filepath.Join(folder, "netready-invite.txt")
	if info, err := os.Stat(path); folder == "" || err != nil || !info.Mode().IsRegular() {
		return ""
	}
	return "@" + path
}

// asRun is the command line of the runs that the page makes: their flags come
// from the settings file, or are the defaults.
func (c *uiCmd) asRun() []string {
	if c.Config == "" {
		return []string{"run"}
	}
	return []string{"run", "--config=" + c.Config}
}

// given are the fields of the page's form that the settings file fills in.
func (l *commandLine) given() page.Given {
	run := l.cli.Run
	g := page.Given{Region: run.Region, Organization: run.Org, Location: run.Location, Upload: run.Upload, Anonymous: run.Anonymous}
	if _, ok := l.settings.values["duration"]; ok {
		g.Duration, g.Auto = run.Duration.Duration, run.Duration.auto
		if g.Auto {
			g.Duration = 0
		}
	}
	if _, ok := l.settings.values["calls"]; ok {
		g.Calls = run.Calls
	}
	return g
}

// pageRunner makes the same assessment as netready run, with the same files.
func pageRunner(app *app, settings runCmd, out string, allowMedia []string) page.Runner {
	return func(ctx context.Context, o page.Options, progress func(probe.Event)) (report.Report, error) {
		flags := settings.assessFlags
		flags.Region, flags.Org, flags.Location, flags.Responder, flags.Out = o.Region, o.Organization, o.Location, "", out
		if o.FarEnd.Invite.Host != "" || o.FarEnd.TURN != nil {
			flags.turnFlags = turnFlags{} // what was entered in the form goes before the settings
		}
		flags.chosen = o.FarEnd
		flags.Upload, flags.Anonymous = o.Upload, o.Anonymous
		flags.NoUpload = flags.NoUpload && !o.Upload // the tick goes before the settings
		flags.AllowMedia = allowMedia
		if o.Duration > 0 {
			flags.Duration = callLength{o.Duration, o.Auto}
		}
		if o.Calls > 0 {
			flags.Calls = o.Calls
		}
		a, err := flags.resolve(app)
		if err != nil {
			return report.Report{}, err
		}
		a.delivery = pageDelivery(flags, a.plan, o.Delivery)
		a.delivery.sendEarlier(ctx)
		rep, err := a.run(ctx, progress)
		if err != nil {
			return rep, err
		}
		if _, err = a.save(rep, settings.Format); err == nil {
			a.delivery.keep(rep)
			o.Delivery.Then(a.delivery.send)
		}
		return rep, err
	}
}

// pageDelivery tells the page of the sending of a result.
func pageDelivery(flags assessFlags, plan probe.Plan, to *page.Delivery) *delivery {
	agreed := func() consent {
		if to.Declined() {
			return no
		}
		return flags.consent()
	}
	return newDelivery(agreed, plan, func(n news) {
		to.Tell(page.Upload{State: string(n.state), Text: n.text, Trouble: n.state.isTrouble(), MayDecline: n.state == willSend || n.state == asked})
	})
}

// servePage prints the page's address as the first line, opens it, and serves.
func servePage(app *app, cfg page.Config, noBrowser bool) error {
	if !noBrowser {
		cfg.First = 10 * time.Minute // a browser that never came must not leave a process behind
	}
	server, err := page.Listen(app.Ctx, cfg)
	if err != nil {
		return usageError(err)
	}
	fmt.Fprintln(app.Stdout, server.URL())
	if !noBrowser {
		launch, err := server.Launch()
		if err != nil {
			fmt.Fprintf(app.Stderr, "No browser was opened (%v). Open the address above in one.\n", err)
		} else {
			defer launch.Close()
			go openBrowser(app, launch.URL())
		}
	}
	fmt.Fprintln(app.Stderr, "Only this machine can open the page. netready ends two minutes after the page is closed, or with Ctrl-C.")
	return server.Serve(app.Ctx)
}

// openBrowser opens an address. It is not waited for: where no desktop hands it
// on, the browser itself is what runs here, until it is closed.
func openBrowser(app *app, address string) {
	// What a browser prints must not be shown on the line of the address.
	browser.Stdout, browser.Stderr = app.Stderr, app.Stderr
	if err := browser.OpenURL(address); err != nil {
		fmt.Fprintf(app.Stderr, "No browser could be opened (%v). Open the address above in one.\n", err)
	}
}

// rememberedForm is where the page keeps its form for the next time.
func rememberedForm() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "" // nothing is kept
	}
	return filepath.Join(dir, "netready", "page.json")
}
