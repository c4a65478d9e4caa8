<?php
namespace Wsbridge\Analysis;

/** Reads the code of a unit, and records what it reaches and calls. What it does not understand counts as reached. */
final class Scanner
{
    public $program;
    public $unit;
    public $code;

    /** The roles of a handler's parameters, by name. */
    private $roles = [];

    /** The names in "global" statements, as keys. At file scope all variables are global. */
    private $globals = [];

    /** Whether the handler may overwrite its client key. */
    private $keyWritten = false;

    /** What counts only in that case, or if other code calls the handler. */
    private $keyed = [];
    private $keyedPeers = false;

    private $functions;

    /** Records what needs one process for all events. */
    public $uses;

    public static function scan(Program $program, Unit $unit)
    {
        foreach ($unit->codes as $code) {
            $scanner = new self($program, $unit, $code);
            $scanner->run();
        }
    }

    private function __construct(Program $program, Unit $unit, Code $code)
    {
        $this->program = $program;
        $this->unit = $unit;
        $this->code = $code;
        $this->roles = Roles::of($unit, $code);
        $this->uses = new ProcessUses($this);
        $this->functions = new Functions($this);
        foreach ($this->tokens() as $i) {
            if ($code->source->kinds[$i] === T_GLOBAL) {
                $this->declares($i);
            }
        }
    }

    /** Records that the unit reaches "table", "sockets", or "any" global variable. */
    public function reach($what, $why, $i)
    {
        $this->unit->reach($what, $why, $this->code->source->file, $this->code->source->lines[$i]);
    }

    /** Records that the code at $i may do anything. */
    public function reachAll($why, $i)
    {
        foreach (['table', 'sockets', 'any'] as $what) {
            $this->reach($what, $why, $i);
        }
        $this->callAnything();
    }

    /** Records that the unit may call any function, of the application or of wsbridge. */
    public function callAnything()
    {
        $this->unit->callsAnything = true;
        $this->unit->peers = true;
    }

    /** Records what counts unless the key is certainly the handler's own. */
    public function keyed($why, $i)
    {
        $this->keyed[] = [$why, $i];
    }

    public function keyedPeers()
    {
        $this->keyedPeers = true;
    }

    /** Reports whether a token is the handler's client key, and a whole argument or index. */
    public function isKey($i)
    {
        return $this->code->source->kinds[$i] === T_VARIABLE && $this->role($i) === 'key'
            && in_array($this->code->source->kinds[$i + 1], [',', ')', ']'], true);
    }

    public function isHandler()
    {
        return Roles::isHandler($this->unit);
    }

    /** Records a variable that a string names, as for compact(). */
    public function mention($name, $i)
    {
        $role = isset($this->roles['$' . $name]) ? $this->roles['$' . $name] : '';
        if ($role === 'connections' || $role === 'sockets' || $role === 'server') {
            $this->table($role, 'uses $' . $name, $i);
        } elseif ($this->isGlobal($name) && !Globals::isOurs($name)) {
            $this->readGlobal($name, $i);
        }
    }

    public function readGlobal($name, $i)
    {
        $this->unit->reads += [$name => $this->place($i)];
    }

    public function place($i)
    {
        return ['code' => $this->code, 'file' => $this->code->source->file, 'line' => $this->code->source->lines[$i], 'at' => $i];
    }

    private function tokens()
    {
        foreach ($this->code->segments as $segment) {
            for ($i = $segment[0]; $i <= $segment[1]; $i++) {
                yield $i;
            }
        }
    }

    private function run()
    {
        if ($this->isHandler() && Roles::isVariadic($this->code)) {
            $this->reachAll('takes any number of parameters', $this->code->open);
        }
        $source = $this->code->source;
        foreach ($this->tokens() as $i) {
            switch ($source->kinds[$i]) {
                case T_VARIABLE:
                    if ($i > $this->code->close) {
                        $this->variable($i);
                    }
                    break;
                case '$':
                case T_DOLLAR_OPEN_CURLY_BRACES:
                    $this->variableVariable($i);
                    break;
                case '(':
                    $this->functions->call($i);
                    break;
                case T_STRING:
                    $this->functions->name($i);
                    break;
                case T_NEW:
                    $this->functions->classes->construct($i);
                    break;
                case T_CONSTANT_ENCAPSED_STRING:
                    $this->functions->string($i);
                    break;
                case T_LNUMBER:
                    $this->functions->options->number($i);
                    break;
                case '|>':
                    $this->functions->pipe($i);
                    break;
                case T_STATIC:
                case T_DOUBLE_COLON:
                    $this->uses->statics($i);
                    foreach (Statics::at($this->program, $this->unit, $this->code, $i) as $at => $name) {
                        $this->unit->statics += [$name => $this->place($at)];
                    }
                    break;
                case '`':
                    $this->uses->reads('environment', 'runs a command', $i);
                    break;
                case T_EVAL:
                    $this->uses->changes('names', 'uses eval', $i);
                    $this->reachAll('uses eval', $i);
                    break;
                case T_INCLUDE:
                case T_INCLUDE_ONCE:
                case T_REQUIRE:
                case T_REQUIRE_ONCE:
                    $this->functions->includeAt($i);
            }
        }
        $this->finish();
    }

    /** Records what depends on the client key. */
    private function finish()
    {
        $this->unit->peers = $this->unit->peers || $this->keyedPeers && $this->keyWritten;
        $this->unit->keyedPeers = $this->unit->keyedPeers || $this->keyedPeers;
        foreach ($this->keyed as $keyed) {
            list($why, $i) = $keyed;
            $this->unit->keyed[] = ['why' => $why, 'file' => $this->code->source->file, 'line' => $this->code->source->lines[$i]];
            if ($this->keyWritten) {
                $this->reach('table', $why, $i);
            }
        }
    }

