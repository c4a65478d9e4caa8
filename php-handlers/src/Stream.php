<?php
namespace Wsbridge;

/** Streams that handlers write to: "wsbridge://log", which STDOUT and STDERR are, and sockets, "wsbridge://socket/12". */
final class Stream
{
    /** Set by PHP. */
    public $context;

    /** The client's key, or 0 for the log. */
    private $client = 0;

    /** The begin of a frame: PHP before 7.4 hands over what is written in pieces. */
    private $pending = '';

    /** Defines the constants that PHP has under the command line only. What is written there is logged. */
    public static function standard()
    {
        stream_wrapper_register('wsbridge', __CLASS__);
        defined('STDIN') || define('STDIN', fopen('php://memory', 'rb')); // descriptor 0 is php-fpm's own socket
        defined('STDOUT') || define('STDOUT', fopen('wsbridge://log', 'wb'));
        defined('STDERR') || define('STDERR', fopen('wsbridge://log', 'wb'));
    }

    /** Fills $server and $sockets for an event whose handler looks at them; for others they are empty. */
    public static function provide(array $event)
    {
        global $server, $sockets;
        if (!$event['sockets']) {
            $server = null;
            $sockets = [];
            return;
        }
        $server = fopen('wsbridge://log', 'wb'); // nothing can be done with the listener; what is written to it is logged
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

    /** How many bytes of what is pending are whole frames. */
    private function whole()
    {
        $at = 0;
        $end = strlen($this->pending);
        while ($at < $end) {
            $size = Frame::size(substr($this->pending, $at, 14));
            if ($size === 0 || $size > $end - $at) {
                break; // the rest of it is still to be written
            }
            $at += $size;
        }
        return $at;
    }
}
