<?php
namespace Wsbridge\Analysis;

/** Recognizes values that are bound to their process: connections, open files, closures. */
final class ProcessBound
{
    const CLASSES = 'pdo,pdostatement,mysqli,mysqli_stmt,mysqli_result,redis,rediscluster,redisarray,memcache,memcached,splfileobject,
        spltempfileobject,splfileinfo,directoryiterator,sqlite3,sqlite3stmt,sqlite3result,soapclient,simplexmlelement,xmlreader,
        xmlwriter,domdocument,ziparchive,mongoclient,amqpconnection,gearmanclient,gearmanworker,zmqcontext,zmqsocket,fiber,phar';

    const FUNCTIONS = 'mysqli_connect,mysqli_init,mysqli_prepare,mysqli_stmt_init,mysql_connect,mysql_pconnect,pg_connect,pg_pconnect,
        sqlite_open,fopen,popen,proc_open,tmpfile,fsockopen,pfsockopen,stream_socket_client,stream_socket_server,opendir,dir,
        curl_init,curl_multi_init,curl_share_init,imap_open,ftp_connect,ftp_ssl_connect,ldap_connect,ssh2_connect,socket_create,
        socket_create_listen,memcache_connect,memcache_pconnect,oci_connect,oci_pconnect,oci_new_connect,odbc_connect,
        odbc_pconnect,sqlsrv_connect,ibase_connect,mssql_connect,sybase_connect,xml_parser_create,finfo_open,inotify_init,
        stream_context_create,gzopen,bzopen,msg_get_queue,sem_get,shm_attach,shmop_open,simplexml_load_string,simplexml_load_file';

    /** Methods of PHP's classes that give such a value. */
    const METHODS = 'prepare,query,stmt_init,store_result,use_result,get_result,openfile,opendir';

    /** Those of them that are connections to a server, of which each process may have its own. */
    const CONNECTIONS = 'pdo,mysqli,redis,rediscluster,redisarray,memcache,memcached,mongoclient,mysqli_connect,mysqli_init,mysql_connect,
        mysql_pconnect,pg_connect,pg_pconnect,ldap_connect,memcache_connect,memcache_pconnect,oci_connect,oci_pconnect,oci_new_connect,
        odbc_connect,odbc_pconnect,sqlsrv_connect,ibase_connect,mssql_connect,sybase_connect';

    /** Reports whether objects of a class of PHP's are bound to their process. */
    public static function isHandle($class)
    {
        return self::lists(self::CLASSES, strtolower($class));
    }

    /** Reports whether the words that of() returned are for a connection to a server. */
    public static function isConnection($words)
    {
        return preg_match('/^a (\S+) object$|^what (\w+)\(\) gives$/', (string) $words, $match)
            && self::lists(self::CONNECTIONS, strtolower(end($match)));
    }

    /**
     * Returns words for the process-bound value that the expression at $i makes; "" for a value that need not be kept (null, false,
     * an empty array); null for one that may outlive the process. $depth is how many nested functions are followed.
     */
    public static function of(Program $program, Code $code, $i, $depth)
    {
        $source = $code->source;
        $i = $source->kinds[$i] === '@' ? $i + 1 : $i;
        switch ($source->kinds[$i]) {
            case T_NEW:
                $class = $source->kinds[$i + 1] === T_STRING ? $code->resolve($i + 1) : '';
                $end = $source->kinds[$i + 2] === '(' ? $source->after($i + 2) : $i + 2;
                $held = self::ends($source, $end) ? self::object($program, $class) : '';
                return $held === '' ? null : $held;
            case T_FUNCTION:
                return 'a Closure';
            case T_STATIC:
                return $source->kinds[$i + 1] === T_FUNCTION ? 'a Closure' : self::called($program, $code, $i, $depth);
            case T_VARIABLE:
                return self::given($program, $source, $i);
            case '[':
                return $source->kinds[$i + 1] === ']' && self::ends($source, $i + 2) ? '' : null;
            case T_ARRAY:
                return $source->matches($i + 1, ['(', ')']) && self::ends($source, $i + 3) ? '' : null;
            case T_STRING:
                $isNothing = in_array(strtolower($source->texts[$i]), ['null', 'false'], true) && self::ends($source, $i + 1);
                return $isNothing ? '' : self::called($program, $code, $i, $depth);
        }
        return null;
    }

    /** Returns words for an object of a class that is process-bound, or gets such a value from its constructor; else "". */
    private static function object(Program $program, $class)
    {
        if (self::lists(self::CLASSES, strtolower($class))) {
            return 'a ' . $class . ' object';
        }
        $short = Unit::short($class);
        $methods = isset($program->classes[$short]) ? $program->classes[$short]['methods'] : [];
        if (isset($methods['__sleep']) || isset($methods['__serialize']) || isset($methods['serialize'])) {
            return ''; // the class decides what is kept
        }
        foreach ($program->constructors($short) as $unit) {
            foreach ($unit->codes as $code) {
                $held = self::assigned($program, $code);
                if ($held !== '') {
                    return 'a ' . $class . ' object with ' . $held;
                }
            }
        }
        return '';
    }

