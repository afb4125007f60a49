#!/bin/sh
# Installs the responder, or a newer release of it, and starts it. Run as root, in the folder where the release file was
# unpacked. Settings that are there already stay as they are; calls under way end first.
set -eu
cd "$(dirname "$0")"

fail() {
	echo "install.sh: $*" >&2
	exit 1
}

[ "$(id -u)" = 0 ] || fail "run it as root"
command -v systemctl >/dev/null || fail "this host has no systemd: start netready-responder by hand (docs/responder.md)"
for file in netready-responder netready-responder.service responder.yaml 60-netready-responder.conf; do
	[ -f "$file" ] || fail "$file is missing: unpack the whole release file"
done

install -d -m 755 /usr/local/bin /etc/netready-responder /etc/sysctl.d
# A new file under the same name: the program that runs keeps the old one.
install -m 755 netready-responder /usr/local/bin/.netready-responder.new
mv -f /usr/local/bin/.netready-responder.new /usr/local/bin/netready-responder
[ -f /etc/netready-responder/responder.yaml ] || install -m 644 responder.yaml /etc/netready-responder/responder.yaml
install -m 644 netready-responder.service /etc/systemd/system/netready-responder.service
install -m 644 60-netready-responder.conf /etc/sysctl.d/60-netready-responder.conf
sysctl -q -p /etc/sysctl.d/60-netready-responder.conf ||
	echo "install.sh: net.core.rmem_max stays as it is; the responder's log says whether that is enough" >&2

systemctl daemon-reload
systemctl enable netready-responder
systemctl restart netready-responder
echo "The invite is in /var/lib/netready-responder/invite.txt; the log: journalctl -u netready-responder"
