#!/bin/sh
# After installing and updating. Nothing is started that did not run: there may be no events file yet.
set -e

getent passwd wsbridge >/dev/null ||
	useradd --system --user-group --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin wsbridge

if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	# What runs goes on with the new version. That it cannot is for "systemctl status", not for the package manager.
	systemctl try-restart wsbridge.service 'wsbridge@*.service' || true
fi
