<?php
namespace Wsbridge\Analysis;

/** Finds the functions, classes and methods that a file declares, and the code that each token belongs to. */
final class Parser
{
    private $source;
    private $program;

    /** The definitions around a token, the innermost last: "end" (the index of the last token), "code", and "class" or null. */
    private $frames = [];

    /** Classes whose brace comes later, by the brace's index; and hooks of properties, by their first token. */
    private $pending = [];
    private $hooks = [];

    public static function parse(Source $source, Program $program)
    {
        $parser = new self($source, $program);
        $parser->run();
    }

    private function __construct(Source $source, Program $program)
    {
        $this->source = $source;
        $this->program = $program;
        $code = new Code($source, 1);
        $program->file->codes[] = $code;
        $program->codes[] = $code;
        $this->frames[] = ['end' => $source->last, 'code' => $code, 'class' => null, 'from' => 0];
    }

    private function run()
    {
        $kinds = $this->source->kinds;
        for ($i = 1; $i <= $this->source->last; $i++) {
            while ($this->top('end') < $i) {
                $this->leave();
            }
            if (isset($this->hooks[$i])) {
                $this->hookAt($i, $this->hooks[$i]);
            }
            switch ($kinds[$i]) {
                case T_NAMESPACE:
                    $this->source->scopes[] = new Scope($i, $kinds[$i + 1] === T_STRING ? $this->source->texts[$i + 1] : '');
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
                    } else {
                        $this->hooks += $this->hooksOf($i);
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
        $code = new Code($this->source, $from);
        $unit->codes[] = $code;
        $this->program->codes[] = $code;
        $this->frames[] = ['end' => $end, 'code' => $code, 'class' => $class, 'from' => $from];
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

    /** Returns the hooks between the braces at $open by their first tokens, if these are of a property, also of a promoted one. */
    private function hooksOf($open)
    {
        $code = $this->top('code');
        $isPromoted = $code->open > 0 && $this->source->outer[$open] === $code->open;
        if (!$isPromoted && ($this->top('class') === null || $this->source->outer[$open] !== $this->top('from')) || $code->isInClosure($open)) {
            return [];
        }
        for ($i = $open - 1; $this->source->kinds[$i] !== T_VARIABLE; $i--) {
            $i = isset($this->source->partners[$i]) ? min($i, $this->source->partners[$i]) : $i;
            if (in_array($this->source->kinds[$i], [';', '{'], true)) {
                return []; // of "use A, B { .. }"
            }
        }
        $hooks = [];
        for ($at = $open + 1; $at < $this->source->after($open) - 1; $at = $hooks[$at]['end'] + 1) {
            for ($name = $at; in_array($this->source->kinds[$name], [T_FINAL, '&'], true); $name++);
            $hooks[$at] = $this->hook($name) + ['property' => $this->source->texts[$i], 'class' => $isPromoted ? 1 : 0];
        }
        return $hooks;
    }

    /** Returns where the hook whose name is at $i has its parameters, or 0, its body and its last token. */
    private function hook($i)
    {
        $open = $this->source->kinds[$i + 1] === '(' ? $i + 1 : 0;
        $body = $open > 0 ? $this->source->after($open) : $i + 1;
        for ($end = $body; $end < $this->source->last && $this->source->kinds[$end] !== ';'; $end++) {
            $isBody = $end === $body && $this->source->kinds[$end] === '{';
            $end = isset($this->source->partners[$end]) ? max($end, $this->source->partners[$end]) : $end;
            if ($isBody) {
                break;
            }
        }
        return ['name' => $i, 'open' => $open, 'body' => $body, 'end' => $end];
    }

    /** Starts the code of a hook: a method that PHP calls where the property is used. */
    private function hookAt($i, array $hook)
    {
        $class = $this->frames[count($this->frames) - 1 - $hook['class']]['class'];
        $unit = $this->program->addMethod((string) $class, $hook['property'] . '::' . $this->source->texts[$hook['name']]);
        $unit->isImplicit = true;
        $code = $this->enter($i, $hook['end'], $unit, null);
        $code->body = $hook['body'];
        $code->reference = $this->source->kinds[$hook['name'] - 1] === '&';
        if ($hook['open'] > 0) {
            $code->open = $hook['open'];
            $code->close = $this->source->after($hook['open']) - 1;
            $code->parameters = $this->parameters($code);
        }
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
        $full = $anonymous ? $name : $this->source->scopeAt($i)->declared($name);
        $class = ['name' => $name, 'full' => $full, 'parents' => []];
        $inherits = false;
        for ($at = $i + 1; $at < $this->source->last && $kinds[$at] !== '{'; $at++) {
            if ($kinds[$at] === '(') {
                $at = $this->source->after($at) - 1;
            }
            $inherits = $inherits || $kinds[$at] === T_EXTENDS || $kinds[$at] === T_IMPLEMENTS;
            if ($inherits && $kinds[$at] === T_STRING) {
                $class['parents'][] = $this->top('code')->resolve($at);
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
        $all = $kind = 'class';
        $prefix = $name = '';
        $scope = $this->source->scopeAt($i);
        for ($at = $i + 1; $at <= $this->source->last && $this->source->kinds[$at] !== ';'; $at++) {
            $text = $this->source->texts[$at];
            switch ($this->source->kinds[$at]) {
                case T_FUNCTION:
                case T_CONST:
                    $kind = strtolower($text);
                    $all = $at === $i + 1 ? $kind : $all;
                    break;
                case ',':
                    $kind = $all; // "use A\{function f, B}" imports a function and a class
                    break;
                case '{':
                    $prefix = $name;
                    break;
                case T_STRING:
                    $name = $this->source->kinds[$at - 1] === T_AS ? $name : ltrim($prefix . $text, '\\');
                    if ($this->source->kinds[$at + 1] !== T_AS) {
                        $scope->import($kind, Unit::last($text), $name, $i);
                    }
            }
        }
    }

    /** Adds the traits of "use A, B { m as n; }". The method n calls m of whichever trait has it. */
    private function traits($i)
    {
        $class = $this->top('class');
        for ($at = $i + 1; !in_array($this->source->kinds[$at], [';', '{'], true); $at++) {
            if ($this->source->kinds[$at] === T_STRING) {
                $this->program->addParent($class, $this->top('code')->resolve($at));
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
