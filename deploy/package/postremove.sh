#!/bin/sh
# Runs after removing. The administrator's files in /etc/wsbridge stay.
set -e

if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	systemctl reset-failed 'wsbridge*' 2>/dev/null || true
fi
if [ "$1" = purge ]; then
	rm -rf /var/lib/wsbridge /var/lib/wsbridge-* # the units' state: journals, and certificates, which can be issued again
	if getent passwd wsbridge >/dev/null; then
		userdel wsbridge
	fi
fi
