package radio

import (
	"errors"
	"net"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Windows tells about its Wi-Fi through wlanapi.dll, which servers may not have.
var (
	wlanapi             = windows.NewLazySystemDLL("wlanapi.dll")
	wlanOpenHandle      = wlanapi.NewProc("WlanOpenHandle")
	wlanCloseHandle     = wlanapi.NewProc("WlanCloseHandle")
	wlanQueryInterface  = wlanapi.NewProc("WlanQueryInterface")
	wlanFreeMemory      = wlanapi.NewProc("WlanFreeMemory")
	iphlpapi            = windows.NewLazySystemDLL("iphlpapi.dll")
	interfaceIndexLUID  = iphlpapi.NewProc("ConvertInterfaceIndexToLuid")
	interfaceLUIDToGUID = iphlpapi.NewProc("ConvertInterfaceLuidToGuid")
)

// Questions of WLAN_INTF_OPCODE.
const (
	askConnection = 7
	askChannel    = 8
	askRSSI       = 0x10000102
)

type adapter struct {
	handle uintptr
	guid   windows.GUID
}

// open is nil if the interface is not Wi-Fi.
func open(name string) *adapter {
	ifi, err := net.InterfaceByName(name)
	if err != nil || wlanOpenHandle.Find() != nil || interfaceLUIDToGUID.Find() != nil {
		return nil
	}
	var luid uint64
	a := &adapter{}
	if r, _, _ := interfaceIndexLUID.Call(uintptr(ifi.Index), uintptr(unsafe.Pointer(&luid))); r != 0 {
		return nil
	}
	if r, _, _ := interfaceLUIDToGUID.Call(uintptr(unsafe.Pointer(&luid)), uintptr(unsafe.Pointer(&a.guid))); r != 0 {
		return nil
	}
	var version uint32
	if r, _, _ := wlanOpenHandle.Call(2, 0, uintptr(unsafe.Pointer(&version)), uintptr(unsafe.Pointer(&a.handle))); r != 0 {
		return nil
	}
	if _, err := a.read(); err != nil {
		a.close()
		return nil
	}
	return a
}

func (a *adapter) close() { _, _, _ = wlanCloseHandle.Call(a.handle, 0) }

// read asks for the connection, then for channel and signal, which are more precise.
func (a *adapter) read() (reading, error) {
	b := a.ask(askConnection)
	if b == nil {
		return reading{}, errors.New("no radio")
	}
	r, ok := parseConnection(b)
	if !ok {
		return reading{}, errors.New("the description of the connection has an unknown form")
	}
	if c := a.ask(askChannel); len(c) >= 4 && r.bssid != "" {
		r.channel = int(*(*uint32)(unsafe.Pointer(&c[0])))
	}
	if s := a.ask(askRSSI); len(s) >= 4 && r.bssid != "" {
		if dbm := int(*(*int32)(unsafe.Pointer(&s[0]))); dbm < 0 {
			r.dbm = dbm
		}
	}
	return r, nil
}

// ask is a copy of the answer, nil without one.
func (a *adapter) ask(question uintptr) []byte {
	const most = 1 << 16
	var size uint32
	var data *byte
	r, _, _ := wlanQueryInterface.Call(a.handle, uintptr(unsafe.Pointer(&a.guid)), question, 0,
		uintptr(unsafe.Pointer(&size)), uintptr(unsafe.Pointer(&data)), 0)
	if r != 0 || data == nil {
		return nil
	}
	defer wlanFreeMemory.Call(uintptr(unsafe.Pointer(data))) //nolint:errcheck // it returns nothing
	return append([]byte(nil), unsafe.Slice(data, min(size, most))...)
}
