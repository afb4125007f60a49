#!/bin/bash
# Runs as root at each start of the host: installs the release, unless that very one is installed, and says where the invite is.
# One text for CloudFormation and Terraform, which both fill in the words in braces; so no other braces after a dollar here.
set -eu
url='${ReleaseURL}'
sum='${ReleaseSHA256}'
region='${Region}'
advertise='${Advertise}'
name='${HostName}'
place='${InvitePlace}'
settings=/etc/netready-responder
data=/var/lib/netready-responder
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

install -d -m 755 $settings
{
	echo "# Written at each start of the host, from the stack's parameters."
	echo "region: $region"
	echo "advertise: $advertise"
	echo "drain: 11m"
	echo "metrics: 127.0.0.1:9464"
	echo "log: json"
	if [ -n "$name" ]; then
		echo "acme: $name"
		echo 'acme_http: ":80"'
	fi
} >"$work/responder.yaml"

installed=$(cat $settings/release 2>/dev/null || true)
if [ "$installed" != "$sum" ]; then
	curl -fsSL --retry 10 --retry-connrefused --max-time 600 -o "$work/release.tar.gz" "$url"
	echo "$sum  $work/release.tar.gz" | sha256sum -c --quiet - || {
		echo "the release file at $url is not the one that the stack names: its SHA-256 is another; nothing was installed" >&2
		exit 1
	}
	tar -xzf "$work/release.tar.gz" -C "$work" --no-same-owner --strip-components=1
	install -m 644 "$work/responder.yaml" $settings/responder.yaml
	rm -f $data/invite.txt # written anew at each start
	"$work/install.sh"
	echo "$sum" >$settings/release
elif ! cmp -s "$work/responder.yaml" $settings/responder.yaml; then
	install -m 644 "$work/responder.yaml" $settings/responder.yaml
	rm -f $data/invite.txt
	systemctl restart netready-responder
fi

for _ in $(seq 60); do
	if [ -s $data/invite.txt ]; then
		aws s3 cp --only-show-errors $data/invite.txt "$place"
		exit 0
	fi
	sleep 1
done
echo "the responder has written no invite within a minute: journalctl -u netready-responder says why" >&2
exit 1
