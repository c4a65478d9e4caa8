<?php
namespace Wsbridge\Analysis;

/** Records what the calls in a unit's code reach. */
final class Functions
{
    /** The helpers that wsbridge defines, see functions.php. */
    const HELPERS = 'broadcast_to_all,close_client,coalesce_frames,decode_frame,do_reply,encode_frame,encode_text_data_frame,
        extract_headers,get_header,load_files,mysql_to_iso_timestamp,send_email,send_text,show_message,template_fill,
        unix_to_iso_timestamp,var_dump_to_str';

    /** PHP's functions that use variables by name, and those that run code which is not in the source. */
    const NAMES = 'extract,get_defined_vars';
    const CODE = 'create_function,register_tick_function,stream_context_set_params';

    /** Matches a string that may name a function, a class, or a method of a class. */
    const NAMED = '/^\\\\?[a-z_\x80-\xff][\w\\\\\x80-\xff]*(::\w+)?$/i';

    const ANYTHING = ', which could be anything';

    private $scanner;
    private $program;
    private $unit;
    private $code;
    private $source;
    private $callables;

    public function __construct(Scanner $scanner)
    {
        $this->scanner = $scanner;
        $this->program = $scanner->program;
        $this->unit = $scanner->unit;
        $this->code = $scanner->code;
        $this->source = $scanner->code->source;
        $this->callables = new Callables($scanner, $this);
    }

    /** Records what a parenthesis calls, if it is a call. */
    public function call($open)
    {
        $callee = Calls::callee($this->code, $open);
        switch ($callee[0]) {
            case 'dynamic':
                $this->unknown('calls ' . $callee[1] . self::ANYTHING, $open);
                break;
            case 'function':
                $this->called($callee[1], $open - 1, $open);
                break;
            case 'static':
                $class = strtolower($callee[2]);
                if (!in_array($class, ['self', 'static', 'parent'], true)) {
                    $this->classNamed($callee[2], $open - 3);
                }
                $this->method($callee[1], $open);
                break;
            case 'method':
                $this->method($callee[1], $open);
        }
    }

    /** Records what "|>" calls: f(...) is recorded as a call of f; a closure is known; anything else is not. */
    public function pipe($i)
    {
        if (!$this->source->matches($i + 1, [T_STRING, '(', T_ELLIPSIS, ')']) && !$this->source->matches($i + 1, ['(', T_FUNCTION])) {
            $this->unknown('calls ' . $this->source->texts[$i + 1] . self::ANYTHING, $i);
        }
    }

    /** Records a name that is no call: a class, or a constant that makes PHP call something. */
    public function name($i)
    {
        $text = strtolower($this->source->texts[$i]);
        if ($this->source->kinds[$i + 1] === T_DOUBLE_COLON) {
            $isRead = $this->source->kinds[$i + 3] !== '(' && $this->source->texts[$i + 2] !== 'class';
            if ($isRead && !in_array($text, ['self', 'static', 'parent'], true)) {
                $this->classNamed($this->source->texts[$i], $i);
            }
            return;
        }
        if (preg_match('/^curlopt_\w+function$|^fetch_(func|class|classtype)$/', $text)) {
            $this->callables->option($text, $i);
        }
    }

    /** Records what "new" constructs. */
    public function construct($i)
    {
        $isComputed = $this->source->kinds[$i + 2] === T_DOUBLE_COLON; // a static property holds the name
        switch ($isComputed ? T_DOUBLE_COLON : $this->source->kinds[$i + 1]) {
            case T_STRING:
                $this->constructs($this->source->texts[$i + 1], $i + 1);
                break;
            case T_STATIC:
                $this->unit->classes['*'] = true;
                break;
            case T_CLASS:
            case T_FINAL:
                $this->unit->classes['class@anonymous'] = true;
                break;
            case T_VARIABLE:
                $this->unknown('makes an object of ' . $this->source->texts[$i + 1] . ', which could be any class', $i);
                break;
            default:
                $this->unknown('makes an object of a class that is computed', $i);
        }
    }

    private function constructs($name, $i)
    {
        $class = strtolower($name);
        if ($class === 'self' || $class === 'parent') {
            $this->unit->classes['*'] = true;
            return;
        }
        $this->classNamed($name, $i);
        $class = $this->code->className($name);
        $this->unit->classes[$class] = true;
        if ($this->source->kinds[$i + 1] === '(') {
            $this->callables->check($this->constructorCallbacks($class), $i + 1, 'new ' . $name);
        }
    }

    /** Returns the positions of arguments that a constructor of PHP calls, for a class or those it extends. */
    private function constructorCallbacks($class)
    {
        $positions = Callbacks::of('CONSTRUCTORS', $class);
        foreach (isset($this->program->classes[$class]) ? $this->program->classes[$class]['parents'] : [] as $parent => $yes) {
            $positions = $positions ?: (Unit::short($parent) === $class ? [] : $this->constructorCallbacks(Unit::short($parent)));
        }
        return $positions;
    }

