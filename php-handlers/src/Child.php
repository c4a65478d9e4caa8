<?php
namespace Wsbridge;

/**
 * A process that a handler has started. It may outlive the worker: its input and output are named pipes, which a small process, the
 * holder, keeps open, so that nothing is lost in them between two workers. When wsbridge ends, the holder ends the child.
 */
final class Child
{
    /** How many seconds it may take to start. */
    const START = 5;

    /** How many bytes of its input may wait until it reads. */
    const INPUT = 16777216;

    /** How many bytes a command may have: Linux gives a program no longer argument (MAX_ARG_STRLEN), and the shell gets it as one. */
    const COMMAND = 131071;

    /** Becomes the shell that runs a script. It looks for bash itself, since open_basedir may keep PHP from looking. */
    const SHELL = 's=/bin/bash; [ -x $s ] || s=/bin/sh; exec $s -c ';

    /** Closes what the worker has open: php-fpm's sockets would stay open with the child. dash cannot close a descriptor over 9. */
    const CLOSE = <<<'SH'
for f in /proc/self/fd/*; do f=${f##*/}; [ "$f" -gt 2 ] && eval "exec $f>&-"; done

SH;

    /**
     * Becomes the child, whose command it reads from its input: $1 folder, $2 holder's script, $3 wsbridge's pipe. Its output is the
     * holder's process id.
     */
    const SCRIPT = <<<'SH'
c=$(cat) && mkdir -m 700 "$1" && mkfifo -m 600 "$1/in" "$1/out" "$1/err" || exit
exec 5<>"$1/in" 6<>"$1/out" 7<>"$1/err"
h=$(exec /bin/sh -c "$2" wsbridge-holder "$1" "$3" &)
[ "$h" ] || exit
echo "$h"
exec 0<"$1/in" 1>"$1/out" 2>"$1/err" 5>&- 6>&- 7>&-
export WSBRIDGE_PROCESS="$1"
exec /bin/sh -c "$c"
SH;

    /**
     * The holder: $1 folder, $2 wsbridge's pipe, which ends when wsbridge does. SIGUSR1 has it close the input. It keeps no writing end
     * of the output, so that its end shows.
     */
    const HOLDER = <<<'SH'
