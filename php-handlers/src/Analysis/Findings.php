<?php
namespace Wsbridge\Analysis;

/** What the owner of an application should know, each once per place. */
final class Findings
{
    /** An application with more has other worries than a complete list. */
    const MOST = 500;

    private $program;
    private $found = [];

    public function __construct(Program $program)
    {
        $this->program = $program;
    }

    /** Adds a finding at a token. */
    public function add($level, $kind, $message, Code $code, $i)
    {
        $this->place($level, $kind, $message, $code->source->file, $code->source->lines[$i]);
    }

    public function place($level, $kind, $message, $file, $line)
    {
        $key = sprintf("%s\0%09d\0%s\0%s", $file, $line, $kind, $message);
        $place = $file === '' ? [] : ['file' => $file, 'line' => $line];
        $this->found[$key] = ['level' => $level, 'kind' => $kind, 'message' => $message] + $place;
    }

    /** By file and line. If there are too many, the last says how many more. */
    public function sorted()
    {
        ksort($this->found);
        $sorted = array_values($this->found);
        $more = count($sorted) - self::MOST;
        if ($more <= 0) {
            return $sorted;
        }
        $levels = array_count_values(array_map(function ($finding) {
            return $finding['level'];
        }, array_splice($sorted, self::MOST)));
        $level = isset($levels['error']) ? 'error' : (isset($levels['warning']) ? 'warning' : 'note');
        $sorted[] = ['level' => $level, 'kind' => 'more', 'message' => 'there are ' . $more . ' more findings'];
        return $sorted;
    }

    /** Calls $look with each unit, each of its definitions, and each index of a token in it. */
    public function each($look)
    {
        foreach ($this->program->units() as $unit) {
            foreach ($unit->codes as $code) {
                foreach ($code->segments as $segment) {
                    for ($i = $segment[0]; $i <= $segment[1]; $i++) {
                        $look($unit, $code, $i);
                    }
                }
            }
        }
    }
}
