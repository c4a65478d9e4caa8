<?php
namespace Wsbridge\Analysis;

/** The code of one definition: a function with its head, a class without its methods, or the rest of a file. */
final class Code
{
    public $source;

    /** Pairs of first and last token. Functions and classes declared within it are other code. */
    public $segments = [];

    /** The opening and closing parenthesis of a function's parameters, and the brace that opens its body; 0 for other code. */
    public $open = 0;
    public $close = 0;
    public $body = 0;

    /** A function's parameters, each with "name" (with its dollar sign), "reference", "variadic" and "optional". */
    public $parameters = [];

    /** The closures in it, as pairs of first and last token. */
    public $closures = [];

    /** Whether the function returns by reference. */
    public $reference = false;

    private $from;

    public function __construct(Source $source, $from)
    {
        $this->source = $source;
        $this->from = $from;
    }

    /** Ends a segment at $last; the next starts at $next. */
    public function endSegment($last, $next)
    {
        if ($last >= $this->from) {
            $this->segments[] = [$this->from, $last];
        }
        $this->from = $next;
    }

    /** Reports whether a token belongs to a closure, and so does not run with the code itself. */
    public function isInClosure($i)
    {
        foreach ($this->closures as $range) {
            if ($i > $range[0] && $i <= $range[1]) {
                return true;
            }
        }
        return false;
    }

    /** Reports whether a closure from $first to $last is an expression of its own. */
    public function endsClosure($first, $last)
    {
        return in_array([$first, $last], $this->closures, true) || in_array([$first, $last + 1], $this->closures, true);
    }

    /** Returns the full name of the class that the token at $i names. */
    public function resolve($i)
    {
        return $this->source->scopeAt($i)->className($this->source->texts[$i], $i);
    }

    /** Returns the name, as Program knows it, of the function that the token at $i calls. */
    public function functionName($i)
    {
        return Unit::short($this->source->scopeAt($i)->name('function', $this->source->texts[$i], $i));
    }

    /** Returns the name, without namespace, of the constant that the token at $i names. */
    public function constantName($i)
    {
        return Unit::last($this->source->scopeAt($i)->name('const', $this->source->texts[$i], $i));
    }

    /** Returns the name, as Program knows it, of the class that the token at $i names. */
    public function className($i)
    {
        return Unit::short($this->resolve($i));
    }
}
