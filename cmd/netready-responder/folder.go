package main

import (
	"cmp"
	"fmt"
	"os"
	"strings"

	"netready/internal/yamlfile"
	"netready/probe/invite"
	"netready/probe/responder/tokens"
)

// folder finds the folder with the tokens, and the data folder of a responder that takes
// them.
type folder struct {
	Config  string `placeholder:"FILE" help:"Settings file of the responder, which names its folders."`
	Data    string `placeholder:"DIR" help:"Data folder of the responder (default: the settings file's, or netready-responder-data)."`
	Invites string `placeholder:"DIR" help:"Folder with the invites, where it is not the data folder (default: the settings file's)."`
}

// settings are those of the responder, as far as they say where its files are.
func (f folder) settings() (settings, error) {
	of := settings{Data: "netready-responder-data"}
	if f.Config != "" {
		data, err := yamlfile.Read(f.Config)
		if err == nil {
			_, err = yamlfile.Decode(f.Config, data, &of)
		}
		if err != nil {
			return of, fmt.Errorf("--config: %w", err)
		}
	}
	of.Data, of.Invites = cmp.Or(f.Data, of.Data), cmp.Or(f.Invites, of.Invites)
	return of, nil
}

// store opens the tokens of the folder, which has to be there.
func (f folder) store() (*tokens.Store, error) {
	of, err := f.settings()
	if err == nil && of.Invites == "" {
		_, err = readReachable(of.Data)
	}
	if err == nil {
		err = checkInvites(of.Invites)
	}
	if err != nil {
		return nil, err
	}
	return tokens.Open(cmp.Or(of.Invites, of.Data))
}

// reached is how agents reach the responders that take the tokens: as their own invite
// says, or as the one does whose data folder this is.
func (f folder) reached(like string) (invite.Invite, error) {
	if like == "" {
		of, err := f.settings()
		if err != nil {
			return invite.Invite{}, err
		}
		return readReachable(of.Data)
	}
	if file, isFile := strings.CutPrefix(like, "@"); isFile {
		b, err := os.ReadFile(file)
		if err != nil {
			return invite.Invite{}, fmt.Errorf("--like: %w", err)
		}
		like = strings.TrimSpace(string(b))
	}
	to, err := invite.Parse(like)
	if err != nil {
		return to, fmt.Errorf("--like: %w", err)
	}
	return to, nil
}

// checkInvites says what is wrong with a folder for the tokens; "" means that there is no folder of its own.
func checkInvites(dir string) error {
	if dir == "" {
		return nil
	}
	if info, err := os.Stat(dir); err != nil {
		return fmt.Errorf("--invites: %w; make the folder, or mount it", err)
	} else if !info.IsDir() {
		return fmt.Errorf("--invites %s: it is not a folder: name the one that holds tokens.json", dir)
	}
	return nil
}
