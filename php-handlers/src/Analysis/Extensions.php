<?php
namespace Wsbridge\Analysis;

/** Knows PHP's extensions: which one would have what does not exist, and which package of Debian has it. Names are in lower case. */
final class Extensions
{
    /** Prefixes of the functions of extensions, each followed by the extension's name if that is another. */
    const FUNCTIONS = 'apc_ apcu,apcu_,ctype_,curl_,dba_,enchant_,exif_,fann_,ftp_,geoip_,gmp_,gnupg_,hash_,iconv_,igbinary_,imap_,
        inotify_,intl_,json_,ldap_,libxml_,mailparse_,mb_ mbstring,mcrypt_,memcache_,mhash_,mongo_,msgpack_,mssql_,mysql_,mysqli_,odbc_,
        openssl_,pcntl_,posix_,pspell_,radius_,readline_,recode_,redis_,rrd_,session_,shmop_,simplexml_,snmp_,soap_,sodium_,
        sqlite_,sqlsrv_,ssh2_,stomp_,svn_,sybase_,tidy_,uuid_,wddx_,xdebug_,xml_,xmlrpc_,xmlwriter_,yaml_,zip_,zlib_,zmq_,imagec gd,imaged gd,
        imagef gd,imageg gd,imagej gd,imagel gd,imagep gd,images gd,imaget gd,imagew gd,bcadd bcmath,bccomp bcmath,bcdiv bcmath,
        bcmod bcmath,bcmul bcmath,bcpow bcmath,bcscale bcmath,bcsqrt bcmath,bcsub bcmath,bzopen bz2,bzread bz2,bzwrite bz2,
        bzcompress bz2,bzdecompress bz2,cal_ calendar,collator_ intl,datefmt_ intl,dom_ dom,finfo_ fileinfo,grapheme_ intl,gz zlib,
        ibase_ interbase,idn_ intl,intlcal_ intl,locale_ intl,msg_ sysvmsg,msgfmt_ intl,normalizer_ intl,numfmt_ intl,oci_ oci8,
        opcache_ opcache,pg_ pgsql,resourcebundle_ intl,sem_ sysvsem,shm_ sysvshm,socket_ sockets,token_ tokenizer,
        transliterator_ intl,utf8_ xml';

    /** Classes, each followed by the extension's name if that is another. */
    const CLASSES = 'amqpconnection amqp,collator intl,curlfile curl,domdocument dom,domxpath dom,finfo fileinfo,gearmanclient gearman,gmagick,imagick,
        intlcalendar intl,intldateformatter intl,memcache,memcached,messageformatter intl,mongoclient mongo,mongodb,mysqli,mysqli_result mysqli,
        mysqli_sql_exception mysqli,mysqli_stmt mysqli,normalizer intl,numberformatter intl,pdo,pdoexception pdo,pdostatement pdo,phar,
        redis,rediscluster redis,redisexception redis,simplexmlelement simplexml,soapclient soap,soapserver soap,sqlite3,tidy,transliterator intl,xmlreader,
        xmlwriter,xsltprocessor xsl,ziparchive zip,zmqcontext zmq,zmqsocket zmq';

    /** Prefixes of constants, each followed by the extension's name if that is another. */
    const CONSTANTS = 'curl,mysqli_,pgsql_,openssl_,intl_,imap_,gmp_,sqlite3_,ldap_,ftp_,mb_ mbstring,mcrypt_,soap_,xml_,libxml_,gd_,img_ gd,
        memcache_,sodium_,fileinfo_,exif_,json_,readline_,tidy_,xsl_,sqlsrv_,msg_ sysvmsg,idna_ intl,
        af_ sockets,so_ sockets,sock_ sockets,sol_ sockets,pkcs7_ openssl,cal_ calendar,lc_messages gettext';

    /** PDO's drivers, as data source names begin with them, each followed by the extension's name if that is not pdo_NAME. */
    const DRIVERS = 'mysql,pgsql,sqlite,odbc,oci,firebird,dblib,sqlsrv,ibm,informix,cubrid';

    /** Which of Debian's packages have extensions, after "php8.2-" and so on. Others have a package of their own name. */
    const PACKAGES = 'mysql:mysqli pdo_mysql mysqlnd;pgsql:pgsql pdo_pgsql;sqlite3:sqlite3 pdo_sqlite;odbc:odbc pdo_odbc;sybase:pdo_dblib;
        interbase:interbase pdo_firebird;xml:dom simplexml xml xmlreader xmlwriter xsl;
        common:calendar ctype exif ffi fileinfo ftp gettext iconv pdo phar posix shmop sockets sysvmsg sysvsem sysvshm tokenizer';

    /** Extensions that Debian has no package of, or that are a part of PHP there. */
    const UNPACKAGED = 'oci8,pdo_oci,sqlsrv,pdo_sqlsrv,pdo_ibm,pdo_informix,pdo_cubrid,mysql,mssql,sybase,sqlite,mhash,mongo,mcrypt,wddx,recode,
        geoip,fann,stomp,svn,hash,libxml,openssl,pcntl,session,sodium,zlib,gmagick';

    /** Returns the missing extension that would have a function which does not exist, or "". */
    public static function ofFunction($name)
    {
        $extension = self::find(self::FUNCTIONS, $name, true);
        return $extension === '' || extension_loaded($extension === 'opcache' ? 'Zend OPcache' : $extension) ? '' : $extension;
    }

    /** Returns the extension that would have a class, or "". */
    public static function ofClass($name)
    {
        return strncmp($name, 'mongodb\\', 8) === 0 ? 'mongodb' : self::find(self::CLASSES, $name, false);
    }

    /** Returns the missing extension that would have a constant which is not defined, or "". */
    public static function ofConstant($name)
    {
        $extension = self::find(self::CONSTANTS, $name, true);
        return $extension === '' || extension_loaded($extension) ? '' : $extension;
    }

    /** Returns the missing extension that PDO needs for a data source name, or "". */
    public static function ofDataSource($name)
    {
        if (!preg_match('/^(\w+):(?:$|\w+ *=|(?<=odbc:|sqlite:).)/', $name, $match) || !class_exists('PDO', false)
            || in_array($match[1], \PDO::getAvailableDrivers(), true)) {
            return '';
        }
        $extension = self::find(self::DRIVERS, $match[1], false);
        return $extension === $match[1] ? 'pdo_' . $extension : $extension;
    }

    /** Says that an extension is missing, and what to install. */
    public static function missing($extension)
    {
        $package = self::package($extension);
        return "PHP's extension " . $extension . ' is missing' . ($package === '' ? '' : ' (Debian: ' . $package . ')');
    }

    private static function package($extension)
    {
        if (in_array($extension, self::listed(self::UNPACKAGED), true) || $extension === 'json' && PHP_VERSION_ID >= 80000) {
            return '';
        }
        foreach (explode(';', self::PACKAGES) as $entry) {
            list($package, $extensions) = explode(':', trim($entry));
            if (in_array($extension, explode(' ', $extensions), true)) {
                $extension = $package;
                break;
            }
        }
        return 'php' . PHP_MAJOR_VERSION . '.' . PHP_MINOR_VERSION . '-' . $extension;
    }

    private static function find($list, $name, $byPrefix)
    {
        foreach (self::listed($list) as $entry) {
            list($start, $extension) = explode(' ', $entry . ' ' . rtrim($entry, '_'));
            if ($byPrefix ? strncmp($name, $start, strlen($start)) === 0 : $name === $start) {
                return $extension;
            }
        }
        return '';
    }

    private static function listed($list)
    {
        return preg_split('/,\s*/', $list);
    }
}
