<?php
namespace Wsbridge;

/** Calls the application's handlers as the original server did. */
final class Handlers
{
    /** Clients whose close handlers are running, as keys: these may call close_client for the same client. */
    private static $closing = [];

    /** The handlers that there are, by the kinds of their events. */
    private static $known = [];

    /** Whether a handler has the three documented parameters, by its name. */
    private static $short = [];

    /** Whether a handler takes by reference what it is passed of $connections, by its name. */
    private static $refers = [];

    /** Reports whether the handler of an event takes both $connections and the client's row by reference. */
    public static function refers($event)
    {
        if (!isset(self::$refers[$event])) {
            $handler = 'ws_server_' . ($event === 'close' ? 'before_close' : $event);
            $refers = function_exists($handler);
            $parameters = $refers ? (new \ReflectionFunction($handler))->getParameters() : [];
            foreach (array_slice($parameters, 0, $event === 'authenticate' ? 1 : 2) as $parameter) {
                $refers = $refers && $parameter->isPassedByReference() && !$parameter->isVariadic();
            }
            self::$refers[$event] = $refers && $parameters !== [];
        }
        return self::$refers[$event];
    }

    /** Runs an event. Returns its result as JSON, or null. */
    public static function run(array $event)
    {
        global $connections;
        $client = $event['client'];
        Stream::provide($event);
        switch ($event['event']) {
            case 'describe':
                require __DIR__ . '/Description.php';
                return Description::json();
            case 'inspect':
                require __DIR__ . '/Description.php';
                require __DIR__ . '/Inspection.php';
                return Inspection::json();
            case 'close':
                if (Answer::$channel === null || Rows::has($client)) { // a worker that stays may just have closed the client
                    self::close($client, 0, '');
                }
                return null;
            case 'process':
                if (class_exists(__NAMESPACE__ . '\Children', false)) { // else no worker stays, and there are none
                    Children::turn();
                }
                return null;
        }
        $handler = self::handler($event['event']);
        if ($handler === null) {
            return null; // the code has changed since wsbridge described it
        }
        if ($client === 0) {
            return self::server($handler, $event);
        }
        if (!isset($connections[$client])) {
            if (Answer::$channel === null) { // a worker that stays may just have closed the client
                Answer::log('warning', 'client ' . $client . ' has no row: ' . $handler . ' is not called');
            }
            return null;
        }
        return self::client($handler, $event['event'], $client, $event['payload']);
    }

    /** Returns the handler of a kind of event, or null if there is none. To look for a function takes longer than to find one again. */
    private static function handler($kind)
    {
        if (!isset(self::$known[$kind])) {
            $handler = 'ws_server_' . $kind;
            if (!function_exists($handler)) {
                return null;
            }
            self::$known[$kind] = $handler;
        }
        return self::$known[$kind];
    }

    /** Closes a client, for close_client and when a client leaves. before_close sees the row, after_close does not. */
    public static function close($client, $code, $reason)
    {
        global $connections, $sockets;
        if (isset(self::$closing[$client])) {
            return;
        }
        self::$closing[$client] = true;
        try {
            if (isset($connections[$client]) && function_exists('ws_server_before_close')) {
                if (self::refers('close')) {
                    $connection = &Rows::row($client);
                    ws_server_before_close($connections, $connection);
                } else {
                    ws_server_before_close($connections, $connections[$client]);
                }
            }
            Answer::close($client, $code, $reason, true);
            Rows::remove($client);
            unset($sockets[$client]);
            if (function_exists('ws_server_after_close')) {
                ws_server_after_close($connections);
            }
        } finally {
            unset(self::$closing[$client]);
        }
    }

    // Handlers are called by name and with variables, so that PHP passes each argument as the handler declares it, by reference or by
    // value.

    private static function server($handler, array $event)
    {
        global $server, $sockets, $connections;
        switch ($event['event']) {
            case 'initialize':
            case 'finalize':
                $handler();
                break;
            case 'fifo':
                $data = trim($event['payload']);
                $result = $handler($server, $sockets, $connections, $data);
                return $event['result'] ? self::returned($handler, $result) : null;
            default:
                $handler($server, $sockets, $connections);
        }
        return null;
    }

    /** Encodes what a handler returned as JSON; null if that is nothing, or cannot be encoded. */
    private static function returned($handler, $result)
    {
        if ($result === null) {
            return null;
        }
        try {
            return Value::withExactFloats(function () use ($result) {
                return Value::encode($result);
            });
        } catch (\Exception $e) {
            Answer::log('warning', 'what ' . $handler . ' returned cannot be told: it has ' . $e->getMessage());
            return null;
        }
    }

    private static function client($handler, $kind, $client, $data)
    {
        global $connections;
        switch ($kind) {
            case 'authenticate':
                return self::authenticate(Rows::row($client));
            case 'read':
                return self::decision(self::data($handler, $kind, $client, $data));
            case 'text':
            case 'binary':
                self::data($handler, $kind, $client, $data);
                return null;
        }
        if (self::refers($kind)) {
            $connection = &Rows::row($client);
            $handler($connections, $connection, $client);
        } else {
            $handler($connections, $connections[$client], $client);
        }
        return null;
    }

    private static function authenticate(array &$connection)
    {
        $cookies = Parameters::ofClient('HTTP_COOKIE');
        $agent = Parameters::ofClient('HTTP_USER_AGENT');
        $address = Parameters::ofClient('REMOTE_ADDR');
        // Handlers rely on the original's loose comparison: 0, "", null and array() refuse.
        return ws_server_authenticate($connection, $cookies, $agent, $address) == false ? 'false' : 'true';
    }

    /** Calls a handler with data: with the three documented arguments, or with the client's key as third of four, as the original did. */
    private static function data($handler, $kind, $client, $data)
    {
        global $connections;
        if (!isset(self::$short[$handler])) {
            $function = new \ReflectionFunction($handler);
            self::$short[$handler] = $function->getNumberOfParameters() === 3 && !$function->isVariadic();
        }
        if (!self::refers($kind)) {
            return self::$short[$handler] ? $handler($connections, $connections[$client], $data)
                : $handler($connections, $connections[$client], $client, $data);
        }
        $connection = &Rows::row($client);
        return self::$short[$handler] ? $handler($connections, $connection, $data)
            : $handler($connections, $connection, $client, $data);
    }

    private static function decision($result)
    {
        if ($result === '') {
            return '"pass"';
        }
        return $result === 'quit' ? '"quit"' : '"consumed"';
    }
}
