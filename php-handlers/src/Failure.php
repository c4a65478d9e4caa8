<?php
namespace Wsbridge;

/** Handles what goes wrong in the application: a warning is logged, anything worse ends the running event. */
final class Failure
{
    const FATAL = 4437; // E_ERROR, E_PARSE, E_CORE_ERROR, E_COMPILE_ERROR, E_USER_ERROR, E_RECOVERABLE_ERROR

    /** The size of the reserve, in bytes. */
    const RESERVE = 16384;

    /** Memory that is freed when the limit is reached, to report that. */
    private static $reserve;

    /** Installs the error handler and the shutdown function. */
    public static function install()
    {
        // Not \str_repeat: opcache would compute it once, in shared memory, and freeing it would free nothing.
        self::$reserve = str_repeat(' ', self::RESERVE);
        set_error_handler([__CLASS__, 'warning']);
        register_shutdown_function([__CLASS__, 'shutdown']);
    }

    /** Logs a warning; this is PHP's error handler. */
    public static function warning($level, $message, $file, $line)
    {
        if ($level & self::FATAL) {
            return false; // PHP ends the request and calls shutdown
        }
        if ($file === Application::$entry) { // only its include can cause a warning
            self::unreadable(Application::$eventsFile);
            return true;
        }
        if (Answer::$transmits) {
            return true; // it could not write an effect, and ends the worker
        }
        if (!function_exists('error_reporting')) {
            return false; // PHP logs it, unless it is silenced
        }
        if (error_reporting() & $level) { // unless silenced, by @ or by the application's error_reporting
            if (strpos($file, __DIR__ . '/') === 0 && preg_match('/^(\w+)\(\) has been disabled for security reasons$/', $message, $match)) {
                // PHP 5 and 7 only warn, and go on without it. From PHP 8 on there is no such function.
                throw new \ErrorException('Call to undefined function ' . __NAMESPACE__ . '\\' . $match[1] . '()', 0, $level, $file, $line);
            }
            $deprecated = $level & (E_DEPRECATED | E_USER_DEPRECATED);
            Answer::log($deprecated ? 'debug' : 'warning', $message, $file, $line);
        }
        return true;
    }

    /** Fails the events because a file of the application cannot be read. */
    public static function unreadable($file)
    {
        if (Request::seq() === 0) {
            return; // include warns twice
        }
        clearstatcache();
        $problem = file_exists($file) ? ' cannot be read' : ' does not exist, or lies in a folder that cannot be entered';
        $user = Process::user();
        $why = ini_get('open_basedir') === '' ? '' : ', or is not within open_basedir (' . ini_get('open_basedir') . ')';
        self::report('unreadable', $file . $problem . ' by user ' . ($user === '' ? '(unknown)' : $user) . $why);
    }

    /** Reports an exception that the application did not catch. An Error counts as fatal error, as it was up to PHP 5. */
    public static function exception($e)
    {
        $message = self::because(get_class($e) . ': ' . $e->getMessage());
        self::report($e instanceof \Exception ? 'exception' : 'fatal', $message, $e->getFile(), $e->getLine());
    }

    /** Names the setting of PHP that keeps this code from running, if that is what a message of PHP is about. */
    private static function because($message)
    {
        if (preg_match('/Call to undefined function Wsbridge\\\\(?:Analysis\\\\)?(\w+)\(\)$/', $message, $match)) {
            require_once __DIR__ . '/Disabled.php';
            $others = Disabled::needed($match[1]);
            return $match[1] . '() is disabled (disable_functions in php.ini) or its extension is missing, and wsbridge needs it'
                . ($others === [] ? '. ' : ', as it does ' . implode('(), ', $others) . '(), also disabled. ') . 'For wsbridge\'s own php-fpm, php.ini.disable_functions in wsbridge.toml replaces that list';
        }
        if (ini_get('open_basedir') !== '' && preg_match("/Failed opening required '" . preg_quote(__DIR__, '/') . '/', $message)) {
            return 'open_basedir in php.ini (' . ini_get('open_basedir') . ') does not have ' . dirname(__DIR__)
                . ', from which wsbridge runs. Add a folder for wsbridge there, and set php.run_dir to it; for wsbridge\'s own php-fpm, '
                . 'php.ini.open_basedir in wsbridge.toml replaces that list';
        }
        return $message;
    }

