<?php
namespace Wsbridge\Analysis;

/** The code of one definition: a function with its head, what stands in a class outside of its methods, or a file's rest. */
final class Code
{
    public $source;

    /** Pairs of first and last token: what is declared within it is other code. */
    public $segments = [];

    /** The opening and closing parenthesis of a function's parameters, and the brace that begins its body; else 0. */
    public $open = 0;
    public $close = 0;
    public $body = 0;

    /** A function's parameters: name with its dollar sign, reference, variadic. */
    public $parameters = [];

    /** The closures in it: pairs of first and last token. */
    public $closures = [];

    /** Whether a function returns by reference. */
    public $reference = false;

    /** The namespace it begins in. */
    public $namespace;

    private $from;

    public function __construct(Source $source, $namespace, $from)
    {
        $this->source = $source;
        $this->namespace = $namespace;
        $this->from = $from;
    }

    /** Ends a segment; the next begins at $next. */
    public function leave($last, $next)
    {
        if ($last >= $this->from) {
            $this->segments[] = [$this->from, $last];
        }
        $this->from = $next;
    }

    /** Whether a token is run not with the code itself but when a closure in it is called. */
    public function isInClosure($i)
    {
        foreach ($this->closures as $range) {
            if ($i > $range[0] && $i <= $range[1]) {
                return true;
            }
        }
        return false;
    }

    /** The full name of a class named in it. */
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

    /** The name that a function called in it is known by here. */
    public function functionName($name)
    {
        $short = Unit::short($name);
        return isset($this->source->functions[$short]) ? $this->source->functions[$short] : $short;
    }

    /** The name that a class named in it is known by here. */
    public function className($name)
    {
        return Unit::short($this->resolve($name));
    }
}
