<?php
/* The application: its settings, its files, its handlers. */
class WsbridgeApplication
{
    public static $helperFile;

    private static $helperFiles = array();
    private static $yielded = array();
    private static $code = '';

    /** Fails the event unless the application's files can be read; reads what wsbridge leaves to the application. */
    public static function check()
    {
        foreach (array('WSBRIDGE_EVENTS_FILE', 'WSBRIDGE_SETTINGS_FILE') as $parameter) {
            $file = isset($_SERVER[$parameter]) ? $_SERVER[$parameter] : '';
            if ($file !== '' && !is_readable($file)) {
                WsbridgeFailure::fail('unreadable', "$file cannot be read by " . (self::user() === '' ? "php-fpm's user" : 'user ' . self::user()));
                exit;
            }
        }
        $yielded = isset($_SERVER['WSBRIDGE_YIELD']) ? $_SERVER['WSBRIDGE_YIELD'] : '';
        foreach ($yielded === '' ? array() : explode(',', $yielded) as $what) {
            if ($what[0] === '/') {
                self::$helperFiles[] = $what;
            } else {
                self::$yielded[$what] = true;
            }
        }
        chdir(dirname($_SERVER['WSBRIDGE_EVENTS_FILE']));
    }

    /** Defines the settings' constants and returns the file's lines, as the original's $settings. */
    public static function settings()
    {
        if (!isset($_SERVER['WSBRIDGE_SETTINGS_FILE']) || $_SERVER['WSBRIDGE_SETTINGS_FILE'] === '') {
            return array();
        }
        $lines = explode("\n", str_replace("\r\n", "\n", file_get_contents($_SERVER['WSBRIDGE_SETTINGS_FILE'])));
        $lines[0] = preg_replace('/^\xef\xbb\xbf/', '', $lines[0]);
        foreach ($lines as $line) {
            $parts = explode('=', trim($line), 2);
            $name = trim($parts[0]);
            if ($name !== '' && $name[0] !== '#' && !defined($name)) {
                define($name, isset($parts[1]) ? trim($parts[1]) : '');
            }
        }
        return $lines;
    }

    public static function nextHelperFile()
    {
        self::$helperFile = array_shift(self::$helperFiles);
        return self::$helperFile !== null;
    }

    /** Whether a helper of ours is to be defined. */
    public static function needs($function)
    {
        return !isset(self::$yielded[$function]) && !function_exists($function);
    }

    /** Whether PHP's message about a redeclared function names one of our files as the first to declare it. */
    public static function isOurs($message)
    {
        return strpos($message, __DIR__ . DIRECTORY_SEPARATOR) !== false;
    }

    /** Notes which code is loaded; with "every", initialize runs in each request. */
    public static function included()
    {
        $state = '';
        foreach (get_included_files() as $file) {
            if (strncmp($file, __DIR__, strlen(__DIR__)) !== 0) {
                $state .= $file . ':' . filemtime($file) . ':' . filesize($file) . ';';
            }
        }
        foreach (self::handlerNames() as $name) { // opcache may hold old code for a while after a file has changed
            $state .= function_exists($name) ? '1' : '0';
        }
        self::$code = md5($state);
        if ($_SERVER['WSBRIDGE_INITIALIZE'] === 'every' && WsbridgeEvents::kind() !== 'describe'
            && function_exists('ws_server_initialize')) {
            ws_server_initialize();
        }
    }

    public static function code()
    {
        return self::$code;
    }

    public static function describe()
    {
        $handlers = array();
        foreach (self::handlerNames() as $name) {
            if (function_exists($name)) {
                $handlers[$name] = array('params' => self::parameters($name));
            }
        }
        return json_encode(array(
            'handlers' => $handlers,
            'php' => PHP_VERSION,
            'user' => self::user(),
            'post_max_size' => self::bytes(ini_get('post_max_size')),
            'warnings' => self::warnings(),
        ));
    }

    /** How many parameters the handler's author declared; -1 for any number. */
    public static function parameters($name)
    {
        $function = new ReflectionFunction($name);
        return $function->isVariadic() ? -1 : $function->getNumberOfParameters();
    }

    /** php.ini's notation of sizes. */
    public static function bytes($size)
    {
        $bytes = (int) $size;
        switch (strtolower(substr(trim($size), -1))) {
            case 'g':
                $bytes *= 1024;
                // no break
            case 'm':
                $bytes *= 1024;
                // no break
            case 'k':
                $bytes *= 1024;
        }
        return $bytes;
    }

    private static function warnings()
    {
        $warnings = array();
        if (defined('WEBSOCKET_LOG_PATH') && WEBSOCKET_LOG_PATH !== '' && !is_writable(WEBSOCKET_LOG_PATH)) {
            $warnings[] = 'WEBSOCKET_LOG_PATH ' . WEBSOCKET_LOG_PATH . ' cannot be written by ' . self::user() . ': show_message writes no daily file';
        }
        return $warnings;
    }

    private static function handlerNames()
    {
        $names = array();
        foreach (array('initialize', 'started', 'loop', 'fifo', 'connect', 'read', 'authenticate', 'open', 'text', 'binary',
            'before_close', 'after_close', 'shutdown', 'finalize') as $name) {
            $names[] = 'ws_server_' . $name;
        }
        return $names;
    }

    private static function user()
    {
        if (!function_exists('posix_geteuid')) {
            return '';
        }
        $user = posix_getpwuid(posix_geteuid());
        return $user === false ? (string) posix_geteuid() : $user['name'];
    }
}
