package proxy

import (
	"net/url"
	"strings"
	"testing"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"http://user:secret@proxy:3128": "http://proxy:3128", "http://proxy:3128": "http://proxy:3128",
		"proxy:3128": "proxy:3128", "user:secret@proxy:3128": "proxy:3128", "": "",
	} {
		if got := Clean(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func names(ways []Way) []string {
	var all []string
	for _, w := range ways {
		all = append(all, w.Name())
	}
	return all
}

func address(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// What the systems' settings say, as they write it.
func TestSettingsOfTheSystems(t *testing.T) {
	t.Parallel()
	mac := "<dictionary> {\n  ExceptionsList : <array> {\n    0 : *.local\n    1 : 169.254.0.0/16\n  }\n  ExcludeSimpleHostnames : 1\n  HTTPEnable : 1\n  HTTPPort : 80\n  HTTPProxy : a\n  HTTPSEnable : 1\n  HTTPSPort : 8443\n  HTTPSProxy : b\n}\n"
	gnome := map[string]string{
		"org.gnome.system.proxy mode": "'manual'\n", "org.gnome.system.proxy ignore-hosts": "['localhost', '*.corp.example', '10.0.0.0/8']\n",
		"org.gnome.system.proxy.http host": "'a'\n", "org.gnome.system.proxy.http port": "80\n",
		"org.gnome.system.proxy.https host": "'b'\n", "org.gnome.system.proxy.https port": "8443\n",
	}
	for _, test := range []struct {
		name string
		p    platform
		to   string
		want string // "" directly
	}{
		{"windows, one for all", windowsSettings("proxy:3128", ""), "https://api.example.com", "http://proxy:3128"},
		{"windows, one for all, http", windowsSettings("proxy:3128", ""), "http://api.example.com", "http://proxy:3128"},
		{"windows, by scheme", windowsSettings("http=a:80;https=b:8443;socks=c:1080", ""), "https://api.example.com", "http://b:8443"},
		{"windows, by scheme, http", windowsSettings("http=a:80;https=b:8443", ""), "http://api.example.com", "http://a:80"},
		{"windows, none for it", windowsSettings("http=a:80", ""), "https://api.example.com", ""},
		{"windows, except", windowsSettings("proxy:3128", "*.example.com;<local>"), "https://api.example.com", ""},
		{"windows, except networks", windowsSettings("proxy:3128", "10.*;192.168.*"), "https://10.1.2.3", ""},
		{"windows, except local", windowsSettings("proxy:3128", "<local>"), "https://intranet", ""},
		{"windows, not except", windowsSettings("proxy:3128", "<local>;*.other.example"), "https://api.example.com", "http://proxy:3128"},
		{"windows, this machine", windowsSettings("proxy:3128", ""), "https://127.0.0.1", ""},
		{"mac", macSettings(mac), "https://api.example.com", "http://b:8443"},
		{"mac, except", macSettings(mac), "https://printer.local", ""},
		{"mac, except networks", macSettings(mac), "http://169.254.7.7", ""},
		{"mac, simple", macSettings(mac), "https://intranet", ""},
		{"mac, off", macSettings("  HTTPSEnable : 0\n  HTTPSProxy : b\n"), "https://api.example.com", ""},
		{"gnome", gnomeSettings(func(s, k string) string { return gnome[s+" "+k] }), "https://api.example.com", "http://b:8443"},
		{"gnome, except", gnomeSettings(func(s, k string) string { return gnome[s+" "+k] }), "https://x.corp.example", ""},
		{"gnome, except networks", gnomeSettings(func(s, k string) string { return gnome[s+" "+k] }), "https://10.9.8.7", ""},
		{"gnome, none", gnomeSettings(func(string, string) string { return "" }), "https://api.example.com", ""},
	} {
		s := &Settings{platform: test.p}
		if got := strings.Join(names(s.For(t.Context(), address(t, test.to))), " "); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestNoSettings(t *testing.T) {
	t.Parallel()
	var none *Settings
	if ways := none.For(t.Context(), address(t, "https://api.example.com")); ways != nil {
		t.Errorf("got %v", ways)
	}
}
