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

    /** The namespace at its start. */
    public $namespace;

    private $from;

    public function __construct(Source $source, $namespace, $from)
    {
        $this->source = $source;
        $this->namespace = $namespace;
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

    /** Returns the full name of a class that the code names. */
    public function resolve($name)
    {
        if ($name[0] === '\\') {
            return substr($name, 1);
        }
        $parts = explode('\\', $name, 2);
        $first = strtolower($parts[0]);
        if (isset($this->source->classes[$first])) {
            return $this->source->classes[$first] . (isset($parts[1]) ? '\\' . $parts[1] : '');
        }
        if ($first === 'namespace') {
            $name = $parts[1];
        }
        return $this->namespace === '' ? $name : $this->namespace . '\\' . $name;
    }

    /** Returns the name, as Program knows it, of a function that the code calls. */
    public function functionName($name)
    {
        $short = Unit::short($name);
        return isset($this->source->functions[$short]) ? $this->source->functions[$short] : $short;
    }

    /** Returns the name, as Program knows it, of a class that the code names. */
    public function className($name)
    {
        return Unit::short($this->resolve($name));
    }
}
