<?php
namespace Wsbridge\Analysis;

/**
 * The tokens of a file, without comments and white space, and in one form for all versions of PHP: a name with its namespace is one
 * T_STRING, "?->" is T_OBJECT_OPERATOR, "fn" is T_FUNCTION, every kind of class is T_CLASS, "??=" is "=", other compound
 * assignments are T_PLUS_EQUAL, the ends of a heredoc are quotes, and attributes are left out.
 */
final class Source
{
    /** The tokens by index, from 1. Tokens ";" stand before the first and after the last, so that neighbours always exist. */
    public $kinds = [';'];
    public $texts = [';'];
    public $lines = [0];

    /** The matching bracket of each bracket, in both directions. */
    public $partners = [];

    /** The innermost bracket around each token, 0 for none. */
    public $outer = [0];

    /** The index of the first ";" after the last token. */
    public $last = 0;

    public $file;

    /** What "use" imports, by alias in lower case: full names of classes, and names of functions. */
    public $classes = [];
    public $functions = [];

    /** For each open brace, whether its contents are a string. */
    private $strings = [false];

    private static $forms = [];

    public function __construct($file, $text)
    {
        $this->file = $file;
        self::$forms = self::$forms ?: self::forms();
        $line = 1;
        $glued = false; // whether it touches the token before
        $attribute = 0; // the number of open brackets of an attribute
        foreach (token_get_all($text) as $token) {
            list($kind, $text) = is_array($token) ? $token : [$token, $token];
            $start = $line;
            $line += is_array($token) ? substr_count($text, "\n") : 0;
            if ($attribute > 0 || $text === '#[' && defined('T_ATTRIBUTE')) {
                $attribute += substr($text, -1) === '[' ? 1 : ($kind === ']' ? -1 : 0);
            } elseif (!in_array($kind, [T_WHITESPACE, T_COMMENT, T_DOC_COMMENT, T_OPEN_TAG, T_INLINE_HTML], true)) {
                $this->add($kind, $text, $start, $glued);
                $glued = true;
                continue;
            }
            $glued = false;
        }
        $this->pair();
        $last = count($this->kinds);
        foreach ([1, 2, 3, 4, 5] as $sentinel) {
            $this->push(';', ';', $line);
            $this->outer[] = 0;
        }
        $this->last = $last;
    }

    /** Reports whether the tokens from $i on are of these kinds. */
    public function matches($i, array $kinds)
    {
        foreach ($kinds as $at => $kind) {
            if (!isset($this->kinds[$i + $at]) || $this->kinds[$i + $at] !== $kind) {
                return false;
            }
        }
        return true;
    }

    /** Returns the index after a bracket's partner; after the last token if it has none. */
    public function after($i)
    {
        return isset($this->partners[$i]) ? $this->partners[$i] + 1 : $this->last;
    }

    /** Returns the first index of each argument or element between a bracket and its partner, and the partner's index. */
    public function elements($open)
    {
        $end = $this->after($open) - 1;
        $starts = $open + 1 < $end ? [$open + 1] : [];
        for ($i = $open + 1; $i < $end; $i++) {
            if ($this->kinds[$i] === ',' && $i + 1 < $end) {
                $starts[] = $i + 1;
            } elseif (isset($this->partners[$i]) && $this->partners[$i] > $i) {
                $i = $this->partners[$i];
            }
        }
        return [$starts, $end];
    }

    /** Returns the value of a string literal without variables, or null. */
    public function literal($i)
    {
        if ($this->kinds[$i] !== T_CONSTANT_ENCAPSED_STRING) {
            return null;
        }
        $text = ltrim($this->texts[$i], 'bB');
        return $text[0] === '"' ? stripcslashes(substr($text, 1, -1))
            : str_replace(["\\'", '\\\\'], ["'", '\\'], substr($text, 1, -1));
    }

