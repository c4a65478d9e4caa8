<?php
namespace Wsbridge;

/** What goes wrong in the application: a warning is logged and survived, everything else ends its event and no more. */
final class Failure
{
    const FATAL = 4437; // E_ERROR, E_PARSE, E_CORE_ERROR, E_COMPILE_ERROR, E_USER_ERROR, E_RECOVERABLE_ERROR

    const RESERVE = 16384;

    /** Freed when the memory is exhausted, so that this can still be told. */
    private static $reserve;

    public static function watch()
    {
        self::$reserve = str_repeat(' ', self::RESERVE);
        set_error_handler([__CLASS__, 'warning']);
        register_shutdown_function([__CLASS__, 'shutdown']);
    }

    /** PHP's error handler. */
    public static function warning($level, $message, $file, $line)
    {
        if ($level & self::FATAL) {
            return false; // PHP ends the request, see shutdown
        }
        if ($file === Application::$entry) { // its one statement that can warn is the include
            self::unreadable(Application::$eventsFile);
            return true;
        }
        if (error_reporting() & $level) { // else silenced, by @ or by the application's error_reporting
            $deprecated = $level & (E_DEPRECATED | E_USER_DEPRECATED);
            Answer::log($deprecated ? 'debug' : 'warning', $message, $file, $line);
        }
        return true;
    }

    /** Fails the events since a file of the application cannot be read. */
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

    /** What nothing caught. An engine's Error counts as the fatal error that it was up to PHP 5. */
    public static function exception($e)
    {
        $message = get_class($e) . ': ' . $e->getMessage();
        self::report($e instanceof \Exception ? 'exception' : 'fatal', $message, $e->getFile(), $e->getLine());
    }

    /** Runs when PHP ends. If an event has not, it was ended by a fatal error, or by exit. */
    public static function shutdown()
    {
        self::$reserve = null;
        if (Request::seq() === 0) {
            return;
        }
        $error = error_get_last();
        $ended = $error === null || !($error['type'] & self::FATAL);
        if (!$ended) {
            ini_set('memory_limit', (string) (memory_get_usage(true) + 16777216)); // what a fatal error leaves behind is not freed
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

    /** Fails the running event, of which nothing has run: PHP has other code than wsbridge knows. */
    public static function changed($code)
    {
        self::report('changed', 'the application\'s code has changed', '', 0, $code);
    }

    /** Ends the running event as failed. PHP ends with it, so the events behind it are not run. */
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

    /** The helper of ours that a fatal error says the application defines again, or "". */
    private static function redeclared($message)
    {
        $ours = preg_quote(Helpers::file(), '/');
        $found = preg_match('/^Cannot redeclare (?:function )?(\w+)\(\) \(previously declared in ' . $ours . '/', $message, $match);
        return $found ? strtolower($match[1]) : '';
    }
}
