<?php
/*
 * A request that stays open. It connects to the unix socket ANSWERS, says "pid N", and answers there until it is told to leave or its
 * connection ends. When php-fpm asks its workers to leave, it says what it was doing and leaves.
 */

/**
 * The descriptor of the pool's listening socket, and what it links to. On SIGQUIT, with which php-fpm asks a worker to leave, the
 * worker closes that descriptor.
 */
function listening()
{
	$inodes = array();
	foreach (file('/proc/self/net/unix') as $line) {
		// Num RefCount Protocol Flags Type St Inode Path
		$fields = preg_split('/\s+/', trim($line));
		$accepts = '00010000'; // __SO_ACCEPTCON
		if ($fields[3] === $accepts) {
			$inodes['socket:['.$fields[6].']'] = true;
		}
	}
	foreach (scandir('/proc/self/fd') as $fd) {
		$link = @readlink('/proc/self/fd/'.$fd);
		if (isset($inodes[$link])) {
			return array('/proc/self/fd/'.$fd, $link);
		}
	}
	return null;
}

list($path, $link) = listening();
$peer = stream_socket_client('unix://'.$_SERVER['ANSWERS']);
fwrite($peer, 'pid '.getmypid()."\n");
for (;;) {
	$read = array($peer);
	$none = null;
	$seconds = 1; // SIGQUIT ends the wait, but not one that begins after it
	$ready = @stream_select($read, $none, $none, $seconds);
	if (@readlink($path) !== $link) {
		fwrite($peer, "asked to leave while idle\n");
		break;
	}
	if (!$ready) {
		continue;
	}
	$event = trim(fgets($peer));
	if ($event === 'work until asked to leave') {
		fwrite($peer, "working\n");
		while (@readlink($path) === $link);
		fwrite($peer, "asked to leave at work\n");
		break;
	}
	if ($event === 'work for ever') {
		fwrite($peer, "working\n");
		while (true);
	}
	if ($event === 'limit') {
		set_time_limit(7);
		fwrite($peer, 'limit '.ini_get('max_execution_time')."\n");
		continue;
	}
	if ($event === 'leave' || feof($peer)) {
		break;
	}
	fwrite($peer, "you said $event\n");
}
