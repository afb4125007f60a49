package main

import "golang.org/x/sys/windows"

// showError opens a window with an error: who double-clicked the program sees no
// console, or sees it close.
func showError(text string) {
	message, err := windows.UTF16PtrFromString(text)
	if err != nil {
		return // a text with a zero in it; it was printed as well
	}
	title, _ := windows.UTF16PtrFromString("netready")
	_, _ = windows.MessageBox(0, message, title, windows.MB_ICONWARNING)
}
