package portal

import "testing"

// In Sydney any portal under com.au passed, because the last two labels were taken for the
// site.
func TestLeadsAway(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		location, host string
		want           bool
	}{
		{"https://apps.example.com/", "apps.example.com", false},
		{"https://login.example.com/", "apps.example.com", false},
		{"https://LOGIN.Example.COM./x", "apps.example.com", false},
		{"/login", "apps.example.com", false},
		{"", "apps.example.com", false},
		{"//portal.test/", "apps.example.com", true},
		{"http://10.0.0.1/", "apps.example.com", true},
		{"http://wifi.hotel.test/", "apps.example.com", true},
		{"http://login.hotel-wifi.com.au/", "apps.example.com.au", true},
		{"https://login.example.com.au/", "apps.example.com.au", false},
		{"https://www.example.co.uk/", "apps.other.co.uk", true},
		{"https://portal.co.jp/", "apps.example.co.jp", true},
		{"https://portal.com.br/", "apps.example.com.br", true},
		{"https://login.example.com.br/", "apps.example.com.br", false},
		{"http://192.0.2.1/a", "192.0.2.1", false},
		{"http://192.0.3.1/a", "192.0.2.1", true},
		{"http://[2001:db8::1]/", "2001:db8::1", false},
		{"http://intranet/", "intranet", false},
		{"http://portal/", "intranet", true},
		{"http://%zz/", "apps.example.com", false},
	} {
		if got := LeadsAway(test.location, test.host); got != test.want {
			t.Errorf("%s from %s: got %v", test.location, test.host, got)
		}
	}
}

func TestSays(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]bool{
		"HTTP/1.1 511 Network Authentication Required\r\n": true, "HTTP/1.0 511\r\n": true, "\r\nHTTP/1.1 511 x": true,
		"HTTP/1.1 200 OK\r\n": false, "HTTP/1.1 302 511": false, "SIP/2.0 511 x": false, "": false, "\x16\x03\x01": false,
	} {
		if got := Says([]byte(answer)); got != want {
			t.Errorf("%q: got %v", answer, got)
		}
	}
}
