<?php
namespace Wsbridge;

/**
 * Keeps what handlers print out of the answer. An output buffer of ours catches it; each effect goes around that buffer.
 *
 * Handlers use output buffers themselves. One of PHP's plain ones is set aside while an effect is written and put back
 * with what it held. One with a callback cannot be, so effects made in it are held back. And a handler may throw our
 * buffer away (`while (ob_get_level()) ob_end_clean();`): then it is made anew, and what was printed meanwhile is
 * beyond reach; that is what the token on each line is for.
 */
final class Output
{
    /** Bytes kept of what is printed between two effects. */
    const KEPT = 65536;

    /** A handler that prints without end must not fill the memory: the buffer is emptied whenever it holds this much. */
    const CHUNK = 8192;

    private static $printed = '';
    private static $dropped = 0;

    /** The nesting level of our buffer, 0 while there is none. */
    private static $level = 0;

    /** The handler's own buffers that are set aside: contents and chunk size. */
    private static $aside = [];

    /** Undoes php.ini's output_buffering and catches what is printed from now on. */
    public static function start()
    {
        while (ob_get_level() > 0 && ob_end_clean());
        self::open();
    }

    /** The buffer's callback. PHP allows no output functions in it, so it only notes what it gets. */
    public static function capture($text, $mode)
    {
        $room = self::KEPT - strlen(self::$printed);
        if (strlen($text) > $room) {
            self::$dropped += strlen($text) - $room;
            $text = substr($text, 0, $room);
        }
        self::$printed .= $text;
        if ($mode & PHP_OUTPUT_HANDLER_FINAL) {
            self::$level = 0;
        }
        return '';
    }

    /** Steps out of all buffers, so that what is echoed goes to wsbridge; false if that cannot be done now. */
    public static function leave()
    {
        $level = ob_get_level();
        if ($level < self::$level) {
            self::$level = 0; // PHP drops all buffers without a word when the memory is exhausted
        }
        if ($level !== self::$level && !self::setAside()) {
            return false;
        }
        if (self::$level === 0) {
            echo "\n"; // our buffer was thrown away: end the line that may have been begun since
        } else {
            ob_end_clean();
        }
        return true;
    }

    /** Steps back into the buffers that leave has stepped out of. */
    public static function enter()
    {
        self::open();
        foreach (self::$aside as $buffer) {
            ob_start(null, $buffer[1]);
            echo $buffer[0];
        }
        self::$aside = [];
    }

    /** Ends the handler's own buffers. What they hold counts as printed. */
    public static function unwind()
    {
        while (ob_get_level() > self::$level && ob_end_flush());
    }

    /** What was printed since the last call. */
    public static function take()
    {
        if (self::$printed === '') {
            return '';
        }
        $text = rtrim(self::$printed, "\r\n");
        if (self::$dropped > 0) {
            $text .= '… (' . self::$dropped . ' bytes more)';
        }
        self::$printed = '';
        self::$dropped = 0;
        return $text;
    }

    private static function open()
    {
        ob_start([__CLASS__, 'capture'], self::CHUNK);
        self::$level = ob_get_level();
    }

    private static function setAside()
    {
        $buffers = array_slice(ob_get_status(true), self::$level);
        foreach ($buffers as $buffer) {
            $removable = ($buffer['flags'] & PHP_OUTPUT_HANDLER_STDFLAGS) === PHP_OUTPUT_HANDLER_STDFLAGS;
            if ($buffer['name'] !== 'default output handler' || !$removable) {
                return false;
            }
        }
        while (ob_get_level() > self::$level) {
            $buffer = array_pop($buffers);
            array_unshift(self::$aside, [ob_get_contents(), $buffer['chunk_size']]);
            ob_end_clean();
        }
        return true;
    }
}
