<?php
/* What server.php offers to handlers. */

/** Writes a line of JSON for whoever started the server. */
function loop_log($message, array $more = [])
{
    fwrite(STDERR, json_encode(['msg' => $message] + $more, JSON_UNESCAPED_SLASHES) . "\n");
}

function send_text($client_key, $msg)
{
    global $connections;
    if (!isset($connections[$client_key]) || $connections[$client_key]['state'] !== 'OPEN') {
        return false;
    }
    loop_write($client_key, encode_frame(1, $msg));
    return true;
}

function broadcast_to_all($msg)
{
    global $connections;
    $frame = encode_frame(1, $msg);
    foreach (array_keys($connections) as $key) {
        if ($connections[$key]['state'] === 'OPEN') {
            loop_write($key, $frame);
        }
    }
}

function do_reply($client_key, $frame)
{
    global $connections;
    if (!isset($connections[$client_key]) || !in_array($connections[$client_key]['state'], ['OPEN', 'CONNECTING'], true)) {
        return false;
    }
    loop_write($client_key, $frame);
}

function close_client($client_key, $status_code = false, $reason = '')
{
    global $connections, $sockets, $loop_closing, $loop_input, $loop_unsent;
    if (!isset($connections[$client_key]) || isset($loop_closing[$client_key])) {
        return;
    }
    $loop_closing[$client_key] = true;
    if (function_exists('ws_server_before_close')) {
        ws_server_before_close($connections, $connections[$client_key]);
    }
    if ($status_code !== false) {
        loop_write($client_key, encode_frame(8, $reason, $status_code));
    }
    fclose($sockets[$client_key]);
    unset($sockets[$client_key], $connections[$client_key], $loop_closing[$client_key], $loop_input[$client_key], $loop_unsent[$client_key]);
    if (function_exists('ws_server_after_close')) {
        ws_server_after_close($connections);
    }
}

function encode_text_data_frame($payload)
{
    return encode_frame(1, $payload);
}

function encode_frame($opcode, $payload = '', $status = false)
{
    if ($status !== false) {
        $payload = pack('n', $status) . $payload;
    }
    $length = strlen($payload);
    if ($length < 126) {
        return chr(0x80 | $opcode) . chr($length) . $payload;
    }
    if ($length < 65536) {
        return pack('CCn', 0x80 | $opcode, 126, $length) . $payload;
    }
    return pack('CCNN', 0x80 | $opcode, 127, $length >> 32, $length & 0xffffffff) . $payload;
}

/** Takes the first frame from $data; false if there is no whole one. */
function decode_frame(&$data)
{
    $size = strlen($data);
    if ($size < 2) {
        return false;
    }
    $second = ord($data[1]);
    $masked = $second > 127;
    $length = $second & 127;
    $head = $length === 126 ? 4 : ($length === 127 ? 10 : 2);
    $start = $masked ? $head + 4 : $head;
    if ($size < $start) {
        return false;
    }
    if ($head > 2) {
        $length = hexdec(bin2hex(substr($data, 2, $head - 2)));
    }
    if ($size < $start + $length) {
        return false;
    }
    $payload = (string) substr($data, $start, $length);
    if ($masked && $length > 0) {
        $payload ^= str_repeat(substr($data, $head, 4), ($length >> 2) + 1);
    }
    $first = ord($data[0]);
    $data = $size === $start + $length ? '' : substr($data, $start + $length);
    return loop_decoded($first, $masked, $payload);
}

function loop_decoded($first, $masked, $payload)
{
    $frame = ['fin' => $first > 127, 'opcode' => $first & 15, 'mask' => $masked, 'payload' => $payload];
    if ($frame['opcode'] === 8 && strlen($payload) > 1) {
        $frame['close_status'] = ord($payload[0]) << 8 | ord($payload[1]);
        $frame['payload'] = (string) substr($payload, 2);
    }
    return $frame;
}

function coalesce_frames(&$buffer)
{
    return implode('', array_column($buffer, 'payload'));
}

function show_message($msg, $star = false)
{
    loop_log(($star ? '*** ' : '') . $msg);
    if (is_dir(WEBSOCKET_LOG_PATH)) {
        file_put_contents(WEBSOCKET_LOG_PATH . '/ws_' . date('Ymd') . '.log', date('[Y-m-d H:i:s]  ') . $msg . "\n", FILE_APPEND);
    }
}

function var_dump_to_str($var)
{
    ob_start();
    var_dump($var);
    return ob_get_clean();
}

function extract_headers($response)
{
    $end = strpos($response, "\r\n\r\n");
    return $end === false ? false : explode("\r\n", substr($response, 0, $end));
}

function get_header($lines, $header)
{
    foreach ($lines as $line) {
        if (stripos($line, $header . ':') === 0) {
            return trim(substr($line, strlen($header) + 1));
        }
    }
    return false;
}

function unix_to_iso_timestamp($ts)
{
    return date('Y-m-d\TH:i:s\Z', (int) $ts);
}

function mysql_to_iso_timestamp($ts)
{
    return unix_to_iso_timestamp(strtotime($ts));
}
