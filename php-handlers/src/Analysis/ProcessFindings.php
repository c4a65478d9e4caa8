<?php
namespace Wsbridge\Analysis;

use Wsbridge\Value;

/** Finds code that acts on its process. wsbridge runs each event in a worker of php-fpm, not in one process for all. */
final class ProcessFindings
{
    private $findings;
    private $overview;

    /** Whether a handler that runs alone can call a unit, by the unit's hash. */
    private $reached = [];

    public static function find(Overview $overview, Findings $findings)
    {
        $finder = new self($overview, $findings);
        $findings->each([$finder, 'look']);
    }

    private function __construct(Overview $overview, Findings $findings)
    {
        $this->overview = $overview;
        $this->findings = $findings;
        foreach ($overview->handlers as $name => $handler) {
            $description = $overview->handler($name);
            $alone = isset($description['table']);
            foreach ($overview->reach->closure($handler) as $reached) {
                $hash = Value::identity($reached[0]);
                $this->reached[$hash] = $alone || !empty($this->reached[$hash]);
            }
        }
    }

    /** Looks at one token. */
    public function look(Unit $unit, Code $code, $i)
    {
        $source = $code->source;
        switch ($source->kinds[$i]) {
            case T_EXIT:
                $this->ending($unit, $code, $i);
                break;
            case T_STRING:
                if (!in_array($source->kinds[$i - 1], [T_OBJECT_OPERATOR, T_DOUBLE_COLON, T_NEW, T_FUNCTION, T_CONST], true)) {
                    $this->name($unit, $code, $i, $source->kinds[$i + 1] === '(' ? $code->functionName($i) : strtolower($code->constantName($i)));
                }
                break;
            case T_VARIABLE:
                $this->arguments($unit, $code, $i);
                break;
            case T_CONSTANT_ENCAPSED_STRING:
                if ($source->literal($i) === 'php://stdin') {
                    $this->findings->add('warning', 'stdin', 'php://stdin is empty: there is no console', $code, $i);
                }
        }
    }

    private function ending(Unit $unit, Code $code, $i)
    {
        $word = strtolower($code->source->texts[$i]);
        $everywhere = $unit->isFile && !$code->isInClosure($i);
        $this->findings->add('warning', 'exit', $everywhere
            ? $word . ' outside of functions ends every event before its handler runs'
            : $word . ' ends its event only: what it has changed in $connections is lost, and the server goes on', $code, $i);
    }

    private function name(Unit $unit, Code $code, $i, $name)
    {
        if ($name === 'stdin') {
            $this->findings->add('warning', 'stdin', 'STDIN is empty: there is no console', $code, $i);
        } elseif ($name === 'php_sapi') {
            $this->findings->add('warning', 'sapi', 'PHP_SAPI is "fpm-fcgi" now, and no longer "cli"', $code, $i);
        } elseif ($code->source->kinds[$i + 1] === '(' && (!isset($this->overview->program->functions[$name]) || Php::hasFunction($name))) {
            $this->call($unit, $code, $i, $name);
        }
    }

    private function arguments(Unit $unit, Code $code, $i)
    {
        $source = $code->source;
        $name = $source->texts[$i];
        if ($name === '$_SERVER' && $source->kinds[$i + 1] === '[') {
            $name = '$' . $source->literal($i + 2);
        } elseif ($source->kinds[$i - 1] !== T_GLOBAL && (!$unit->isFile || $code->isInClosure($i))) {
            return; // a local variable
        }
        if ($name === '$argv' || $name === '$argc') {
            $this->findings->add('warning', 'argv', substr($name, 1) . ' is empty: there is no command line', $code, $i);
        }
    }

    private function call(Unit $unit, Code $code, $i, $name)
    {
        switch ($name) {
            case 'php_sapi_name':
                $this->findings->add('warning', 'sapi', 'php_sapi_name() is "fpm-fcgi" now, and no longer "cli"', $code, $i);
                break;
            case 'posix_kill':
                $this->findings->add('warning', 'pcntl', 'posix_kill() acts on processes of php-fpm, not on the server', $code, $i);
                break;
            case 'start_process':
            case 'start_process_fifo':
            case 'kill_process':
            case 'kill_recurse':
                $this->findings->add('error', 'children', $name . '() does nothing: child processes need resident workers (php.resident)',
                    $code, $i, 'the child process of ' . $name . '()');
                break;
            case 'getopt':
                $this->findings->add('warning', 'argv', 'getopt() finds nothing: there is no command line', $code, $i);
                break;
            case 'sleep':
            case 'usleep':
            case 'time_nanosleep':
            case 'time_sleep_until':
                $this->sleeping($unit, $code, $i, $name);
                break;
            case 'session_start':
                $this->session($unit, $code, $i);
                break;
            case 'fastcgi_finish_request':
                if (function_exists($name)) {
                    $this->findings->add('warning', 'finish', $name . '() ends the answer to wsbridge, so its event fails: in the original it did '
                        . 'not exist', $code, $i, 'a process whose answer ' . $name . '() has ended');
                }
                break;
            case 'set_time_limit':
                $this->findings->add('note', 'limit', 'set_time_limit() ends its event only; php.timeout holds besides', $code, $i);
                break;
            case 'ini_set':
                $setting = $code->source->literal($i + 2);
                if ($setting === 'memory_limit' || $setting === 'max_execution_time') {
                    $kept = $setting === 'memory_limit' ? $setting : '';
                    $this->findings->add('note', 'limit', $setting . ' is set for its event only, and each worker has its own', $code, $i, $kept);
                }
                break;
            default:
                if (strncmp($name, 'pcntl_', 6) === 0 && function_exists($name)) {
                    $this->findings->add('warning', 'pcntl', $name . '() acts on a worker of php-fpm, not on the server', $code, $i);
                }
        }
    }

    private function sleeping(Unit $unit, Code $code, $i, $name)
    {
        $hash = Value::identity($unit);
        $alone = $unit->isFile || !empty($this->reached[$hash]);
        $this->findings->add($alone ? 'warning' : 'note', 'sleep', $name . '() holds a worker'
            . ($alone ? ', and everybody waits with it, since the handler runs alone' : ' while it waits'), $code, $i);
    }

    private function session(Unit $unit, Code $code, $i)
    {
        $source = $code->source;
        for ($at = $i; $at < $source->after($i + 1); $at++) {
            if ($source->literal($at) === 'read_and_close') {
                return;
            }
        }
        foreach ($code->segments as $segment) {
            for ($at = $segment[0]; $at <= $segment[1]; $at++) {
                $closing = $source->kinds[$at] === T_STRING ? Unit::short($source->texts[$at]) : '';
                if (in_array($closing, ['session_write_close', 'session_commit', 'session_abort', 'session_destroy'], true)) {
                    return;
                }
            }
        }
        $where = $unit->isFile ? 'outside of functions' : 'in ' . $unit->label;
        $this->findings->add('warning', 'session', 'session_start() without session_write_close() ' . $where
            . ': until the event ends, all else of that user waits for the session', $code, $i);
    }
}
