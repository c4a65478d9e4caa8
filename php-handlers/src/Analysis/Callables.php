<?php
namespace Wsbridge\Analysis;

/** Checks arguments that PHP calls. A function that is written out is known; anything else could be any function. */
final class Callables
{
    private $scanner;
    private $program;
    private $unit;
    private $code;
    private $source;
    private $functions;

    public function __construct(Scanner $scanner, Functions $functions)
    {
        $this->scanner = $scanner;
        $this->program = $scanner->program;
        $this->unit = $scanner->unit;
        $this->code = $scanner->code;
        $this->source = $scanner->code->source;
        $this->functions = $functions;
    }

    /** Returns the positions of the parameters that PHP calls, by their declarations. */
    public static function positions(array $parameters)
    {
        $positions = [];
        foreach ($parameters as $at => $parameter) {
            if ($parameter['called']) {
                $positions[] = $at;
            }
        }
        return $positions;
    }

    /** Checks the arguments at some positions of a call. */
    public function check(array $positions, $open, $callee)
    {
        if ($positions === []) {
            return;
        }
        list($starts, $end) = $this->source->elements($open);
        if ($this->isReordered($starts)) {
            $this->functions->unknown('calls ' . $callee . ' with arguments that are spread or named', $open);
            return;
        }
        foreach ($positions as $position) {
            $at = $position < 0 ? count($starts) + $position : $position;
            if (isset($starts[$at]) && !$this->isKnown($starts[$at], isset($starts[$at + 1]) ? $starts[$at + 1] - 1 : $end)) {
                $what = $this->text($starts[$at]) . Functions::ANYTHING;
                $this->functions->unknown('passes ' . $what . ', to ' . $callee, $starts[$at]);
            }
        }
        if ($callee === 'preg_replace_callback_array()') {
            $this->checkArray($starts);
        }
    }

    /** Checks arguments that name classes. */
    public function checkClasses(array $positions, $open, $callee)
    {
        list($starts) = $positions === [] ? [[]] : $this->source->elements($open);
        foreach ($positions as $position) {
            if (!isset($starts[$position])) {
                continue;
            }
            $isAsked = substr($callee, -9) === '_exists()'; // it only loads a class that does not exist yet
            $class = $this->className($starts[$position]);
            if ($class !== null) {
                $isAsked || $this->functions->classNamed('\\' . ltrim($class, '\\'), $starts[$position]);
            } elseif (!$isAsked || spl_autoload_functions()) {
                $what = $this->text($starts[$position]) . ', which could be any class';
                $this->functions->unknown('passes ' . $what . ', to ' . $callee, $starts[$position]);
            }
        }
    }

    /** Checks a constant such as CURLOPT_WRITEFUNCTION, which a function follows. */
    public function option($name, $i)
    {
        $isClass = $name === 'fetch_class';
        $next = $i + 1;
        while ($isClass && $this->source->kinds[$next] === '|') {
            $next += $this->source->matches($next + 1, [T_STRING, T_DOUBLE_COLON, T_STRING]) ? 4 : 2;
        }
        if ($isClass && !in_array($this->source->kinds[$next], [',', T_DOUBLE_ARROW], true)) {
            return; // it makes objects of PHP's own class, or of one that is named elsewhere
        }
        $end = $next + 1;
        while (!in_array($this->source->kinds[$end], [',', ')', ']', ';'], true)) {
            $end = isset($this->source->partners[$end]) ? $this->source->after($end) : $end + 1;
        }
        $follows = $this->source->kinds[$next] === ',' || $this->source->kinds[$next] === T_DOUBLE_ARROW;
        $known = $follows && ($isClass ? $this->className($next + 1) !== null : $this->isKnown($next + 1, $end));
        if (!$known || $name === 'fetch_classtype') {
            $this->functions->unknown('uses ' . $this->source->texts[$i] . ' with ' . $this->text($next + 1) . Functions::ANYTHING, $i);
        } elseif ($isClass) {
            $this->unit->classes[Unit::short($this->className($next + 1))] = true;
        }
    }

    /** Returns the full name of the class that "…" or X::class names, or null. */
    private function className($i)
    {
        if ($this->source->matches($i, [T_STRING, T_DOUBLE_COLON, T_STRING]) && $this->source->texts[$i + 2] === 'class') {
            return $this->code->resolve($this->source->texts[$i]);
        }
        return in_array($this->source->kinds[$i + 1], [',', ')'], true) ? $this->source->literal($i) : null;
    }

