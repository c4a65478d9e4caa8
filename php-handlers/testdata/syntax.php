<?php
/*
 * Reports syntax, functions and constants that PHP 5.6 does not have yet, or PHP 8 no longer has or deprecates, in the files given as
 * arguments. It looks at tokens, so it sees no types and no values. Needs PHP 8.
 */

class Syntax
{
    const NEW_TOKENS = [
        T_COALESCE => '??', T_COALESCE_EQUAL => '??=', T_SPACESHIP => '<=>', T_NULLSAFE_OBJECT_OPERATOR => '?->', T_FN => 'fn',
        T_MATCH => 'match', T_ENUM => 'enum', T_ATTRIBUTE => 'an attribute', T_READONLY => 'readonly', T_YIELD_FROM => 'yield from',
        T_INLINE_HTML => 'text outside of <?php',
    ];

    const SCALARS = 'int,float,string,bool,iterable,object,mixed,void,null,false,true,never,static';

    const NEW_NAMES = 'error_clear_last,intdiv,preg_replace_callback_array,random_bytes,random_int,get_resources,gc_mem_caches,
        is_iterable,session_create_id,session_gc,mb_ord,mb_chr,mb_scrub,hash_hkdf,pcntl_async_signals,spl_object_id,
        stream_isatty,hash_hmac_algos,array_key_first,array_key_last,hrtime,is_countable,net_get_interfaces,fpm_get_status,
        gc_status,get_mangled_object_vars,mb_str_split,password_algos,str_contains,str_starts_with,str_ends_with,
        get_debug_type,fdiv,get_resource_id,preg_last_error_msg,array_is_list,fsync,fdatasync,enum_exists,
        ini_parse_quantity,memory_reset_peak_usage,json_validate,mb_str_pad,str_increment,str_decrement,
        stream_context_set_options,array_find,array_find_key,array_any,array_all,mb_trim,mb_ucfirst,mb_lcfirst,
        request_parse_body,fpow,PHP_INT_MIN,PHP_FLOAT_EPSILON,PHP_FLOAT_DIG,PHP_FLOAT_MAX,PHP_FLOAT_MIN,PHP_OS_FAMILY,
        JSON_INVALID_UTF8_SUBSTITUTE,JSON_INVALID_UTF8_IGNORE,JSON_THROW_ON_ERROR,JSON_UNESCAPED_LINE_TERMINATORS,
        PREG_UNMATCHED_AS_NULL,PHP_FD_SETSIZE';

    const GONE_NAMES = 'each,create_function,split,ereg,eregi,ereg_replace,mysql_query,mysql_connect,mcrypt_encrypt,money_format,
        get_magic_quotes_gpc,is_real,restore_include_path,convert_cyr_string,utf8_encode,utf8_decode,strftime,call_user_method,
        spl_object_hash';

    private $file;
    private $tokens = [];
    private $found = [];

    /** The kinds of the open brackets. */
    private $open = [];

    public function __construct($file)
    {
        $this->file = $file;
        foreach (token_get_all(file_get_contents($file)) as $token) {
            $token = is_array($token) ? $token : [$token, $token, end($this->tokens)[2] ?? 1];
            if (!in_array($token[0], [T_WHITESPACE, T_COMMENT, T_DOC_COMMENT], true)) {
                $this->tokens[] = $token;
            }
        }
    }

    public function check()
    {
        foreach (array_keys($this->tokens) as $i) {
            $this->single($i);
            $this->sequence($i);
            $this->name($i);
            $this->bracket($i);
        }
        return $this->found;
    }

    private function is($i, ...$kinds)
    {
        return isset($this->tokens[$i]) && (in_array($this->tokens[$i][0], $kinds, true) || in_array($this->tokens[$i][1], $kinds, true));
    }

    private function report($i, $what)
    {
        $this->found[] = $this->file . ':' . $this->tokens[$i][2] . ': ' . $what;
    }

