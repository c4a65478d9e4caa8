<?php
namespace Wsbridge\Analysis;

/** Finds functions that look like handlers and are none, and handlers that cannot be given what they need. */
final class HandlerMistakes
{
    /** The handlers that are for data, and how many parameters one has that takes it. */
    const DATA = ['ws_server_text' => 3, 'ws_server_binary' => 3, 'ws_server_read' => 3, 'ws_server_fifo' => 4];

    /** What levenshtein() counts: to leave something out is the most usual mistake. */
    const INSERTION = 1;
    const OTHER = 3;

    /** How far another name may be from that of a handler, for each letter. */
    const FAR = 0.6;

    /** How many letters may be wrong in the part of a name that all handlers have. */
    const SLIP = 2;

    private $program;
    private $mistakes = [];

    /** Returns what is wrong: lists of a level, a kind and a cause. */
    public static function find(Overview $overview)
    {
        $finder = new self();
        $finder->program = $overview->program;
        $finder->names();
        $finder->shortTags();
        array_map([$finder, 'parameters'], array_filter(array_keys(Roles::HANDLERS), 'function_exists'));
        return $finder->mistakes;
    }

    private function add($level, $kind, $why, $file, $line)
    {
        $this->mistakes[] = [$level, $kind, ['why' => $why, 'file' => (string) $file, 'line' => (int) $line]];
    }

    /** Looks whether PHP has taken the code for text, where it would declare what is missing. */
    private function shortTags()
    {
        $file = \Wsbridge\Application::$eventsFile;
        if ($file !== null && !\Wsbridge\Description::isOn('short_open_tag') && !function_exists('ws_server_authenticate') && preg_match('/<\?(?!php|=|xml)/i', (string) @file_get_contents($file))) {
            $this->add('error', 'php', 'the code begins with <?, which PHP takes for text (short_open_tag in php.ini)', $file, 1);
        }
    }

    /** Finds functions with the name of no handler. */
    private function names()
    {
        foreach ($this->candidates() as $name => $place) {
            $short = Unit::short($name);
            $nearest = self::nearest($short);
            $isHandler = isset(Roles::HANDLERS[$short]);
            if ($isHandler ? $short === $name : !self::isMeant($short, $nearest)) {
                continue;
            }
            if ($this->isNamed($short)) {
                continue;
            }
            $why = $place[2] . '() is never called: ' . ($isHandler ? 'handlers are in no namespace' : 'no handler has this name');
            $nearest = $isHandler ? [] : $nearest;
            $this->add('warning', 'handler', $why . ($nearest === [] ? '' : '; did you mean ' . implode('() or ', $nearest) . '()?'),
                $place[0], $place[1]);
        }
    }

    /** Reports whether a name is one of a handler but for a mistake. */
    private static function isMeant($name, array $nearest)
    {
        return strncmp($name, 'ws_server_', 10) === 0 || strncmp($name, 'ws_process_', 11) === 0
            || $nearest !== [] && levenshtein($name, $nearest[0]) <= self::SLIP;
    }

    /** Returns the file, the line and the label of the application's functions whose names begin with "ws", by name. */
    private function candidates()
    {
        $found = [];
        $functions = get_defined_functions();
        foreach ($functions['user'] as $name) {
            if (strncmp(Unit::short($name), 'ws', 2) === 0) {
                $function = new \ReflectionFunction($name);
                if (\Wsbridge\Application::owns($function->getFileName())) {
                    $found[$name] = [$function->getFileName(), $function->getStartLine(), $function->getName()];
                }
            }
        }
        foreach ($this->program === null ? [] : $this->program->functions as $name => $unit) { // in files that only handlers include
            if (strncmp($name, 'ws', 2) === 0 && !isset(array_flip(array_map([__NAMESPACE__ . '\Unit', 'short'], array_keys($found)))[$name])) {
                $code = $unit->codes[0];
                $found[$name] = [$code->source->file, $code->source->lines[$code->segments[0][0]], $name];
            }
        }
        return $found;
    }

    /** Reports whether the application's code names a function other than where it is declared: by a call, or in a string. */
    private function isNamed($name)
    {
        foreach ($this->program === null ? [] : $this->program->sources as $source) {
            for ($i = 1; $i <= $source->last; $i++) {
                $isCall = $source->kinds[$i] === T_STRING && Unit::short($source->texts[$i]) === $name
                    && $source->kinds[$i - 1] !== T_FUNCTION && $source->kinds[$i - 1] !== '&';
                if ($isCall || $source->kinds[$i] === T_CONSTANT_ENCAPSED_STRING && Unit::short($source->literal($i)) === $name) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Returns the names of handlers that a name may be meant for: those that have it as a part, or else the nearest one. */
    private static function nearest($name)
    {
        $part = (string) preg_replace('/^ws_(server|process)_/', '', $name);
        $nearest = $within = [];
        $least = strlen($part) * self::FAR * self::OTHER;
        foreach (array_keys(Roles::HANDLERS) as $handler) {
            if ($part !== '' && strpos(strstr($handler, '_') . '_', '_' . $part . '_') !== false) {
                $within[] = $handler;
            }
            // Up to PHP 7, levenshtein() takes no more than 255 bytes.
            $distance = strlen($name) > 255 ? 1000 : levenshtein($name, $handler, self::INSERTION, self::OTHER, self::OTHER);
            if ($distance < $least) {
                $least = $distance;
                $nearest = [$handler];
            }
        }
        return $within ?: $nearest;
    }

    /** Compares a handler's parameters with what it is called with. */
    private function parameters($name)
    {
        $function = new \ReflectionFunction($name);
        $given = count(Roles::HANDLERS[$name]);
        $needed = $function->getNumberOfRequiredParameters();
        if ($needed > $given) {
            $this->add(PHP_VERSION_ID >= 70100 ? 'error' : 'warning', 'arity', $name . '() needs ' . $needed . ' parameters, and is given ' . $given,
                $function->getFileName(), $function->getStartLine());
        }
        $has = $function->getNumberOfParameters();
        if (isset(self::DATA[$name]) && $has > 0 && $has < self::DATA[$name] && !$function->isVariadic() && !$this->readsArguments($name)) {
            $roles = str_replace('data', $name === 'ws_server_text' ? 'msg' : 'data', implode(', $', Roles::HANDLERS[$name]));
            $this->add('warning', 'arity', $name . '() does not get its data: it has ' . $has . ($has === 1 ? ' parameter' : ' parameters')
                . ', and is called with ($' . str_replace('$key', '$client_key', $roles) . ')', $function->getFileName(), $function->getStartLine());
        }
    }

    /** Reports whether a function looks at its arguments by func_get_args() or func_get_arg(). */
    private function readsArguments($name)
    {
        foreach (isset($this->program->functions[$name]) ? $this->program->functions[$name]->codes : [] as $code) {
            foreach ($code->segments as $segment) {
                for ($i = $segment[0]; $i <= $segment[1]; $i++) {
                    if ($code->source->kinds[$i] === T_STRING && strncasecmp(ltrim($code->source->texts[$i], '\\'), 'func_get_arg', 12) === 0) {
                        return true;
                    }
                }
            }
        }
        return false;
    }
}
