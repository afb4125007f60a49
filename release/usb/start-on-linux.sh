#!/bin/sh
# Opens the page of netready. The results go to the folder "results" beside this file.
# An invite in netready-invite.txt beside this file is used without asking.
here=$(dirname "$0")
case $(uname -m) in
x86_64) processor=amd64 ;;
aarch64) processor=arm64 ;;
*) processor=armv7 ;;
esac
if [ -f "$here/netready-invite.txt" ]; then set -- "@$here/netready-invite.txt" "$@"; fi
# A stick is often mounted so that no program on it may start.
program="$here/programs/netready-linux-$processor"
if ! "$program" --version >/dev/null 2>&1; then
  if [ -f "$here/programs/netready.yaml" ]; then set -- --config "$here/programs/netready.yaml" "$@"; fi
  copy=$(mktemp -d) && cp "$program" "$copy/netready" && chmod +x "$copy/netready" && program="$copy/netready"
fi
exec "$program" ui "$@" --out "$here/results"
