<?php
namespace Wsbridge\Analysis;

use Wsbridge\Value;

/** Finds what code does with $sockets and $server. */
final class SocketFindings
{
    const READING = 'stream_select,stream_socket_accept,stream_socket_recvfrom,stream_get_contents,stream_get_line,stream_copy_to_stream,
        fread,fgets,fgetc,fscanf,feof,socket_select,socket_accept,socket_read,socket_recv,socket_recvfrom,socket_import_stream';

    const IDLE = 'stream_set_blocking,stream_set_timeout,stream_set_write_buffer,stream_set_read_buffer,stream_set_chunk_size,
        stream_socket_shutdown,stream_socket_enable_crypto,stream_context_set_option,socket_set_option,socket_set_nonblock,
        socket_set_block,socket_shutdown,fflush';

    private $findings;

    /** The names of variables that hold sockets, by hash of the code. */
    private $holders = [];

    public static function find(Findings $findings)
    {
        $finder = new self($findings);
        $findings->each([$finder, 'look']);
    }

    private function __construct(Findings $findings)
    {
        $this->findings = $findings;
    }

    /** Looks at one token. */
    public function look(Unit $unit, Code $code, $i)
    {
        $source = $code->source;
        $isCall = $source->kinds[$i] === T_STRING && $source->kinds[$i + 1] === '('
            && !in_array($source->kinds[$i - 1], [T_OBJECT_OPERATOR, T_DOUBLE_COLON, T_NEW, T_FUNCTION], true);
        if (!$isCall) {
            return;
        }
        list($starts) = $source->elements($i + 1);
        $holders = $this->holders($unit, $code);
        foreach ($holders === [] ? [] : $starts as $start) {
            $name = $source->texts[$start];
            if ($source->kinds[$start] === T_VARIABLE && isset($holders[$name])) {
                $this->call($code, $i, Unit::short($source->texts[$i]), $name);
            }
        }
    }

    private function call(Code $code, $i, $function, $variable)
    {
        $what = $function . '() of ' . $variable;
        if (in_array($function, ['fwrite', 'fputs'], true)) {
            $this->findings->add('note', 'sockets', $function . '() to ' . $variable . ' works for whole frames, and for any bytes before a handshake', $code, $i);
        } elseif (self::lists(self::READING, $function)) {
            $this->findings->add('error', 'sockets', $what . ' cannot work: wsbridge holds the sockets, and reads them', $code, $i);
        } elseif ($function === 'fclose' || $function === 'socket_close') {
            $this->findings->add('warning', 'sockets', $what . ' closes no client; close_client() does', $code, $i);
        } elseif ($function === 'stream_socket_get_name' || $function === 'socket_getpeername' || $function === 'stream_get_meta_data') {
            $this->findings->add('warning', 'sockets', $what . ' knows no address; peer_name of the row does', $code, $i);
        } elseif ($function === 'stream_socket_sendto' || $function === 'socket_write' || $function === 'socket_send') {
            $this->findings->add('error', 'sockets', $what . ' cannot work; fwrite() does', $code, $i);
        } elseif (self::lists(self::IDLE, $function)) {
            $this->findings->add('warning', 'sockets', $what . ' does nothing: wsbridge holds the sockets', $code, $i);
        }
    }

    /** Returns the names of variables that hold $sockets, $server, or a socket, as keys. */
    private function holders(Unit $unit, Code $code)
    {
        $hash = Value::identity($code);
        if (isset($this->holders[$hash])) {
            return $this->holders[$hash];
        }
        $source = $code->source;
        $holders = [];
        foreach (Roles::of($unit, $code) as $name => $role) {
            $holders += $role === 'sockets' || $role === 'server' ? [$name => true] : [];
        }
        foreach ($code->segments as $segment) {
            for ($i = $segment[0]; $i <= $segment[1]; $i++) {
                if ($source->kinds[$i] !== T_VARIABLE) {
                    continue;
                }
                $isGlobal = $unit->isFile || isset($unit->causes['sockets']) && in_array($source->kinds[$i - 1], [T_GLOBAL, ','], true);
                if ($isGlobal && in_array($source->texts[$i], ['$sockets', '$server'], true)) {
                    $holders[$source->texts[$i]] = true;
                }
                $holders += $this->taken($source, $i, $holders);
            }
        }
        return $this->holders[$hash] = $holders;
    }

    /** Returns the variable that a socket is assigned to, in "$x=$sockets[..]" and "foreach ($sockets as $x)", as key. */
    private function taken(Source $source, $i, array $holders)
    {
        if (!isset($holders[$source->texts[$i]])) {
            return [];
        }
        if ($source->matches($i - 2, [T_VARIABLE, '='])) {
            return [$source->texts[$i - 2] => true];
        }
        $open = $source->outer[$i];
        if ($open === 0 || $source->kinds[$open - 1] !== T_FOREACH || $source->kinds[$i + 1] !== T_AS) {
            return [];
        }
        $last = $source->after($open) - 2;
        return $source->kinds[$last] === T_VARIABLE ? [$source->texts[$last] => true] : [];
    }

    private static function lists($names, $name)
    {
        return in_array($name, preg_split('/,\s*/', $names), true);
    }
}
