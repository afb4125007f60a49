#!/bin/sh
# Before removing, not before updating: running calls finish, then the service
# ends. dpkg says "remove", rpm 0.
set -e
[ -d /run/systemd/system ] || exit 0
case "$1" in
remove | 0) systemctl disable --now netready-responder.service ;;
esac
