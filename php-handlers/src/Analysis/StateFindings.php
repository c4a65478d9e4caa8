<?php
namespace Wsbridge\Analysis;

/** Finds state that the original's process kept from event to event and wsbridge does not. */
final class StateFindings
{
    private $overview;
    private $findings;

    public static function find(Overview $overview, Findings $findings)
    {
        $finder = new self($overview, $findings);
        $finder->statics();
        $finder->globals();
        $finder->differing();
        $finder->changes();
        $finder->positions();
        $finder->ends();
        $finder->rows();
    }

    private function __construct(Overview $overview, Findings $findings)
    {
        $this->overview = $overview;
        $this->findings = $findings;
    }

    /** Adds each static variable and property once, where it is written first. */
    private function statics()
    {
        $known = [];
        foreach ($this->overview->program->units() as $unit) {
            foreach ($unit->statics as $name => $place) {
                if (!isset($known[$name])) {
                    $known[$name] = true;
                    $cause = Statics::cause($name, $place);
                    $this->findings->addAt('warning', 'static', $cause['why'], $cause['file'], $cause['line'], Statics::words($name));
                }
            }
        }
    }

    /** Adds the global variables whose values cannot be carried. */
    private function globals()
    {
        foreach ($this->overview->globals->all() as $name => $global) {
            if ($global['lives'] || strncmp($global['why'], 'holds ', 6) !== 0) {
                continue;
            }
            $lacking = $this->lacking($name);
            $more = $lacking === '' ? '' : '; ' . $lacking . '() uses it, and does not make it';
            $isLost = $this->holdsMore($name, $global['why']);
            $more .= $isLost ? '; what else is in it starts anew in each event' : '';
            // What ws_server_initialize makes once, the next worker does not get.
            $kept = $lacking !== '' && $this->overview->initializesOnce && $this->makes('ws_server_initialize', $name) ? '' : 'global $' . $name;
            $this->findings->addAt($more === '' ? 'note' : 'warning', 'global', 'global $' . $name . ' ' . $global['why'] . $more,
                $global['file'], $global['line'], $kept);
        }
    }

    /** Reports whether a variable holds other things, too, than those that cannot be carried. */
    private function holdsMore($name, $why)
    {
        $value = isset($GLOBALS[$name]) ? $GLOBALS[$name] : null;
        $class = preg_match('/^holds an? (\S+) object/', $why, $match) === 1 ? Unit::short($match[1]) : '';
        return $class === 'generator' || isset($this->overview->program->classes[$class]) || is_array($value) && count($value) > 1;
    }

    /** Adds what handlers use and code outside of functions may give another value each time that it runs. */
    private function differing()
    {
        $globals = $this->overview->globals->all();
        foreach ($this->overview->process->differing() as $name => $place) {
            if ($name[0] === '$' && isset($globals[substr($name, 1)]) && strncmp($globals[substr($name, 1)]['why'], 'holds ', 6) === 0) {
                continue; // globals() has said so
            }
            $this->findings->addAt('warning', 'filescope', $name . ' may have another value in each event', $place['file'], $place['line'], $name);
        }
    }

    /** Adds what functions change in their process. */
    private function changes()
    {
        foreach ($this->overview->program->units() as $unit) {
            foreach ($unit->processWide as $use) {
                $function = substr($use['what'], -2) === '()' ? substr($use['what'], 0, -2) : '';
                $isKnown = strpos($function, ':') !== false || $function === '' || Php::hasFunction($function);
                if ($use['state'] === 'end' && $use['kind'] === 'change') {
                    $what = 'what ' . $function . '() registers runs at the end of ';
                    $this->findings->addForBoth('warning', 'end', $what . 'each event', $use, $what . 'its worker, also when another takes over');
                } elseif ($use['kind'] === 'change' && $isKnown && strncmp($function, 'pcntl_', 6) !== 0 && !$this->overview->process->isStart($unit, $use)) {
                    $what = 'what ' . preg_replace('/^uses /', '', $use['what']) . ' changes';
                    $this->findings->addAt('note', 'process', $what . ' lasts for its event only', $use['file'], $use['line'], $what);
                }
            }
        }
    }

