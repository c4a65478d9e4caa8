<?php
namespace Wsbridge\Analysis;

/** Finds names of functions, classes and constants that do not exist. */
final class NameFindings
{
    const KEYWORDS = 'true,false,null,self,parent,static,stdin,stdout,stderr,__compiler_halt_offset__,array,callable,mixed,never,void';

    private $program;
    private $findings;

    /** The constants that the application defines, as keys in lower case. */
    private $defined = [];

    /** Whether the application names the class PDO. */
    private $usesPDO = false;

    public static function find(Overview $overview, Findings $findings)
    {
        $finder = new self($overview->program, $findings);
        $findings->each([$finder, 'define']);
        $findings->each([$finder, 'look']);
    }

    private function __construct(Program $program, Findings $findings)
    {
        $this->program = $program;
        $this->findings = $findings;
    }

    /** Records a constant that a token defines, and whether it names PDO. */
    public function define(Unit $unit, Code $code, $i)
    {
        $source = $code->source;
        $this->usesPDO = $this->usesPDO || $source->kinds[$i] === T_STRING && Unit::short($source->texts[$i]) === 'pdo';
        if ($source->kinds[$i] === T_STRING && strtolower($source->texts[$i]) === 'define' && $source->kinds[$i + 1] === '(') {
            $this->defined[strtolower((string) $source->literal($i + 2))] = true;
        } elseif ($source->kinds[$i] === T_CONST && $source->kinds[$i + 1] === T_STRING) {
            $this->defined[strtolower($source->texts[$i + 1])] = true;
        }
    }

    /** Looks at one token. */
    public function look(Unit $unit, Code $code, $i)
    {
        $source = $code->source;
        if ($source->kinds[$i] === T_CONSTANT_ENCAPSED_STRING) {
            $this->dataSource($code, $i, $source->literal($i));
        } elseif ($source->kinds[$i] === T_ENCAPSED_AND_WHITESPACE && $source->kinds[$i - 1] === '"') {
            $this->dataSource($code, $i, $source->texts[$i]);
        }
        if ($source->kinds[$i] !== T_STRING) {
            return;
        }
        $isMember = in_array($source->kinds[$i - 1], [T_OBJECT_OPERATOR, T_DOUBLE_COLON, T_FUNCTION, T_CONST], true);
        if ($source->kinds[$i - 1] === T_DOUBLE_COLON && $source->kinds[$i + 1] !== '(') {
            $this->classConstant($code, $i);
        } elseif ($source->kinds[$i - 1] === T_NEW || !$isMember && $source->kinds[$i + 1] === T_DOUBLE_COLON) {
            $this->className($code, $i);
        } elseif (!$isMember && $source->kinds[$i + 1] === '(') {
            $callee = Calls::callee($code, $i + 1);
            if ($callee[0] === 'function') {
                $this->functionName($code, $i, $callee[1]);
            }
        } elseif (!$isMember && Constants::isOne($code, $i)) {
            $this->constantName($code, $i);
        }
    }

    /** Looks for the name of a database that PDO has no driver for. */
    private function dataSource(Code $code, $i, $name, $of = '')
    {
        $extension = $this->usesPDO ? Extensions::ofDataSource($name) : '';
        if ($extension !== '') {
            $driver = strstr($name, ':', true);
            $this->findings->add('error', 'extension', 'PDO cannot open ' . ($of === '' ? $driver . ':' : 'what ' . $of . ' names, a database of ' . $driver)
                . ': ' . Extensions::missing($extension), $code, $i);
        }
    }

    private function functionName(Code $code, $i, $name)
    {
        if (isset($this->program->functions[$name]) || function_exists($name) || Guards::has($code->source, 'function_exists', $name)) {
            return;
        }
        $this->findings->add('error', 'function', $name . '() ' . Missing::functionName($name), $code, $i);
    }

    private function className(Code $code, $i)
    {
        $name = $code->source->texts[$i];
        $full = $code->resolve($i);
        if (in_array(strtolower($name), ['self', 'static', 'parent'], true) || $this->program->hasClass($full)
            || class_exists($full, false) || interface_exists($full, false) || trait_exists($full, false)
            || Guards::has($code->source, 'class_exists', Unit::short($full))) {
            return;
        }
        $this->findings->add('error', 'class', 'class ' . $full . ' ' . Missing::className(strtolower($full)), $code, $i);
    }

    /** Looks at a constant of PDO, whose drivers bring their own, such as PDO::MYSQL_ATTR_INIT_COMMAND. */
    private function classConstant(Code $code, $i)
    {
        $name = $code->source->texts[$i];
        $driver = strtolower(strstr($name . '_', '_', true));
        $isMissing = Unit::short($code->source->texts[$i - 2]) === 'pdo' && class_exists('PDO', false) && !defined('PDO::' . $name);
        $extension = $isMissing ? Extensions::ofDataSource($driver . ':') : '';
        if ($extension !== '' && !Guards::has($code->source, 'defined', 'PDO::' . $name)) {
            $this->findings->add('error', 'constant', 'constant PDO::' . $name . ' is not defined: ' . Extensions::missing($extension), $code, $i);
        }
    }

    private function constantName(Code $code, $i)
    {
        $name = $code->source->texts[$i];
        $at = strrpos($name, '\\');
        $name = $at === false ? $name : substr($name, $at + 1);
        $isKnown = defined($name) || defined($code->resolve($i)) || isset($this->defined[strtolower($name)])
            || in_array(strtolower($name), explode(',', self::KEYWORDS), true) || Guards::has($code->source, 'defined', $name);
        if (defined($name) && is_string(constant($name))) {
            $this->dataSource($code, $i, constant($name), $name);
        }
        if (!$isKnown) {
            $this->findings->add(PHP_VERSION_ID >= 80000 ? 'error' : 'warning', 'constant', 'constant ' . $name . ' '
                . Missing::constantName($name), $code, $i);
        }
    }
}
