<?php
namespace Wsbridge\Analysis;

/** Explains what does not exist: which extension would have it, or which version of PHP removed it. */
final class Missing
{
    /** Removed functions, by the version of PHP that removed them. */
    const GONE = [
        '7' => 'call_user_method,call_user_method_array,define_syslog_variables,ereg,ereg_replace,eregi,eregi_replace,import_request_variables,
            magic_quotes_runtime,session_is_registered,session_register,session_unregister,set_magic_quotes_runtime,set_socket_blocking,
            split,spliti,sql_regcase',
        '8' => 'convert_cyr_string,create_function,each,ezmlm_hash,fgetss,get_magic_quotes_gpc,get_magic_quotes_runtime,gmp_random,
            hebrevc,image2wbmp,is_real,jpeg2wbmp,money_format,png2wbmp,read_exif_data,restore_include_path',
    ];

    const CLASSES = ['amqpconnection' => 'amqp', 'curlfile' => 'curl', 'domdocument' => 'dom', 'domxpath' => 'dom', 'gearmanclient' => 'gearman',
        'intldateformatter' => 'intl', 'numberformatter' => 'intl', 'collator' => 'intl', 'normalizer' => 'intl', 'transliterator' => 'intl',
        'messageformatter' => 'intl', 'mongoclient' => 'mongo', 'mysqli_result' => 'mysqli', 'mysqli_stmt' => 'mysqli',
        'mysqli_sql_exception' => 'mysqli', 'pdostatement' => 'pdo', 'pdoexception' => 'pdo', 'rediscluster' => 'redis', 'redisexception' => 'redis',
        'simplexmlelement' => 'simplexml', 'soapclient' => 'soap', 'xsltprocessor' => 'xsl', 'ziparchive' => 'zip', 'zmqcontext' => 'zmq',
        'zmqsocket' => 'zmq'];

    const CONSTANTS = 'curl,mysqli_,pgsql_,openssl_,intl_,imap_,gmp_,sqlite3_,ldap_,ftp_,mb_,mcrypt_,soap_,xml_,libxml_,gd_,img_,memcache_,sodium_';

    public static function functionName($name)
    {
        foreach (self::GONE as $version => $names) {
            if (in_array($name, preg_split('/,\s*/', $names), true)) {
                return 'was removed in PHP ' . $version;
            }
        }
        if (strncmp($name, 'mysql_', 6) === 0) {
            return 'was removed in PHP 7 with its extension: mysqli or PDO take its place';
        }
        if (strncmp($name, 'pcntl_', 6) === 0) {
            return 'does not exist: php-fpm comes without pcntl, and its processes are not the server';
        }
        $extension = Php::extension($name);
        return $extension === '' ? 'does not exist' : 'does not exist: ' . self::extension($extension);
    }

    public static function className($name)
    {
        $extension = isset(self::CLASSES[$name]) ? self::CLASSES[$name] : (strncmp($name, 'mongodb\\', 8) === 0 ? 'mongodb' : $name);
        return Php::isExtensionClass($name) ? 'does not exist: ' . self::extension($extension) : 'does not exist';
    }

    public static function constantName($name)
    {
        foreach (explode(',', self::CONSTANTS) as $prefix) {
            if (strncmp(strtolower($name), $prefix, strlen($prefix)) === 0 && !extension_loaded(rtrim($prefix, '_'))) {
                return 'is not defined: ' . self::extension(rtrim($prefix, '_'));
            }
        }
        return 'is neither defined nor in the settings file';
    }

    private static function extension($name)
    {
        return "PHP's extension " . $name . ' is missing';
    }
}