    private function single($i)
    {
        list($kind, $text) = $this->tokens[$i];
        if (isset(self::NEW_TOKENS[$kind])) {
            $this->report($i, self::NEW_TOKENS[$kind]);
        }
        if (in_array($kind, [T_LNUMBER, T_DNUMBER], true) && preg_match('/_|^0o/i', $text)) {
            $this->report($i, 'number ' . $text);
        }
        if ($kind === T_END_HEREDOC && ($text !== ltrim($text) || !$this->is($i + 1, ';'))) {
            $this->report($i, 'flexible heredoc');
        }
        if (($text[0] === '"' || $kind === T_ENCAPSED_AND_WHITESPACE) && strpos($text, '\u{') !== false) {
            $this->report($i, 'unicode escape');
        }
    }

    private function sequence($i)
    {
        $visibility = [T_PUBLIC, T_PROTECTED, T_PRIVATE];
        if ($this->is($i, T_FINAL, ...$visibility) && $this->is($i + 1, T_CONST)) {
            $this->report($i, 'visibility of a constant');
        }
        $member = [T_VARIABLE, T_FUNCTION, T_STATIC, T_ABSTRACT, T_FINAL, T_CONST];
        if ($this->is($i, ...$visibility) && !$this->is($i + 1, ...$member)
            || $this->is($i, T_STATIC) && $this->is($i - 1, ...$visibility) && !$this->is($i + 1, ...$member)) {
            $this->report($i, 'type of a property');
        }
        if ($this->is($i, T_NEW) && ($this->is($i + 1, T_CLASS, '('))) {
            $this->report($i, 'anonymous class or computed new');
        }
        if ($this->is($i, T_DOUBLE_COLON) && $this->is($i + 1, T_CLASS) && $this->is($i - 1, T_VARIABLE, ')', ']')) {
            $this->report($i, '::class of an object');
        }
        if ($this->is($i, T_DOUBLE_COLON) && !$this->is($i + 1, T_STRING, T_VARIABLE, T_CLASS, '{', '$')) {
            $this->report($i + 1, 'keyword as a name');
        }
        if ($this->is($i, T_FUNCTION) && !$this->is($i + 1, T_STRING, '(', '&') && !$this->is($i - 1, T_USE)) {
            $this->report($i + 1, 'keyword as a name');
        }
        if ($this->is($i, T_NS_SEPARATOR) && $this->is($i + 1, '{')) {
            $this->report($i, 'group use');
        }
        if ($this->is($i, ')') && $this->is($i + 1, '(')) {
            $this->report($i, 'call of a result');
        }
        if ($this->is($i, T_AS, T_DOUBLE_ARROW) && $this->is($i + 1, '[') && $this->is($this->closing($i + 1) + 1, ')') && $this->isForeach($i)) {
            $this->report($i, 'destructuring with [');
        }
        if ($this->is($i, T_THROW) && (!$this->is($i - 1, ';', '{', '}', ')', ':', T_OPEN_TAG, T_ELSE) || $this->isInTernary($i))) {
            $this->report($i, 'throw as an expression');
        }
        if ($this->is($i, T_CATCH)) {
            $this->catching($i);
        }
        if ($this->is($i, T_FUNCTION) && !$this->is($i - 1, T_USE)) {
            $this->head($i);
        }
        if ($this->is($i, T_LIST) && $this->contains($i + 1, T_DOUBLE_ARROW, '&')) {
            $this->report($i, 'keys or references in list()');
        }
    }

    private function name($i)
    {
        if (!$this->is($i, T_STRING, T_NAME_FULLY_QUALIFIED) || $this->is($i - 1, T_OBJECT_OPERATOR, T_DOUBLE_COLON, T_FUNCTION, T_NEW, T_CONST)) {
            return;
        }
        $name = ltrim($this->tokens[$i][1], '\\');
        $call = $this->is($i + 1, '(');
        if (($call || $name === strtoupper($name)) && $this->lists(self::NEW_NAMES, $name)) {
            $this->report($i, $name . ' is newer');
        }
        if ($call && $this->lists(self::GONE_NAMES, $name)) {
            $this->report($i, $name . ' is gone');
        }
        if ($this->is($i - 1, '(', ',') && $this->is($i + 1, ':')) {
            $this->report($i, 'named argument');
        }
    }

