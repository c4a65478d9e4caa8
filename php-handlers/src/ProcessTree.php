<?php
namespace Wsbridge;

/** Finds and ends the processes that come from one child process: those that it has started, and those that these have. */
final class ProcessTree
{
    /** The variable in the environment of a child, and so of all that it starts, even if their parent has ended. */
    const MARK = 'WSBRIDGE_PROCESS';

    /** How often it looks for processes that were started while it ended others. */
    const ROUNDS = 10;

    const KILL = 9;
    const USR1 = 10;

    /** Ends a process, unless that is 0, all that come from it, and all with this mark. */
    public static function kill($root, $mark)
    {
        for ($round = 0; $round < self::ROUNDS; $round++) {
            $found = self::find($root, $mark);
            if ($found === []) {
                return;
            }
            self::signal($found, self::KILL);
            usleep(1000 << min($round, 6));
        }
    }

    /** Reports whether a process is there and has this mark. */
    public static function has($pid, $mark)
    {
        return strpos("\0" . @file_get_contents('/proc/' . $pid . '/environ'), "\0" . self::MARK . '=' . $mark . "\0") !== false;
    }

    /** Sends a signal to processes. */
    public static function signal(array $pids, $signal)
    {
        if (function_exists('posix_kill')) {
            foreach ($pids as $pid) {
                posix_kill($pid, $signal);
            }
            return;
        }
        $process = proc_open('exec kill -' . $signal . ' ' . implode(' ', $pids) . ' 2>/dev/null', [['pipe', 'r']], $pipes);
        if ($process !== false) {
            fclose($pipes[0]);
            proc_close($process);
        }
    }

    private static function find($root, $mark)
    {
        $parents = self::parents();
        $found = isset($parents[$root]) ? [$root => true] : [];
        foreach ($parents as $pid => $parent) {
            if (self::has($pid, $mark)) {
                $found[$pid] = true;
            }
        }
        do {
            $before = count($found);
            foreach ($parents as $pid => $parent) {
                if (isset($found[$parent])) {
                    $found[$pid] = true;
                }
            }
        } while (count($found) > $before);
        return array_keys($found);
    }

    /** Returns the parent of each process that has not ended, by process id. */
    private static function parents()
    {
        $parents = [];
        foreach (@scandir('/proc') ?: [] as $pid) {
            $text = ctype_digit($pid) ? (string) @file_get_contents('/proc/' . $pid . '/stat') : '';
            $fields = explode(' ', (string) substr($text, strrpos($text, ')') + 2), 3); // after the name, which may hold anything
            if (isset($fields[1]) && $fields[0] !== 'Z' && $fields[0] !== 'X') {
                $parents[(int) $pid] = (int) $fields[1];
            }
        }
        return $parents;
    }
}
