// Command schtasks stands in, under Wine, for the one of Windows, whose options
// Wine does not know: it notes what it was given, an argument on a line.
package main

import (
	"os"
	"strings"
)

func main() {
	f, err := os.OpenFile(`C:\schtasks.txt`, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = f.WriteString(strings.Join(os.Args[1:], "\n") + "\n\n")
	}
	if err != nil {
		os.Exit(1)
	}
}
