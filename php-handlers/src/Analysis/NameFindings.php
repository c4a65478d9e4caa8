<?php
namespace Wsbridge\Analysis;

/** Finds names of functions, classes and constants that do not exist. */
final class NameFindings
{
    const KEYWORDS = 'true,false,null,self,parent,static,stdin,stdout,stderr,__compiler_halt_offset__,array,callable,mixed,never,void';

    private $program;
    private $findings;

    /** The constants that the application defines, as keys in lower case. */
    private $defined = [];

    public static function find(Overview $overview, Findings $findings)
    {
        $finder = new self($overview->program, $findings);
        $findings->each([$finder, 'define']);
        $findings->each([$finder, 'look']);
    }

    private function __construct(Program $program, Findings $findings)
    {
        $this->program = $program;
        $this->findings = $findings;
    }

    /** Records a constant that a token defines. */
    public function define(Unit $unit, Code $code, $i)
    {
        $source = $code->source;
        if ($source->kinds[$i] === T_STRING && strtolower($source->texts[$i]) === 'define' && $source->kinds[$i + 1] === '(') {
            $this->defined[strtolower((string) $source->literal($i + 2))] = true;
        } elseif ($source->kinds[$i] === T_CONST && $source->kinds[$i + 1] === T_STRING) {
            $this->defined[strtolower($source->texts[$i + 1])] = true;
        }
    }

    /** Looks at one token. */
    public function look(Unit $unit, Code $code, $i)
    {
        $source = $code->source;
        if ($source->kinds[$i] !== T_STRING) {
            return;
        }
        $isMember = in_array($source->kinds[$i - 1], [T_OBJECT_OPERATOR, T_DOUBLE_COLON, T_FUNCTION, T_CONST], true);
        if ($source->kinds[$i - 1] === T_NEW || !$isMember && $source->kinds[$i + 1] === T_DOUBLE_COLON) {
            $this->className($code, $i);
        } elseif (!$isMember && $source->kinds[$i + 1] === '(') {
            $callee = Calls::callee($code, $i + 1);
            if ($callee[0] === 'function') {
                $this->functionName($code, $i, $callee[1]);
            }
        } elseif (!$isMember && Constants::isOne($code, $i)) {
            $this->constantName($code, $i);
        }
    }

    private function functionName(Code $code, $i, $name)
    {
        if (isset($this->program->functions[$name]) || function_exists($name) || Guards::has($code->source, 'function_exists', $name)) {
            return;
        }
        $this->findings->add('error', 'function', $name . '() ' . Missing::functionName($name), $code, $i);
    }

    private function className(Code $code, $i)
    {
        $name = $code->source->texts[$i];
        $full = $code->resolve($name);
        if (in_array(strtolower($name), ['self', 'static', 'parent'], true) || isset($this->program->classes[Unit::short($full)])
            || class_exists($full, false) || interface_exists($full, false) || trait_exists($full, false)
            || Guards::has($code->source, 'class_exists', Unit::short($full))) {
            return;
        }
        $this->findings->add('error', 'class', 'class ' . $full . ' ' . Missing::className(strtolower($full)), $code, $i);
    }

    private function constantName(Code $code, $i)
    {
        $name = $code->source->texts[$i];
        $at = strrpos($name, '\\');
        $name = $at === false ? $name : substr($name, $at + 1);
        $isKnown = defined($name) || defined($code->resolve($code->source->texts[$i])) || isset($this->defined[strtolower($name)])
            || in_array(strtolower($name), explode(',', self::KEYWORDS), true) || Guards::has($code->source, 'defined', $name);
        if (!$isKnown) {
            $this->findings->add(PHP_VERSION_ID >= 80000 ? 'error' : 'warning', 'constant', 'constant ' . $name . ' '
                . Missing::constantName($name), $code, $i);
        }
    }
}