    /** Records a string that may name what is called somewhere. */
    public function string($i)
    {
        $text = $this->source->literal($i);
        $this->unit->namesState = $this->unit->namesState || $text === 'state';
        if (!preg_match(self::NAMED, $text, $match) || $this->unit->isFile && !$this->isArgument($i)) {
            return;
        }
        $short = Unit::short($text);
        if (isset($match[1])) {
            $this->unit->methods[substr(strtolower($match[1]), 2)] = true;
        } elseif (isset($this->program->functions[$short])) {
            $this->unit->functions[$short] = true;
        }
        if (isset($this->program->classes[$short])) {
            $this->unit->classes[$short] = true;
        }
    }

    /** Reports whether a string is an argument of a function of PHP's. Only such a function calls it unseen. */
    private function isArgument($i)
    {
        $open = $this->source->outer[$i];
        $callee = $open > 0 ? Calls::callee($this->code, $open) : ['', ''];
        return $callee[0] === 'function' && Php::hasFunction($callee[1]) && $callee[1] !== 'define';
    }

    /** Records an include or require. */
    public function includeAt($i)
    {
        $isOnce = in_array($this->source->kinds[$i], [T_INCLUDE_ONCE, T_REQUIRE_ONCE], true);
        $isDone = $this->unit->isFile && !$this->code->isInClosure($i);
        if ($isDone || $this->program->isAutoloader($this->unit, $this->code, $i)) {
            return; // it is included already, or only to load classes, which Loader has loaded
        }
        $file = Includes::file($this->program, $this->source, $i);
        if ($file === null) {
            $this->scanner->reachAll('includes a file whose name cannot be told', $i);
        } elseif (!($isOnce && isset($this->program->included[$file]))
            && !(isset($this->program->sources[$file]) && Includes::isLibrary($this->program, $this->program->sources[$file]))) {
            $this->scanner->reachAll('includes ' . basename($file) . ', which does more than declare functions and classes', $i);
        }
    }

    /** Records a call of a function. The arguments follow $open; they are not known if that is 0. */
    public function called($name, $i, $open)
    {
        if (isset($this->program->functions[$name])) {
            $this->unit->functions[$name] = true;
        } elseif (in_array($name, preg_split('/,\s*/', self::HELPERS), true)) {
            $this->helper($name, $i, $open);
        } elseif (Php::hasFunction($name)) {
            $this->internal($name, $i, $open);
        } elseif (function_exists($name)) {
            $this->unknown('calls ' . $name . '(), whose source is not known', $i);
        } elseif (preg_match('/^(runkit|uopz)/', $name)) {
            $this->scanner->reachAll('calls ' . $name . '()', $i);
        } elseif (Php::extension($name) === '' && !Guards::has($this->source, 'function_exists', $name)) {
            $this->unknown('calls ' . $name . '(), which does not exist', $i);
        }
    }

    public function method($name, $open)
    {
        $this->unit->methods[$name] = true;
        if ($name === 'gettrace') {
            $this->unknown('calls ->getTrace(), which shows arguments', $open);
        } elseif ($name === '__invoke' || $name === 'call' && $this->program->hasClosures || $name === 'registerphpfunctions') {
            $this->unknown('calls ->' . $name . '()' . self::ANYTHING, $open);
        }
        $this->callables->check(Callbacks::of('METHODS', $name), $open, '->' . $name . '()');
        $this->callables->checkClasses(Callbacks::of('CLASS_METHODS', $name), $open, '->' . $name . '()');
        foreach ($name === '__construct' ? [] : Php::parametersOfMethods($name) as $parameters) {
            $this->callables->check(Callables::positions($parameters), $open, '->' . $name . '()');
        }
        if ($name === '__construct') {
            $this->callables->check($this->constructorCallbacks($this->unit->class), $open, 'parent::__construct()');
        }
        $exists = isset($this->program->methods[$name]) || Php::classesWith($name) !== [] || $this->program->missesExtension
            || isset($this->program->methods['__call']) || isset($this->program->methods['__callstatic']);
        if (!$exists) {
            $this->unknown('calls ->' . $name . '(), which no class has', $open);
        }
    }

    private function helper($name, $i, $open)
    {
        $own = $open > 0 && $this->scanner->isKey($open + 1);
        switch ($name) {
            case 'send_text':
            case 'do_reply':
                $own ? $this->scanner->keyedPeers() : $this->unit->peers = true;
                break;
            case 'broadcast_to_all':
                $this->unit->broadcasts = true;
                break;
            case 'close_client':
                $this->unit->closes = true;
                if ($own) {
                    $this->scanner->keyed('closes a client that may be another one', $i);
                } else {
                    $this->scanner->reach('table', 'closes a client that may be another one', $i);
                }
                break;
            case 'template_fill':
                $this->scanner->readGlobal('templates', $i);
        }
    }