    /** Runs when PHP ends. An event that has not ended was ended by a fatal error or by exit. */
    public static function shutdown()
    {
        self::$reserve = null;
        if (Request::seq() === 0) {
            return;
        }
        $error = error_get_last();
        $ended = $error === null || !($error['type'] & self::FATAL);
        if (!$ended) {
            // PHP does not free the memory of what a fatal error interrupts.
            ini_set('memory_limit', (string) (memory_get_usage(true) + 16777216));
        }
        $helper = $ended ? '' : self::redeclared($error['message']);
        if ($helper === '' && class_exists(__NAMESPACE__ . '\Description', false) && Description::isReading()) {
            Description::giveUp($ended ? 'an exit' : $error['message'], $ended ? '' : $error['file']);
            return;
        }
        if ($ended) {
            self::report('exit', Application::$phase === 'include' ? 'the application called exit or die at file scope'
                : 'the handler called exit or die');
            return;
        }
        if (self::isTimeLimit($error['message'])) {
            self::report('timeout', 'the handler took longer than php.timeout', $error['file'], $error['line']);
        } elseif ($helper !== '') {
            self::report('redeclare', $error['message'], $error['file'], $error['line'], Helpers::entry($helper, $error['file']));
        } else {
            self::report('fatal', self::because($error['message']), $error['file'], $error['line']);
        }
    }

    /** Fails the running event, before any handler ran, because wsbridge has described other code. */
    public static function changed($code)
    {
        self::report('changed', 'the application\'s code has changed', '', 0, $code);
    }

    /** Ends the running event as failed, and the events after it as skipped, because PHP ends, too. */
    public static function report($kind, $message, $file = '', $line = 0, $name = '')
    {
        $seq = Request::seq();
        if ($seq === 0) {
            self::withoutEvent($message);
            return;
        }
        if (Answer::$channel !== null) {
            ErrorLog::pass();
            ErrorLog::end();
        }
        Answer::failed(self::json($kind, $message, $file, $line, $name), Request::isLast());
        self::skip('ended PHP');
    }

    /** Says what is wrong while there is no event to fail, and whether that keeps this request from becoming a worker. */
    public static function withoutEvent($message)
    {
        Output::leave();
        $keeps = Answer::$channel === null && getenv('WSBRIDGE_RESIDENT') !== false;
        echo 'wsbridge: ', $keeps ? 'no worker: ' : '', $message, "\n";
    }

    /** Says of the events after the running one that they do not run, because of that one. */
    public static function skip($why)
    {
        $why = 'not run: event ' . Request::seq() . ', before it in the request, ' . $why;
        for (Request::next(); Request::seq() !== 0; Request::next()) {
            Answer::failed(self::json('skipped', $why), Request::isLast());
        }
    }

    /**
     * Reports whether the time limit of events has ended the request, and not one that the application has set. A worker that stays has
     * none of its own: wsbridge interrupts it.
     */
    private static function isTimeLimit($message)
    {
        $found = preg_match('/^Maximum execution time of (\d+) second/', $message, $match);
        return $found && $match[1] === Parameters::$options[Parameters::LIMIT];
    }

    private static function json($kind, $message, $file = '', $line = 0, $name = '')
    {
        return '{"kind":"' . $kind . '"'
            . ($name === '' ? '' : ',"name":' . Value::text($name))
            . ',"message":' . Value::text($message)
            . ($file === '' ? '' : ',"file":' . Value::text($file) . ',"line":' . (int) $line) . '}';
    }

    /** Returns the helper that the application defines a second time, according to a fatal error's message, or "". */
    private static function redeclared($message)
    {
        $ours = preg_quote(Helpers::file(), '/');
        $found = preg_match('/^Cannot redeclare (?:function )?(\w+)\(\) \(previously declared in ' . $ours . '/', $message, $match);
        return $found ? strtolower($match[1]) : '';
    }
}
