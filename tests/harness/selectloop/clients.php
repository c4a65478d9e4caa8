<?php
/* The clients of server.php, from accept to close. */

function loop_accept()
{
    global $server, $sockets, $connections, $loop_keys, $loop_input;
    $socket = stream_socket_accept($server, 0, $peer);
    if ($socket === false) {
        return;
    }
    stream_set_blocking($socket, false);
    stream_set_read_buffer($socket, 0);
    stream_set_write_buffer($socket, 0);
    $key = ++$loop_keys;
    $sockets[$key] = $socket;
    $loop_input[$key] = '';
    $connections[$key] = ['peer_name' => $peer, 'state' => 'CONNECTING', 'buffer' => [], 'ping_time' => false, 'pong_time' => false];
    if (function_exists('ws_server_connect')) {
        ws_server_connect($connections, $connections[$key], $key);
    }
}

function loop_read_client($key)
{
    global $sockets, $connections, $loop_input;
    if (!isset($connections[$key])) {
        return; // another client's handler closed it in this turn
    }
    $data = @fread($sockets[$key], 65536);
    if ($data === false || $data === '') {
        if (feof($sockets[$key])) {
            $connections[$key]['state'] = 'REMOTE TERMINATED';
            close_client($key);
        }
        return;
    }
    if (function_exists('ws_server_read') && !loop_offer($key, $data)) {
        return;
    }
    if (!isset($connections[$key])) {
        return;
    }
    $loop_input[$key] .= $data;
    if ($connections[$key]['state'] === 'CONNECTING') {
        loop_handshake($key);
    }
    if (isset($connections[$key]) && $connections[$key]['state'] === 'OPEN') {
        loop_read_frames($key);
    }
}

/** Offers a read to the application. Returns whether it is left to the server. */
function loop_offer($key, $data)
{
    global $loop_quit;
    $result = loop_call_with_data('ws_server_read', $key, $data);
    if ($result === 'quit') {
        $loop_quit = true;
    }
    return $result === '';
}

/** Calls a handler with three arguments if it has three parameters, else with the client's key as the third of four. */
function loop_call_with_data($handler, $key, $data)
{
    global $connections;
    static $short = [];
    if (!isset($short[$handler])) {
        $function = new ReflectionFunction($handler);
        $short[$handler] = $function->getNumberOfParameters() === 3;
    }
    if ($short[$handler]) {
        return $handler($connections, $connections[$key], $data);
    }
    return $handler($connections, $connections[$key], $key, $data);
}

/** Answers the request when it is complete. */
function loop_handshake($key)
{
    global $connections, $loop_input;
    $end = strpos($loop_input[$key], "\r\n\r\n");
    if ($end === false) {
        return;
    }
    $lines = explode("\r\n", substr($loop_input[$key], 0, $end));
    $loop_input[$key] = (string) substr($loop_input[$key], $end + 4);
    $id = get_header($lines, 'Sec-WebSocket-Key');
    if ($id === false || !loop_admits($key, $lines)) {
        loop_write($key, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        close_client($key);
        return;
    }
    $accept = base64_encode(sha1($id . '258EAFA5-E914-47DA-95CA-C5AB0DC85B11', true));
    loop_write($key, "HTTP/1.1 101 Switching Protocols\r\nServer: " . WEBSOCKET_SERVER_HEADER
        . "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: $accept\r\n\r\n");
    $connections[$key]['state'] = 'OPEN';
    if (function_exists('ws_server_open')) {
        ws_server_open($connections, $connections[$key], $key);
    }
}

/** Asks the application whether a client may come in. */
function loop_admits($key, array $lines)
{
    global $connections;
    $cookies = get_header($lines, 'Cookie');
    $agent = get_header($lines, 'User-Agent');
    if ($cookies === false || $agent === false) {
        return false;
    }
    $peer = $connections[$key]['peer_name'];
    $address = substr($peer, 0, strrpos($peer, ':'));
    return ws_server_authenticate($connections[$key], $cookies, $agent, $address) != false;
}

function loop_read_frames($key)
{
    global $connections, $loop_input;
    while (isset($connections[$key]) && ($frame = decode_frame($loop_input[$key])) !== false) {
        loop_frame($key, $frame);
    }
}

function loop_frame($key, array $frame)
{
    global $connections;
    switch ($frame['opcode']) {
        case 8:
            close_client($key, isset($frame['close_status']) ? $frame['close_status'] : 1000);
            return;
        case 9:
            loop_write($key, encode_frame(10, $frame['payload']));
            return;
        case 10:
            $connections[$key]['pong_time'] = microtime(true);
            return;
    }
    $connections[$key]['buffer'][] = $frame;
    if ($frame['fin']) {
        $buffer = $connections[$key]['buffer'];
        $connections[$key]['buffer'] = [];
        loop_message($key, $buffer[0]['opcode'], count($buffer) === 1 ? $frame['payload'] : coalesce_frames($buffer));
    }
}

function loop_message($key, $opcode, $message)
{
    if ($opcode === 1 && $message !== '' && function_exists('ws_server_text')) {
        loop_call_with_data('ws_server_text', $key, $message);
    }
}

/** Writes bytes without waiting. What the socket does not take is written when it can. */
function loop_write($key, $bytes)
{
    global $sockets, $loop_unsent;
    if (isset($loop_unsent[$key])) {
        $bytes = $loop_unsent[$key] . $bytes;
        unset($loop_unsent[$key]);
    }
    $size = strlen($bytes);
    $written = $size === 0 ? 0 : (int) @fwrite($sockets[$key], $bytes); // a client that has left shows when it is read
    if ($written < $size && !feof($sockets[$key])) {
        $loop_unsent[$key] = substr($bytes, $written);
    }
}

/** Pings each client twice a minute. Who does not answer stays. */
function loop_ping_all()
{
    global $connections;
    static $next = null;
    $now = time();
    if ($next === null) {
        $next = $now + 30;
    }
    if ($now < $next) {
        return;
    }
    $next = $now + 30;
    foreach (array_keys($connections) as $key) {
        if ($connections[$key]['state'] === 'OPEN') {
            $connections[$key]['ping_time'] = microtime(true);
            loop_write($key, encode_frame(9));
        }
    }
}
