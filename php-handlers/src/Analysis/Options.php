<?php
namespace Wsbridge\Analysis;

/** Checks options by which a function of PHP's calls other functions, or makes objects: a filter, a setting, a mode, a constant. */
final class Options
{
    /** Functions with the positions of the option and of its value; -1 if they are one array. */
    const FUNCTIONS = ['filter_var' => [1, 2], 'filter_input' => [2, 3], 'filter_var_array' => [1, -1], 'filter_input_array' => [1, -1],
        'ini_set' => [0, 1], 'ini_alter' => [0, 1], 'curl_setopt' => [1, 2], 'curl_multi_setopt' => [1, 2], 'curl_setopt_array' => [1, -1]];

    /** Matches constants after which a function follows, and modes by which rows of a database become objects. */
    const CONSTANTS = '/^curl(m?opt_\w+function)$|^fetch_(func|class|classtype|serialize)$|^attr_statement_class$/i';

    /** The values of such constants of curl, which arrays may have as keys. */
    const NUMBERS = [20011, 20012, 20014, 20056, 20079, 20094, 20200, 20219, 20312, 20316];

    /** Settings of php.ini that name a function. */
    const SETTINGS = 'assert.callback,output_handler,unserialize_callback_func,zlib.output_handler';

    /** Methods that take a mode of PDO's, with its position. */
    const MODES = ['fetch' => 0, 'fetchall' => 0, 'setfetchmode' => 0, 'query' => 1];

    /** Keys of arrays, options of SoapClient, that name functions. */
    const KEYS = ['from_xml', 'to_xml'];

    private $program;
    private $unit;
    private $code;
    private $source;
    private $functions;
    private $callables;

    public function __construct(Scanner $scanner, Functions $functions, Callables $callables)
    {
        $this->program = $scanner->program;
        $this->unit = $scanner->unit;
        $this->code = $scanner->code;
        $this->source = $scanner->code->source;
        $this->functions = $functions;
        $this->callables = $callables;
    }

    /** Checks the options of a call. The arguments follow $open; they are not known if that is 0. */
    public function call($name, $i, $open)
    {
        if (!isset(self::FUNCTIONS[$name])) {
            return;
        }
        $found = $open > 0 ? $this->source->arguments($open, Php::hasFunction($name) ? Php::parametersOf($name) : []) : null;
        list($at, $value) = self::FUNCTIONS[$name];
        $option = isset($found[$at]) ? $found[$at] : null;
        $value = isset($found[$value]) ? $found[$value] : null;
        if ($found === null || !$this->isKnown($name, $option, $value)) {
            $this->functions->unknown('calls ' . $name . '() with what may have it call anything', $i);
        }
    }

    /** Checks the mode of a method such as fetchAll(). Without further arguments, a row may still name its class. */
    public function mode($method, $open)
    {
        $at = self::MODES[$method];
        $arguments = $this->source->arguments($open, []);
        if ($arguments === null || isset($arguments[$at]) && !$this->isMode($arguments[$at])) {
            if ($arguments === null || isset($arguments[$at + 1]) || spl_autoload_functions()) {
                $this->functions->unknown('calls ->' . $method . '() with a mode that may have it call anything', $open);
            } else {
                $this->unit->classes['*'] = true;
            }
        }
    }