    /** Records the names of a global statement. */
    private function declares($i)
    {
        for ($at = $i + 1; $at < $this->code->source->last && $this->code->source->kinds[$at] !== ';'; $at++) {
            if ($this->code->source->kinds[$at] === T_VARIABLE) {
                $name = substr($this->code->source->texts[$at], 1);
                $this->globals[$name] = true;
                $this->table($name, 'uses global $' . $name, $at);
            }
        }
    }

    /** Records the use of a global variable of the server, and reports whether it is one. */
    private function table($name, $why, $i)
    {
        if ($name === 'server' || $name === 'sockets') {
            $this->reach('sockets', $why, $i);
        }
        if ($name === 'server' || $name === 'sockets' || $name === 'connections') {
            $this->reach('table', $why, $i);
            return true;
        }
        return false;
    }

    private function role($i)
    {
        $name = $this->code->source->texts[$i];
        return isset($this->roles[$name]) ? $this->roles[$name] : '';
    }

    private function variable($i)
    {
        $source = $this->code->source;
        if (in_array($source->kinds[$i - 1], [T_DOUBLE_COLON, '$'], true)) {
            return; // a static property, or a variable variable, which is recorded elsewhere
        }
        $role = $this->role($i);
        if ($role === 'connection' || $role === 'connections') {
            $this->uses->row($i);
        }
        if ($role === 'key') {
            $this->keyWritten = $this->keyWritten || Variables::write($this->program, $this->code, $i, $i + 1) !== null;
        } elseif ($role === 'connections') {
            $this->connections($i);
        } elseif ($role === 'server' || $role === 'sockets') {
            $this->table($role, 'uses ' . $source->texts[$i], $i);
        }
        $name = substr($source->texts[$i], 1);
        $this->uses->superglobalOfClient($name, $i, $i + 1);
        if ($name === '_ENV' || $name === '_POST' || $name === '_FILES') {
            $this->uses->superglobal($i);
        } elseif ($name === 'GLOBALS') {
            $this->globalsArray($i);
        } elseif ($this->isGlobal($name)) {
            $this->globalVariable($name, $i, $i + 1);
        }
    }

    private function isGlobal($name)
    {
        return isset($this->globals[$name]) || $this->unit->isFile && $name !== 'this';
    }

    /** Records the use of the table, apart from $connections[$client_key]. */
    private function connections($i)
    {
        $why = 'uses ' . $this->code->source->texts[$i];
        if ($this->code->source->matches($i + 1, ['[', T_VARIABLE, ']']) && $this->isKey($i + 2)) {
            $this->keyed($why . ' with a client key that may not be its own', $i);
        } else {
            $this->reach('table', $why, $i);
        }
    }

    private function globalsArray($i)
    {
        $source = $this->code->source;
        $name = $source->matches($i + 1, ['[', T_CONSTANT_ENCAPSED_STRING, ']']) ? $source->literal($i + 2) : null;
        if ($name === null || $name === 'GLOBALS' || is_numeric($name)) {
            $this->reachAll('uses $GLOBALS by a name that is computed, or as a whole', $i);
            return;
        }
        $this->uses->superglobalOfClient($name, $i, $i + 4);
        if (!$this->table($name, 'uses $GLOBALS["' . $name . '"]', $i)) {
            $this->globalVariable($name, $i, $i + 4);
        }
    }

    private function globalVariable($name, $i, $next)
    {
        $inClosure = $this->unit->isFile && $this->code->isInClosure($i);
        $isNamed = isset($this->globals[$name]) || $this->code->source->texts[$i] === '$GLOBALS';
        if ($inClosure && !$isNamed && !$this->isCaptured($i)) {
            return; // local to the closure
        }
        if ($this->unit->isFile && $this->table($name, 'uses $' . $name, $i) || Globals::isOurs($name)) {
            return;
        }
        if ($this->code->source->kinds[$i - 1] === T_GLOBAL || $this->isInGlobalStatement($i)) {
            return; // only declared
        }
        $place = $this->place($i) + ['closure' => $inClosure];
        $this->unit->reads += [$name => $place];
        $this->unit->closureReads += $inClosure ? [$name => $place] : [];
        $write = Variables::write($this->program, $this->code, $i, $next);
        if ($write !== null) {
            $this->unit->writes[$name][] = $place + ['kind' => $write[0], 'value' => $write[1]];
        }
    }

    /** Reports whether a closure captures the variable by "use". */
    private function isCaptured($i)
    {
        $open = $this->code->source->outer[$i];
        return $open > 0 && $this->code->source->kinds[$open - 1] === T_USE;
    }

    private function isInGlobalStatement($i)
    {
        for ($at = $i - 1; in_array($this->code->source->kinds[$at], [T_VARIABLE, ','], true); $at--);
        return $this->code->source->kinds[$at] === T_GLOBAL;
    }

    private function variableVariable($i)
    {
        if ($this->code->source->kinds[$i - 1] === T_GLOBAL || $this->isInGlobalStatement($i)) {
            $this->reachAll('makes a variable global by a name that is computed', $i);
            return;
        }
        $this->unknownVariables('uses a variable by a name that is computed', $i);
        if ($this->unit->isFile) {
            $this->reach('table', 'uses a variable by a name that is computed', $i); // a reference to it may be made
        }
    }

    /** Records that any local variable may be written, as by extract(). */
    public function unknownVariables($why, $i)
    {
        $this->keyWritten = true;
        if ($this->unit->isFile) {
            return; // at file scope it can only change copies
        }
        $this->reach('table', $why, $i);
        if ($this->isHandler()) {
            $this->reach('sockets', $why, $i);
        }
        if ($this->globals !== []) {
            $this->reach('any', $why, $i);
        }
    }
}
