<?php
namespace Wsbridge\Analysis;

use Wsbridge\Value;

/**
 * Tells whether an expression that runs when a process starts has the same value in each: it is made of literals, constants, files and
 * functions that depend on nothing else. What is not certain is not repeatable.
 */
final class Repeatable
{
    const FUNCTIONS = 'abs,addslashes,array_change_key_case,array_chunk,array_column,array_combine,array_count_values,array_diff,array_diff_key,
        array_fill,array_fill_keys,array_filter,array_flip,array_intersect,array_intersect_key,array_key_exists,array_keys,array_map,
        array_merge,array_merge_recursive,array_pad,array_product,array_replace,array_reverse,array_search,array_slice,array_sum,
        array_unique,array_values,base64_decode,base64_encode,basename,bin2hex,ceil,chr,constant,count,crc32,defined,dechex,dirname,
        explode,extension_loaded,file,file_exists,file_get_contents,floatval,floor,function_exists,class_exists,gethostname,getenv,hash,
        hex2bin,htmlspecialchars,implode,in_array,ini_get,intval,is_array,is_dir,is_file,is_int,is_null,is_numeric,is_string,join,
        json_decode,json_encode,lcfirst,load_files,ltrim,max,md5,mb_strtolower,mb_strtoupper,mb_substr,min,number_format,ord,
        parse_ini_file,parse_ini_string,parse_url,php_sapi_name,php_uname,phpversion,pow,preg_match,preg_quote,preg_replace,preg_split,
        range,rawurlencode,realpath,round,rtrim,serialize,sha1,sizeof,sprintf,str_pad,str_repeat,str_replace,str_split,strlen,strpos,
        strrpos,strtolower,strtoupper,strtr,strval,substr,trim,ucfirst,ucwords,unserialize,urlencode,version_compare';

    private $program;

    /** Variables whose values are being looked at, as keys. They do not decide about themselves. */
    private $open = [];

    public function __construct(Program $program)
    {
        $this->program = $program;
    }

    /** Reports whether the expression at $i is repeatable. */
    public function isExpression(Code $code, $i)
    {
        $source = $code->source;
        for ($depth = 0; $i < $source->last; $i++) {
            $kind = $source->kinds[$i];
            if ($kind === ';' || $depth === 0 && in_array($kind, [',', ')', ']', T_LOGICAL_OR], true)) {
                return true;
            }
            if ($kind === T_FUNCTION) {
                $i = $this->afterClosure($code, $i) - 1; // a closure's code counts where it is called
                continue;
            }
            if (!$this->isToken($code, $i)) {
                return false;
            }
            if (in_array($kind, [T_INCLUDE, T_INCLUDE_ONCE, T_REQUIRE, T_REQUIRE_ONCE], true)) {
                return true; // its path is a part of isToken
            }
            $depth += in_array($kind, ['(', '[', '{', T_CURLY_OPEN], true) ? 1 : (in_array($kind, [')', ']', '}'], true) ? -1 : 0);
        }
        return true;
    }

    private function isToken(Code $code, $i)
    {
        $source = $code->source;
        switch ($source->kinds[$i]) {
            case '(':
                list($kind, $name) = Calls::callee($code, $i);
                return $kind === '' || $kind === 'function' && $this->isFunction($name);
            case T_VARIABLE:
                return $source->kinds[$i - 1] !== T_DOUBLE_COLON && $source->kinds[$i + 1] !== T_OBJECT_OPERATOR
                    && $this->isVariable($code, $source->texts[$i]);
            case T_STRING:
                return $source->kinds[$i + 1] === '(' || $source->kinds[$i - 1] === T_DOUBLE_COLON || $this->isConstant($source->texts[$i]);
            case T_INCLUDE:
            case T_INCLUDE_ONCE:
            case T_REQUIRE:
            case T_REQUIRE_ONCE:
                return $this->isIncluded($source, $i);
        }
        return !in_array($source->kinds[$i], [T_NEW, T_CLONE, T_OBJECT_OPERATOR, '`', '$', T_EVAL, T_YIELD, T_STATIC, T_LIST, T_EXIT,
            T_INC, T_DEC, T_PRINT], true);
    }