    /** Returns words for the first process-bound value that a property is assigned, or "". */
    private static function assigned(Program $program, Code $code)
    {
        for ($i = $code->body + 1; $code->body > 0 && $i < $code->source->after($code->body); $i++) {
            $isProperty = $code->source->matches($i, [T_VARIABLE, T_OBJECT_OPERATOR, T_STRING, '=']) && $code->source->texts[$i] === '$this';
            $what = $isProperty ? self::of($program, $code, $i + 4, 0) : '';
            if ((string) $what !== '') {
                return $what;
            }
        }
        return '';
    }

    /** Returns words for what a method of PHP's gives that is bound to its process, "$db->prepare(..)"; null for any other expression. */
    private static function given(Program $program, Source $source, $i)
    {
        $path = [T_VARIABLE, T_STRING, T_OBJECT_OPERATOR, T_DOUBLE_COLON, '(', '['];
        for ($open = 0; in_array($source->kinds[$i], $path, true); $i++) {
            $open = $source->kinds[$i] === '(' ? $i : $open;
            $i = isset($source->partners[$i]) ? $source->partners[$i] : $i;
        }
        $isCall = $open > 0 && $source->after($open) === $i && self::ends($source, $i) && $source->kinds[$open - 2] === T_OBJECT_OPERATOR;
        $name = $isCall ? strtolower($source->texts[$open - 1]) : '';
        return $isCall && self::lists(self::METHODS, $name) && !isset($program->methods[$name]) ? 'what ' . $name . '() gives' : null;
    }

    /** Like of, for what a call returns. */
    private static function called(Program $program, Code $code, $i, $depth)
    {
        $source = $code->source;
        $open = $source->kinds[$i + 1] === T_DOUBLE_COLON ? $i + 3 : $i + 1;
        if ($source->kinds[$open] !== '(' || !self::ends($source, $source->after($open))) {
            return null;
        }
        list($kind, $name) = Calls::callee($code, $open);
        $isTheirs = $kind === 'function' && isset($program->functions[$name]);
        if ($kind === 'function' && !$isTheirs) {
            return self::lists(self::FUNCTIONS, $name) ? 'what ' . $name . '() gives' : null;
        }
        if ($depth === 0 || $isTheirs && Php::hasFunction($name)) {
            return null; // it may be the one or the other
        }
        if ($kind === 'function') {
            return self::returned($program, $program->functions[$name], $depth - 1);
        }
        $methods = $kind === 'static' && isset($program->methods[$name]) ? $program->methods[$name] : [];
        return count($methods) === 1 ? self::returned($program, $methods[0], $depth - 1) : null;
    }

    /** Like of, for what all return statements of a unit return. */
    private static function returned(Program $program, Unit $unit, $depth)
    {
        $found = '';
        foreach ($unit->codes as $code) {
            if (self::yields($code)) {
                return 'a Generator object';
            }
            for ($i = $code->body; $i > 0 && $i <= $code->source->after($code->body); $i++) {
                if ($code->source->kinds[$i] !== T_RETURN || $code->isInClosure($i) || $code->source->kinds[$i + 1] === ';') {
                    continue;
                }
                $what = $code->source->kinds[$i + 1] === T_VARIABLE && $code->source->kinds[$i + 2] === ';'
                    ? self::variable($program, $code, $code->source->texts[$i + 1]) : self::of($program, $code, $i + 1, $depth);
                if ($what === null) {
                    return null;
                }
                $found = $what === '' ? $found : $what;
            }
        }
        return $found === '' ? null : $found;
    }

    /** Reports whether a function is a generator. */
    private static function yields(Code $code)
    {
        $end = $code->source->kinds[$code->body] === '{' ? $code->source->after($code->body) : 0;
        for ($i = $code->body; $i < $end; $i++) {
            if ($code->source->kinds[$i] === T_YIELD && !$code->isInClosure($i)) {
                return true;
            }
        }
        return false;
    }

    /** Like of, for what all assignments to a local variable assign. */
    private static function variable(Program $program, Code $code, $name)
    {
        $found = '';
        for ($i = $code->body + 1; $i <= $code->source->after($code->body); $i++) {
            $before = $code->source->kinds[$i - 1];
            if ($code->source->kinds[$i] !== T_VARIABLE || $code->source->texts[$i] !== $name || $before === T_DOUBLE_COLON) {
                continue;
            }
            $write = Variables::write($program, $code, $i, $i + 1);
            if ($write === null || $write[0] === 'touch' || $before === T_STATIC || $before === T_GLOBAL) {
                continue;
            }
            $what = $write[0] === 'assign' ? self::of($program, $code, $write[1], 0) : null;
            if ($what === null) {
                return null;
            }
            $found = $what === '' ? $found : $what;
        }
        return $found;
    }

    /** Reports whether an expression ends at $i. */
    private static function ends(Source $source, $i)
    {
        return in_array($source->kinds[$i], [';', ')', ',', T_LOGICAL_OR], true);
    }

    private static function lists($names, $name)
    {
        return in_array(ltrim($name, '\\'), preg_split('/,\s*/', $names), true);
    }
}
