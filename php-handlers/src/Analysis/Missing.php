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
        if ($name === 'fastcgi_finish_request') {
            return 'does not exist, as in the original: it would end the answer to wsbridge';
        }
        if (strncmp($name, 'pcntl_', 6) === 0) {
            return 'does not exist: php-fpm comes without pcntl, and its processes are not the server';
        }
        return self::because('does not exist', Extensions::ofFunction($name));
    }

    public static function className($name)
    {
        return self::because('does not exist', Extensions::ofClass($name));
    }

    public static function constantName($name)
    {
        $extension = Extensions::ofConstant(strtolower($name));
        return $extension === '' ? 'is neither defined nor in the settings file' : self::because('is not defined', $extension);
    }

    private static function because($what, $extension)
    {
        return $what . ($extension === '' ? '' : ': ' . Extensions::missing($extension));
    }
}
