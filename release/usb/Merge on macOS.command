#!/bin/sh
# Puts all results of the folder "results" into one workbook, all-results.xlsx.
here=$(dirname "$0")
exec "$here/programs/netready-macos-universal" merge "$here/results" -o "$here/all-results.xlsx"
