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

    /** Fills $server and $sockets for an event whose handler uses them; for others they are empty. */
    public static function provide(array $event)
    {
        global $server, $sockets;
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
