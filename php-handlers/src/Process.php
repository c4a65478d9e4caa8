<?php
namespace Wsbridge;

/** Gives handlers what the original server's process had: settings of PHP, constants, standard streams. */
final class Process
{
    const MEMORY = 536870912; // 512 MiB

    /** From how many seconds on it matters what an event has waited for. To ask takes 5 microseconds. */
    const LONG = 0.002;

    /** For how many events after one that took long the delay of events of that kind is noted. */
    const WATCHED = 16;

    /** For how many more events that is so, by kind. */
    private static $watched = [];

    /** How many seconds this process had waited for a processor when the event began; null: not noted. */
    private static $delay;

    public static function prepare()
    {
        error_reporting(E_ALL);
        $limit = Parameters::$options[Parameters::LIMIT];
        if (ini_get('max_execution_time') !== $limit) { // to look takes less time than to set it
            set_time_limit((int) $limit);
        }
        umask(0);
        if (ini_get('date.timezone') !== 'UTC') {
            date_default_timezone_set('UTC'); // the call looks for time zone files
        }
        ini_set('display_errors', '0'); // Failure reports them
        // PHP would log them a second time. But up to PHP 7 no shutdown function runs when recursion without end has filled the memory, and
        // where error_reporting() is disabled, only PHP knows which warnings are silenced.
        ini_set('log_errors', PHP_VERSION_ID < 80000 || !function_exists('error_reporting') ? '1' : '0');
        ini_set('html_errors', '0');
        if (ini_get('zlib.output_compression')) {
            ini_set('zlib.output_compression', '0');
        }
        if (get_cfg_var('wsbridge.own') === false) { // in wsbridge's own php-fpm, php.memory_limit decides
            self::raiseMemory();
        }
        Stream::standard();
    }

    /** Gives the next event of a request its time limit, which counts from now on. */
    public static function restartTimeLimit()
    {
        set_time_limit((int) Parameters::$options[Parameters::LIMIT]);
    }

    /** Ends PHP's own time limit, if there is one, in a worker that stays. */
    public static function endTimeLimit()
    {
        if (ini_get('max_execution_time') !== '0') {
            set_time_limit(0);
        }
    }

    /** Raises the memory limit to the original's 512 MB; a web site's php-fpm usually has 128. */
    private static function raiseMemory()
    {
        $memory = self::bytes(ini_get('memory_limit'));
        if ($memory >= 0 && $memory < self::MEMORY) {
            ini_set('memory_limit', '512M');
        }
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

    /** Prepares took() for an event of a kind. To note the delay of each event would cost as much as a small event. */
    public static function begin($kind)
    {
        if (!empty(self::$watched[$kind])) {
            self::$watched[$kind]--;
            self::$delay = self::delay();
        }
    }

    /**
     * Returns for how long an event has run that began at that time, in seconds, without the time for which this process waited for a
     * processor. On a busy machine quick handlers would seem slow otherwise, and run beside others, which they gain nothing from. The
     * first event of a kind that takes long counts whole.
     */
    public static function took($kind, $began)
    {
        $took = microtime(true) - $began;
        $delay = self::$delay;
        self::$delay = null;
        if ($took < self::LONG) {
            return $took;
        }
        self::$watched[$kind] = self::WATCHED;
        return $delay === null ? $took : max(0.000001, $took - (self::delay() - $delay));
    }

    /** What getrusage() said at beginTime(); null: it was not asked. To ask takes some microseconds. */
    private static $usage;

    /** Prepares withoutDelay(). */
    public static function beginTime()
    {
        self::$usage = function_exists('getrusage') ? getrusage() : null;
    }

    /**
     * Returns a time without that for which this process waited for a processor, if it waited for nothing else: then it is at most the time
     * of a processor since beginTime(). On a busy machine quick handlers would seem slow otherwise.
     */
    public static function withoutDelay($took)
    {
        if ($took < self::LONG || self::$usage === null) {
            return $took;
        }
        $before = self::$usage;
        self::$usage = $now = getrusage();
        if ($now['ru_nvcsw'] !== $before['ru_nvcsw']) {
            return $took;
        }
        $used = 0;
        foreach (['ru_utime', 'ru_stime'] as $time) {
            $used += $now[$time . '.tv_sec'] - $before[$time . '.tv_sec'] + ($now[$time . '.tv_usec'] - $before[$time . '.tv_usec']) / 1e6;
        }
        return min($took, max(0.000001, $used));
    }

    /** Returns how long this process has waited for a processor so far (/proc/PID/schedstat, the second number, in nanoseconds). */
    private static function delay()
    {
        $numbers = explode(' ', (string) @file_get_contents('/proc/self/schedstat'));
        return isset($numbers[1]) ? $numbers[1] / 1e9 : 0.0;
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

    /** Ends a worker of the same php-fpm at once, by its process id. Returns "killed", or why it is not. */
    public static function kill($pid)
    {
        if (!function_exists('posix_kill')) {
            return 'there is no posix_kill()';
        }
        $own = @file_get_contents('/proc/self/comm');
        if ($own === false) {
            return 'process ' . $pid . ' cannot be looked at: open_basedir does not have /proc';
        }
        if (@file_get_contents('/proc/' . $pid . '/comm') !== $own) {
            return 'process ' . $pid . ' has ended';
        }
        return posix_kill($pid, 9) ? 'killed' : posix_strerror(posix_get_last_error());
    }

    /** Reports whether a function for child processes can work in this process. If not, that is logged. */
    public static function canHaveChildren($function)
    {
        if (class_exists(__NAMESPACE__ . '\Children', false)) {
            return Children::canBe($function);
        }
        Answer::log('error', $function . '() does nothing: child processes need resident workers (php.resident)');
        return false;
    }

    /** Converts a size of php.ini such as "8M" to bytes. */
    public static function bytes($size)
    {
        $shifts = ['k' => 10, 'm' => 20, 'g' => 30];
        $unit = strtolower(substr(trim($size), -1));
        return (int) $size << (isset($shifts[$unit]) ? $shifts[$unit] : 0);
    }
}
