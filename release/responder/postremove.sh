#!/bin/sh
# After removing. "apt purge" takes key, tokens, results and settings too: invites that were given out are then no longer valid.
set -e
case "${1:-}" in
purge) rm -rf /var/lib/private/netready-responder /var/lib/netready-responder /etc/netready-responder ;;
esac
[ -d /run/systemd/system ] || exit 0
systemctl daemon-reload
