<?php
namespace Wsbridge;

/** Gives handlers what the original server's process had: settings of PHP, constants, standard streams. */
final class Process
{
    const MEMORY = 536870912; // 512 MiB

    public static function prepare()
    {
        error_reporting(E_ALL);
        if (ini_get('max_execution_time') !== '0') {
            set_time_limit(0);
        }
        umask(0);
        if (ini_get('date.timezone') !== 'UTC') {
            date_default_timezone_set('UTC'); // the call looks for time zone files
        }
        ini_set('display_errors', '0'); // Failure reports them
        ini_set('log_errors', '0'); // PHP would log them a second time, without their event
        ini_set('html_errors', '0');
        if (ini_get('zlib.output_compression')) {
            ini_set('zlib.output_compression', '0');
        }
        if (get_cfg_var('wsbridge.own') === false) { // in wsbridge's own php-fpm, php.memory_limit decides
            self::raiseMemory();
        }
        Stream::standard();
    }

    /** Raises the memory limit to the original's 512 MB; a web site's php-fpm usually has 128. */
    private static function raiseMemory()
    {
        $memory = self::bytes(ini_get('memory_limit'));
        if ($memory >= 0 && $memory < self::MEMORY) {
            ini_set('memory_limit', '512M');
        }
    }

    /** Defines a constant for each KEY=VALUE line of a settings file. Returns the file's lines, or null if it cannot be read. */
    public static function constants($file)
    {
        $text = @file_get_contents($file); // checking first would cost as much again
        if ($text === false) {
            return null;
        }
        if (strncmp($text, "\xef\xbb\xbf", 3) === 0) {
            $text = substr($text, 3);
        }
        $lines = explode("\n", $text);
        foreach ($lines as $line) {
            $line = trim($line);
            if ($line === '' || $line[0] === '#' || strpos($line, '=') === false) {
                continue;
            }
            $pair = explode('=', $line, 2);
            $name = rtrim($pair[0]);
            if ($name !== '' && strpos($name, '::') === false && !defined($name)) {
                define($name, ltrim($pair[1]));
            }
        }
        return $lines;
    }

    /**
     * Makes session_start() work in a handler after effects are flushed. The headers are sent by then, and PHP refuses to start a
     * session that needs one. So sessions get none, and the id is taken from the client's cookie here.
     */
    public static function prepareSession()
    {
        $startable = function_exists('session_status') && session_status() === PHP_SESSION_NONE;
        if (!$startable || headers_sent()) { // by output past our buffer: PHP would refuse all of the following
            return;
        }
        ini_set('session.use_cookies', '0');
        ini_set('session.use_trans_sid', '0'); // it would write the id into the answer
        ini_set('session.cache_limiter', '');
        $name = session_name();
        $id = isset($_COOKIE[$name]) ? $_COOKIE[$name] : '';
        if (session_id() === '' && is_string($id) && preg_match('/^[A-Za-z0-9,-]{1,256}$/D', $id)) {
            session_id($id);
        }
    }

    /** Returns the user that runs this process, or "" where PHP cannot tell. get_current_user() is the owner of the script. */
    public static function user()
    {
        if (function_exists('posix_geteuid')) {
            $id = posix_geteuid();
            $entry = posix_getpwuid($id);
            return $entry ? $entry['name'] : (string) $id;
        }
        return (string) getenv('USER');
    }

    /** Converts a size of php.ini such as "8M" to bytes. */
    public static function bytes($size)
    {
        $shifts = ['k' => 10, 'm' => 20, 'g' => 30];
        $unit = strtolower(substr(trim($size), -1));
        return (int) $size << (isset($shifts[$unit]) ? $shifts[$unit] : 0);
    }
}
