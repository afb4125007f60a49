#!/bin/sh
# Makes what all replicas share, in the folder secret/: a key with its certificate and a token, so that one invite is good for
# each. Then: kubectl create secret generic netready-responder --from-file=secret
set -eu
umask 077
[ ! -e secret ] || {
	echo "secret.sh: the folder secret/ is there already; with another key all invites end, so remove it yourself" >&2
	exit 1
}
mkdir secret
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 7300 -subj /CN=netready-responder \
	-keyout secret/tls.key -out secret/tls.crt 2>/dev/null
openssl rand -hex 16 >secret/token
