<?php
namespace Wsbridge\Analysis;

/** What the original server's process kept from event to event, and nothing keeps now. */
final class StateFindings
{
    private $overview;
    private $findings;

    /** Static properties reported, as keys. */
    private $properties = [];

    public static function find(Overview $overview, Findings $findings)
    {
        $finder = new self($overview, $findings);
        $findings->each([$finder, 'look']);
        $finder->globals();
    }

    private function __construct(Overview $overview, Findings $findings)
    {
        $this->overview = $overview;
        $this->findings = $findings;
    }

    /** Looks at one token. */
    public function look(Unit $unit, Code $code, $i)
    {
        $source = $code->source;
        if ($source->kinds[$i] === T_STATIC && $source->kinds[$i + 1] === T_VARIABLE && $code->body > 0) {
            foreach ($this->declared($source, $i) as $at) {
                $this->findings->add('warning', 'static', 'static variable ' . $source->texts[$at] . ' of ' . $unit->label
                    . ' starts anew in each event', $code, $at);
            }
        } elseif ($source->kinds[$i] === T_DOUBLE_COLON && $source->kinds[$i + 1] === T_VARIABLE && $source->kinds[$i + 2] !== '(') {
            $this->property($unit, $code, $i);
        }
    }

    private function declared(Source $source, $i)
    {
        $declared = [];
        for ($at = $i + 1; $at < $source->last && $source->kinds[$at] !== ';'; $at++) {
            if ($source->kinds[$at] === T_VARIABLE && in_array($source->kinds[$at - 1], [T_STATIC, ','], true)) {
                $declared[] = $at;
            } elseif (isset($source->partners[$at])) {
                $at = max($at, $source->partners[$at]);
            }
        }
        return $declared;
    }

    private function property(Unit $unit, Code $code, $i)
    {
        $source = $code->source;
        $write = Variables::write($this->overview->program, $code, $i - 1, $i + 2);
        if ($write === null || $write[0] === 'touch' || $unit->isFile) {
            return;
        }
        $class = $source->texts[$i - 1];
        if (in_array(strtolower($class), ['self', 'static', 'parent'], true) && strpos($unit->label, '::') !== false) {
            $class = substr($unit->label, 0, strpos($unit->label, '::'));
        }
        $name = $class . '::' . $source->texts[$i + 1];
        if (!isset($this->properties[strtolower($name)])) {
            $this->properties[strtolower($name)] = true;
            $this->findings->add('warning', 'static', 'static property ' . $name . ' starts anew in each event', $code, $i);
        }
    }

    /** Global variables whose values cannot be carried. */
    private function globals()
    {
        foreach ($this->overview->globals->all() as $name => $global) {
            if ($global['lives'] || strncmp($global['why'], 'holds ', 6) !== 0) {
                continue;
            }
            $lacking = $this->lacking($name);
            $this->findings->place($lacking === '' ? 'note' : 'warning', 'global', 'global $' . $name . ' ' . $global['why']
                . ($lacking === '' ? '' : '; ' . $lacking . '() uses it, and does not'), $global['file'], $global['line']);
        }
    }

    /** A handler that uses a global without anything that gives it a value, or "". */
    private function lacking($name)
    {
        $program = $this->overview->program;
        foreach (isset($program->file->writes[$name]) ? $program->file->writes[$name] : [] as $write) {
            if ($this->isMaking($write)) {
                return '';
            }
        }
        if ($this->overview->once === false && $this->makes('ws_server_initialize', $name)) {
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
        $closure = isset($this->overview->handlers[$event]) ? $this->overview->reach->closure($this->overview->handlers[$event]) : [];
        foreach ($closure as $reached) {
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
            && Bound::of($this->overview->program, $write['code'], $write['value'], 2) !== '';
    }
}
