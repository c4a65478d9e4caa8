<?php
// Speaks the answer's side of the contract for the tests: each event's payload says, as "verb:argument", what to do.

// Lines of WSBRIDGE_OPTIONS.
const COPY = 3;
const ANNOUNCE = 6;
const YIELDS = 8;

function effect($seq, array $effect, $payload = null)
{
	echo $_SERVER['WSBRIDGE_TOKEN'], ' ', json_encode(array('seq' => $seq) + $effect), "\n";
	if ($payload !== null) {
		echo $payload, "\n";
	}
	flush();
}

function send($seq, $payload)
{
	effect($seq, array('send' => array('to' => 'open', 'length' => strlen($payload))), $payload);
}

function done($seq, $result = true)
{
	effect($seq, array('done' => array('result' => $result)));
}

function failed($seq, $kind, $name = '')
{
	effect($seq, array('failed' => array('kind' => $kind, 'name' => $name, 'message' => 'as told')));
}

function usleep_half_a_second()
{
	usleep(500000);
	return true;
}

function wait_for($file)
{
	while (!file_exists($file)) {
		clearstatcache();
		usleep(1000);
	}
}

function option($line)
{
	$options = explode("\n", $_SERVER['WSBRIDGE_OPTIONS']);
	return $options[$line];
}

function run_event($seq, $verb, $argument)
{
	switch ($verb) {
		case 'echo': send($seq, $argument); break;
		case 'size': send($seq, str_repeat('x', (int)$argument)); break;
		case 'copy': return done($seq, option(COPY));
		case 'yielded': return done($seq, option(YIELDS));
		case 'server': return done($seq, $_SERVER);
		case 'request': return done($seq, array('get' => $_GET, 'cookie' => $_COOKIE, 'post' => $_POST));
		case 'pid': return done($seq, getmypid());
		case 'ini': return done($seq, ini_get($argument));
		case 'getenv': return done($seq, getenv($argument));
		case 'whoami': return done($seq, posix_geteuid());
		case 'call': return done($seq, $argument());
		case 'include': return done($seq, include $argument);
		case 'print': echo $argument, "\n"; break;
		case 'status': http_response_code((int)$argument); break;
		case 'stderr': error_log(str_replace('TOKEN', $_SERVER['WSBRIDGE_TOKEN'], $argument)); break;
		case 'stdio': file_put_contents('php://stderr', $argument . "\n"); break;
		case 'run': file_put_contents(dirname(__FILE__) . '/spool/runs', $argument . "\n", FILE_APPEND); break;
		case 'gate': send($seq, 'waiting'); wait_for($argument); break;
		case 'loop': file_put_contents($argument, getmypid()); while (true);
		case 'kill': send($seq, 'dying'); posix_kill(getmypid(), 9); wait_for('/nowhere');
		case 'exit': exit((int)$argument);
		case 'failed': return failed($seq, $argument);
		case 'redeclare':
			$yielded = explode(',', option(YIELDS));
			foreach (explode(',', $argument) as $name) {
				if (!in_array($name, $yielded, true)) {
					return failed($seq, 'redeclare', $name);
				}
			}
			return done($seq, $yielded);
		case 'seq': return done((int)$argument);
		case 'twice': done($seq); break;
		case 'raw': echo $argument; break;
		case 'token': echo $_SERVER['WSBRIDGE_TOKEN'], ' ', $argument, "\n"; break;
	}
	done($seq);
}

function describe($seq)
{
	$own = is_file($_SERVER['WSBRIDGE_EVENTS_FILE']) ? trim(file_get_contents($_SERVER['WSBRIDGE_EVENTS_FILE'])) : '';
	foreach ($own === '' ? array() : explode(',', $own) as $name) {
		if (!in_array($name, explode(',', option(YIELDS)), true)) {
			return failed($seq, 'redeclare', $name);
		}
	}
	effect($seq, array('log' => array('level' => 'warning', 'message' => 'noticed', 'file' => 'f.php', 'line' => 7)));
	done($seq, array('handlers' => array('ws_server_text' => array('params' => 4)), 'php' => PHP_VERSION,
		'user' => 'u', 'uid' => posix_geteuid(), 'presence' => true,
		'settings' => base64_encode(is_file($settings = dirname(__FILE__) . '/spool/settings') ? file_get_contents($settings) : '')));
}

$body = file_get_contents('php://input');
if (option(ANNOUNCE) !== '' && function_exists('error_log')) {
	error_log($_SERVER['WSBRIDGE_TOKEN'] . " begun\n", 4);
	flush();
}
for ($at = 0; $at < strlen($body);) {
	$end = strpos($body, "\n", $at);
	$event = json_decode(substr($body, $at, $end - $at), true);
	$payload = (string)substr($body, $end + 1, $event['length']);
	$at = $end + 1 + $event['length'];
	if ($event['event'] === 'describe') {
		describe($event['seq']);
		continue;
	}
	list($verb, $argument) = explode(':', $payload, 2) + array('', '');
	run_event($event['seq'], $verb, $argument);
}
