#!/bin/sh
# Opens the page of netready. The results go to the folder "results" beside this file.
# An invite in netready-invite.txt beside this file is used without asking.
here=$(dirname "$0")
if [ -f "$here/netready-invite.txt" ]; then set -- "@$here/netready-invite.txt" "$@"; fi
exec "$here/programs/netready-macos-universal" ui "$@" --out "$here/results"
