<?php
/*
 * Prints the parameters of PHP's own functions and methods that take a callable or the name of a class, as their types and names tell,
 * and that the analysis does not know.
 */
foreach (['Source', 'Scope', 'Code', 'Unit', 'Php', 'Callbacks', 'Options', 'ProcessWide', 'Functions'] as $name) {
    require __DIR__ . '/../src/Analysis/' . $name . '.php';
}
use Wsbridge\Analysis\Callbacks;

/** Parameters of such names that PHP neither calls nor makes objects of. */
$harmless = '/^(class_alias|function_exists|is_a|spl_autoload_unregister|unregister_tick_function|opcache_jit_blacklist|pcntl_signal 2'
    . '|is_callable 2|dba_p?open 2|iteratoriterator->__construct 1|(domdocument|dom\\\\\w+)->registernodeclass 0|pdo\\\\sqlite->createfunction 0'
    . '|closure->bind|is_subclass_of 1|closure->call 0|(str_getcsv|fputcsv|fgetcsv) |splfileobject->(fgetcsv|fputcsv|setcsvcontrol) )/';

/** Functions and classes that make a handler reach everything, whatever their arguments are. */
$anything = '/^(register_tick_function|create_function|reflection\w+->|xsltprocessor->registerphpfunctions |soapserver->|ffi->)/';

$functions = [];
$modules = array_filter(get_loaded_extensions(), function ($extension) {
    return phpversion($extension) === PHP_VERSION; // others come and go with what is installed
});
foreach ($modules as $module) {
    $extension = new ReflectionExtension($module);
    $functions = array_merge($functions, array_values($extension->getFunctions()));
    foreach ($extension->getClasses() as $class) {
        foreach ($class->getMethods() as $method) {
            if ($method->class === $class->name) {
                $functions[] = $method;
            }
        }
    }
}
foreach ($functions as $function) {
    $name = strtolower($function->getName());
    $class = isset($function->class) ? strtolower($function->class) : '';
    $short = strtolower(substr('\\' . $class, strrpos('\\' . $class, '\\') + 1));
    $known = $class === '' ? array_merge(Callbacks::of('FUNCTIONS', $name), Callbacks::of('CLASSES', $name), Callbacks::of('LOADED', $name))
        : ($name === '__construct' ? array_merge(Callbacks::of('CONSTRUCTORS', $short), Callbacks::of('CLASS_CONSTRUCTORS', $short))
        : array_merge(Callbacks::of('METHODS', $name), Callbacks::of('CLASS_METHODS', $name)));
    $parameters = $function->getParameters();
    foreach ($parameters as $at => $parameter) {
        $type = PHP_VERSION_ID < 70100 ? ($parameter->isCallable() ? 'callable' : '') : (string) $parameter->getType();
        $suspect = preg_match('/\b(callable|Closure)\b/', $type)
            || preg_match('/call|func|handler$|class|closure|resolver|listener/i', $parameter->getName())
                && !preg_match('/^\??(bool|int|float|array|resource)$/', $type);
        $label = ($class === '' ? '' : $class . '->') . $name . ' ' . $at;
        $isKnown = in_array($at, $known, true) || in_array($at - count($parameters), $known, true);
        if ($suspect && !$isKnown && !preg_match($harmless, $label) && !preg_match($anything, $label)) {
            echo $label, ' $', $parameter->getName(), "\n";
        }
    }
}
