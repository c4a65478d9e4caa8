<?php
namespace Wsbridge;

/**
 * Gives each event the superglobals of its client, as if the client's parameters had come with a request of its own. A resident worker
 * runs the events of many clients in one request.
 *
 * What reads the request itself still sees that of the worker: getenv(), filter_input(), getallheaders(), and $_ENV.
 */
final class Superglobals
{
    /** The key of the server's own events, which run with the superglobals of the worker's request. */
    const SERVER = 0;

    /** How many of the latest models and inputs are looked up to be held once for many clients. */
    const SHARED = 64;

    /** For each client the $_SERVER of a client that sent the same headers, or its own; each such array is in memory once. */
    private static $models = [];

    /** The entries of each client's $_SERVER that differ from its model. */
    private static $differences = [];

    /** The query string and the Cookie header of clients whose first event has not come yet. */
    private static $unread = [];

    /** $_GET, $_COOKIE and $_REQUEST by client. */
    private static $inputs = [];

    /** The latest models by the names in them, and the latest inputs by query string and Cookie header. */
    private static $latestModels = [];
    private static $latestInputs = [];

    /** Remembers the worker's own superglobals. */
    public static function start()
    {
        Environment::start($_SERVER);
        self::$models = [self::SERVER => $_SERVER];
        self::$differences = [self::SERVER => []];
        self::$inputs = [self::SERVER => [$_GET, $_COOKIE, $_REQUEST]];
        self::$unread = [];
    }

    /** Learns a client's CGI parameters: strings by name, in the order in which a request would bring them. */
    public static function learn($client, array $environment)
    {
        $server = Environment::server($environment);
        $names = implode("\n", array_keys($server));
        if (!isset(self::$latestModels[$names])) {
            self::$latestModels = array_slice(self::$latestModels, 1 - self::SHARED, null, true) + [$names => $server];
        }
        $model = self::$latestModels[$names];
        $differences = [];
        foreach ($model as $name => $value) {
            if ($server[$name] !== $value) {
                $differences[$name] = $server[$name];
            }
        }
        self::$models[$client] = $model;
        self::$differences[$client] = $differences;
        self::$unread[$client] = [
            isset($environment['QUERY_STRING']) ? $environment['QUERY_STRING'] : '',
            isset($environment['HTTP_COOKIE']) ? $environment['HTTP_COOKIE'] : '',
        ];
        unset(self::$inputs[$client]);
    }

    public static function forget($client)
    {
        unset(self::$models[$client], self::$differences[$client], self::$unread[$client], self::$inputs[$client]);
    }

    /**
     * Installs fresh superglobals for an event of a client that has begun at that time, as microtime(true). $trace is the event's place
     * in a trace, or "". Throws an Exception if the client's parameters are not known.
     */
    public static function enter($client, $began, $trace = '')
    {
        if (!isset(self::$inputs[$client])) {
            self::read($client);
        }
        $server = array_replace(self::$models[$client], self::$differences[$client]);
        $server['REQUEST_TIME_FLOAT'] = $began;
        $server['REQUEST_TIME'] = (int) $began;
        if ($trace !== '') {
            $server['WSBRIDGE_TRACEPARENT'] = $trace;
        }
        $_SERVER = $server;
        $inputs = self::$inputs[$client];
        $_GET = $inputs[0];
        $_COOKIE = $inputs[1];
        $_REQUEST = $inputs[2];
        $_POST = [];
        $_FILES = [];
    }

    /** Reads a client's query string and cookies. */
    private static function read($client)
    {
        if (!isset(self::$unread[$client])) {
            throw new \Exception('the parameters of client ' . $client . ' are not known');
        }
        list($query, $cookies) = self::$unread[$client];
        $text = $query . "\n" . $cookies;
        if (!isset(self::$latestInputs[$text])) {
            set_error_handler([__CLASS__, 'ignore']); // php-fpm warns of too many inputs before the application runs
            try {
                $inputs = Environment::inputs($query, $cookies);
            } finally {
                restore_error_handler();
            }
            self::$latestInputs = array_slice(self::$latestInputs, 1 - self::SHARED, null, true) + [$text => $inputs];
        }
        self::$inputs[$client] = self::$latestInputs[$text];
        unset(self::$unread[$client]);
    }

    /** This is PHP's error handler meanwhile. */
    public static function ignore()
    {
        return true;
    }
}
