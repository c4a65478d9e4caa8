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

    /** Checks the arguments at some positions of a call. Arguments may be named if the parameters are known. */
    public function check(array $positions, $open, $callee, array $parameters = [])
    {
        $arguments = $positions === [] ? [] : $this->source->arguments($open, $parameters);
        if ($arguments === null) {
            $this->functions->unknown('calls ' . $callee . ' with arguments that are spread or named', $open);
            return;
        }
        foreach ($positions as $position) {
            $at = $position < 0 ? count($arguments) + $position : $position;
            if (isset($arguments[$at]) && !$this->isKnown($arguments[$at][0], $arguments[$at][1])) {
                $what = $this->text($arguments[$at][0]) . Functions::ANYTHING;
                $this->functions->unknown('passes ' . $what . ', to ' . $callee, $arguments[$at][0]);
            }
        }
        if ($callee === 'preg_replace_callback_array()') {
            $this->checkArray(isset($arguments[0]) ? $arguments[0] : [$open, $open]);
        }
    }

    /** Checks arguments that name classes. $isMade says that PHP makes objects of them; else it only loads them. */
    public function checkClasses(array $positions, $open, $callee, $isMade, array $parameters = [])
    {
        $arguments = $positions === [] ? [] : $this->source->arguments($open, $parameters);
        if ($arguments === null && ($isMade || spl_autoload_functions())) {
            $this->functions->unknown('calls ' . $callee . ' with arguments that are spread or named', $open);
        }
        foreach ($arguments === null ? [] : $positions as $position) {
            list($start, $end) = isset($arguments[$position]) ? $arguments[$position] : [0, 0];
            $isObject = $end === $start + 1 && $this->source->texts[$start] === '$this' || $this->source->kinds[$start] === T_NEW;
            $known = $start === 0 || ($isMade ? $this->makes($start, $end) : $isObject || $this->className($start, $end) !== null);
            if (!$known && ($isMade || spl_autoload_functions())) {
                $this->functions->unknown('passes ' . $this->text($start) . ', which could be any class, to ' . $callee, $start);
            }
        }
    }

    /** Reports whether an expression names a class, or is null, and records that PHP makes objects of it. */
    public function makes($start, $end)
    {
        $class = $this->className($start, $end);
        if ($class === null) {
            return $end === $start + 1 && strtolower(ltrim($this->source->texts[$start], '\\')) === 'null';
        }
        if (in_array(strtolower($class), ['self', 'static', 'parent'], true)) {
            $this->unit->classes['*'] = true;
        } else {
            $this->functions->classes->named($class, $start);
            $this->unit->classes[Unit::short($class)] = true;
        }
        return true;
    }

    /** Returns the full name of the class that "…" or X::class names, or null. */
    private function className($start, $end)
    {
        if ($end === $start + 3 && $this->source->matches($start, [T_STRING, T_DOUBLE_COLON, T_STRING])
            && strtolower($this->source->texts[$start + 2]) === 'class') {
            $isOwn = in_array(strtolower($this->source->texts[$start]), ['self', 'parent'], true);
            return $isOwn ? $this->source->texts[$start] : $this->code->resolve($start);
        }
        if ($end === $start + 3 && $this->source->kinds[$start] === T_STATIC) {
            return 'static';
        }
        $text = $this->literal($start, $end);
        return $text === null ? null : ltrim($text, '\\');
    }

    /** Returns the value of an expression that is one string literal, or null. */
    public function literal($start, $end)
    {
        return $end === $start + 1 ? $this->source->literal($start) : null;
    }

    /** Returns the elements of an expression that is an array written out, each with "key", or null, and "value"; or null. */
    public function elements($start, $end)
    {
        $open = $this->source->kinds[$start] === T_ARRAY ? $start + 1 : $start;
        if ($this->source->kinds[$open] !== ($open === $start ? '[' : '(') || $this->source->after($open) !== $end) {
            return null;
        }
        $elements = [];
        list($starts, $close) = $this->source->elements($open);
        foreach ($starts as $at => $first) {
            $stop = isset($starts[$at + 1]) ? $starts[$at + 1] - 1 : $close - ($this->source->kinds[$close - 1] === ',' ? 1 : 0);
            for ($i = $first; $i < $stop && !in_array($this->source->kinds[$i], [T_DOUBLE_ARROW, T_FUNCTION], true); $i++) {
                $i = isset($this->source->partners[$i]) ? max($i, $this->source->partners[$i]) : $i;
            }
            $hasKey = $i < $stop && $this->source->kinds[$i] === T_DOUBLE_ARROW;
            $elements[] = ['key' => $hasKey ? [$first, $i] : null, 'value' => [$hasKey ? $i + 1 : $first, $stop]];
        }
        return $elements;
    }

    private function checkArray(array $expression)
    {
        $elements = $this->elements($expression[0], $expression[1]);
        $isKnown = $elements !== null;
        foreach ($elements ?: [] as $element) {
            $isKnown = $this->isKnown($element['value'][0], $element['value'][1]) && $isKnown;
        }
        if (!$isKnown) {
            $this->functions->unknown('passes what could be anything to preg_replace_callback_array()', $expression[0]);
        }
    }

    /** Reports whether it is known what PHP calls for the expression from $start to before $end, and records it. */
    public function isKnown($start, $end)
    {
        switch ($this->source->kinds[$start]) {
            case T_FUNCTION:
                return $this->code->endsClosure($start, $end - 1); // it counts as part of its unit
            case T_NEW:
                return $this->isNew($start, $end); // __invoke() of an object always counts
            case T_STATIC:
                return $this->source->kinds[$start + 1] === T_FUNCTION && $this->code->endsClosure($start + 1, $end - 1);
            case T_CONSTANT_ENCAPSED_STRING:
                return $end === $start + 1 && $this->named($this->source->literal($start), $start);
            case T_NS_C:
                return $this->source->matches($start + 1, ['.', T_CONSTANT_ENCAPSED_STRING]) && $end === $start + 3
                    && $this->named($this->source->literal($start + 2), $start);
            case T_ARRAY:
                return $this->pair($start, $end);
            case '[':
                return $this->pair($start, $end);
            case '(':
                return $this->source->after($start) === $end && $this->isKnown($start + 1, $end - 1);
            case T_VARIABLE:
                if ($this->source->texts[$start] === '$this' && $end === $start + 1) {
                    return true;
                }
        }
        $constant = $this->source->kinds[$start] === T_STRING && $end === $start + 1;
        return $constant && preg_match('/^(\\\\?null|sig_dfl|sig_ign)$/i', $this->source->texts[$start]) || $this->isReference($start, $end);
    }

    /** Reports whether an expression is f(...), $object->f(...) or the like, which is recorded as a call. */
    private function isReference($start, $end)
    {
        if (!$this->source->matches($end - 3, ['(', T_ELLIPSIS, ')'])) {
            return false;
        }
        for ($i = $start; $i < $end - 3; $i++) {
            $i = isset($this->source->partners[$i]) ? max($i, $this->source->partners[$i]) : $i;
            if (!in_array($this->source->kinds[$i], [T_STRING, T_VARIABLE, T_STATIC, T_OBJECT_OPERATOR, T_DOUBLE_COLON, ')', ']', '}'], true)) {
                return false;
            }
        }
        return true;
    }

    /** Reports whether an expression is "new X", and nothing of the object that it makes. */
    private function isNew($start, $end)
    {
        for ($i = $start + 1; $i < $end; $i++) {
            $i = isset($this->source->partners[$i]) ? max($i, $this->source->partners[$i]) : $i;
            if (!in_array($this->source->kinds[$i], [T_STRING, T_STATIC, T_CLASS, T_FINAL, T_EXTENDS, T_IMPLEMENTS, ',', ')', '}'], true)) {
                return false;
            }
        }
        return true;
    }

    /** Reports whether an array names a method: array($object, "method"). */
    private function pair($start, $end)
    {
        $elements = $this->elements($start, $end);
        $isPair = $elements !== null && count($elements) === 2 && $elements[0]['key'] === null && $elements[1]['key'] === null;
        $name = $isPair ? $this->literal($elements[1]['value'][0], $elements[1]['value'][1]) : null;
        if ($name === null) {
            return false;
        }
        $at = strrpos($name, ':');
        $method = strtolower($at === false ? $name : substr($name, $at + 1));
        list($from, $to) = $elements[0]['value'];
        $class = $this->className($from, $to);
        $isObject = $to === $from + 1 && $this->source->texts[$from] === '$this' || $this->source->kinds[$from] === T_NEW;
        if ($class !== null && !in_array(strtolower($class), ['self', 'parent', 'static'], true)) {
            $this->functions->classes->named($class, $from);
            $this->scanner->uses->staticMethod($class, $method, $from);
        } elseif ($class === null && !$isObject && spl_autoload_functions()) {
            return false; // it may be the name of a class that was not read
        }
        $this->unit->methods[$method] = true;
        return true;
    }

    /** Records a function that a string names. */
    private function named($name, $i)
    {
        if (strpos($name, '::') !== false) {
            list($class, $method) = explode('::', $name, 2);
            $this->functions->classes->named(ltrim($class, '\\'), $i);
            $this->scanner->uses->staticMethod($class, strtolower($method), $i);
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

    public function text($i)
    {
        return $this->source->kinds[$i] === T_VARIABLE ? $this->source->texts[$i] : 'an expression';
    }
}
