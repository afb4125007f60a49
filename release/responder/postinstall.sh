#!/bin/sh
# After installing or updating: systemd reads the unit, and starts it if it is enabled.
set -e
[ -d /run/systemd/system ] || exit 0
systemctl daemon-reload
case "$1:${2:-}" in
configure:?* | [2-9]*:*) # an update: a service that somebody switched off stays off
	systemctl try-restart netready-responder.service
	exit 0
	;;
esac
systemctl enable netready-responder.service
systemctl restart netready-responder.service
