#!/bin/sh
# Puts all results of the folder "results" into one workbook, all-results.xlsx.
here=$(dirname "$0")
case $(uname -m) in
x86_64) processor=amd64 ;;
aarch64) processor=arm64 ;;
*) processor=armv7 ;;
esac
exec "$here/programs/netready-linux-$processor" merge "$here/results" -o "$here/all-results.xlsx"
