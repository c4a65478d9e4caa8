<?php
/*
 * A push server in one PHP process: one loop around stream_select, one event at a time, every value where the process keeps it. It stands
 * for the server that wsbridge replaces, in tests of what handlers may rely on and in measurements.
 *
 *     php server.php SETTINGS [MICROSECONDS]
 *
 * SETTINGS is the legacy settings file. MICROSECONDS is how long a turn of the loop waits for something to read; without it,
 * WEBSOCKET_SELECT_TIMEOUT says it. When it listens, it writes a line of JSON with its address to the error stream. SIGTERM ends it: each
 * client is told 1001, then shutdown and finalize run. A pipe hands over what has accumulated, so its writers must take turns.
 */

require __DIR__ . '/functions.php';
require __DIR__ . '/clients.php';

/** Defines a constant for each KEY=VALUE line. Returns the lines. */
function loop_settings($file)
{
    $lines = file($file, FILE_IGNORE_NEW_LINES);
    foreach ($lines as $line) {
        if (strpos($line, '=') !== false) {
            $pair = explode('=', $line, 2);
            define(trim($pair[0]), trim($pair[1]));
        }
    }
    return $lines;
}

function loop_prepare_process()
{
    error_reporting(E_ALL);
    ini_set('display_errors', 'stderr');
    ini_set('memory_limit', '512M');
    // What a handler prints counts as sent headers, after which PHP refuses to start a session that needs some.
    ini_set('session.use_cookies', '0');
    ini_set('session.cache_limiter', '');
    date_default_timezone_set('UTC');
    set_time_limit(0);
    umask(0);
    foreach ([SIGTERM, SIGINT] as $signal) {
        pcntl_signal($signal, function () {
            $GLOBALS['loop_quit'] = true;
        }, false);
    }
}

/** Calls a handler of the application if there is one, with the server's variables. */
function loop_server_event($name)
{
    global $server, $sockets, $connections;
    if (function_exists($name)) {
        $name($server, $sockets, $connections);
    }
}

function loop_listen()
{
    global $server, $sockets, $connections, $loop_keys, $loop_pipe;
    $context = stream_context_create(['socket' => ['backlog' => 1024, 'tcp_nodelay' => true]]);
    $address = 'tcp://' . WEBSOCKET_LISTENING_ADDRESS . ':' . WEBSOCKET_LISTENING_PORT;
    $server = stream_socket_server($address, $code, $reason, STREAM_SERVER_BIND | STREAM_SERVER_LISTEN, $context);
    if ($server === false) {
        loop_log('cannot listen', ['address' => $address, 'reason' => $reason]);
        exit(1);
    }
    stream_set_blocking($server, false);
    $sockets = [0 => $server];
    $connections = [];
    $loop_keys = 0;
    $loop_pipe = loop_make_pipe(WEBSOCKET_XHR_PIPE_FILE);
}

/** Makes the pipe anew. It is opened for writing, too, so that it has no end when a writer closes it. */
function loop_make_pipe($path)
{
    if (file_exists($path)) {
        unlink($path);
    }
    posix_mkfifo($path, 0666);
    $pipe = fopen($path, 'r+');
    stream_set_blocking($pipe, false);
    stream_set_read_buffer($pipe, 0);
    return $pipe;
}

/** Runs turns until the server is to end. */
function loop_run($microseconds)
{
    global $sockets, $loop_pipe, $loop_quit, $loop_unsent;
    while (!$loop_quit) {
        pcntl_signal_dispatch();
        $read = $sockets;
        $read['pipe'] = $loop_pipe;
        $write = $loop_unsent === [] ? [] : array_intersect_key($sockets, $loop_unsent);
        $except = null;
        if (@stream_select($read, $write, $except, (int) ($microseconds / 1000000), $microseconds % 1000000)) { // a signal interrupts it
            foreach ($write as $key => $socket) {
                loop_write($key, '');
            }
            foreach ($read as $key => $stream) {
                loop_readable($key);
            }
        }
        loop_ping_all();
        loop_server_event('ws_server_loop');
    }
}

function loop_readable($key)
{
    if ($key === 'pipe') {
        loop_read_pipe();
    } elseif ($key === 0) {
        loop_accept();
    } else {
        loop_read_client($key);
    }
}

function loop_read_pipe()
{
    global $server, $sockets, $connections, $loop_pipe;
    $data = trim((string) fread($loop_pipe, 65536));
    if ($data !== '' && function_exists('ws_server_fifo')) {
        ws_server_fifo($server, $sockets, $connections, $data);
    }
}

function loop_end()
{
    global $connections, $server;
    foreach (array_keys($connections) as $key) {
        close_client($key, 1001, 'server shutting down');
    }
    loop_server_event('ws_server_shutdown');
    fclose($server);
    unlink(WEBSOCKET_XHR_PIPE_FILE);
    if (function_exists('ws_server_finalize')) {
        ws_server_finalize();
    }
}

$loop_quit = false;
$loop_unsent = []; // by client key: bytes that a socket did not take
$loop_input = []; // by client key: bytes that are not a whole frame or handshake yet
$loop_closing = []; // by client key: its close handlers are running
loop_prepare_process();
$settings = loop_settings($argv[1]);
$loop_wait = isset($argv[2]) ? (int) $argv[2] : (int) WEBSOCKET_SELECT_TIMEOUT;
chdir(dirname(WEBSOCKET_EVENTS_INCLUDE_FILE));
require WEBSOCKET_EVENTS_INCLUDE_FILE;
if (function_exists('ws_server_initialize')) {
    ws_server_initialize();
}
loop_listen();
loop_server_event('ws_server_started');
loop_log('listening', ['address' => stream_socket_get_name($server, false)]);
loop_run($loop_wait);
loop_end();
