<?php
/* The request's events: each is read, run with the handlers that its kind has, and ended with a done line. */
class WsbridgeEvents
{
    private static $in = null;
    private static $event;
    private static $payload;

    /** Reads the next event; false if there is none. */
    public static function next()
    {
        if (self::$in === null) {
            self::$in = fopen('php://input', 'rb');
        }
        $line = fgets(self::$in);
        if ($line === false || $line === '') {
            return false;
        }
        $event = json_decode($line, true, 1024);
        if (!is_array($event) || !isset($event['seq'], $event['event'], $event['length']) || $event['v'] !== 1) {
            WsbridgeAnswer::$seq = isset($event['seq']) ? (int) $event['seq'] : 1;
            WsbridgeFailure::eventBegins();
            WsbridgeFailure::fail('request', 'this is no event of contract version 1');
            exit;
        }
        WsbridgeAnswer::$seq = $event['seq'];
        WsbridgeFailure::eventBegins();
        self::$payload = self::read($event['length']);
        $GLOBALS['connections'] = WsbridgeRows::take($event, strpos($line, '\u0000') !== false);
        $GLOBALS['sockets'] = array(0 => null) + array_fill_keys(array_keys($GLOBALS['connections']), null);
        unset($event['table'], $event['row']);
        self::$event = $event;
        return true;
    }

    public static function kind()
    {
        return self::$event['event'];
    }

    /** Runs the event that next has read. */
    public static function run()
    {
        try {
            $result = self::call(self::$event['event'], isset(self::$event['client']) ? self::$event['client'] : 0);
            $changes = WsbridgeRows::changes();
        } catch (Exception $e) {
            WsbridgeFailure::exception($e);
            return;
        } catch (Throwable $e) { // PHP 5 has none, and does not mind
            WsbridgeFailure::exception($e);
            return;
        }
        WsbridgeAnswer::settle();
        WsbridgeFailure::eventEnds();
        WsbridgeAnswer::effect('done', '{"result":' . $result . ',"rows":' . $changes . ',"code":"' . WsbridgeApplication::code() . '"}');
    }

    /** Calls the event's handlers as their authors declared them and returns the result's JSON. */
    private static function call($kind, $key)
    {
        global $server, $sockets, $connections;
        $handler = 'ws_server_' . $kind;
        if ($kind === 'describe') {
            return WsbridgeApplication::describe();
        }
        if ($kind === 'close') {
            self::close($key);
            return 'null';
        }
        if (!function_exists($handler)) {
            return 'null'; // the code changed since it was described
        }
        switch ($kind) {
            case 'initialize':
                if ($_SERVER['WSBRIDGE_INITIALIZE'] === 'every') {
                    return 'null'; // it has run already
                }
                // no break
            case 'finalize':
                $handler();
                return 'null';
            case 'started':
            case 'loop':
            case 'shutdown':
                $handler($server, $sockets, $connections);
                return 'null';
            case 'fifo':
                $handler($server, $sockets, $connections, self::$payload);
                return 'null';
            case 'connect':
            case 'open':
                $handler($connections, $connections[$key], $key);
                return 'null';
            case 'authenticate':
                return self::authenticate($handler, $connections[$key]);
            case 'read':
                return self::passed(self::withPayload($handler, $key));
            default:
                self::withPayload($handler, $key);
                return 'null';
        }
    }

    /** With exactly three parameters a handler is called as the document says: without the key. */
    private static function withPayload($handler, $key)
    {
        global $connections;
        if (WsbridgeApplication::parameters($handler) === 3) {
            return $handler($connections, $connections[$key], self::$payload);
        }
        return $handler($connections, $connections[$key], $key, self::$payload);
    }

    private static function authenticate($handler, &$connection)
    {
        $cookies = isset($_SERVER['HTTP_COOKIE']) ? $_SERVER['HTTP_COOKIE'] : '';
        $agent = isset($_SERVER['HTTP_USER_AGENT']) ? $_SERVER['HTTP_USER_AGENT'] : '';
        $address = isset($_SERVER['REMOTE_ADDR']) ? $_SERVER['REMOTE_ADDR'] : '';
        return $handler($connection, $cookies, $agent, $address) == false ? 'false' : 'true';
    }

    private static function passed($result)
    {
        if ($result === '') {
            return '"pass"';
        }
        return $result === 'quit' ? '"quit"' : '"consumed"';
    }

    private static function close($key)
    {
        global $connections;
        if (function_exists('ws_server_before_close')) {
            ws_server_before_close($connections, $connections[$key]);
        }
        if (!WsbridgeRows::has($key)) {
            return; // before_close has closed it already
        }
        WsbridgeAnswer::effect('close', '{"client":' . $key . ',"handled":true}');
        WsbridgeRows::forget($key);
        if (function_exists('ws_server_after_close')) {
            ws_server_after_close($connections);
        }
    }

    private static function read($length)
    {
        $payload = '';
        while (strlen($payload) < $length) {
            $piece = fread(self::$in, $length - strlen($payload));
            if ($piece === false || $piece === '') {
                WsbridgeFailure::fail('request', "the payload ends after " . strlen($payload) . " of $length bytes");
                exit;
            }
            $payload .= $piece;
        }
        return $payload;
    }
}
