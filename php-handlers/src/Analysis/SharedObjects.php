<?php
namespace Wsbridge\Analysis;

/** Finds objects that are put into a row and that a global variable or another row holds, too. */
final class SharedObjects
{
    /** Returns where a code puts such an object into a row. */
    public static function in(Overview $overview, Unit $unit, Code $code)
    {
        $roles = Roles::of($unit, $code);
        $source = $code->source;
        $found = [];
        foreach ($code->segments as $segment) {
            for ($i = max($segment[0], $code->close); $i <= $segment[1]; $i++) {
                $role = $source->kinds[$i] === T_VARIABLE && isset($roles[$source->texts[$i]]) ? $roles[$source->texts[$i]] : '';
                if ($role !== 'connection' && $role !== 'connections') {
                    continue;
                }
                $write = Variables::write($overview->program, $code, $i, $i + 1);
                if ($write !== null && $write[0] === 'element' && self::isShared($overview, $code, $write[1], 1)) {
                    $found[] = $i;
                }
            }
        }
        return $found;
    }

    /** Reports whether the expression at $i may give an object that something else holds. $depth is how many assignments are followed. */
    private static function isShared(Overview $overview, Code $code, $i, $depth)
    {
        $holding = new Holding($overview->program);
        $source = $code->source;
        if ($source->kinds[$i] === T_NEW || $source->kinds[$i] === T_CLONE || !$holding->isExpression($code, $i)) {
            return false;
        }
        for (; $i < $source->last && !in_array($source->kinds[$i], [';', ','], true); $i++) {
            if ($source->kinds[$i] === T_VARIABLE && self::isHeld($overview, $holding, $code, $i, $depth)) {
                return true;
            }
            $name = $source->kinds[$i] === T_STRING && $source->kinds[$i + 1] === '(' ? Calls::callee($code, $i + 1) : ['', ''];
            $called = $name[0] === 'function' && isset($overview->program->functions[$name[1]]) ? $overview->program->functions[$name[1]] : null;
            foreach ($called === null ? [] : array_keys($called->reads) as $global) {
                if ($overview->globals->isHolder($global)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static function isHeld(Overview $overview, Holding $holding, Code $code, $i, $depth)
    {
        $source = $code->source;
        $name = $source->texts[$i];
        if ($name === '$GLOBALS') {
            return $overview->globals->isHolder((string) $source->literal($i + 2));
        }
        if ($source->kinds[$i - 1] === T_DOUBLE_COLON || $holding->isGlobal($code, $name)) {
            return $source->kinds[$i - 1] === T_DOUBLE_COLON || $overview->globals->isHolder(substr($name, 1));
        }
        foreach ($depth > 0 ? $code->segments : [] as $segment) {
            for ($at = $segment[0]; $at < $segment[1]; $at++) {
                if ($at !== $i && $source->matches($at, [T_VARIABLE, '=']) && $source->texts[$at] === $name
                    && self::isShared($overview, $code, $at + 2, $depth - 1)) {
                    return true;
                }
            }
        }
        return false;
    }
}