exec 3>"$1/in" 4<"$1/out" 8<"$1/err" 5>&- 6>&- 7>&- 0</dev/null
exec 9<"$2"
trap 'exec 3>&-; again=1' USR1
echo $$
exec 1>/dev/null 2>&1
while again=; read -r line <&9 || [ "$again" ]; do :; done
for f in $(grep -ls "WSBRIDGE_PROCESS=$1" /proc/[0-9]*/environ); do f=${f#/proc/}; kill -9 "${f%/environ}"; done
rm -rf "$1"
SH;

    /** Stands for a child that another worker has started: $1 its process id, $2 folder. It ends when the child does. */
    const DOUBLE = <<<'SH'
trap 'kill "$1"' TERM
while grep -qs "WSBRIDGE_PROCESS=$2" "/proc/$1/environ"; do sleep 1 & wait $!; done
SH;

    public $pid;
    public $folder;

    /** The resource of proc_open(). */
    public $process;

    /** ChildOutput of standard output and error, by descriptor. */
    public $outputs = [];

    /** What handlers write its input to. */
    public $stdin;

    /** Whether the worker ends, which closes its streams. */
    public static $isWorkerEnding = false;

    private $holder;

    /** The pipe for its input; null: it is closed. */
    private $input;
    private $isClosed = false; // since another worker had the child

    /** The input that the pipe has no room for, and whether it is to be closed after that. */
    private $pending = '';
    private $isClosing = false;

    /** Whether another worker has started it. */
    private $isAdopted = false;

    /** After how many seconds to look whether it has ended, when its output has. */
    private $poll = 0.001;

    /** Starts a child. Throws an Exception if that fails. */
    public static function start($command, $base)
    {
        if (!function_exists('proc_open')) {
            throw new \Exception('proc_open() is disabled');
        }
        if (@scandir('/proc/self') === false) { // it could be neither killed nor told that its input has ended
            throw new \Exception('PHP cannot read /proc (open_basedir or disable_functions in php.ini)');
        }
        if (strpos($command, "\0") !== false) {
            throw new \Exception('an argument has a NUL byte, which no program can be given');
        }
        if (strlen($command) > self::COMMAND) {
            throw new \Exception('its command line has ' . strlen($command) . ' bytes, and Linux takes ' . self::COMMAND);
        }
        if (@filetype($base . '/life') !== 'fifo') {
            throw new \Exception($base . ' cannot be reached by user ' . Process::user());
        }
        $child = new self();
        $child->folder = $base . '/' . md5(uniqid(getmypid() . ' ', true));
        $child->process = self::shell(self::CLOSE . self::SCRIPT, [$child->folder, self::HOLDER, $base . '/life'], $command, $pipes);
        $said = self::readAll($pipes[1]);
        $status = proc_get_status($child->process);
        $child->pid = $status['pid'];
        $child->holder = (int) $said;
        if (!preg_match('/^\d+\s*$/D', $said)) {
            $child->giveUp(trim($said) === '' ? 'the shell has not answered' : trim($said));
        }
        $child->open(['', '']);
        return $child;
    }

    /** Takes over a child of a worker that has ended. Throws an Exception if it cannot. */
    public static function adopt(array $state)
    {
        $child = new self();
        $child->isAdopted = true;
        $child->pid = $state['pid'];
        $child->folder = $state['folder'];
        $child->holder = $state['holder'];
        $child->isClosed = $state['closed'];
        $child->process = self::shell(self::CLOSE . self::DOUBLE, [$child->pid, $child->folder], '', $pipes);
        $child->open($state['rests']);
        $child->pending = $state['pending'];
        $child->isClosing = $state['closing'];
        $child->flush(false);
        return $child;
    }

    /** Quotes a word for a shell. escapeshellarg() drops bytes that are no text in the locale. */
    public static function quote($word)
    {
        return "'" . str_replace("'", "'\\''", $word) . "'";
    }

    /** Runs a script that reads this input. */
    private static function shell($script, array $arguments, $input, &$pipes)
    {
        $words = implode(' ', array_map([__CLASS__, 'quote'], array_merge([$script, 'wsbridge'], $arguments)));
        $process = proc_open(self::SHELL . $words . ' 2>&1', [['pipe', 'r'], ['pipe', 'w']], $pipes);
        if ($process === false) {
            throw new \Exception('proc_open() has failed');
        }
        @fwrite($pipes[0], $input); // if it cannot take it, its output says why
        fclose($pipes[0]);
        return $process;
    }

    /** Returns what a process writes until it closes its output. */
    private static function readAll($stream)
    {
        $text = '';
        $until = microtime(true) + self::START;
        while (!feof($stream) && microtime(true) < $until) {
            $read = [$stream];
            $none = null;
            if (@stream_select($read, $none, $none, self::START)) {
                $text .= fread($stream, 8192);
            }
        }
        fclose($stream);
        return $text;
    }

    private function open(array $rests)
    {
        foreach ([1 => 'out', 2 => 'err'] as $descriptor => $name) {
            $stream = @filetype($this->folder . '/' . $name) === 'fifo' ? @fopen($this->folder . '/' . $name, 'rn') : false;
            if ($stream === false) {
                $this->giveUp('its pipes cannot be opened');
            }
            $this->outputs[$descriptor] = new ChildOutput($stream, $rests[$descriptor - 1]);
        }
        $input = $this->isClosed ? false : @fopen($this->folder . '/in', 'cn'); // "n": do not wait for one who reads
        $this->input = $input ?: null;
        if ($this->input !== null) {
            stream_set_blocking($this->input, false);
            stream_set_write_buffer($this->input, 0);
        }
        $this->stdin = ChildInput::open($this);
    }

    /** Returns what adopt() needs, before the worker ends. */
    public function state()
    {
        return ['pid' => $this->pid, 'folder' => $this->folder, 'holder' => $this->holder, 'closed' => $this->input === null,
            'closing' => $this->isClosing, 'pending' => self::$isWorkerEnding ? $this->pending : '', 'rests' => [$this->outputs[1]->rest(), $this->outputs[2]->rest()]];
    }

    /** Writes to its input, now or when it reads. Returns how many bytes it takes. */
    public function write($bytes)
    {
        if ($this->input === null || $this->isClosing) {
            return 0;
        }
        if (strlen($this->pending) + strlen($bytes) > self::INPUT) {
            Answer::log('warning', 'process ' . $this->pid . ' does not read its input: ' . strlen($bytes) . ' bytes are dropped');
            return 0;
        }
        $this->pending .= $bytes;
        $this->flush(false);
        return strlen($bytes);
    }

    /** Closes its input when all has been written. */
    public function closeInput()
    {
        if (!self::$isWorkerEnding) {
            $this->isClosing = true;
            $this->flush(false);
        }
    }

    /** Writes what the pipe has room for. If it has to have room and takes nothing, nobody reads it any more. */
    public function flush($hasRoom)
    {
        if ($this->input === null) {
            return;
        }
        $written = 0;
        while ($written < strlen($this->pending)) {
            $n = (int) @fwrite($this->input, substr($this->pending, $written, ChildOutput::CHUNK));
            if ($n <= 0) {
                break;
            }
            $written += $n;
        }
        $isBroken = $hasRoom && $written === 0;
        $this->pending = $isBroken ? '' : (string) substr($this->pending, $written);
        if ($isBroken || $this->isClosing && $this->pending === '') {
            fclose($this->input);
            $this->input = null;
            $this->signalHolder(ProcessTree::USR1);
        }
    }

    /** Returns its input if some of that waits, or null. */
    public function blockedInput()
    {
        return $this->pending === '' ? null : $this->input;
    }

    public function isRunning()
    {
        if ($this->isAdopted || !is_resource($this->process)) {
            return ProcessTree::has($this->pid, $this->folder);
        }
        $status = proc_get_status($this->process);
        return $status['running'];
    }

    /** Reports whether it has ended, and all its output has been handled. Others may still have its standard error open. */
    public function hasEnded()
    {
        return $this->outputs[1]->isDone() && !$this->outputs[2]->isDue() && !$this->isRunning();
    }

    /** Returns in how many seconds to look again; 0: it has something for handlers, null: that will show by itself. */
    public function wait()
    {
        list($waits, $isDone) = [[], true];
        foreach ($this->outputs as $output) {
            if ($output->isDue()) {
                return 0;
            }
            $waits[] = $output->wait();
            $isDone = $isDone && !$output->isOpen();
        }
        if ($this->outputs[1]->isDone()) {
            if ($this->hasEnded()) {
                return 0;
            }
            $waits[] = $this->poll = $isDone ? min(1, 2 * $this->poll) : 1;
        }
        $waits = array_filter($waits);
        return $waits === [] ? null : min($waits);
    }

    /** Ends it, with all that it has started. */
    public function kill()
    {
        ProcessTree::kill($this->isRunning() ? $this->pid : 0, $this->folder);
    }

    /** Is called when the worker ends. */
    public function leave()
    {
        if ($this->isAdopted && is_resource($this->process)) {
            proc_terminate($this->process, ProcessTree::KILL); // the next worker starts another double
        }
    }

    /** Closes its pipes, and ends the holder. */
    public function release()
    {
        foreach ($this->outputs as $output) {
            if (is_resource($output->stream)) {
                fclose($output->stream);
            }
        }
        if ($this->input !== null) {
            fclose($this->input);
            $this->input = null;
        }
        $this->signalHolder(ProcessTree::KILL);
        foreach (['in', 'out', 'err'] as $name) {
            @unlink($this->folder . '/' . $name);
        }
        @rmdir($this->folder);
        if (is_resource($this->process)) {
            $this->leave();
            if ($this->isAdopted || !$this->isRunning()) {
                proc_close($this->process); // waits for it
            }
        }
        if (is_resource($this->stdin)) {
            fclose($this->stdin);
        }
    }

    private function giveUp($why)
    {
        $this->kill();
        $this->release();
        throw new \Exception($why);
    }

    private function signalHolder($signal)
    {
        if (strpos((string) @file_get_contents('/proc/' . $this->holder . '/cmdline'), "\0" . $this->folder . "\0") !== false) {
            ProcessTree::signal([$this->holder], $signal);
        }
    }
}
