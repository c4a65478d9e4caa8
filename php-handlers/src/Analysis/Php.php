<?php
namespace Wsbridge\Analysis;

/** Tells what the running PHP knows of its own functions, classes and methods. Names are in lower case. */
final class Php
{
    /** Prefixes of the functions of extensions, each followed by the extension's name if that is another. */
    const EXTENSIONS = 'apc_,apcu_,ctype_,curl_,dba_,enchant_,exif_,fann_,ftp_,geoip_,gmp_,gnupg_,hash_,iconv_,igbinary_,imap_,
        intl_,json_,ldap_,libxml_,mailparse_,mb_,mcrypt_,memcache_,mhash_,mongo_,msgpack_,mssql_,mysql_,mysqli_,odbc_,openssl_,
        pcntl_,posix_,pspell_,radius_,readline_,recode_,redis_,session_,shmop_,simplexml_,snmp_,soap_,sodium_,sqlite_,sqlsrv_,
        ssh2_,svn_,sybase_,tidy_,wddx_,xdebug_,xml_,xmlrpc_,xmlwriter_,yaml_,zip_,zlib_,zmq_,imagec gd,imaged gd,imagef gd,
        imageg gd,imagej gd,imagel gd,imagep gd,images gd,imaget gd,imagew gd,bcadd bcmath,bccomp bcmath,bcdiv bcmath,bcmod bcmath,
        bcmul bcmath,bcpow bcmath,bcscale bcmath,bcsqrt bcmath,bcsub bcmath,bzopen bz2,bzread bz2,bzwrite bz2,bzcompress bz2,
        bzdecompress bz2,cal_ calendar,gz zlib,ibase_ interbase,msg_ sysvmsg,numfmt_ intl,oci_ oci8,pg_ pgsql,sem_ sysvsem,
        shm_ sysvshm,socket_ sockets,token_ tokenizer,utf8_ xml';

    const CLASSES = 'amqpconnection,curlfile,domdocument,domxpath,gearmanclient,gmagick,imagick,intldateformatter,memcache,memcached,
        mongoclient,mongodb,mysqli,mysqli_result,mysqli_stmt,numberformatter,pdo,pdostatement,redis,rediscluster,
        simplexmlelement,soapclient,sqlite3,xmlreader,xmlwriter,xsltprocessor,ziparchive,zmqcontext,zmqsocket,collator,
        normalizer,transliterator,messageformatter,pdoexception,mysqli_sql_exception,redisexception';

    /** Methods that write into arguments, for extensions that are missing. */
    const WRITING = 'bind_param,bind_result,bindparam,bindcolumn';

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

    /** Returns the missing extension that would have a function which does not exist, or "". */
    public static function extension($function)
    {
        foreach (preg_split('/,\s*/', self::EXTENSIONS) as $entry) {
            list($prefix, $extension) = explode(' ', $entry . ' ' . rtrim($entry, '_'));
            if (strncmp($function, $prefix, strlen($prefix)) === 0) {
                return extension_loaded($extension) ? '' : $extension;
            }
        }
        return '';
    }

    public static function isExtensionClass($name)
    {
        return in_array($name, preg_split('/,\s*/', self::CLASSES), true) || strncmp($name, 'mongodb\\', 8) === 0;
    }

    /** Returns PHP's own classes and interfaces that have a method. */
    public static function classesWith($method)
    {
        if (self::$methods === []) {
            foreach (array_merge(get_declared_classes(), get_declared_interfaces()) as $class) {
                $reflection = new \ReflectionClass($class);
                if ($reflection->isInternal()) {
                    foreach (get_class_methods($class) as $name) {
                        self::$methods[strtolower($name)][] = $class;
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

    private static function describe(\ReflectionFunctionAbstract $function)
    {
        $parameters = [];
        foreach ($function->getParameters() as $parameter) {
            $type = PHP_VERSION_ID >= 70100 ? $parameter->getType() : null;
            $called = $type !== null && preg_match('/(^|[?|])(callable|Closure)\b/', self::text($type));
            // PHP 5 and 7 name a variadic parameter "...".
            $parameters[] = ['reference' => $parameter->isPassedByReference(), 'called' => (bool) $called,
                'variadic' => $parameter->isVariadic() || $parameter->getName() === '...'];
        }
        return $parameters;
    }

    private static function text($type)
    {
        return method_exists($type, 'getName') ? $type->getName() : (string) $type;
    }
}