    private function bracket($i)
    {
        if ($this->is($i, '(', '[', '{', T_CURLY_OPEN, T_DOLLAR_OPEN_CURLY_BRACES)) {
            $this->open[] = $this->kindOfBracket($i);
            return;
        }
        $inner = end($this->open);
        if ($this->is($i, T_ELLIPSIS) && ($inner === 'array' || $this->is($i + 1, ')'))) {
            $this->report($i, 'spread in an array, or a callable of ...');
        }
        if ($this->is($i, ')') && $inner !== 'array' && $this->is($i - 1, ',')) {
            $this->report($i, 'trailing comma');
        }
        if ($this->is($i, ']') && $inner === 'array' && $this->is($i + 1, '=', '(')) {
            $this->report($i, 'destructuring with [, or call of an array');
        }
        if ($this->is($i, ')', ']', '}')) {
            array_pop($this->open);
        }
    }

    private function kindOfBracket($i)
    {
        if ($this->is($i, '(')) {
            return $this->is($i - 1, T_ARRAY, T_LIST) ? 'array' : 'other';
        }
        $subscript = $this->is($i - 1, T_VARIABLE, T_STRING, T_CONSTANT_ENCAPSED_STRING, ']', ')', '}', '"');
        return $this->is($i, '[') && !$subscript ? 'array' : 'other';
    }

    private function catching($i)
    {
        if ($this->contains($i + 1, '|') || !$this->contains($i + 1, T_VARIABLE)) {
            $this->report($i, 'catch of several, or of none by name');
        }
    }

    /** Checks a function's parameters, and what follows them up to its body. */
    private function head($i)
    {
        while (!$this->is($i, '(')) {
            $i++;
        }
        $end = $this->closing($i);
        for ($at = $i + 1; $at < $end; $at++) {
            $typed = $this->is($at + 1, T_VARIABLE, '&', T_ELLIPSIS, '|') && $this->is($at - 1, '(', ',', '|', '?');
            if ($typed && $this->lists(self::SCALARS, $this->tokens[$at][1]) || $this->is($at, '?', '|', T_PUBLIC, T_PROTECTED, T_PRIVATE)) {
                $this->report($at, 'type of a parameter');
            }
        }
        if ($this->is($end + 1, T_USE)) {
            $end = $this->closing($end + 2);
        }
        if ($this->is($end + 1, ':')) {
            $this->report($end, 'type of a result');
        }
    }

    /** Returns the index of the bracket that closes the one at $i. */
    private function closing($i)
    {
        for ($depth = 0; isset($this->tokens[$i]); $i++) {
            $depth += $this->is($i, '(', '[', '{', T_CURLY_OPEN, T_DOLLAR_OPEN_CURLY_BRACES) ? 1 : ($this->is($i, ')', ']', '}') ? -1 : 0);
            if ($depth === 0) {
                return $i;
            }
        }
        return $i;
    }

    private function contains($i, ...$kinds)
    {
        for ($end = $this->closing($i); $i < $end; $i++) {
            if ($this->is($i, ...$kinds)) {
                return true;
            }
        }
        return false;
    }

    private function isForeach($i)
    {
        while ($i > 0 && !$this->is($i, T_FOREACH, ';', '{')) {
            $i--;
        }
        return $this->is($i, T_FOREACH);
    }

    private function isInTernary($i)
    {
        while ($i > 0 && !$this->is($i, '?', ';', '{', '}', T_CASE, T_DEFAULT)) {
            $i--;
        }
        return $this->is($i, '?');
    }

    private function lists($names, $name)
    {
        return in_array(strtolower($name), array_map('trim', explode(',', strtolower($names))), true);
    }
}

$found = [];
foreach (array_slice($argv, 1) as $file) {
    $found = array_merge($found, (new Syntax($file))->check());
}
echo implode("\n", $found), $found ? "\n" : '';
exit($found ? 1 : 0);