    private static function forms()
    {
        $forms = [T_OPEN_TAG_WITH_ECHO => T_ECHO, T_CLOSE_TAG => ';', T_INTERFACE => T_CLASS, T_TRAIT => T_CLASS,
            T_START_HEREDOC => '"', T_END_HEREDOC => '"', T_STRING_VARNAME => T_VARIABLE, T_NUM_STRING => T_LNUMBER];
        $newer = ['T_FN' => T_FUNCTION, 'T_ENUM' => T_CLASS, 'T_READONLY' => T_FINAL, 'T_MATCH' => T_SWITCH,
            'T_NULLSAFE_OBJECT_OPERATOR' => T_OBJECT_OPERATOR, 'T_NAME_QUALIFIED' => T_STRING, 'T_NAME_RELATIVE' => T_STRING,
            'T_NAME_FULLY_QUALIFIED' => T_STRING, 'T_COALESCE_EQUAL' => '=', 'T_PIPE' => '|>', 'T_AMPERSAND_FOLLOWED_BY_VAR_OR_VARARG' => '&',
            'T_AMPERSAND_NOT_FOLLOWED_BY_VAR_OR_VARARG' => '&'];
        foreach (['PLUS', 'MINUS', 'MUL', 'DIV', 'CONCAT', 'MOD', 'AND', 'OR', 'XOR', 'SL', 'SR', 'POW'] as $operator) {
            $newer['T_' . $operator . '_EQUAL'] = T_PLUS_EQUAL;
        }
        foreach ($newer as $name => $form) {
            if (defined($name)) {
                $forms[constant($name)] = $form;
            }
        }
        return $forms;
    }

    private function add($kind, $text, $line, $glued)
    {
        $previous = $this->kinds[$this->last];
        if ($glued && $this->joins($kind, $previous)) {
            $this->kinds[$this->last] = T_STRING;
            $this->texts[$this->last] .= $text;
            return;
        }
        $this->inString($kind);
        if ($kind === T_STRING_VARNAME) {
            $this->kinds[$this->last] = T_CURLY_OPEN; // "${name}" is "{$name}"
            $text = '$' . $text;
        } elseif ($kind === T_STRING && $previous === '[' && end($this->strings)) {
            $this->push(T_CONSTANT_ENCAPSED_STRING, "'" . $text . "'", $line); // "$row[name]"
            return;
        }
        if ($this->isName($kind, $text, $previous)) {
            $kind = T_STRING;
        }
        $this->push(isset(self::$forms[$kind]) ? self::$forms[$kind] : ($kind === T_NS_SEPARATOR ? T_STRING : $kind), $text, $line);
    }

    private function push($kind, $text, $line)
    {
        $this->last = count($this->kinds);
        $this->kinds[] = $kind;
        $this->texts[] = $text;
        $this->lines[] = $line;
    }

    /** Reports whether a token continues the name before it; up to PHP 7 a name is several tokens. */
    private function joins($kind, $previous)
    {
        if ($kind === T_NS_SEPARATOR) {
            return $previous === T_STRING || $previous === T_NAMESPACE;
        }
        return $previous === T_STRING && $kind === T_STRING && substr($this->texts[$this->last], -1) === '\\';
    }

    private function inString($kind)
    {
        $top = count($this->strings) - 1;
        if ($kind === '"' || $kind === '`' || $kind === T_START_HEREDOC || $kind === T_END_HEREDOC) {
            $this->strings[$top] = !$this->strings[$top];
        } elseif ($kind === '{' || $kind === T_CURLY_OPEN || $kind === T_DOLLAR_OPEN_CURLY_BRACES) {
            $this->strings[] = false;
        } elseif ($kind === '}' && $top > 0) {
            array_pop($this->strings);
        }
    }

    /** Reports whether a keyword is a name, as in $list->print() and function list(). */
    private function isName($kind, $text, $previous)
    {
        if ($previous === '&') {
            $previous = $this->kinds[$this->last - 1];
        }
        $names = $previous === T_OBJECT_OPERATOR || $previous === T_DOUBLE_COLON || $previous === T_FUNCTION || $previous === T_CONST;
        return $names && is_int($kind) && $kind !== T_VARIABLE && preg_match('/^\w+$/', $text);
    }

    private function pair()
    {
        $open = [];
        for ($i = 1; $i <= $this->last; $i++) {
            $kind = $this->kinds[$i];
            if (in_array($kind, [')', ']', '}'], true)) {
                $start = array_pop($open);
                if ($start !== null) {
                    $this->partners[$start] = $i;
                    $this->partners[$i] = $start;
                }
            }
            $this->outer[] = $open === [] ? 0 : end($open);
            if (in_array($kind, ['(', '[', '{', T_CURLY_OPEN, T_DOLLAR_OPEN_CURLY_BRACES], true)) {
                $open[] = $i;
            }
        }
    }
}
