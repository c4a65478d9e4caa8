<?php
namespace Wsbridge;

/** The original's log file, one a day, to which show_message appends. wsbridge itself does so with log.legacy. */
final class DailyLog
{
    /** Logs a message of the application: in wsbridge's own log, which also learns whether the daily file has it. */
    public static function say($message)
    {
        $folder = self::folder();
        Answer::log('info', $message, '', 0, $folder === '' ? '' : self::append($folder, $message));
    }

    /** Returns why show_message cannot write the file; "" if it can. */
    public static function hindrance()
    {
        $folder = self::folder();
        if ($folder === '') {
            return '';
        }
        $file = self::file($folder);
        $denied = self::denied($file);
        return !is_dir($folder) || !file_exists($file) && $denied !== ''
            ? 'WEBSOCKET_LOG_PATH ' . $folder . ' cannot be written by user ' . Process::user() . ': show_message writes no daily file'
            : ($denied === '' ? '' : $file . ': ' . $denied . ': show_message writes no daily file');
    }

    private static function folder()
    {
        return defined('WEBSOCKET_LOG_PATH') ? (string) WEBSOCKET_LOG_PATH : '';
    }

    private static function file($folder)
    {
        return rtrim($folder, '/') . '/ws_' . date('Ymd') . '.log';
    }

    /** Returns what became of the line, as the members of a JSON object. */
    private static function append($folder, $message)
    {
        $file = self::file($folder);
        if (@file_put_contents($file, '[' . date('Y-m-d H:i:s') . ']  ' . $message . PHP_EOL, FILE_APPEND) !== false) {
            return '{}';
        }
        $denied = self::denied($file);
        return '{"file":' . Value::text($file) . ',"error":' . Value::text($denied === '' ? 'the write failed, as on a full disk' : $denied) . '}';
    }

    /** Returns why this user may not write a file, or create it; "" if it may. */
    private static function denied($file)
    {
        clearstatcache();
        if (!file_exists($file)) {
            return is_writable(dirname($file)) ? '' : 'user ' . Process::user() . ' may not create it';
        }
        return is_writable($file) ? '' : 'user ' . Process::user() . ' may not write it, it belongs to user ' . fileowner($file);
    }
}
