<?php
namespace Wsbridge;

/**
 * The processes that handlers have started. Only the worker that runs all events has them. When one of them has written something, or
 * its time is over, it tells wsbridge, which sends the event "process" when that has its turn: so the handlers of child processes run
 * in the one order of all events.
 */
final class Children
{
    /** How many seconds one event may go on to the next lines. */
    const TURN = 0.01;

    /** Whether there are any. */
    public static $any = false;

    /** Whether the running event has to end with settle(). */
    public static $touched = false;

    /** The folder for their pipes; "": this worker can have none. */
    private static $folder = '';

    /** Child objects by process id. */
    private static $children = [];

    /** Whether wsbridge was told that they have something for handlers, and has not sent the event yet. */
    private static $told = false;

    /** Whether end() will be called. */
    private static $hasEnd = false;

    /** What wsbridge was told of each for the worker after this one, by process id. */
    private static $reported = [];

    /** Lets this worker have children, in a folder next to the socket to which it has connected. */
    public static function begin($socket)
    {
        self::$folder = dirname(substr($socket, strlen('unix://'))) . '/children';
    }

    /** Reports whether there can be children. If not, it logs that the function needs them. */
    public static function canBe($function)
    {
        if (self::$folder === '') {
            Answer::log('error', $function . '() does nothing here: processes belong to the worker that runs all events, and this is another');
        }
        return self::$folder !== '';
    }

    /** Starts a process. $of has "connection" and "client_key" if it is for a client. Reports whether it has started. */
    public static function start($function, $program, $arguments, $timeout, array $of)
    {
        $command = $program;
        foreach ($arguments as $argument) {
            $command .= ' ' . Child::quote($argument);
        }
        $start = microtime(true);
        try {
            $child = Child::start($command, self::$folder);
        } catch (\Exception $e) {
            Answer::log('error', $function . '() cannot start ' . $program . ': ' . $e->getMessage());
            return false;
        }
        self::add($child, ['prog' => $program, 'cmdline' => $command, 'args' => $arguments, 'timeout' => $timeout, 'start' => $start] + $of);
        self::report();
        return true;
    }

    private static function add(Child $child, array $fields)
    {
        if (!self::$hasEnd) {
            self::$hasEnd = true;
            register_shutdown_function([__CLASS__, 'end']);
        }
        self::$children[$child->pid] = $child;
        self::$any = self::$touched = true;
        ChildHandle::add($child, $fields);
    }

    /** Ends a process and all that come from it. Its handlers still get its last output, and learn of its end. */
    public static function kill($handle)
    {
        $pid = isset($handle['pid']) ? (int) $handle['pid'] : 0;
        if (!isset(self::$children[$pid])) {
            return false;
        }
        self::$children[$pid]->kill();
        return true;
    }

    /** Waits until wsbridge has sent something, and meanwhile serves the pipes of the children. */
    public static function await($socket)
    {
        for ($failures = 0; $failures < 100; $failures++) {
            $wait = self::$told ? null : self::wait();
            if ($wait === 0) {
                self::tell();
                $wait = null;
            }
            $state = stream_get_meta_data($socket);
            $isBuffered = $state['unread_bytes'] > 0;
            list($read, $write) = self::streams();
            if ($isBuffered) {
                $wait = 0;
            } else {
                $read['socket'] = $socket;
            }
            if ($write === [] && ($read === [] || !$isBuffered && count($read) === 1 && $wait === null)) {
                return;
            }
            $none = null;
            $n = @stream_select($read, $write, $none, $wait === null ? null : (int) $wait, (int) (fmod((float) $wait, 1) * 1e6));
            if ($n === false) {
                continue; // a signal
            }
            $failures = 0;
            foreach ($write as $pid => $stream) {
                self::$children[$pid]->flush(true);
            }
            if (array_diff_key($read, ['socket' => true]) !== []) {
                self::tell();
            }
            if ($isBuffered || isset($read['socket'])) {
                return;
            }
        }
    }

    /** Returns in how many seconds a child will have something for handlers without more output; 0: it has, null: it will not. */
    private static function wait()
    {
        $wait = null;
        foreach (self::$children as $child) {
            $next = $child->wait();
            if ($next !== null) {
                $wait = $wait === null ? $next : min($wait, $next);
            }
        }
        foreach (ChildHandle::all() as $handle) {
            if (isset($handle['pid'], $handle['timeout'], self::$children[$handle['pid']]) && $handle['timeout'] > 0) {
                $next = max(0, $handle['start'] + $handle['timeout'] - microtime(true));
                $wait = $wait === null ? $next : min($wait, $next);
            }
        }
        return $wait == 0 && $wait !== null ? 0 : $wait;
    }

    /** Returns the pipes to read from, unless wsbridge was told that there is something to read, and those to write to. */
    private static function streams()
    {
        $read = [];
        $write = [];
        foreach (self::$children as $pid => $child) {
            foreach (self::$told ? [] : $child->outputs as $descriptor => $output) {
                if ($output->isOpen()) {
                    $read[$pid . '/' . $descriptor] = $output->stream;
                }
            }
            if ($child->blockedInput() !== null) {
                $write[$pid] = $child->blockedInput();
            }
        }
        return [$read, $write];
    }

