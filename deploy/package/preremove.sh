#!/bin/sh
# Before removing, and before updating, when there is nothing to do. dpkg says "remove", rpm 0.
set -e

case $1 in remove | 0) ;; *) exit 0 ;; esac
if [ -d /run/systemd/system ]; then
	systemctl stop wsbridge.socket wsbridge.service 'wsbridge@*.service'
fi
if command -v systemctl >/dev/null; then
	systemctl --quiet disable wsbridge.socket wsbridge.service wsbridge@.service
fi
