<?php
namespace Wsbridge;

/** The answer to the event "describe": what the application's code can do, and which PHP runs it. */
final class Description
{
    public static function json()
    {
        return json_encode([
            'handlers' => (object) self::handlers(),
            'php' => PHP_VERSION,
            'user' => Process::user(),
            'presence' => Presence::isKnown(),
            'sockets' => self::usesSockets(),
            'warnings' => self::warnings(),
        ]);
    }

    private static function handlers()
    {
        $handlers = [];
        foreach (explode(',', Handlers::NAMES) as $event) {
            $name = 'ws_server_' . $event;
            if (function_exists($name)) {
                $function = new \ReflectionFunction($name);
                $handlers[$name] = ['params' => $function->getNumberOfParameters()];
            }
        }
        return $handlers;
    }

    /**
     * Whether the application may write to $sockets itself: it names them elsewhere than in the parameters of a function,
     * or a handler that gets them calls them something else. Without the tokenizer, it may.
     */
    private static function usesSockets()
    {
        foreach (['started', 'loop', 'fifo', 'shutdown'] as $event) {
            if (function_exists('ws_server_' . $event)) {
                $function = new \ReflectionFunction('ws_server_' . $event);
                $parameters = $function->getParameters();
                if (isset($parameters[1]) && $parameters[1]->getName() !== 'sockets') {
                    return true;
                }
            }
        }
        foreach (get_included_files() as $file) {
            if (Application::owns($file) && self::namesSockets(file_get_contents($file))) {
                return true;
            }
        }
        return false;
    }

    private static function namesSockets($source)
    {
        if (!function_exists('token_get_all')) {
            return strpos($source, 'sockets') !== false;
        }
        $inHead = false; // between "function" and its "{"
        foreach (token_get_all($source) as $token) {
            $kind = is_array($token) ? $token[0] : $token;
            if ($kind === T_FUNCTION) {
                $inHead = true;
            } elseif ($kind === '{' || $kind === ';') {
                $inHead = false;
            } elseif (!$inHead && is_array($token) && in_array($token[1], ['$sockets', '"sockets"', "'sockets'"], true)) {
                return true;
            }
        }
        return false;
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
