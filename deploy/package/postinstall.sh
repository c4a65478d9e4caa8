#!/bin/sh
# Runs after installing and updating. It starts nothing that did not run: there may be no events file yet.
set -e

getent passwd wsbridge >/dev/null ||
	useradd --system --user-group --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin wsbridge

# update UNIT: a running service continues with the new version. A new process takes over, which no client notices. If none can, the
# service is restarted, unless it could not start again: then the old version goes on. In no case has the installation failed.
update() {
	name=${1%.service}
	case $name in
	wsbridge) config=/etc/wsbridge/wsbridge.toml ;;
	*) config=/etc/wsbridge/${name#wsbridge@}.toml ;;
	esac
	if timeout 300 wsbridge upgrade --config "$config"; then
		return
	fi
	if [ -e "$config" ] && ! wsbridge config --config "$config"; then
		echo "wsbridge: $1 goes on with the old version; correct $config, then: wsbridge upgrade --config $config" >&2
		return
	fi
	echo "wsbridge: no new process could take over: $1 is restarted" >&2
	systemctl try-restart "$1" || echo "wsbridge: $1 does not start: see journalctl -u $1" >&2
}

if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	for unit in $(systemctl list-units --plain --no-legend --full --state=active,activating,reloading wsbridge.service 'wsbridge@*.service' |
		cut -d' ' -f1); do
		update "$unit"
	done
fi
