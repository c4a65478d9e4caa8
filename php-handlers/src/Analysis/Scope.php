<?php
namespace Wsbridge\Analysis;

/** A part of a file that one namespace declaration holds for. An import holds for the names after it, up to the end of that part. */
final class Scope
{
    /** Its first token. */
    public $from;

    private $namespace;

    /** What "use" imports: pairs of the index of its token and a name without leading backslash, by kind and alias. */
    private $imports = ['class' => [], 'function' => [], 'const' => []];

    public function __construct($from, $namespace)
    {
        $this->from = $from;
        $this->namespace = $namespace;
    }

    public function import($kind, $alias, $name, $i)
    {
        $this->imports[$kind][$kind === 'const' ? $alias : strtolower($alias)] = [$i, $name];
    }

    /** Returns the full name of something that this part declares. */
    public function declared($name)
    {
        return $this->namespace === '' ? $name : $this->namespace . '\\' . $name;
    }

    /** Returns the full name of the class that a name at $i means. */
    public function className($name, $i)
    {
        if ($name[0] === '\\') {
            return substr($name, 1);
        }
        $parts = explode('\\', $name, 2);
        if (strtolower($parts[0]) === 'namespace' && isset($parts[1])) {
            return $this->declared($parts[1]);
        }
        $import = $this->imported('class', strtolower($parts[0]), $i);
        return $import === null ? $this->declared($name) : $import . (isset($parts[1]) ? '\\' . $parts[1] : '');
    }

    /** Returns the name of the function or constant that a name at $i means, as written or as imported. */
    public function name($kind, $name, $i)
    {
        $import = $this->imported($kind, $kind === 'const' ? $name : strtolower($name), $i);
        return $import === null ? $name : $import;
    }

    private function imported($kind, $alias, $i)
    {
        $isImported = isset($this->imports[$kind][$alias]) && $this->imports[$kind][$alias][0] < $i;
        return $isImported ? $this->imports[$kind][$alias][1] : null;
    }
}