    private function isReordered(array $starts)
    {
        foreach ($starts as $start) {
            $named = $this->source->kinds[$start] === T_STRING && $this->source->kinds[$start + 1] === ':';
            if ($named || $this->source->kinds[$start] === T_ELLIPSIS && $this->source->kinds[$start + 1] !== ')') {
                return true;
            }
        }
        return false;
    }

    private function checkArray(array $starts)
    {
        $open = $starts === [] ? 0 : $starts[0] + ($this->source->kinds[$starts[0]] === T_ARRAY ? 1 : 0);
        $isLiteral = in_array($this->source->kinds[$open], ['[', '('], true);
        list($elements, $end) = $isLiteral ? $this->source->elements($open) : [[], 0];
        foreach ($elements as $at => $element) {
            $stop = isset($elements[$at + 1]) ? $elements[$at + 1] - 1 : $end;
            for ($i = $element; $i < $stop && $this->source->kinds[$i] !== T_DOUBLE_ARROW; $i++);
            $isLiteral = $isLiteral && $this->isKnown($i + 1, $stop);
        }
        if (!$isLiteral) {
            $this->functions->unknown('passes what could be anything to preg_replace_callback_array()', $open);
        }
    }

    /** Reports whether it is known what PHP calls for the expression from $start to before $end, and records it. */
    private function isKnown($start, $end)
    {
        switch ($this->source->kinds[$start]) {
            case T_FUNCTION:
            case T_NEW:
                return true; // a closure counts as part of its unit, and __invoke() of an object always counts
            case T_STATIC:
                return $this->source->kinds[$start + 1] === T_FUNCTION;
            case T_CONSTANT_ENCAPSED_STRING:
                return $end === $start + 1 && $this->named($this->source->literal($start), $start);
            case T_NS_C:
                return $this->source->matches($start + 1, ['.', T_CONSTANT_ENCAPSED_STRING]) && $end === $start + 3
                    && $this->named($this->source->literal($start + 2), $start);
            case T_ARRAY:
                return $this->pair($start + 1, $end);
            case '[':
                return $this->pair($start, $end);
            case T_VARIABLE:
                if ($this->source->texts[$start] === '$this' && $end === $start + 1) {
                    return true;
                }
        }
        $constant = $this->source->kinds[$start] === T_STRING && $end === $start + 1;
        return $constant && preg_match('/^(\\\\?null|sig_dfl|sig_ign)$/i', $this->source->texts[$start])
            || $this->source->matches($end - 3, ['(', T_ELLIPSIS, ')']); // f(...) is recorded as a call
    }

    /** Reports whether an array names a method: array($object, "method"). */
    private function pair($open, $end)
    {
        list($starts, $close) = $this->source->elements($open);
        $name = count($starts) === 2 && $close + 1 === $end && $starts[1] + 1 === $close ? $this->source->literal($starts[1]) : null;
        if ($name === null) {
            return false;
        }
        $class = $this->source->literal($starts[0]);
        $isLiteral = $class !== null && $this->source->kinds[$starts[0] + 1] === ',';
        if ($isLiteral && !in_array(strtolower($class), ['self', 'parent', 'static'], true)) {
            $this->functions->classNamed('\\' . ltrim($class, '\\'), $starts[0]);
        }
        $at = strrpos($name, ':');
        $this->unit->methods[strtolower($at === false ? $name : substr($name, $at + 1))] = true;
        return true;
    }

    /** Records a function that a string names. */
    private function named($name, $i)
    {
        if (strpos($name, '::') !== false) {
            list($class, $method) = explode('::', $name, 2);
            $this->functions->classNamed('\\' . ltrim($class, '\\'), $i);
            $this->unit->methods[strtolower($method)] = true;
            return true;
        }
        $short = Unit::short($name);
        if (isset($this->program->methods[$short])) {
            $this->unit->methods[$short] = true; // a method of the object of xml_set_object()
        }
        if (isset($this->program->functions[$short]) || function_exists($short) || !isset($this->program->methods[$short])) {
            $this->functions->called($short, $i, 0);
        }
        return true;
    }

    private function text($i)
    {
        return $this->source->kinds[$i] === T_VARIABLE ? $this->source->texts[$i] : 'an expression';
    }
}
