package proxy

import (
	"context"
	"net/url"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

// WinHTTP knows the settings of Windows, and runs their scripts.
var (
	winhttp      = windows.NewLazySystemDLL("winhttp.dll")
	openSession  = winhttp.NewProc("WinHttpOpen")
	closeHandle  = winhttp.NewProc("WinHttpCloseHandle")
	userSettings = winhttp.NewProc("WinHttpGetIEProxyConfigForCurrentUser")
	proxyForURL  = winhttp.NewProc("WinHttpGetProxyForUrl")
	globalFree   = windows.NewLazySystemDLL("kernel32.dll").NewProc("GlobalFree")
)

// ieConfig is WINHTTP_CURRENT_USER_IE_PROXY_CONFIG.
type ieConfig struct {
	autoDetect int32
	script     *uint16
	proxy      *uint16
	bypass     *uint16
}

// autoOptions is WINHTTP_AUTOPROXY_OPTIONS.
type autoOptions struct {
	flags, detect uint32
	script        *uint16
	_             uintptr
	_             uint32
	autoLogon     int32
}

// proxyInfo is WINHTTP_PROXY_INFO.
type proxyInfo struct {
	access        uint32
	proxy, bypass *uint16
}

// readPlatform reads what Windows' settings say.
func readPlatform(context.Context) platform {
	if userSettings.Find() != nil {
		return platform{}
	}
	var c ieConfig
	if ok, _, _ := userSettings.Call(uintptr(unsafe.Pointer(&c))); ok == 0 {
		return platform{}
	}
	p := windowsSettings(taken(c.proxy), taken(c.bypass))
	p.script = taken(c.script)
	p.detect = c.autoDetect != 0 && p.http == "" && p.https == ""
	return p
}

// taken copies a string that Windows allocated, and frees it.
func taken(s *uint16) string {
	if s == nil {
		return ""
	}
	defer globalFree.Call(uintptr(unsafe.Pointer(s))) //nolint:errcheck // nothing can be done about it
	return windows.UTF16PtrToString(s)
}

// runScript lets Windows run the script, or look for one. The call cannot be stopped: if
// it takes longer than ctx allows, its result is ignored.
func runScript(ctx context.Context, script string, to *url.URL) (proxies []string, evaluated bool) {
	if proxyForURL.Find() != nil {
		return nil, false
	}
	found := make(chan []string, 1)
	go func() { found <- askWindows(script, to.String()) }()
	select {
	case proxies = <-found:
		return proxies, true
	case <-ctx.Done():
		return nil, false
	}
}

func askWindows(script, to string) []string {
	const noProxy, autoDetect, configURL, byDHCP, byDNS, named = 1, 1, 2, 1, 2, 3
	agent, err := windows.UTF16PtrFromString("netready")
	if err != nil {
		return nil
	}
	session, _, _ := openSession.Call(uintptr(unsafe.Pointer(agent)), noProxy, 0, 0, 0)
	if session == 0 {
		return nil
	}
	defer closeHandle.Call(session) //nolint:errcheck // nothing can be done about it
	options := autoOptions{flags: autoDetect, detect: byDHCP | byDNS, autoLogon: 1}
	if script != "" {
		options = autoOptions{flags: configURL, autoLogon: 1}
		if options.script, err = windows.UTF16PtrFromString(script); err != nil {
			return nil
		}
	}
	address, err := windows.UTF16PtrFromString(to)
	if err != nil {
		return nil
	}
	var info proxyInfo
	ok, _, _ := proxyForURL.Call(session, uintptr(unsafe.Pointer(address)), uintptr(unsafe.Pointer(&options)), uintptr(unsafe.Pointer(&info)))
	list, _ := taken(info.proxy), taken(info.bypass)
	if ok == 0 || info.access != named {
		return nil
	}
	return strings.FieldsFunc(list, func(r rune) bool { return r == ';' || r == ' ' })
}
