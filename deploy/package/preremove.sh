#!/bin/sh
# Runs before removing, and before updating, which needs nothing. For a removal, dpkg passes "remove" and rpm passes 0.
set -e

case $1 in remove | 0) ;; *) exit 0 ;; esac
if [ -d /run/systemd/system ]; then
	systemctl stop wsbridge.socket wsbridge.service 'wsbridge@*.service'
fi
if command -v systemctl >/dev/null; then
	systemctl --quiet disable wsbridge.socket wsbridge.service wsbridge@.service
fi