    /** Adds uses of the position that PHP's functions keep in an array, for global variables: it does not travel with the array. */
    private function positions()
    {
        $this->findings->each(function (Unit $unit, Code $code, $i) {
            $source = $code->source;
            $isUse = $source->matches($i, [T_STRING, '(', T_VARIABLE, ')']) && in_array(strtolower($source->texts[$i]), ['next', 'prev', 'each'], true)
                && Calls::callee($code, $i + 1)[0] === 'function';
            $name = $isUse ? $source->texts[$i + 2] : '';
            if ($isUse && !$unit->isFile && (new Holding($this->overview->program))->isGlobal($code, $name)) {
                $what = 'the position in global ' . $name . ' that ' . strtolower($source->texts[$i]) . '() moves';
                $this->findings->add('warning', 'position', $what . ' is the first again in each event', $code, $i, $what);
            }
        });
    }

    /** Adds destructors of objects that the original destroyed when it ended. */
    private function ends()
    {
        $program = $this->overview->program;
        foreach ($program->classes as $short => $class) {
            $unit = isset($class['methods']['__destruct']) ? $class['methods']['__destruct'] : null;
            if ($unit !== null) {
                $code = $unit->codes[0];
                $this->findings->addForBoth('warning', 'end', $unit->label . ' runs at the end of each event, if a global variable, a static property '
                    . 'or a row has the object', ['file' => $code->source->file, 'line' => $code->source->lines[$code->segments[0][0]]],
                    $unit->label . ' runs at the end of its worker, also when another takes over, if the object is there until then');
            }
        }
    }

    /** Adds references to rows that are kept, and objects in rows that other variables hold, too. */
    private function rows()
    {
        foreach ($this->overview->process->rowReferences() as $place) {
            $this->findings->addAt($place['certain'] ? 'error' : 'warning', 'reference', $place['unit']->label . ' keeps a reference to rows: in the '
                . 'next event it is a copy, which nobody else sees', $place['file'], $place['line'], 'the reference to rows of ' . $place['unit']->label);
        }
        foreach ($this->overview->program->units() as $unit) {
            foreach ($unit->isFile ? [] : $unit->codes as $code) {
                foreach (SharedObjects::in($this->overview, $unit, $code) as $i) {
                    $this->findings->add('warning', 'shared', $unit->label . ' gives a row an object that other variables hold: in the next event the row '
                        . 'has a copy', $code, $i, 'what the row shares that ' . $unit->label . ' gives an object');
                }
            }
        }
    }

    /** Returns a handler that uses a global variable without setting it, or "". */
    private function lacking($name)
    {
        $program = $this->overview->program;
        foreach (isset($program->file->writes[$name]) ? $program->file->writes[$name] : [] as $write) {
            if ($this->isMaking($write)) {
                return '';
            }
        }
        if ($this->overview->initializesOnce === false && $this->makes('ws_server_initialize', $name)) {
            return '';
        }
        foreach ($this->overview->handlers as $event => $handler) {
            list($reads, $writes) = $this->overview->globals->touched($handler);
            if (in_array((string) $name, array_merge($reads, $writes), true) && !$this->makes($event, $name)) {
                return $event;
            }
        }
        return '';
    }

    private function makes($event, $name)
    {
        $handlers = $this->overview->handlers;
        foreach (isset($handlers[$event]) ? $this->overview->reach->closure($handlers[$event]) : [] as $reached) {
            foreach (isset($reached[0]->writes[$name]) ? $reached[0]->writes[$name] : [] as $write) {
                if ($this->isMaking($write)) {
                    return true;
                }
            }
        }
        return false;
    }

    private function isMaking(array $write)
    {
        return in_array($write['kind'], ['assign', 'element'], true)
            && ProcessBound::of($this->overview->program, $write['code'], $write['value'], 2) !== '';
    }
}