    private function internal($name, $i, $open)
    {
        list($starts) = $open > 0 ? $this->source->elements($open) : [[]];
        if ($name === 'extract' && count($starts) > 1) {
            $this->scanner->reachAll('calls extract() with flags', $i);
        } elseif (in_array($name, explode(',', self::NAMES), true) || $name === 'compact' && !$this->isPlainCompact($starts, $open)
            || ($name === 'parse_str' || $name === 'mb_parse_str') && count($starts) < 2) {
            $this->scanner->unknownVariables('calls ' . $name . '()', $i);
        } elseif (in_array($name, explode(',', self::CODE), true) || $this->runsText($name, $starts)) {
            $this->scanner->reachAll('calls ' . $name . '()', $i);
        } elseif ($name === 'debug_backtrace' || $name === 'debug_print_backtrace') {
            $this->scanner->reach('table', 'calls ' . $name . '(), which shows arguments', $i);
        } elseif (($name === 'func_get_args' || $name === 'func_get_arg') && $this->scanner->isHandler()) {
            $this->scanner->reach('table', 'calls ' . $name . '()', $i);
            $this->scanner->reach('sockets', 'calls ' . $name . '()', $i);
        } elseif ($name === 'unserialize' && spl_autoload_functions()) {
            $this->unknown('calls unserialize(), which may load classes', $i);
        }
        $positions = array_merge(Callbacks::of('FUNCTIONS', $name), Callables::positions(Php::parametersOf($name)));
        $isObject = $name === 'session_set_save_handler' && count($starts) < 3; // its methods are those of an interface
        if ($open > 0 && !$isObject) {
            $this->callables->check(array_unique($positions), $open, $name . '()');
            $this->callables->checkClasses(Callbacks::of('CLASSES', $name), $open, $name . '()');
        } elseif ($positions !== []) {
            $this->unknown('has ' . $name . '() called with what could be anything', $i);
        }
    }

    /** Reports whether all arguments of compact() are literals, and records the variables that they name. */
    private function isPlainCompact(array $starts, $open)
    {
        foreach ($starts as $start) {
            if ($this->source->literal($start) === null || !in_array($this->source->kinds[$start + 1], [',', ')'], true)) {
                return false;
            }
        }
        foreach ($starts as $start) {
            $this->scanner->mention($this->source->literal($start), $start);
        }
        return $open > 0;
    }

    /** Reports whether a function runs a string as code, as some do in older versions of PHP. */
    private function runsText($name, array $starts)
    {
        $first = $starts === [] ? ';' : $this->source->kinds[$starts[0]];
        switch ($name) {
            case 'assert':
                return PHP_VERSION_ID < 80000 && ($first === T_CONSTANT_ENCAPSED_STRING || $first === '"'
                    || $first === T_VARIABLE && in_array($this->source->kinds[$starts[0] + 1], [',', ')'], true));
            case 'preg_replace':
            case 'preg_filter':
                return PHP_VERSION_ID < 70000 && ($first !== T_CONSTANT_ENCAPSED_STRING || $this->source->kinds[$starts[0] + 1] !== ','
                    || (bool) preg_match('/[^a-z]\w*e\w*$/i', $this->source->literal($starts[0])));
            case 'mb_ereg_replace':
            case 'mb_eregi_replace':
                return PHP_VERSION_ID < 80000 && count($starts) > 3;
            case 'stream_context_create':
                return count($starts) > 1; // the parameters may have a function called on events
        }
        return false;
    }

    /** Records the name of a class, which PHP may load. */
    public function classNamed($name, $i)
    {
        $class = $this->code->className($name);
        if (isset($this->program->classes[$class])) {
            return;
        }
        $full = $this->code->resolve($name);
        if (class_exists($full, false) || interface_exists($full, false) || trait_exists($full, false)) {
            $reflection = new \ReflectionClass($full);
            if (!$reflection->isInternal()) {
                $this->unknown('uses class ' . $full . ', whose source is not known', $i);
            } elseif (preg_match('/^reflection|^(ffi|soapserver)$/', strtolower($full))) {
                $this->unknown('uses ' . $full . ', which can call anything', $i);
            }
        } elseif (!Php::isExtensionClass(strtolower($full)) && !Guards::has($this->source, 'class_exists', $class)) {
            $this->unknown('uses class ' . $full . ', which does not exist', $i);
        }
    }

    public function unknown($why, $i)
    {
        $this->scanner->reach('table', $why, $i);
        $this->scanner->callAnything();
    }
}
