// Package pageheaders holds the security headers of every page that the programs serve.
package pageheaders

import "net/http"

// Set adds the headers: no frame of another site, no guessing of types, no referrer, no
// devices, no caching. policy is the page's Content-Security-Policy.
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
