<?php
namespace Wsbridge;

/** Splits what a child process writes to one of its streams into lines. */
final class ChildOutput
{
    /** How many bytes are read at once, and how many without a line break are a line. */
    const CHUNK = 65536;

    /** After how many seconds without more a line counts that has no line break, such as a prompt. */
    const GRACE = 0.1;

    /** The pipe from which it is read. */
    public $stream;

    /** Whether nothing more will come. */
    private $hasEnded = false;

    private $text;
    private $at = 0;

    /** Since when there has been nothing more to read; null: there may be. */
    private $idle;

    public function __construct($stream, $text)
    {
        $this->stream = $stream;
        $this->text = $text;
        stream_set_blocking($stream, false);
        stream_set_read_buffer($stream, 0); // what PHP had read ahead would be lost with the worker
    }

    /** Returns the next line with its line break, or null if there is none yet. */
    public function next()
    {
        $end = strpos($this->text, "\n", $this->at);
        if ($end === false && !$this->hasEnded) {
            $this->read();
            $end = strpos($this->text, "\n");
        }
        if ($end === false && !$this->isWhole()) {
            return null;
        }
        $line = substr($this->text, $this->at, $end === false ? ChildOutput::CHUNK : $end + 1 - $this->at);
        $this->at += strlen($line);
        return $line;
    }

    private function read()
    {
        $this->text = $this->rest();
        $this->at = 0;
        if (!is_resource($this->stream)) { // a handler has closed it
            $this->hasEnded = true;
            return;
        }
        $bytes = (string) @fread($this->stream, self::CHUNK);
        if ($bytes !== '') {
            $this->text .= $bytes;
            $this->idle = null;
        } elseif (feof($this->stream)) {
            $this->hasEnded = true;
        } elseif ($this->idle === null) {
            $this->idle = microtime(true);
        }
    }

    /** Reports whether what is left is a line although it has no line break. */
    private function isWhole()
    {
        $length = strlen($this->text) - $this->at;
        return $length > 0 && ($this->hasEnded || $length >= self::CHUNK
            || $this->idle !== null && microtime(true) - $this->idle >= self::GRACE);
    }

    /** Reports whether next() would return a line of what has been read. */
    public function isDue()
    {
        $hasLine = strpos($this->text, "\n", $this->at) !== false;
        if (!$hasLine && !$this->hasEnded && $this->at < strlen($this->text)) {
            $this->read();
            $hasLine = strpos($this->text, "\n") !== false;
        }
        return $hasLine || $this->isWhole();
    }

    /** Returns what has been read, and not returned as a line. */
    public function rest()
    {
        return (string) substr($this->text, $this->at);
    }

    /** Reports whether more can come from the pipe. */
    public function isOpen()
    {
        return !$this->hasEnded && is_resource($this->stream);
    }

    /** Reports whether all has been returned. */
    public function isDone()
    {
        return $this->hasEnded && $this->at >= strlen($this->text);
    }

    /** Returns in how many seconds isDue() will be true if nothing more comes; null: never. */
    public function wait()
    {
        return $this->at < strlen($this->text) ? max(0.001, (float) $this->idle + self::GRACE - microtime(true)) : null;
    }
}
