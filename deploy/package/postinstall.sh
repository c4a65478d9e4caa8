#!/bin/sh
# Runs after installing and updating. It starts nothing that did not run: there may be no events file yet.
set -e

getent passwd wsbridge >/dev/null ||
	useradd --system --user-group --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin wsbridge

if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	# Running services continue with the new version. If one cannot, systemctl status shows that; the update has not failed.
	systemctl try-restart wsbridge.service 'wsbridge@*.service' || true
fi
