#!/bin/bash
# Boots systemd with this system's own files, in name spaces: boot.sh FOLDER. Files below FOLDER/files are laid over.
# What is written goes into memory and is gone afterwards; the network is a loopback of its own.
set -eu
folder=$1
if [ "${2:-}" != inside ]; then
	mkdir -p "$folder/cgroup"
	mount -t cgroup2 cgroup2 "$folder/cgroup"
	group=$folder/cgroup/netready-test-$$
	mkdir "$group"
	echo $$ >"$group/cgroup.procs"
	exec unshare --cgroup --pid --net --uts --ipc --fork --kill-child bash "$0" "$folder" inside
fi
read -r pid _ </proc/self/stat # as the world outside counts: /proc is still its own
echo "$pid" >"$folder/pid.new"
mv "$folder/pid.new" "$folder/pid"
ip link set lo up
mkdir -p "$folder/memory"
mount -t tmpfs tmpfs "$folder/memory"
mkdir "$folder/memory/upper" "$folder/memory/work" "$folder/memory/root"
root=$folder/memory/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/memory/upper,workdir=$folder/memory/work" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount --rbind /dev "$root/dev"
for empty in run tmp etc/systemd/system var/lib/private; do
	mkdir -p "$root/$empty"
	mount -t tmpfs tmpfs "$root/$empty"
done
chmod 700 "$root/var/lib/private"
chmod 1777 "$root/tmp"
# What systemd would do to the kernel, which is not its own, is left out; only the journal starts.
for wants in "$root"/lib/systemd/system/*.wants; do
	mount -t tmpfs tmpfs "$wants"
done
printf '[Unit]\nDefaultDependencies=no\nWants=systemd-journald.service\n' >"$root/etc/systemd/system/sysinit.target"
printf '[Unit]\nDescription=test\n' >"$root/etc/systemd/system/test.target"
cp -r "$folder/files/." "$root/"
exec chroot "$root" env -i container=test PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	/lib/systemd/systemd --system --unit=test.target --log-target=null --show-status=0