    /** Checks a constant such as CURLOPT_WRITEFUNCTION, which a function follows, or its value. */
    public function constant($name, $i)
    {
        $isClass = $name === 'fetch_class' || $name === 'attr_statement_class';
        $next = $i + 1;
        while ($name === 'fetch_class' && $this->source->kinds[$next] === '|') {
            $next += $this->source->matches($next + 1, [T_STRING, T_DOUBLE_COLON, T_STRING]) ? 4 : 2;
        }
        if ($name === 'fetch_class' && !in_array($this->source->kinds[$next], [',', T_DOUBLE_ARROW], true)) {
            return; // it makes objects of PHP's own class, or of one that is named elsewhere
        }
        $end = $next + 1;
        while (!in_array($this->source->kinds[$end], [',', ')', ']', ';'], true)) {
            $end = isset($this->source->partners[$end]) ? $this->source->after($end) : $end + 1;
        }
        $follows = $this->source->kinds[$next] === ',' || $this->source->kinds[$next] === T_DOUBLE_ARROW;
        $start = $next + 1;
        if ($name === 'attr_statement_class') { // an array of the class and its arguments
            $array = $this->callables->elements($start, $end);
            list($start, $end) = isset($array[0]) && $array[0]['key'] === null ? $array[0]['value'] : [$end, $end];
        }
        $known = $follows && ($isClass ? $this->callables->makes($start, $end) : $this->callables->isKnown($start, $end));
        if (!$known || $name === 'fetch_classtype' || $name === 'fetch_serialize') {
            $this->functions->unknown('uses ' . $this->source->texts[$i] . ' with ' . $this->callables->text($next + 1)
                . Functions::ANYTHING, $i);
        }
    }

    /** Checks a number that may stand for such a constant. */
    public function number($i)
    {
        if (strlen($this->source->texts[$i]) >= 5 && in_array($this->source->number($i), self::NUMBERS, true)) {
            $this->constant('', $i);
        }
    }

    /** Checks a string that may be the name of such a constant, or a key that a function follows. */
    public function string($text, $i)
    {
        if (preg_match(self::CONSTANTS, Unit::short(preg_replace('/^.*::/', '', $text)))) {
            $this->functions->unknown('names ' . $text, $i);
        } elseif (in_array($text, self::KEYS, true)) {
            $this->constant('', $i);
        }
    }

    private function isKnown($name, $option, $value)
    {
        switch ($name) {
            case 'filter_var':
            case 'filter_input':
                return $option === null || $this->isFilter($option, $value === null ? [] : $this->callables->elements($value[0], $value[1]));
            case 'filter_var_array':
            case 'filter_input_array':
                return $option === null || $this->isFilter($option, []) || $this->areFilters($option);
            case 'ini_set':
            case 'ini_alter':
                return $option !== null && $this->isSetting($option, $value);
            case 'curl_setopt_array':
                return $option !== null && ($this->areKeys($option) || $this->hasKeys($option));
        }
        return $option !== null && ($this->isName($option) || $value !== null && $this->isHarmless($value));
    }

    /** Reports whether a filter calls nothing, or what the options name, the elements of an array. */
    private function isFilter(array $filter, $options)
    {
        if ($filter[1] !== $filter[0] + 1) {
            return false;
        }
        if ($this->source->kinds[$filter[0]] === T_LNUMBER) {
            return $this->source->number($filter[0]) !== 1024; // FILTER_CALLBACK
        }
        $name = $this->code->constantName($filter[0]);
        if ($this->source->kinds[$filter[0]] !== T_STRING || !defined($name) || isset($this->program->constants[$name])) {
            return false;
        }
        $known = constant($name) !== 1024;
        foreach ($options ?: [] as $element) {
            $key = $element['key'] === null ? '' : $this->callables->literal($element['key'][0], $element['key'][1]);
            $known = $key === 'options' ? $this->callables->isKnown($element['value'][0], $element['value'][1]) : $known;
            if ($key === null) {
                return false;
            }
        }
        return $known || constant($name) !== 1024;
    }

    /** Reports whether all filters of filter_var_array() are known. */
    private function areFilters(array $filters)
    {
        $elements = $this->callables->elements($filters[0], $filters[1]);
        foreach ($elements ?: [] as $element) {
            $inner = $this->callables->elements($element['value'][0], $element['value'][1]);
            $filter = $inner === null ? $element['value'] : null;
            foreach ($inner ?: [] as $option) {
                $key = $option['key'] === null ? '' : $this->callables->literal($option['key'][0], $option['key'][1]);
                $filter = $key === 'filter' ? $option['value'] : $filter;
                if ($key === null) {
                    return false;
                }
            }
            if ($filter !== null && !$this->isFilter($filter, $inner)) {
                return false;
            }
        }
        return $elements !== null;
    }

