// Package pageheaders holds what every page of ours tells a browser to forbid.
package pageheaders

import "net/http"

// Set adds the headers: no foreign frame, no guessing of types, no referrer, no
// devices, nothing kept. policy is the page's Content-Security-Policy.
func Set(h http.Header, policy string) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	h.Set("Cache-Control", "no-store")
}
