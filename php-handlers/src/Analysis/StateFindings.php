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
                    $this->findings->addAt('warning', 'static', $cause['why'], $cause['file'], $cause['line']);
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
            $this->findings->addAt($lacking === '' ? 'note' : 'warning', 'global', 'global $' . $name . ' ' . $global['why']
                . ($lacking === '' ? '' : '; ' . $lacking . '() uses it, and does not'), $global['file'], $global['line']);
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
