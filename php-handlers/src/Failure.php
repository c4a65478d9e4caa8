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
        if (error_reporting() & $level) { // unless silenced, by @ or by the application's error_reporting
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
        self::report('unreadable', $file . $problem . ' by user ' . ($user === '' ? '(unknown)' : $user));
    }

    /** Reports an exception that the application did not catch. An Error counts as fatal error, as it was up to PHP 5. */
    public static function exception($e)
    {
        $message = get_class($e) . ': ' . $e->getMessage();
        self::report($e instanceof \Exception ? 'exception' : 'fatal', $message, $e->getFile(), $e->getLine());
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
        if ($helper !== '') {
            self::report('redeclare', $error['message'], $error['file'], $error['line'], Helpers::entry($helper, $error['file']));
        } else {
            self::report('fatal', $error['message'], $error['file'], $error['line']);
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
            Output::leave();
            echo 'wsbridge: ', $message, "\n"; // there is no event to fail
            return;
        }
        Answer::failed(self::json($kind, $message, $file, $line, $name), Request::isLast());
        for (Request::next(); Request::seq() !== 0; Request::next()) {
            Answer::failed(self::json('skipped', 'not run: event ' . $seq . ', before it in the request, ended PHP'), Request::isLast());
        }
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
