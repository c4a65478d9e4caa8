<?php
namespace Wsbridge;

/**
 * The pipe_stdin of a child process. To write to the pipe itself would block all clients while the child does not read. And only so
 * wsbridge learns at once that a handler has closed it.
 */
final class ChildInput
{
    /** Set by PHP. */
    public $context;

    /** The child whose input is being opened. */
    private static $opening;

    private $child;

    /** Returns a stream to which the input of a child can be written. */
    public static function open(Child $child)
    {
        if (!in_array('wsbridge-child', stream_get_wrappers(), true)) {
            stream_wrapper_register('wsbridge-child', __CLASS__);
        }
        self::$opening = $child;
        $stream = fopen('wsbridge-child://stdin', 'wb');
        self::$opening = null;
        return $stream;
    }

    public function stream_open($path, $mode, $options, &$opened)
    {
        $this->child = self::$opening;
        return $this->child !== null;
    }

    public function stream_write($bytes)
    {
        return $this->child->write($bytes);
    }

    public function stream_close()
    {
        $this->child->closeInput();
    }

    public function stream_read($count)
    {
        return '';
    }

    public function stream_eof()
    {
        return false;
    }

    public function stream_stat()
    {
        return [];
    }

    public function stream_set_option($option, $first, $second)
    {
        return false;
    }
}
