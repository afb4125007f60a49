package ice

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/text/encoding/unicode"
)

const (
	// longestWord bounds a user name or a password: tokens of Kinesis have some
	// hundred characters.
	longestWord = 4096
	// mostServers and mostURIs bound what is tried. Services give two or three servers
	// with up to six URIs.
	mostServers = 16
	mostURIs    = 16
)

// Parse reads the JSON of TURN services: the W3C's
// {"iceServers":[{"urls","username","credential"}]}, the same as ice_servers or as a
// bare array, and AWS's {"IceServerList":[{"Uris","Username","Password","Ttl"}]}.
// Other fields are ignored. Servers without a TURN URI (STUN only) are left out; if
// none is left, that is an error.
func Parse(data []byte) ([]Server, error) {
	servers, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInput, err)
	}
	return servers, nil
}

// IsList tells a pasted list of servers from an invite: it is JSON.
func IsList(text string) bool {
	text = strings.TrimSpace(text)
	return strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[")
}

// Lists that a document may have, by name; "" is a bare array.
var lists = []string{"iceServers", "ice_servers", "IceServerList"}

func parse(data []byte) ([]Server, error) {
	text, err := decode(data)
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, errors.New("it is empty; give the JSON that the TURN service hands out")
	}
	list, name, err := find(text)
	if err != nil {
		return nil, err
	}
	entries, err := elements(list, name, mostServers)
	if err != nil {
		return nil, err
	}
	var servers []Server
	for i, e := range entries {
		s, err := server(e, fmt.Sprintf("%s[%d]", name, i))
		if err != nil {
			return nil, err
		}
		if len(s.URIs) > 0 {
			servers = append(servers, s)
		}
	}
	if len(servers) == 0 {
		return nil, fmt.Errorf("%s names no TURN server: no turn: or turns: URI is in it (STUN alone cannot pass packets on)", name)
	}
	return servers, nil
}

// find is the list of servers in a document, and its name for errors.
func find(text []byte) (list jsontext.Value, name string, err error) {
	document := jsontext.Value(text)
	if err := document.Compact(); err != nil { // refuses invalid JSON and duplicate names
		return nil, "", fmt.Errorf("it is not valid JSON: %w", clean(err))
	}
	switch document.Kind() {
	case '[':
		return document, "list", nil
	case '{':
	default:
		return nil, "", errors.New("it is neither a JSON object nor a list")
	}
	fields, err := object(document, "")
	if err != nil {
		return nil, "", err
	}
	for _, n := range lists {
		v, ok := fields[n]
		switch {
		case !ok:
		case list != nil:
			return nil, "", fmt.Errorf("%s and %s are both in it: keep one of them", name, n)
		default:
			list, name = v, n
		}
	}
	if list == nil {
		return nil, "", fmt.Errorf("none of the fields %s is in it; give what the TURN service hands out, unchanged", strings.Join(lists, ", "))
	}
	return list, name, nil
}

// clean removes input that an error of the JSON package may repeat: it may be a
// secret.
func clean(err error) error {
	if s, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		if errors.Is(err, jsontext.ErrDuplicateName) {
			return fmt.Errorf("a field is there twice, at byte %d", s.ByteOffset)
		}
		return fmt.Errorf("it is invalid at byte %d (cut short, or changed by hand?)", s.ByteOffset)
	}
	return errors.New("it cannot be read")
}

// server reads one entry of the list.
func server(v jsontext.Value, at string) (Server, error) {
	fields, err := object(v, at)
	if err != nil {
		return Server{}, err
	}
	var s Server
	user, password := "username", "credential"
	where := first(fields, "urls", "url", "Uris")
	if where == "Uris" {
		user, password = "Username", "Password"
	}
	if where == "" {
		return s, fmt.Errorf("%s has no urls (AWS: Uris)", at)
	}
	if s.URIs, err = uris(fields[where], at+"."+where); err != nil || len(s.URIs) == 0 {
		return s, err
	}
	if kind, err := word(fields, "credentialType", at); err != nil || kind != "" && kind != "password" {
		return s, cmpErr(err, fmt.Errorf("%s.credentialType: only password is supported", at))
	}
	name, err := word(fields, user, at)
	if err != nil {
		return s, err
	}
	secret, err := word(fields, password, at)
	switch {
	case err != nil:
		return s, err
	case name == "":
		return s, fmt.Errorf("%s has no %s: a TURN server needs one", at, user)
	case secret == "":
		return s, fmt.Errorf("%s has no %s: a TURN server needs one", at, password)
	}
	s.Username, s.Password, s.Expires = NewSecret(name), NewSecret(secret), expiry(name)
	return s, nil
}

