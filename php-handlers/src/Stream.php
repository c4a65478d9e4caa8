<?php
namespace Wsbridge;

/** The streams that handlers write to: "wsbridge://log" for STDOUT and STDERR, and "wsbridge://socket/12" for a client's socket. */
final class Stream
{
    /** Set by PHP. */
    public $context;

    /** The client's key, or 0 for the log. */
    private $client = 0;

    /** The start of a frame: PHP before 7.4 passes on large writes in pieces. */
    private $pending = '';

    /** Defines the constants that only PHP's command line has. What is written to them is logged. */
    public static function standard()
    {
        stream_wrapper_register('wsbridge', __CLASS__);
        defined('STDIN') || define('STDIN', fopen('php://memory', 'rb')); // file descriptor 0 is php-fpm's socket
        defined('STDOUT') || define('STDOUT', fopen('wsbridge://log', 'wb'));
        defined('STDERR') || define('STDERR', fopen('wsbridge://log', 'wb'));
    }

    /** Whether $sockets stays for the next event. */
    private static $kept = false;

    /** Adds the stream of a new client to $sockets, in a worker that stays. */
    public static function add($client)
    {
        global $sockets;
        if (self::$kept) {
            $sockets[$client] = fopen('wsbridge://socket/' . $client, 'wb');
        }
    }

    /** Removes the stream of a client that has left. */
    public static function remove($client)
    {
        global $sockets;
        if (self::$kept) {
            unset($sockets[$client]);
        }
    }

    /** Fills $server and $sockets for an event whose handler uses them; for others they are empty. */
    public static function provide(array $event)
    {
        global $server, $sockets;
        if (self::$kept) {
            return;
        }
        self::$kept = $event['sockets'] && Rows::areKept();
        if (!$event['sockets']) {
            $server = null;
            $sockets = [];
            return;
        }
        $server = fopen('wsbridge://log', 'wb'); // wsbridge holds the listener; what is written to this one is logged
        $sockets = [0 => $server];
        foreach (Rows::clients() as $client) {
            $sockets[$client] = fopen('wsbridge://socket/' . $client, 'wb');
        }
    }

    public function stream_open($path, $mode, $options, &$opened)
    {
        $this->client = (int) substr($path, strlen('wsbridge://socket/'));
        return true;
    }

    public function stream_write($bytes)
    {
        if ($this->client === 0) {
            Answer::log('info', rtrim($bytes, "\r\n"));
            return strlen($bytes);
        }
        $isFrame = $this->pending !== '' || $bytes !== '' && ord($bytes) > 127; // FIN: the encoder makes no fragments
        if (!$isFrame || Clients::isConnecting($this->client)) { // wsbridge says so if the client is open
            Answer::frames($this->client, $bytes);
            return strlen($bytes);
        }
        $this->pending .= $bytes;
        $whole = $this->whole();
        if ($whole > 0) {
            Answer::frames($this->client, substr($this->pending, 0, $whole));
            $this->pending = (string) substr($this->pending, $whole);
        }
        return strlen($bytes);
    }

    public function stream_read($count)
    {
        return '';
    }

    public function stream_eof()
    {
        return true;
    }

    public function stream_stat()
    {
        return [];
    }

    /** Returns how many of the pending bytes are whole frames. */
    private function whole()
    {
        $at = 0;
        $end = strlen($this->pending);
        while ($at < $end) {
            $size = Frame::size(substr($this->pending, $at, 14));
            if ($size === 0 || $size > $end - $at) {
                break; // the rest of the frame is not written yet
            }
            $at += $size;
        }
        return $at;
    }
}
