<?php
namespace Wsbridge\Analysis;

/** Finds the functions, classes and methods that a file declares, and the code that each token belongs to. */
final class Parser
{
    private $source;
    private $program;
    private $namespace = '';

    /** The definitions around a token, the innermost last: "end" (the index of the last token), "code", and "class" or null. */
    private $frames = [];

    /** Classes whose brace comes later, by the brace's index. */
    private $pending = [];

    public static function parse(Source $source, Program $program)
    {
        $parser = new self($source, $program);
        $parser->run();
    }

    private function __construct(Source $source, Program $program)
    {
        $this->source = $source;
        $this->program = $program;
        $code = new Code($source, '', 1);
        $program->file->codes[] = $code;
        $program->codes[] = $code;
        $this->frames[] = ['end' => $source->last, 'code' => $code, 'class' => null];
    }

    private function run()
    {
        $kinds = $this->source->kinds;
        for ($i = 1; $i <= $this->source->last; $i++) {
            while ($this->top('end') < $i) {
                $this->leave();
            }
            switch ($kinds[$i]) {
                case T_NAMESPACE:
                    $this->namespace = $kinds[$i + 1] === T_STRING ? $this->source->texts[$i + 1] : '';
                    break;
                case T_USE:
                    $this->useAt($i);
                    break;
                case T_FUNCTION:
                    $this->functionAt($i);
                    break;
                case T_CLASS:
                    $this->classAt($i);
                    break;
                case '{':
                    if (isset($this->pending[$i])) {
                        $unit = $this->program->addClass($this->pending[$i]);
                        $this->enter($i, $this->source->after($i) - 1, $unit, $this->pending[$i]['name']);
                    }
            }
        }
        while ($this->frames !== []) {
            $this->leave();
        }
    }

    private function top($what)
    {
        return $this->frames[count($this->frames) - 1][$what];
    }

    /** Starts the code of a definition within the current one. */
    private function enter($from, $end, Unit $unit, $class)
    {
        $this->top('code')->endSegment($from - 1, $end + 1);
        $code = new Code($this->source, $this->namespace, $from);
        $unit->codes[] = $code;
        $this->program->codes[] = $code;
        $this->frames[] = ['end' => $end, 'code' => $code, 'class' => $class];
        return $code;
    }

    private function leave()
    {
        $frame = array_pop($this->frames);
        $frame['code']->endSegment($frame['end'], PHP_INT_MAX);
    }

    private function functionAt($i)
    {
        $kinds = $this->source->kinds;
        $at = $kinds[$i + 1] === '&' ? $i + 2 : $i + 1;
        if ($kinds[$at] === '(') {
            $this->closureAt($i, $at);
            return;
        }
        if ($kinds[$i - 1] === T_USE || $kinds[$at] !== T_STRING || $kinds[$at + 1] !== '(') {
            return; // an import
        }
        $body = $this->body($at + 1);
        $end = $kinds[$body] === '{' ? $this->source->after($body) - 1 : $body;
        $name = $this->source->texts[$at];
        $class = $this->top('class');
        $unit = $class === null ? $this->program->addFunction($name) : $this->program->addMethod($class, $name);
        $code = $this->enter($i, $end, $unit, null);
        $code->open = $at + 1;
        $code->close = $this->source->after($at + 1) - 1;
        $code->body = $body;
        $code->reference = $kinds[$i + 1] === '&';
        $code->parameters = $this->parameters($code);
    }

    /** Adds a closure to the code around it. */
    private function closureAt($i, $open)
    {
        $end = $this->body($open);
        if (strtolower($this->source->texts[$i]) !== 'fn') {
            $end = $this->source->after($end) - 1;
        } else {
            while ($end < $this->source->last && !in_array($this->source->kinds[$end], [',', ';', ')', ']', '}'], true)) {
                $end = isset($this->source->partners[$end]) ? $this->source->after($end) : $end + 1;
            }
        }
        $this->top('code')->closures[] = [$i, $end];
        $this->program->hasClosures = true;
    }

