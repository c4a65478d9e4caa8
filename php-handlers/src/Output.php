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

    /** Whether a handler has thrown our buffer away, as fastcgi_finish_request() does, too. */
    private static $isThrownAway = false;

    /** The nesting level of our buffer, 0 while there is none. */
    private static $level = 0;

    /** The handler's buffers that are set aside: lists of contents and chunk size. */
    private static $aside = [];

    /** Ends the buffers that php.ini's output_buffering opened, and catches what is printed from now on. */
    public static function start()
    {
        while (ob_get_level() > 0 && ob_end_clean());
        if (headers_sent()) {
            echo "\n"; // auto_prepend_file has printed: end a line that it may have started
        }
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
            self::$isThrownAway = true;
            echo "\n"; // end a line that may have been started since
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

    /** Reports whether our buffer is the innermost one, and always was. */
    public static function isIntact()
    {
        return !self::$isThrownAway && self::$level > 0 && ob_get_level() === self::$level;
    }

    /** Ends the handler's own buffers. Their contents count as printed. */
    public static function unwind()
    {
        while (ob_get_level() > self::$level && ob_end_flush());
    }

    /**
     * Returns what was printed since the last call, in a worker that stays. Its effects are no output, so buffers that handlers
     * have opened stay open, as they did in the original. At the end of an event our own is there again.
     */
    public static function collect($all)
    {
        if (ob_get_length() === 0 && self::$printed === '') {
            return ''; // nothing is in the buffer that is open, whoever opened it
        }
        if (self::$level > 0 && ob_get_level() === self::$level) {
            if (ob_get_length() > 0) {
                ob_flush();
            }
        } elseif ($all && ob_get_level() < max(1, self::$level)) {
            echo "\n"; // our buffer was thrown away: what was printed since is the output of the request
            flush();
            self::open();
        }
        return self::take();
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
