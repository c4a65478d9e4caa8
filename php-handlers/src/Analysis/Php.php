<?php
namespace Wsbridge\Analysis;

/** Tells what the running PHP knows of its own functions, classes and methods. Names are in lower case. */
final class Php
{
    /** Methods that write into arguments, for extensions that are missing. */
    const WRITING = 'bind_param,bind_result,bindparam,bindcolumn';

    /** Matches the names of parameters that are called, where their types do not tell. */
    const CALLED = '/^(handler|func|function|callable|comparator|predicate|cmp_function|\w+_func|(\w+_)?cb)$|callback$/i';

    private static $functions = [];
    private static $methods = [];
    private static $parameters = [];

    public static function hasFunction($name)
    {
        if (self::$functions === []) {
            $functions = get_defined_functions();
            self::$functions = array_flip($functions['internal']);
        }
        return isset(self::$functions[$name]);
    }

    /** Returns PHP's own classes and interfaces that have a method. */
    public static function classesWith($method)
    {
        if (self::$methods === []) {
            foreach (array_merge(get_declared_classes(), get_declared_interfaces()) as $class) {
                $reflection = new \ReflectionClass($class);
                if ($reflection->isInternal()) {
                    foreach (get_class_methods($class) as $name) {
                        if ($name !== '__invoke') { // of Closure, whose reflection has none: each closure has its own parameters
                            self::$methods[strtolower($name)][] = $class;
                        }
                    }
                }
            }
        }
        return isset(self::$methods[$method]) ? self::$methods[$method] : [];
    }

    /** Returns the parameters of an existing function. */
    public static function parametersOf($function)
    {
        if (!isset(self::$parameters[$function])) {
            self::$parameters[$function] = self::describe(new \ReflectionFunction($function));
        }
        return self::$parameters[$function];
    }

    /** Returns a list of parameters for each method of a name in PHP's own classes. */
    public static function parametersOfMethods($method)
    {
        $key = '->' . $method;
        if (!isset(self::$parameters[$key])) {
            self::$parameters[$key] = [];
            foreach (self::classesWith($method) as $class) {
                self::$parameters[$key][] = self::describe(new \ReflectionMethod($class, $method));
            }
        }
        return self::$parameters[$key];
    }

    /** Reports whether an existing function of PHP is known to return a number, a text, a truth value or nothing. */
    public static function returnsPlain($function)
    {
        $type = PHP_VERSION_ID >= 80000 ? (new \ReflectionFunction($function))->getReturnType() : null;
        return $type !== null && preg_match('/^\??((int|float|string|bool|false|true|null|void)(\||$))+$/D', (string) $type) === 1;
    }

    /** Returns the parameters of the constructor of PHP's own class of a name, without its namespace. */
    public static function parametersOfConstructor($class)
    {
        foreach (self::classesWith('__construct') as $name) {
            if (Unit::short($name) === $class) {
                return self::describe(new \ReflectionMethod($name, '__construct'));
            }
        }
        return [];
    }

    private static function describe(\ReflectionFunctionAbstract $function)
    {
        $parameters = [];
        foreach ($function->getParameters() as $parameter) {
            $type = PHP_VERSION_ID >= 70100 ? $parameter->getType() : null;
            $called = $type !== null && preg_match('/(^|[?|])(callable|Closure)\b/', self::text($type));
            $isNamed = $type === null && preg_match(self::CALLED, $parameter->getName());
            // PHP 5 and 7 name a variadic parameter "...".
            $parameters[] = ['name' => $parameter->getName(), 'reference' => $parameter->isPassedByReference(),
                'called' => $called || $isNamed, 'variadic' => $parameter->isVariadic() || $parameter->getName() === '...'];
        }
        return $parameters;
    }

    private static function text($type)
    {
        return method_exists($type, 'getName') ? $type->getName() : (string) $type;
    }
}