    /** Returns the brace that opens a function's body, or the end of a declaration without a body. */
    private function body($open)
    {
        $i = $this->source->after($open);
        while ($i < $this->source->last && !in_array($this->source->kinds[$i], ['{', ';', T_DOUBLE_ARROW], true)) {
            $i = $this->source->kinds[$i] === '(' ? $this->source->after($i) : $i + 1; // a type may contain parentheses
        }
        return $i;
    }

    private function parameters(Code $code)
    {
        $parameters = [];
        list($starts, $end) = $this->source->elements($code->open);
        foreach ($starts as $start) {
            $reference = $variadic = false;
            for ($i = $start; $i < $end && $this->source->kinds[$i] !== T_VARIABLE; $i++) {
                $reference = $reference || $this->source->kinds[$i] === '&';
                $variadic = $variadic || $this->source->kinds[$i] === T_ELLIPSIS;
            }
            if ($i < $end) {
                $next = $this->source->kinds[$i + 1];
                $parameters[] = ['name' => $this->source->texts[$i], 'reference' => $reference, 'variadic' => $variadic,
                    'optional' => $variadic || $next === '='];
            }
        }
        return $parameters;
    }

    private function classAt($i)
    {
        $kinds = $this->source->kinds;
        $anonymous = $kinds[$i + 1] !== T_STRING;
        $name = $anonymous ? 'class@anonymous' : $this->source->texts[$i + 1];
        $full = $this->namespace === '' || $anonymous ? $name : $this->namespace . '\\' . $name;
        $class = ['name' => $name, 'full' => $full, 'parents' => []];
        $scope = $this->top('code');
        $scope->namespace = $this->namespace;
        $inherits = false;
        for ($at = $i + 1; $at < $this->source->last && $kinds[$at] !== '{'; $at++) {
            if ($kinds[$at] === '(') {
                $at = $this->source->after($at) - 1;
            }
            $inherits = $inherits || $kinds[$at] === T_EXTENDS || $kinds[$at] === T_IMPLEMENTS;
            if ($inherits && $kinds[$at] === T_STRING) {
                $class['parents'][] = $scope->resolve($this->source->texts[$at]);
            }
        }
        $this->pending[$at] = $class;
    }

    private function useAt($i)
    {
        if ($this->source->kinds[$i + 1] === '(') {
            return; // it belongs to a closure
        }
        if ($this->top('class') !== null) {
            $this->traits($i);
            return;
        }
        $target = 'classes';
        $prefix = '';
        $name = '';
        for ($at = $i + 1; $at <= $this->source->last && $this->source->kinds[$at] !== ';'; $at++) {
            $text = $this->source->texts[$at];
            switch ($this->source->kinds[$at]) {
                case T_FUNCTION:
                    $target = 'functions';
                    break;
                case T_CONST:
                    $target = 'constants';
                    break;
                case '{':
                    $prefix = $name;
                    break;
                case T_STRING:
                    $alias = $this->source->kinds[$at - 1] === T_AS;
                    $name = $alias ? $name : ltrim($prefix . $text, '\\');
                    $this->import($target, Unit::short($text), $name);
            }
        }
    }

    private function import($target, $alias, $name)
    {
        if ($target === 'classes') {
            $this->source->classes[$alias] = $name;
        } elseif ($target === 'functions') {
            $this->source->functions[$alias] = Unit::short($name);
        }
    }

    /** Adds the traits of "use A, B { m as n; }". The method n calls m of whichever trait has it. */
    private function traits($i)
    {
        $class = $this->top('class');
        for ($at = $i + 1; !in_array($this->source->kinds[$at], [';', '{'], true); $at++) {
            if ($this->source->kinds[$at] === T_STRING) {
                $this->program->addParent($class, $this->top('code')->resolve($this->source->texts[$at]));
            }
        }
        if ($this->source->kinds[$at] !== '{') {
            return;
        }
        for ($end = $this->source->after($at) - 1; $at < $end; $at++) {
            if ($this->source->kinds[$at] === T_AS) {
                $alias = $this->source->kinds[$at + 1] === T_STRING ? $at + 1 : $at + 2;
                if ($this->source->kinds[$alias] === T_STRING) {
                    $unit = $this->program->addMethod($class, $this->source->texts[$alias]);
                    $unit->methods[strtolower($this->source->texts[$at - 1])] = true;
                }
            }
        }
    }
}