    private function isSetting(array $option, $value)
    {
        $name = $this->callables->literal($option[0], $option[1]);
        if ($name === null || $value === null) {
            return false;
        }
        return !in_array(strtolower($name), explode(',', self::SETTINGS), true) || $this->callables->literal($value[0], $value[1]) === ''
            || $this->callables->isKnown($value[0], $value[1]);
    }

    /** Reports whether a mode calls nothing, apart from what constant() checks. */
    private function isMode(array $mode)
    {
        for ($i = $mode[0]; $i < $mode[1]; $i++) {
            $number = $this->source->kinds[$i] === T_LNUMBER ? $this->source->number($i) : 0;
            $isPlain = in_array($this->source->kinds[$i], [T_STRING, T_LNUMBER, T_CONSTANT_ENCAPSED_STRING, '|', T_DOUBLE_COLON], true);
            $isTheirs = $this->source->kinds[$i] === T_STRING && !preg_match('/^(\\\\?pdo|fetch_\w+|attr_\w+|\\\\?mysqli_\w+|null)$/i', $this->source->texts[$i]);
            if (!$isPlain || $isTheirs || in_array($number & 0xffff, [8, 10], true) || $number > 0xffff) {
                return false; // FETCH_CLASS, FETCH_FUNC, or a flag of theirs
            }
        }
        return true;
    }

    /** Reports whether an expression is a constant, whose name is checked elsewhere, or a number. */
    private function isName(array $expression)
    {
        return $expression[1] === $expression[0] + 1 && in_array($this->source->kinds[$expression[0]], [T_STRING, T_LNUMBER], true);
    }

    /** Reports whether a value is no function, or a known one. */
    private function isHarmless(array $value)
    {
        $isOne = $value[1] === $value[0] + 1 && in_array($this->source->kinds[$value[0]], [T_STRING, T_LNUMBER, T_DNUMBER], true);
        return $isOne || $this->callables->isKnown($value[0], $value[1]);
    }

    /** Reports whether an expression is an array whose keys are constants. */
    private function areKeys(array $expression)
    {
        $elements = $this->callables->elements($expression[0], $expression[1]);
        foreach ($elements ?: [] as $element) {
            if ($element['key'] === null || !$this->isName($element['key'])) {
                return false;
            }
        }
        return $elements !== null;
    }

    /** Reports whether an expression is a local variable that its function makes such an array. */
    private function hasKeys(array $expression)
    {
        $name = $this->source->texts[$expression[0]];
        $isVariable = $expression[1] === $expression[0] + 1 && $this->source->kinds[$expression[0]] === T_VARIABLE;
        if (!$isVariable || $this->code->body === 0 || in_array($name, array_column($this->code->parameters, 'name'), true)) {
            return false;
        }
        $has = false;
        foreach ($this->code->segments as $segment) {
            for ($i = $segment[0]; $i <= $segment[1]; $i++) {
                $isIt = $this->source->kinds[$i] === T_VARIABLE && $this->source->texts[$i] === $name;
                $write = $isIt ? Variables::write($this->program, $this->code, $i, $i + 1) : null;
                if ($write !== null && $i !== $expression[0] && !$this->givesKeys($i, $write)) {
                    return false;
                }
                $has = $has || $write !== null && $i !== $expression[0];
            }
        }
        return $has;
    }

    /** Reports whether a write of the variable at $i gives it an array with such keys, or an element with such a key. */
    private function givesKeys($i, array $write)
    {
        if ($write[0] === 'element') {
            return $this->source->matches($i + 1, ['[', T_STRING, ']']) || $this->source->matches($i + 1, ['[', T_LNUMBER, ']']);
        }
        $start = $write[1];
        $open = $this->source->kinds[$start] === T_ARRAY ? $start + 1 : $start;
        $end = $write[0] === 'assign' && isset($this->source->partners[$open]) ? $this->source->after($open) : 0;
        return $end > 0 && $this->source->kinds[$end] === ';' && $this->areKeys([$start, $end]);
    }
}