    private static function tell()
    {
        if (!self::$told) {
            self::$told = true;
            Answer::children('"ready":true');
        }
    }

    /** Runs the event "process": passes on what the children have written, a line of each stream at a time. */
    public static function turn()
    {
        self::$told = false;
        self::$touched = true;
        $until = microtime(true) + self::TURN;
        $isFirst = true;
        do {
            $more = false;
            foreach (self::$children as $child) {
                $more = self::visit($child, $isFirst) || $more;
            }
            $isFirst = false;
        } while ($more && microtime(true) < $until);
    }

    /** Returns where the handle of a child is in $handles. */
    private static function find(Child $child)
    {
        $at = ChildHandle::find($child);
        if ($at === null) { // a handler has removed it
            $state = unserialize(self::$reported[$child->pid]);
            ChildHandle::add($child, ChildHandle::fields($state['fields']));
            $at = ChildHandle::find($child);
        }
        return $at;
    }

    /** Reports whether the child has more lines. */
    private static function visit(Child $child, $isFirst)
    {
        global $handles;
        $handle = &$handles[self::find($child)];
        ChildHandle::bind($handle);
        if ($isFirst && function_exists('ws_process_loop')) {
            ws_process_loop($handle);
        }
        foreach ([1 => 'ws_process_stdout', 2 => 'ws_process_stderr'] as $descriptor => $handler) {
            $line = $child->outputs[$descriptor]->next();
            if ($line !== null && function_exists($handler)) {
                $handler($handle, $line);
            }
        }
        if ($child->hasEnded()) {
            self::remove($child, $handle, 'ws_process_eof');
            return false;
        }
        if ($handle['timeout'] > 0 && microtime(true) - $handle['start'] > $handle['timeout']) {
            Answer::log('warning', 'process ' . $child->pid . ' (' . $handle['prog'] . ') is killed: it has run for ' . $handle['timeout'] . ' s');
            $child->kill();
            self::remove($child, $handle, 'ws_process_timeout');
            return false;
        }
        return $child->outputs[1]->isDue() || $child->outputs[2]->isDue();
    }

    /** Forgets a child, and calls its last handler. */
    private static function remove(Child $child, &$handle, $handler)
    {
        $child->release();
        unset(self::$children[$child->pid]);
        if (function_exists($handler)) {
            $handler($handle);
        }
        ChildHandle::remove($child);
    }

    /** Ends an event that has to do with children. */
    public static function settle()
    {
        self::$touched = false;
        ChildHandle::unbind();
        self::report();
        self::$any = self::$children !== [];
    }

    /** Tells wsbridge what the worker after this one needs, as far as that has changed. */
    private static function report()
    {
        global $handles;
        foreach (self::$children as $pid => $child) {
            $handle = $handles[self::find($child)];
            $text = serialize(['fields' => ChildHandle::texts($handle)] + $child->state());
            if (!isset(self::$reported[$pid]) || self::$reported[$pid] !== $text) {
                self::$reported[$pid] = $text;
                // One line for each, since wsbridge bounds a line and the state may hold input that waits.
                Answer::children('"running":{"' . $pid . '":{"program":' . Value::text($handle['prog'])
                    . ',"state":"' . base64_encode($text) . '"}}');
            }
        }
        $ended = array_keys(array_diff_key(self::$reported, self::$children));
        self::$reported = array_intersect_key(self::$reported, self::$children);
        if ($ended !== []) {
            Answer::children('"ended":[' . implode(',', $ended) . ']');
        }
    }

    /** Takes over the children of the worker before, which wsbridge was told of: a JSON object by process id. */
    public static function adopt($json)
    {
        foreach ($json === '' ? [] : json_decode($json, true) as $pid => $told) {
            $state = unserialize(base64_decode($told['state'])); // no objects, only texts of them
            try {
                $child = Child::adopt($state);
            } catch (\Exception $e) {
                self::$reported[$pid] = '';
                Answer::log('error', 'process ' . $pid . ' (' . $told['program'] . ') is killed: the worker cannot take it over: '
                    . $e->getMessage());
                continue;
            }
            self::$reported[$pid] = base64_decode($told['state']);
            self::add($child, ChildHandle::fields($state['fields']));
        }
        self::report();
    }

    /** Ends all processes, when wsbridge does. */
    public static function killAll()
    {
        global $handles;
        foreach (self::$children as $child) {
            Answer::log('info', 'process ' . $child->pid . ' (' . $handles[self::find($child)]['prog'] . ') is killed: wsbridge ends');
            $child->kill();
            $child->release();
        }
        self::$children = [];
        self::report();
    }

    /** Is called when the worker ends, for whatever reason, unless it is killed. The processes go on. */
    public static function end()
    {
        Child::$isWorkerEnding = true;
        foreach (self::$children as $child) {
            $child->leave();
        }
        if (is_resource(Answer::$channel)) {
            self::report();
        }
    }
}
