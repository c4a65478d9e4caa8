<?php
namespace Wsbridge\Analysis;

/** Collects what the owner of an application should know, each once per place. */
final class Findings
{
    /** The most findings that are listed. */
    const MAX = 500;

    private $program;
    private $found = [];

    public function __construct(Program $program)
    {
        $this->program = $program;
    }

    /** Adds a finding at the token $i. */
    public function add($level, $kind, $message, Code $code, $i, $kept = '')
    {
        $this->addAt($level, $kind, $message, $code->source->file, $code->source->lines[$i], $kept);
    }

    /** Adds a finding at a line; $file is "" for one without a place. $kept names what resident workers keep, if it is about that. */
    public function addAt($level, $kind, $message, $file, $line, $kept = '')
    {
        $key = sprintf("%s\0%09d\0%s\0%s", $file, $line, $kind, $message);
        $place = $file === '' ? [] : ['file' => $file, 'line' => $line];
        $this->found[$key] = ['level' => $level, 'kind' => $kind, 'message' => $message] + $place + ($kept === '' ? [] : ['kept' => $kept]);
    }

    /** Adds a finding at a place that says something else, $resident, if workers stay. */
    public function addForBoth($level, $kind, $message, array $place, $resident)
    {
        $key = sprintf("%s\0%09d\0%s\0%s", $place['file'], $place['line'], $kind, $message);
        $this->found[$key] = ['level' => $level, 'kind' => $kind, 'message' => $message, 'file' => $place['file'], 'line' => $place['line'],
            'resident' => $resident];
    }

    /** Returns the findings by file and line. If there are too many, the last one counts the rest. */
    public function sorted()
    {
        ksort($this->found);
        $sorted = array_values($this->found);
        $more = count($sorted) - self::MAX;
        if ($more <= 0) {
            return $sorted;
        }
        $levels = array_count_values(array_map(function ($finding) {
            return $finding['level'];
        }, array_splice($sorted, self::MAX)));
        $level = isset($levels['error']) ? 'error' : (isset($levels['warning']) ? 'warning' : 'note');
        $sorted[] = ['level' => $level, 'kind' => 'more', 'message' => 'there are ' . $more . ' more findings'];
        return $sorted;
    }

    /** Calls $look with each token: its unit, its code and its index. */
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
