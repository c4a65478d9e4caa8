<?php
namespace Wsbridge;

/**
 * Keeps what handlers print out of the answer. An output buffer of ours catches it; each effect is written around that buffer.
 *
 * Handlers use output buffers themselves. A plain one is set aside while an effect is written, and put back with its contents. One
 * with a callback cannot be, so effects made inside it are held back until it ends. A handler may also throw our buffer away
 * (`while (ob_get_level()) ob_end_clean();`). Then it is made anew, and what was printed in between has gone into the answer: the
 * token at the start of each line tells effects from such output.
 */
final class Output
{
    /** How many bytes of what is printed between two effects are kept. */
    const KEPT = 65536;

    /** The buffer is emptied when it holds this many bytes, so that a handler that prints without end does not fill the memory. */
    const CHUNK = 8192;

    private static $printed = '';
    private static $dropped = 0;

    /** The nesting level of our buffer, 0 while there is none. */
    private static $level = 0;

    /** The handler's buffers that are set aside: lists of contents and chunk size. */
    private static $aside = [];

    /** Ends the buffers that php.ini's output_buffering opened, and catches what is printed from now on. */
    public static function start()
    {
        while (ob_get_level() > 0 && ob_end_clean());
        self::open();
    }

    /** The buffer's callback. PHP allows no output functions in it, so it only stores what it gets. */
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

    /** Leaves all buffers, so that what is echoed goes to wsbridge; false if a buffer cannot be set aside. */
    public static function leave()
    {
        $level = ob_get_level();
        if ($level < self::$level) {
            self::$level = 0; // PHP drops all buffers silently when the memory limit is reached
        }
        if ($level !== self::$level && !self::setAside()) {
            return false;
        }
        if (self::$level === 0) {
            echo "\n"; // our buffer was thrown away: end a line that may have been started since
        } else {
            ob_end_clean();
        }
        return true;
    }

    /** Restores the buffers that leave() left. */
    public static function enter()
    {
        self::open();
        foreach (self::$aside as $buffer) {
            ob_start(null, $buffer[1]);
            echo $buffer[0];
        }
        self::$aside = [];
    }

    /** Ends the handler's own buffers. Their contents count as printed. */
    public static function unwind()
    {
        while (ob_get_level() > self::$level && ob_end_flush());
    }

    /** Returns what was printed since the last call. */
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
