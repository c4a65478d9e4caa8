<?php
namespace Wsbridge\Analysis;

use Wsbridge\Value;

/**
 * Tells whether a variable may hold an object or a reference. Code that has a copy of such a value can change it, whatever the copy is
 * called. Doubt counts.
 */
final class Holding
{
    /** Functions of PHP that make objects. */
    const MAKERS = '/^(unserialize|json_decode|simplexml_.*|dom_import_.*|date_create.*|timezone_open|.*fetch_object.*|iterator_.*)$/';

    /** Functions whose results hold nothing of their arguments, for versions of PHP that do not tell (before 8.0). */
    const PLAIN = '/^(str.*|mb_.*|is_.*|u?c(first|words)|[lr]?trim|explode|implode|join|count|sizeof|time|microtime|hrtime|g?m?date|mktime|md5
        |sha1|hash.*|crc32|(mt_)?rand|random_.*|uniqid|bin2hex|intval|floatval|strval|boolval|round|floor|ceil|abs|v?sprintf|number_format
        |json_encode|serialize|file|file_.*|getenv|get(host|my).*|html.*|(raw)?url.*|base64_.*|in_array|array_(sum|product|keys|key_exists|search)
        |range|preg_(match|quote|split|replace)|ord|chr|basename|dirname|realpath|constant|defined|version_compare|phpversion)$/xD';

    /** Operators whose result is a number, a text or a truth value. */
    const OPERATORS = ['.', '-', '*', '/', '%', '<', '>', '!', T_IS_EQUAL, T_IS_NOT_EQUAL, T_IS_IDENTICAL, T_IS_NOT_IDENTICAL,
        T_IS_SMALLER_OR_EQUAL, T_IS_GREATER_OR_EQUAL, T_BOOLEAN_AND, T_BOOLEAN_OR, T_INSTANCEOF, T_INC, T_DEC, T_SL, T_SR, T_INT_CAST,
        T_STRING_CAST, T_DOUBLE_CAST, T_BOOL_CAST, T_ISSET, T_EMPTY, '"', '`'];

    private $program;

    /** Whether the program makes objects of its own; null: not looked at yet. */
    private $makes;

    /** Variables that are being looked at, as keys. They do not decide about themselves. */
    private $open = [];

    /** The roles of the parameters of handlers, by the hash of their code. */
    private $roles = [];

    public function __construct(Program $program)
    {
        $this->program = $program;
        foreach ($program->functions as $unit) {
            foreach (Roles::isHandler($unit) ? $unit->codes : [] as $code) {
                $this->roles[Value::identity($code)] = Roles::of($unit, $code);
            }
        }
    }

    /** Reports whether a write, as Variables finds it, may give its variable an object or another name. */
    public function isGivenBy(array $write)
    {
        $source = $write['code']->source;
        switch ($write['kind']) {
            case 'unset':
                return false;
            case 'touch':
                return true;
            case 'assign':
            case 'element':
                return $this->isExpression($write['code'], $write['value']);
            case 'reference':
                return $this->outlives($write['code'], $source->kinds[$write['at'] - 1] === '&' ? $write['at'] - 1 : $write['at']);
        }
        return $this->isOther($write['code'], $write['at']);
    }

    /** Reports whether the expression at $i may give an object, or an array with objects or references. */
    public function isExpression(Code $code, $i)
    {
        foreach ($this->branches($code->source, $i) as $branch) {
            if ($this->isBranch($code, $branch[0], $branch[1])) {
                return true;
            }
        }
        return false;
    }

    /** Reports whether the reference that "&" at $i makes is there after its function has returned. */
    public function outlives(Code $code, $i)
    {
        $source = $code->source;
        if ($source->kinds[$i - 1] !== '=') {
            return $source->kinds[$i - 1] !== T_AS && !$this->isLooped($source, $i);
        }
        $start = self::pathStart($source, $i - 2);
        if ($source->kinds[$start] !== T_VARIABLE || $start !== $i - 2) {
            return true; // a property, an element
        }
        return $code->body === 0 && !$code->isInClosure($i);
    }

    /** Reports whether a variable of a code is global. */
    public function isGlobal(Code $code, $name)
    {
        if ($code->body === 0) {
            return true;
        }
        foreach ($code->segments as $segment) {
            for ($i = $segment[0]; $i <= $segment[1]; $i++) {
                if ($code->source->kinds[$i] === T_GLOBAL) {
                    for ($i++; $i < $code->source->last && $code->source->kinds[$i] !== ';'; $i++) {
                        if ($code->source->texts[$i] === $name) {
                            return true;
                        }
                    }
                }
            }
        }
        return false;
    }

    /** Returns the first token of "$a[..]->b" that ends at $i. */
    public static function pathStart(Source $source, $i)
    {
        while ($i > 1) {
            if ($source->kinds[$i] === ']' || $source->kinds[$i] === '}') {
                $i = isset($source->partners[$i]) ? $source->partners[$i] - 1 : $i - 1;
            } elseif (in_array($source->kinds[$i - 1], [T_OBJECT_OPERATOR, T_DOUBLE_COLON], true)) {
                $i -= 2;
            } else {
                return $i;
            }
        }
        return $i;
    }

    /** Reports whether the "&" at $i is that of a loop by reference. */
    private function isLooped(Source $source, $i)
    {
        $open = $source->outer[$i];
        return $open > 0 && $source->kinds[$open - 1] === T_FOREACH;
    }

    private function isOther(Code $code, $at)
    {
        $source = $code->source;
        $end = $source->texts[$at] === '$GLOBALS' ? $at + 4 : $at + 1;
        while (in_array($source->kinds[$end], ['[', T_OBJECT_OPERATOR, T_DOUBLE_COLON], true)) {
            $end = $source->kinds[$end] === '[' ? $source->after($end) : $end + 2;
        }
        if ($source->kinds[$end] === '=' && $source->kinds[$end + 1] === '&') {
            return true;
        }
        $counts = [T_PLUS_EQUAL, T_INC, T_DEC];
        if (in_array($source->kinds[$end], $counts, true) || in_array($source->kinds[$at - 1], $counts, true)) {
            return false;
        }
        $open = $source->outer[$at];
        list($kind, $name) = $open > 0 ? Calls::callee($code, $open) : ['', ''];
        if ($kind === 'function' && !isset($this->program->functions[$name]) && Php::hasFunction($name)) {
            foreach ($source->elements($open)[0] as $start) {
                if ($start !== $at && $this->isExpression($code, $start)) {
                    return true;
                }
            }
            return false;
        }
        return $this->makesObjects();
    }

    /** Returns the parts of an expression of which one is its value, as pairs of first and last token: of "a ? b : c", b and c. */
    private function branches(Source $source, $i)
    {
        $branches = [];
        $start = $i;
        $coalesce = defined('T_COALESCE') ? constant('T_COALESCE') : -1;
        for (; $i < $source->last; $i++) {
            $kind = $source->kinds[$i];
            if (in_array($kind, [';', ',', ')', ']', '}', T_LOGICAL_OR, T_LOGICAL_AND, T_CLOSE_TAG, T_DOUBLE_ARROW], true)) {
                break;
            }
            if ($kind === '?' && $source->kinds[$i + 1] !== ':') {
                $start = $i + 1; // what is before is a condition
            } elseif ($kind === '?' || $kind === ':' || $kind === $coalesce) {
                $branches[] = [$start, $i - 1];
                $start = $i + 1;
            } elseif (isset($source->partners[$i]) && $source->partners[$i] > $i) {
                $i = $source->partners[$i];
            }
        }
        $branches[] = [$start, $i - 1];
        return $branches;
    }

    private function isBranch(Code $code, $start, $end)
    {
        $source = $code->source;
        $found = false;
        for ($i = $start; $i <= $end; $i++) {
            $kind = $source->kinds[$i];
            if (in_array($kind, self::OPERATORS, true)) {
                return false;
            }
            $after = isset($source->partners[$i]) && $source->partners[$i] > $i ? $source->partners[$i] + 1 : 0;
            if ($kind === T_FUNCTION || $kind === T_NEW && !$this->isHandle($code, $i) || $kind === T_CLONE || $kind === T_OBJECT_CAST
                || $kind === '&' || $kind === T_YIELD) {
                $found = true;
            } elseif ($kind === T_VARIABLE) {
                $found = $found || $this->isVariable($code, $i);
            } elseif ($kind === '(') {
                $found = $found || $this->isCall($code, $i);
            } elseif ($kind === '[' && $this->isList($source, $i)) {
                $found = $found || $this->isAny($code, $i);
            }
            $i = $after > 0 ? $after - 1 : $i;
        }
        return $found;
    }

    /** Reports whether a "[" begins an array, and is no index. */
    private function isList(Source $source, $i)
    {
        return !in_array($source->kinds[$i - 1], [T_VARIABLE, T_STRING, ']', ')', '}', T_CONSTANT_ENCAPSED_STRING], true);
    }

    /** Reports whether one of the elements or arguments after $open may be or hold an object, or is a reference. */
    private function isAny(Code $code, $open)
    {
        foreach ($code->source->elements($open)[0] as $start) {
            for ($i = $start; $i < $code->source->after($open) - 1; $i++) {
                $kind = $code->source->kinds[$i];
                if ($kind === T_DOUBLE_ARROW) {
                    $start = $i + 1;
                }
                if ($kind === ',' || $kind === T_DOUBLE_ARROW) {
                    break;
                }
                $i = isset($code->source->partners[$i]) && $code->source->partners[$i] > $i ? $code->source->partners[$i] : $i;
            }
            if ($code->source->kinds[$start] === '&' || $this->isExpression($code, $start)) {
                return true;
            }
        }
        return false;
    }

    private function isCall(Code $code, $open)
    {
        $source = $code->source;
        list($kind, $name) = Calls::callee($code, $open);
        if ($kind === '') {
            return $source->kinds[$open - 1] === T_ARRAY ? $this->isAny($code, $open)
                : $source->kinds[$open - 1] !== T_LIST && $this->isExpression($code, $open + 1);
        }
        if ($kind === 'new') {
            return false; // isBranch looks at the class
        }
        if ($kind !== 'function' || isset($this->program->functions[$name]) || !Php::hasFunction($name)) {
            return $this->makesObjects();
        }
        if (preg_match(self::MAKERS, $name)) {
            return !$this->isArray($source, $name, $open);
        }
        if (preg_match(self::PLAIN, $name) || Php::returnsPlain($name)) {
            return false;
        }
        return Callbacks::of('FUNCTIONS', $name) !== [] && $this->makesObjects() || $this->isAny($code, $open);
    }

    /** Reports whether a function of PHP that makes objects makes an array instead: json_decode($text, true). */
    private function isArray(Source $source, $name, $open)
    {
        list($starts) = $source->elements($open);
        return $name === 'json_decode' && isset($starts[1]) && strtolower($source->texts[$starts[1]]) === 'true';
    }

    private function isVariable(Code $code, $i)
    {
        $source = $code->source;
        $name = $source->texts[$i];
        $hash = Value::identity($code);
        $role = isset($this->roles[$hash][$name]) ? $this->roles[$hash][$name] : '';
        if ($role === 'data' || $role === 'key' || in_array($name, ['$_GET', '$_COOKIE', '$_SERVER', '$_ENV'], true)) {
            return false;
        }
        if ($source->kinds[$i - 1] === T_DOUBLE_COLON || $source->kinds[$i + 1] === T_OBJECT_OPERATOR || $name === '$this' || $name === '$GLOBALS') {
            return $this->makesObjects();
        }
        $key = $name . ' ' . $hash;
        if (isset($this->open[$key])) {
            return false;
        }
        $this->open[$key] = true;
        $holds = false;
        $writes = $this->writesOf($code, $name);
        foreach ($writes as $write) {
            $holds = $holds || $this->isGivenBy($write);
        }
        unset($this->open[$key]);
        return $holds || $writes === [] && $this->makesObjects();
    }

    /** Returns the writes of a variable in its function, or of a global variable anywhere. */
    private function writesOf(Code $code, $name)
    {
        $writes = [];
        foreach ($code->segments as $segment) {
            for ($i = $segment[0]; $i <= $segment[1]; $i++) {
                $isIt = $code->source->kinds[$i] === T_VARIABLE && $code->source->texts[$i] === $name && $code->source->kinds[$i - 1] !== T_DOUBLE_COLON;
                $write = $isIt ? Variables::write($this->program, $code, $i, $i + 1) : null;
                if ($write !== null) {
                    $writes[] = ['kind' => $write[0], 'value' => $write[1], 'code' => $code, 'at' => $i];
                }
            }
        }
        return $writes;
    }

    /** Reports whether "new" at $i makes what only its process can keep, which no other code is given. */
    private function isHandle(Code $code, $i)
    {
        return ProcessBound::isHandle($code->source->texts[$i + 1]);
    }

    /** Reports whether the program makes objects, other than handles and exceptions. If it does not, no variable holds one. */
    private function makesObjects()
    {
        if ($this->makes === null) {
            $this->makes = false;
            foreach ($this->program->sources as $source) {
                for ($i = 1; $i < $source->last && !$this->makes; $i++) {
                    $this->makes = $this->isMaking($source, $i);
                }
            }
        }
        return $this->makes;
    }

    private function isMaking(Source $source, $i)
    {
        $text = strtolower($source->texts[$i]);
        switch ($source->kinds[$i]) {
            case T_NEW:
                return !ProcessBound::isHandle($source->texts[$i + 1]) && substr(strtolower($source->texts[$i + 1]), -9) !== 'exception';
            case T_CLONE:
            case T_OBJECT_CAST:
                return true;
            case T_STRING:
                return $source->kinds[$i + 1] === '(' && preg_match(self::MAKERS, Unit::short($text)) === 1
                    && !$this->isArray($source, Unit::short($text), $i + 1) || in_array($text, ['fetch_obj', 'fetch_class', 'fetch_into'], true);
        }
        return false;
    }
}
