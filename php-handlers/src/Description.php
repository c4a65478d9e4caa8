<?php
namespace Wsbridge;

/** The answer to the event "describe": what the application's code can do, and which PHP runs it. */
final class Description
{
    /** The files of the analysis, which no other event needs. */
    const ANALYSIS = 'Source,Code,Unit,Parser,Program,Loader,Implicit,Includes,Php,Callbacks,Calls,Variables,Roles,Scanner,Functions,
        Callables,Guards,Reach,Bound,Globals,Overview';

    public static function json()
    {
        return json_encode(self::describe(self::analyse()));
    }

    public static function analyse()
    {
        foreach (preg_split('/,\s*/', self::ANALYSIS) as $name) {
            require __DIR__ . '/Analysis/' . $name . '.php';
        }
        return new Analysis\Overview();
    }

    public static function describe(Analysis\Overview $overview)
    {
        $handlers = self::handlers($overview);
        return [
            'handlers' => (object) $handlers,
            'globals' => (object) ($overview->globals === null ? [] : $overview->globals->all()),
            'php' => PHP_VERSION,
            'user' => Process::user(),
            'post_max_size' => max(0, Process::bytes(ini_get('post_max_size'))),
            'sockets' => array_filter($handlers, function ($handler) {
                return isset($handler['sockets']);
            }) !== [],
            'watch' => $overview->watch(),
            'warnings' => self::warnings(),
        ];
    }

    private static function handlers(Analysis\Overview $overview)
    {
        $handlers = [];
        foreach (explode(',', Handlers::NAMES) as $event) {
            $name = 'ws_server_' . $event;
            if (function_exists($name)) {
                $function = new \ReflectionFunction($name);
                $handlers[$name] = ['params' => $function->getNumberOfParameters()] + $overview->handler($name);
            }
        }
        return $handlers;
    }

    private static function warnings()
    {
        $warnings = [];
        $folder = defined('WEBSOCKET_LOG_PATH') ? WEBSOCKET_LOG_PATH : '';
        if ($folder !== '' && !(is_dir($folder) && is_writable($folder))) {
            $warnings[] = 'WEBSOCKET_LOG_PATH ' . $folder . ' cannot be written by user ' . Process::user()
                . ': show_message writes no daily file';
        }
        if (!ini_get('opcache.enable') || !function_exists('opcache_get_status')) {
            $warnings[] = 'opcache is off: PHP compiles the application anew for every event';
        }
        if (!function_exists('session_start')) {
            $warnings[] = 'the session extension is missing: session_start() is undefined';
        }
        return $warnings;
    }
}
