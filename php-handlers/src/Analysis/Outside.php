<?php
namespace Wsbridge\Analysis;

/** Finds code that reads and writes what is outside of PHP: files, databases, other programs. */
final class Outside
{
    const READS = ['file' => 'file_get_contents,file,fgets,fgetc,fgetcsv,fread,fscanf,fpassthru,readfile,stream_get_contents,parse_ini_file,file_exists,
        is_file,filesize,filemtime,glob,scandir,readdir'];

    const WRITES = ['file' => 'file_put_contents,fwrite,fputs,fputcsv,ftruncate,unlink,rename,mkdir,rmdir,touch,copy,symlink,link',
        'program' => 'mail,send_email,exec,shell_exec,system,passthru,popen,proc_open'];

    const SQL = ['reads' => '/^\W*(select|show|with)\b/i', 'writes' => '/^\W*(insert|update|delete|replace|truncate|drop|alter|create|merge)\s/i'];

    const WORDS = ['file' => 'a file', 'database' => 'a database', 'program' => 'another program'];

    /** Returns what a unit reads or writes itself: by "reads" or "writes" and then "file", "database" or "program", the first place. */
    public static function of(Unit $unit)
    {
        $found = ['reads' => [], 'writes' => []];
        foreach ($unit->codes as $code) {
            foreach ($code->segments as $segment) {
                for ($i = $segment[0]; $i <= $segment[1]; $i++) {
                    list($does, $what) = $unit->isFile && $code->isInClosure($i) ? ['', ''] : self::at($code, $i);
                    if ($does !== '') {
                        $found[$does] += [$what => ['file' => $code->source->file, 'line' => $code->source->lines[$i]]];
                    }
                }
            }
        }
        return $found;
    }

    /** Returns the same for all that a unit can call. */
    public static function reached(Reach $reach, Unit $unit)
    {
        $all = ['reads' => [], 'writes' => []];
        foreach ($reach->closure($unit) as $reached) {
            if (!$reached[0]->isFile || $reached[0] === $unit) {
                $own = self::of($reached[0]);
                $all = ['reads' => $all['reads'] + $own['reads'], 'writes' => $all['writes'] + $own['writes']];
            }
        }
        return $all;
    }

    private static function at(Code $code, $i)
    {
        $source = $code->source;
        if ($source->kinds[$i] === T_CONSTANT_ENCAPSED_STRING || $source->kinds[$i] === T_ENCAPSED_AND_WHITESPACE && $source->kinds[$i - 1] === '"') {
            foreach (self::SQL as $does => $pattern) {
                if (preg_match($pattern, $source->texts[$i])) {
                    return [$does, 'database'];
                }
            }
        }
        if ($source->kinds[$i] !== T_STRING || $source->kinds[$i + 1] !== '(') {
            return ['', ''];
        }
        list($kind, $name) = Calls::callee($code, $i + 1);
        if ($kind !== 'function' || preg_match('/^(STDOUT|STDERR|\$sockets|\$server)$/', $source->texts[$i + 2])) {
            return ['', ''];
        }
        if ($name === 'fopen' && preg_match('/,\s*["\']w/', self::arguments($source, $i + 1))) {
            return ['writes', 'file']; // it empties the file
        }
        foreach (['reads' => self::READS, 'writes' => self::WRITES] as $does => $lists) {
            foreach ($lists as $what => $list) {
                if (in_array($name, preg_split('/,\s*/', $list), true)) {
                    return [$does, $what];
                }
            }
        }
        return ['', ''];
    }

    private static function arguments(Source $source, $open)
    {
        return implode('', array_slice($source->texts, $open, $source->after($open) - $open));
    }
}
