<?php
namespace Wsbridge;

/** Calls the application's handlers as the original server did. */
final class Handlers
{
    const NAMES = 'initialize,started,loop,fifo,connect,read,authenticate,open,text,binary,before_close,after_close,shutdown,finalize';

    /** Clients whose close handlers are running, as keys: these may call close_client for the same client. */
    private static $closing = [];

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
                self::close($client, 0, '');
                return null;
        }
        $handler = 'ws_server_' . $event['event'];
        if (!function_exists($handler)) {
            return null; // the code has changed since wsbridge described it
        }
        if ($client === 0) {
            return self::server($handler, $event);
        }
        if (!isset($connections[$client])) {
            Answer::log('warning', 'client ' . $client . ' has no row: ' . $handler . ' is not called');
            return null;
        }
        return self::client($handler, $client, $event['payload']);
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
                ws_server_before_close($connections, $connections[$client]);
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

    private static function client($handler, $client, $data)
    {
        global $connections;
        switch ($handler) {
            case 'ws_server_authenticate':
                return self::authenticate($connections[$client]);
            case 'ws_server_read':
                return self::decision(self::data($handler, $client, $data));
            case 'ws_server_text':
            case 'ws_server_binary':
                self::data($handler, $client, $data);
                return null;
        }
        $handler($connections, $connections[$client], $client);
        return null;
    }

    private static function authenticate(array &$connection)
    {
        $cookies = isset($_SERVER['HTTP_COOKIE']) ? $_SERVER['HTTP_COOKIE'] : '';
        $agent = isset($_SERVER['HTTP_USER_AGENT']) ? $_SERVER['HTTP_USER_AGENT'] : '';
        $address = isset($_SERVER['REMOTE_ADDR']) ? $_SERVER['REMOTE_ADDR'] : '';
        // Handlers rely on the original's loose comparison: 0, "", null and array() refuse.
        return ws_server_authenticate($connection, $cookies, $agent, $address) == false ? 'false' : 'true';
    }

    /** Calls a handler with data: with the three documented arguments, or with the client's key as third of four, as the original did. */
    private static function data($handler, $client, $data)
    {
        global $connections;
        $function = new \ReflectionFunction($handler);
        if ($function->getNumberOfParameters() === 3 && !$function->isVariadic()) {
            return $handler($connections, $connections[$client], $data);
        }
        return $handler($connections, $connections[$client], $client, $data);
    }

    private static function decision($result)
    {
        if ($result === '') {
            return '"pass"';
        }
        return $result === 'quit' ? '"quit"' : '"consumed"';
    }
}
