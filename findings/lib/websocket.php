<?php
/**
 * Opens a WebSocket through a proxy, and is both of its ends, which then say nothing.
 *
 * @param resource $backend the listening socket to which the proxy connects
 * @return array{resource, resource} the client's connection to the proxy, and the proxy's to the backend
 */
function websocket(string $proxy, $backend): array
{
    $header = static function ($stream): string {
        for ($text = ''; !str_ends_with($text, "\r\n\r\n");) {
            $line = fgets($stream);
            if ($line === false) {
                throw new RuntimeException("no header, but '$text'");
            }
            $text .= $line;
        }
        return $text;
    };
    $client = stream_socket_client("tcp://$proxy", $code, $error, 5);
    if ($client === false) {
        throw new RuntimeException("connect $proxy: $error");
    }
    fwrite($client, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        . "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    $server = stream_socket_accept($backend, 10);
    if ($server === false) {
        throw new RuntimeException('the proxy does not connect to the backend');
    }
    $header($server);
    fwrite($server, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        . "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
    if (!str_starts_with($header($client), 'HTTP/1.1 101')) {
        throw new RuntimeException('the proxy does not pass on 101');
    }
    return [$client, $server];
}

/** What comes until the end of a connection, in hexadecimal. */
function rest($stream): string
{
    stream_set_timeout($stream, 30);
    $bytes = stream_get_contents($stream);
    return stream_get_meta_data($stream)['timed_out'] ? 'no end' : bin2hex($bytes);
}
