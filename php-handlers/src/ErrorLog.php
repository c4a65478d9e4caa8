<?php
namespace Wsbridge;

/**
 * What a worker that stays writes by error_log(). It has to reach wsbridge before its event ends, since wsbridge redacts it by the events
 * that run.
 *
 * php-fpm keeps it in a buffer until flush(). From PHP 8.4 on, flush() also sends the headers of the worker's request, and after that PHP
 * refuses every setting of sessions. So there error_log() writes to a temporary file, which is read after each event.
 */
final class ErrorLog
{
    /** How PHP starts each message in a file, such as "[28-Nov-2026 19:56:32 UTC] ". */
    const START = '/^\[\d\d-\w{3}-\d{4} [\d:]{8} [^\]]+\] /m';

    /** The temporary file, and what error_log is set to; null: php-fpm's buffer is used. */
    private static $file;
    private static $path;

    public static function start()
    {
        if (PHP_VERSION_ID < 80400 || ini_get('error_log') !== '') {
            return;
        }
        $file = @tmpfile();
        $path = $file ? self::path(stream_get_meta_data($file)['uri']) : '';
        if ($path !== '' && @ini_set('error_log', $path) !== false) { // open_basedir may refuse it
            stream_set_read_buffer($file, 0);
            self::$file = $file;
            self::$path = $path;
        }
    }

    /** Passes on what the running event has logged. */
    public static function pass()
    {
        if (self::$file === null) {
            flush();
            return;
        }
        $start = fread(self::$file, 1);
        if ($start !== '' && $start !== false) {
            $text = $start . stream_get_contents(self::$file);
            ftruncate(self::$file, 0); // error_log() appends
            rewind(self::$file);
            foreach (preg_split(self::START, $text, -1, PREG_SPLIT_NO_EMPTY) as $message) {
                Answer::log('warning', rtrim($message, "\n"));
            }
        }
        if (ini_get('error_log') === '') {
            flush(); // the application wants it in php-fpm's buffer
        }
    }

    /** Leaves to php-fpm what is logged from now on, since no event runs any more. */
    public static function end()
    {
        if (self::$file !== null && ini_get('error_log') === self::$path) {
            ini_set('error_log', '');
        }
        self::$file = null;
    }

    /** Returns a path of an open file that stays when its name has gone, and removes that: nothing is left of a process that is killed. */
    private static function path($name)
    {
        foreach (@scandir('/proc/self/fd') ?: [] as $number) {
            if (@readlink('/proc/self/fd/' . $number) === $name) {
                return unlink($name) ? '/proc/self/fd/' . $number : '';
            }
        }
        return '';
    }
}