func cmpErr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// first is the first of some names that an object has, "" if none.
func first(fields map[string]jsontext.Value, names ...string) string {
	i := slices.IndexFunc(names, func(n string) bool { _, ok := fields[n]; return ok })
	if i < 0 {
		return ""
	}
	return names[i]
}

// uris reads a URI or a list of them. STUN is left out.
func uris(v jsontext.Value, at string) ([]URI, error) {
	entries, isList := []jsontext.Value{v}, v.Kind() == '['
	if isList {
		var err error
		if entries, err = elements(v, at, mostURIs); err != nil {
			return nil, err
		}
	}
	var all []URI
	for i, e := range entries {
		place := at
		if isList {
			place = fmt.Sprintf("%s[%d]", at, i)
		}
		s, err := text(e, place, longestURI)
		if err != nil {
			return nil, err
		}
		if scheme, _, _ := strings.Cut(strings.ToLower(s), ":"); scheme == "stun" || scheme == "stuns" {
			continue
		}
		u, err := ParseURI(s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", place, err)
		}
		if !slices.Contains(all, u) {
			all = append(all, u)
		}
	}
	return all, nil
}

// word is a field that holds text, "" where there is none.
func word(fields map[string]jsontext.Value, name, at string) (string, error) {
	v, ok := fields[name]
	if !ok || v.Kind() == 'n' {
		return "", nil
	}
	return text(v, at+"."+name, longestWord)
}

// text is a JSON string as a text without control characters.
func text(v jsontext.Value, at string, most int) (string, error) {
	if v.Kind() != '"' {
		return "", fmt.Errorf("%s is to be a text in quotation marks, not %s", at, v.Kind())
	}
	b, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		return "", fmt.Errorf("%s cannot be read", at)
	}
	if len(b) > most {
		return "", fmt.Errorf("%s is longer than %d characters", at, most)
	}
	if i := bytes.IndexFunc(b, func(r rune) bool { return r < ' ' || r == 0x7f }); i >= 0 {
		return "", fmt.Errorf("%s holds a control character", at)
	}
	return string(b), nil
}

// object is the fields of a JSON object.
func object(v jsontext.Value, at string) (map[string]jsontext.Value, error) {
	if v.Kind() != '{' {
		return nil, fmt.Errorf("%s is to be an object in braces, not %s", at, v.Kind())
	}
	fields := map[string]jsontext.Value{}
	d := jsontext.NewDecoder(bytes.NewReader(v))
	if _, err := d.ReadToken(); err != nil {
		return nil, clean(err)
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, clean(err)
		}
		key := name.String()
		value, err := d.ReadValue()
		if err != nil {
			return nil, clean(err)
		}
		fields[key] = bytes.Clone(value)
	}
	return fields, nil
}

// elements is the values of a JSON list. A single object is a list of one, as
// some services hand it out.
func elements(v jsontext.Value, at string, most int) ([]jsontext.Value, error) {
	if v.Kind() == '{' {
		return []jsontext.Value{v}, nil
	}
	if v.Kind() != '[' {
		return nil, fmt.Errorf("%s is to be a list in brackets, not %s", at, v.Kind())
	}
	d := jsontext.NewDecoder(bytes.NewReader(v))
	if _, err := d.ReadToken(); err != nil {
		return nil, clean(err)
	}
	var all []jsontext.Value
	for d.PeekKind() != ']' {
		value, err := d.ReadValue()
		if err != nil {
			return nil, clean(err)
		}
		if all = append(all, bytes.Clone(value)); len(all) > most {
			return nil, fmt.Errorf("%s has more than %d entries: keep the servers of one region", at, most)
		}
	}
	return all, nil
}

// decode converts what editors and PowerShell's > save into UTF-8.
func decode(data []byte) ([]byte, error) {
	order := unicode.LittleEndian
	switch {
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}), len(data) > 1 && data[0] != 0 && data[1] == 0:
	case bytes.HasPrefix(data, []byte{0xFE, 0xFF}), len(data) > 1 && data[0] == 0 && data[1] != 0:
		order = unicode.BigEndian
	default:
		text := bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF"))
		if !utf8.Valid(text) {
			return nil, errors.New("it is neither UTF-8 nor UTF-16: save it as UTF-8")
		}
		return text, nil
	}
	text, err := unicode.UTF16(order, unicode.UseBOM).NewDecoder().Bytes(data)
	if err != nil || len(data)%2 != 0 {
		return nil, errors.New("it is cut short in the middle of a UTF-16 character: fetch it again")
	}
	return bytes.TrimPrefix(text, []byte("\xEF\xBB\xBF")), nil
}