    private function isFunction($name)
    {
        return !isset($this->program->functions[$name]) && in_array($name, preg_split('/,\s*/', self::FUNCTIONS), true);
    }

    /** Reports whether all values of a variable are repeatable: at file scope those that all files give it. */
    private function isVariable(Code $code, $name)
    {
        if ($name === '$GLOBALS' || $name === '$this' || strncmp($name, '$_', 2) === 0) {
            return false;
        }
        $key = $code->body === 0 ? $name : $name . ' ' . Value::identity($code);
        if (isset($this->open[$key])) {
            return true;
        }
        $this->open[$key] = true;
        $is = true;
        foreach ($code->body === 0 ? $this->fileWrites(substr($name, 1)) : $this->localWrites($code, $name) as $write) {
            $is = $is && $this->isWrite($write);
        }
        unset($this->open[$key]);
        return $is;
    }

    /** Reports whether a write gives a repeatable value. */
    public function isWrite(array $write)
    {
        return $write['kind'] === 'unset'
            || in_array($write['kind'], ['assign', 'element'], true) && $this->isExpression($write['code'], $write['value']);
    }

    private function fileWrites($name)
    {
        $writes = [];
        foreach ($this->program->units() as $unit) {
            $writes = array_merge($writes, isset($unit->writes[$name]) ? $unit->writes[$name] : []);
        }
        return $writes;
    }

    /** Returns the writes of a local variable. A parameter or a global has one of an unknown kind. */
    private function localWrites(Code $code, $name)
    {
        $writes = [];
        foreach ($code->segments as $segment) {
            for ($i = $segment[0]; $i <= $segment[1]; $i++) {
                $isIt = $code->source->kinds[$i] === T_VARIABLE && $code->source->texts[$i] === $name;
                $write = $isIt ? Variables::write($this->program, $code, $i, $i + 1) : null;
                if ($write !== null) {
                    $writes[] = ['kind' => $write[0], 'value' => $write[1], 'code' => $code];
                }
            }
        }
        return $writes;
    }

    private function isConstant($name)
    {
        $at = strrpos($name, '\\');
        $name = $at === false ? $name : substr($name, $at + 1);
        $is = true;
        if (isset($this->program->constants[$name]) && !isset($this->open[$name])) {
            $this->open[$name] = true;
            foreach ($this->program->constants[$name] as $place) {
                $is = $is && $this->isExpression($this->codeAt($place[0], $place[1]), $place[1]);
            }
            unset($this->open[$name]);
        }
        return $is;
    }

    /** Reports whether the file that is included at $i returns a repeatable value, or nothing. */
    private function isIncluded(Source $source, $i)
    {
        $file = Includes::file($this->program, $source, $i);
        if ($file === null || !isset($this->program->sources[$file])) {
            return false;
        }
        $included = $this->program->sources[$file];
        for ($at = 1; $at < $included->last; $at++) {
            $code = $included->kinds[$at] === T_RETURN ? $this->codeAt($included, $at) : null;
            if ($code !== null && in_array($code, $this->program->file->codes, true) && !$this->isExpression($code, $at + 1)) {
                return false;
            }
        }
        return true;
    }

    /** Returns the code that a token belongs to. */
    private function codeAt(Source $source, $i)
    {
        foreach ($this->program->codes as $code) {
            foreach ($code->source === $source ? $code->segments : [] as $segment) {
                if ($i >= $segment[0] && $i <= $segment[1]) {
                    return $code;
                }
            }
        }
        return $this->program->file->codes[0];
    }

    private function afterClosure(Code $code, $i)
    {
        foreach ($code->closures as $range) {
            if ($range[0] === $i) {
                return $range[1] + 1;
            }
        }
        return $i + 1;
    }
}
