<?php
namespace Wsbridge\Analysis;

/** Tells what the parameters of handlers hold. wsbridge passes them by position, so their names do not matter. */
final class Roles
{
    const SERVER = ['server', 'sockets', 'connections'];
    const CLIENT = ['connections', 'connection', 'key', 'data'];

    /** All handlers, in the order of a client's life, with the roles of their parameters. */
    const HANDLERS = [
        'ws_server_initialize' => [], 'ws_server_started' => self::SERVER, 'ws_server_loop' => self::SERVER,
        'ws_server_fifo' => ['server', 'sockets', 'connections', 'data'], 'ws_server_connect' => ['connections', 'connection', 'key'],
        'ws_server_read' => self::CLIENT, 'ws_server_authenticate' => ['connection', 'data', 'data', 'data'],
        'ws_server_open' => ['connections', 'connection', 'key'], 'ws_server_text' => self::CLIENT, 'ws_server_binary' => self::CLIENT,
        'ws_server_before_close' => ['connections', 'connection'], 'ws_server_after_close' => ['connections'],
        'ws_server_shutdown' => self::SERVER, 'ws_server_finalize' => [],
        'ws_process_loop' => ['data'], 'ws_process_stdout' => ['data', 'data'], 'ws_process_stderr' => ['data', 'data'],
        'ws_process_eof' => ['data'], 'ws_process_timeout' => ['data'],
    ];

    /** Returns the roles of a handler's parameters by their names; an empty array for other functions. */
    public static function of(Unit $unit, Code $code)
    {
        if ($unit->class !== '' || !isset(self::HANDLERS[$unit->name])) {
            return [];
        }
        $positions = self::HANDLERS[$unit->name];
        if ($positions === self::CLIENT && count($code->parameters) === 3 && !self::isVariadic($code)) {
            $positions = ['connections', 'connection', 'data'];
        }
        $roles = [];
        foreach ($code->parameters as $at => $parameter) {
            $roles[$parameter['name']] = isset($positions[$at]) ? $positions[$at] : 'data';
        }
        return $roles;
    }

    public static function isVariadic(Code $code)
    {
        $last = end($code->parameters);
        return $last !== false && $last['variadic'];
    }

    public static function isHandler(Unit $unit)
    {
        return $unit->class === '' && isset(self::HANDLERS[$unit->name]);
    }
}
