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

    /** The parts with namespaces of their own, in order. The first begins with the file. */
    public $scopes = [];

    /** For each open brace, whether its contents are a string. */
    private $strings = [false];

    private static $forms = [];

    public function __construct($file, $text)
    {
        $this->file = $file;
        $this->scopes[] = new Scope(0, '');
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

    /** Returns the part that a token is in. */
    public function scopeAt($i)
    {
        for ($at = count($this->scopes) - 1; $this->scopes[$at]->from > $i; $at--);
        return $this->scopes[$at];
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

    /**
     * Returns the arguments of a call by position, as pairs of the first token and the one after the last. Named ones have the position
     * of the parameter; null if they are spread, or if no parameter has that name.
     */
    public function arguments($open, array $parameters)
    {
        list($starts, $end) = $this->elements($open);
        $positions = array_flip(array_column($parameters, 'name'));
        $arguments = [];
        foreach ($starts as $at => $start) {
            $stop = isset($starts[$at + 1]) ? $starts[$at + 1] - 1 : $end - ($this->kinds[$end - 1] === ',' ? 1 : 0);
            $isNamed = $this->kinds[$start + 1] === ':';
            if ($this->kinds[$start] === T_ELLIPSIS || $isNamed && !isset($positions[$this->texts[$start]])) {
                return null;
            }
            $arguments[$isNamed ? $positions[$this->texts[$start]] : $at] = [$isNamed ? $start + 2 : $start, $stop];
        }
        return $arguments;
    }

    /** Returns the value of a string literal without variables, or null. */
    public function literal($i)
    {
        if ($this->kinds[$i] !== T_CONSTANT_ENCAPSED_STRING) {
            return null;
        }
        $text = ltrim($this->texts[$i], 'bB');
        if ($text[0] !== '"') {
            return preg_replace('/\\\\([\\\\\'])/', '$1', substr($text, 1, -1));
        }
        $escapes = '/\\\\(?:([nrtvef\\\\$"])|([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|u\{([0-9a-fA-F]+)\})/';
        return preg_replace_callback($escapes, [__CLASS__, 'escaped'], substr($text, 1, -1));
    }

    /** Returns the value of an integer literal. */
    public function number($i)
    {
        $text = str_replace('_', '', strtolower($this->texts[$i]));
        return strncmp($text, '0b', 2) === 0 ? bindec(substr($text, 2)) : intval(str_replace('0o', '0', $text), 0);
    }

    /** Returns what an escape sequence in double quotes stands for. */
    private static function escaped(array $match)
    {
        if (isset($match[4])) {
            return PHP_VERSION_ID < 70000 ? $match[0] : self::utf8(hexdec($match[4]));
        }
        if (isset($match[3])) {
            return chr(hexdec($match[3]));
        }
        if (isset($match[2])) {
            return chr(octdec($match[2]) & 0xff);
        }
        $letters = ['n' => "\n", 'r' => "\r", 't' => "\t", 'v' => "\v", 'e' => "\x1b", 'f' => "\f"];
        return isset($letters[$match[1]]) ? $letters[$match[1]] : $match[1];
    }

    /** Returns a character as UTF-8; surrogates too, as PHP does. */
    private static function utf8($point)
    {
        if ($point < 0x80) {
            return chr($point);
        }
        $bytes = '';
        for ($most = 0x3f; $point > $most; $most >>= 1) { // what fits into the first byte
            $bytes = chr(0x80 | $point & 0x3f) . $bytes;
            $point >>= 6;
        }
        return chr(0xff ^ ($most << 1 | 1) | $point) . $bytes;
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
