<?php
namespace Wsbridge\Analysis;

use Wsbridge\Helpers;

/** Records what the calls in a unit's code reach. */
final class Functions
{
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

    /** Checks what makes PHP call something, beside a call; and what code does with classes. */
    public $options;
    public $classes;

    public function __construct(Scanner $scanner)
    {
        $this->scanner = $scanner;
        $this->program = $scanner->program;
        $this->unit = $scanner->unit;
        $this->code = $scanner->code;
        $this->source = $scanner->code->source;
        $this->callables = new Callables($scanner, $this);
        $this->options = new Options($scanner, $this, $this->callables);
        $this->classes = new Classes($scanner, $this, $this->callables);
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
                $isReference = $this->source->matches($open + 1, [T_ELLIPSIS, ')']); // f(...), which is called elsewhere
                $this->called($callee[1], $open - 1, $isReference ? 0 : $open);
                break;
            case 'static':
                $class = $this->code->resolve($open - 3);
                if (!in_array(strtolower($callee[2]), ['self', 'static', 'parent'], true)) {
                    $this->classes->named($class, $open - 3);
                }
                $this->scanner->uses->staticMethod($class, $callee[1], $open);
                $this->method($callee[1], $open);
                break;
            case 'method':
                $this->method($callee[1], $open);
        }
    }

    /** Records what "|>" calls. */
    public function pipe($i)
    {
        $ends = [';', ',', ')', ']', '}', '|>', '?', ':', T_DOUBLE_ARROW, T_AS];
        for ($end = $i + 1; $end < $this->source->last && !in_array($this->source->kinds[$end], $ends, true); $end++) {
            $end = isset($this->source->partners[$end]) ? max($end, $this->source->partners[$end]) : $end;
        }
        if (!$this->callables->isKnown($i + 1, $end)) {
            $this->unknown('calls ' . $this->source->texts[$i + 1] . self::ANYTHING, $i);
        }
    }

    /** Records a name that is no call: a class, or a constant that makes PHP call something. */
    public function name($i)
    {
        if ($this->source->kinds[$i + 1] === T_DOUBLE_COLON) {
            $this->classes->name($i);
            return;
        }
        $isMember = in_array($this->source->kinds[$i - 1], [T_OBJECT_OPERATOR, T_DOUBLE_COLON], true);
        $text = strtolower($isMember ? $this->source->texts[$i] : $this->code->constantName($i));
        if (preg_match(Options::CONSTANTS, $text) && $this->source->kinds[$i + 1] !== '(') {
            $this->options->constant($text, $i);
        }
        $this->scanner->uses->constant($i);
    }

    /** Records a string that may name what is called somewhere. */
    public function string($i)
    {
        $text = $this->source->literal($i);
        $this->unit->namesState = $this->unit->namesState || $text === 'state';
        if (!preg_match(self::NAMED, $text, $match)) {
            return;
        }
        $this->options->string($text, $i);
        if ($this->unit->isFile && !$this->isArgument($i) || $this->isRegistered($i)) {
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
    public function isArgument($i)
    {
        $open = $this->source->outer[$i];
        $callee = $open > 0 ? Calls::callee($this->code, $open) : ['', ''];
        return $callee[0] === 'function' && Php::hasFunction($callee[1]) && $callee[1] !== 'define';
    }

    /** Reports whether a token is in the first argument of spl_autoload_register(). */
    private function isRegistered($i)
    {
        $open = $this->source->outer[$i];
        if ($this->source->kinds[$open] === '[' || $this->source->kinds[$open - ($open > 0 ? 1 : 0)] === T_ARRAY) {
            $open = $this->source->outer[$open];
        }
        return $open > 0 && Calls::callee($this->code, $open) === ['function', 'spl_autoload_register'];
    }

    /** Records an include or require. */
    public function includeAt($i)
    {
        $isOnce = in_array($this->source->kinds[$i], [T_INCLUDE_ONCE, T_REQUIRE_ONCE], true);
        $isDone = $this->unit->isFile && !$this->code->isInClosure($i);
        if ($isDone || $this->program->isLoading($this->code, $i)) {
            return; // it is included already, or only to load classes, which Loader has loaded
        }
        if ($this->program->isAutoloader($this->unit)) {
            $this->unit->loads = $this->unit->loads
                ?: ['why' => 'includes a file whose name cannot be told', 'file' => $this->source->file, 'line' => $this->source->lines[$i]];
            return;
        }
        $file = Includes::file($this->program, $this->source, $i);
        if (!($isOnce && isset($this->program->included[$file]))) {
            $this->scanner->uses->includeOf($file, $i);
        }
        if ($file === null) {
            $this->scanner->reachAll('includes a file whose name cannot be told', $i);
        } elseif (!($isOnce && isset($this->program->included[$file]))
            && !(isset($this->program->sources[$file]) && Includes::isLibrary($this->program, $this->program->sources[$file]))) {
            $this->scanner->reachAll('includes ' . basename($file) . ', which does more than declare functions and classes', $i);
        }
    }

    /**
     * Records a call of a function. The arguments follow $open; they are not known if that is 0. The name has no namespace, so that it
     * may be the application's function, wsbridge's, or PHP's: each of them that exists counts.
     */
    public function called($name, $i, $open)
    {
        $isTheirs = isset($this->program->functions[$name]);
        $isOurs = isset(Helpers::parameters()[$name]);
        $isPhps = Php::hasFunction($name);
        if ($isTheirs) {
            $this->unit->functions[$name] = true;
        }
        if (!$isTheirs || $isOurs || $isPhps) {
            $this->scanner->uses->call($name, $i, $open);
        }
        if ($isOurs) {
            $this->helper($name, $i, $open);
        }
        if ($isPhps || !$isTheirs && Callbacks::takes($name)) {
            $this->internal($name, $i, $open);
        } elseif (!$isOurs && function_exists($name) && !$this->program->isRead(new \ReflectionFunction($name))) {
            $this->unknown('calls ' . $name . '(), whose source is not known', $i);
        } elseif (!$isOurs && !$isTheirs) {
            $this->missing($name, $i);
        }
    }

    private function missing($name, $i)
    {
        if (preg_match('/^(runkit|uopz)/', $name)) {
            $this->scanner->reachAll('calls ' . $name . '()', $i);
        } elseif (Extensions::ofFunction($name) === '' && !Guards::has($this->source, 'function_exists', $name)) {
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
        $this->callables->checkClasses(Callbacks::of('CLASS_METHODS', $name), $open, '->' . $name . '()', true);
        foreach ($name === '__construct' ? [] : Php::parametersOfMethods($name) as $parameters) {
            $this->callables->check(Callables::positions($parameters), $open, '->' . $name . '()', $parameters);
        }
        if (isset(Options::MODES[$name])) {
            $this->options->mode($name, $open);
        }
        if ($name === '__construct') {
            $this->classes->constructed($this->unit->class, $open, 'parent::__construct()');
        }
        $exists = isset($this->program->methods[$name]) || Php::classesWith($name) !== [] || $this->program->missesExtension
            || isset($this->program->methods['__call']) || isset($this->program->methods['__callstatic']);
        if (!$exists) {
            $this->unknown('calls ->' . $name . '(), which no class has', $open);
        }
    }

    /** Records what a helper of wsbridge reaches. One that is not listed here may reach anything. */
    private function helper($name, $i, $open)
    {
        $parameters = Helpers::parameters()[$name];
        $arguments = $open > 0 ? $this->source->arguments($open, $parameters) : null;
        $own = isset($arguments[0]) && $this->scanner->isKey($arguments[0][0]);
        switch ($name) {
            case 'do_reply':
                if ($this->program->hasEarlyClients()) {
                    $this->reachesClient($own, 'writes to a client that may be another one, before its handshake', $i);
                }
                // So it may write to an open client, as send_text() does.
            case 'send_text':
                $own ? $this->scanner->keyedPeers() : $this->unit->peers = true;
                break;
            case 'broadcast_to_all':
                $this->unit->broadcasts = true;
                break;
            case 'close_client':
                $this->unit->closes = true;
                $this->reachesClient($own, 'closes a client that may be another one', $i);
                break;
            case 'template_fill':
                $this->scanner->readGlobal('templates', $i);
                $this->scanner->uses->reads('constants', 'calls template_fill()', $i);
                break;
            case 'coalesce_frames':
            case 'decode_frame':
            case 'encode_frame':
            case 'encode_text_data_frame':
            case 'extract_headers':
            case 'get_header':
            case 'load_files':
            case 'mysql_to_iso_timestamp':
            case 'send_email':
            case 'show_message':
            case 'unix_to_iso_timestamp':
            case 'var_dump_to_str':
                break; // no row, and no socket
            default:
                $this->scanner->reachAll('calls ' . $name . '()', $i);
        }
    }

    /** Records that a helper needs to know a client's row. */
    private function reachesClient($own, $why, $i)
    {
        $own ? $this->scanner->keyed($why, $i) : $this->scanner->reach('table', $why, $i);
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
        } elseif ($name === 'spl_autoload_register' && $open > 0 && ($autoloader = Loader::autoloader($this->program, $this->code, $open)) !== null) {
            $this->unit->registers[preg_replace('/^.*::/', '', $autoloader)] = true;
            return;
        } elseif (Callbacks::lists('DATA', $name) && (spl_autoload_functions() || function_exists('ini_get') && ini_get('unserialize_callback_func'))) {
            $this->unknown('calls ' . $name . '(), which may load classes', $i);
        }
        $parameters = Php::hasFunction($name) ? Php::parametersOf($name) : [];
        $positions = array_unique(array_merge(Callbacks::of('FUNCTIONS', $name), Callables::positions($parameters)));
        $classes = Callbacks::of('CLASSES', $name);
        $loaded = Callbacks::of('LOADED', $name);
        $isObject = $name === 'session_set_save_handler' && count($starts) < 3; // its methods are those of an interface
        if ($open > 0 && !$isObject) {
            $this->callables->check($positions, $open, $name . '()', $parameters);
            $this->callables->checkClasses($classes, $open, $name . '()', true, $parameters);
            $this->callables->checkClasses($loaded, $open, $name . '()', false, $parameters);
        } elseif (!$isObject && ($positions !== [] || $classes !== [] || $loaded !== [] && spl_autoload_functions())) {
            $this->unknown('has ' . $name . '() called with what could be anything', $i);
        }
        $this->options->call($name, $i, $open);
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

    public function unknown($why, $i)
    {
        $this->scanner->reach('table', $why, $i);
        $this->scanner->callAnything();
    }
}
