<?php
namespace Wsbridge\Analysis;

/**
 * Lists which arguments of PHP's own functions, methods and constructors are called, or are classes whose objects PHP makes, by position.
 * Negative positions count from the end. Newer versions of PHP tell of most callbacks by the types of their parameters, see Php; a test
 * compares that with these lists.
 */
final class Callbacks
{
    const FUNCTIONS = 'apcu_entry 1,array_all 1,array_any 1,array_diff_uassoc -1,array_diff_ukey -1,array_filter 1,array_find 1,
        array_find_key 1,array_intersect_uassoc -1,array_intersect_ukey -1,array_map 0,array_reduce 1,array_udiff -1,array_udiff_assoc -1,
        array_udiff_uassoc -1 -2,array_uintersect -1,array_uintersect_assoc -1,array_uintersect_uassoc -1 -2,array_walk 1,
        array_walk_recursive 1,assert_options 1,call_user_func 0,call_user_func_array 0,event_buffer_new 1 2 3,
        event_buffer_set_callback 1 2 3,event_set 3,event_timer_set 1,excimer_set_timeout 0,fbird_set_event_handler 0 1,
        forward_static_call 0,forward_static_call_array 0,header_register_callback 0,ibase_set_event_handler 0 1,iterator_apply 1,
        ldap_set_rebind_proc 1,libxml_set_external_entity_loader 0,mailparse_msg_extract_part 2,mailparse_msg_extract_part_file 2,
        mailparse_msg_extract_whole_part_file 2,mb_ereg_replace_callback 1,memcache_add_server 9,memcache_set_failure_callback 1,
        memcache_set_server_params 6,mysqli_set_local_infile_handler 1,ob_start 0,oci_register_taf_callback 1,pcntl_signal 1,
        preg_replace_callback 1,preg_replace_callback_array 99,readline_callback_handler_install 1,readline_completion_function 0,
        register_shutdown_function 0,session_set_save_handler 0 1 2 3 4 5 6 7 8,set_error_handler 0,set_exception_handler 0,
        spl_autoload_register 0,sqlite_create_aggregate 2 3,sqlite_create_function 2,ssh2_connect 3,sybase_set_message_handler 0,uasort 1,
        uksort 1,usort 1,xml_set_character_data_handler 1,xml_set_default_handler 1,xml_set_element_handler 1 2,
        xml_set_end_namespace_decl_handler 1,xml_set_external_entity_ref_handler 1,xml_set_notation_decl_handler 1,
        xml_set_processing_instruction_handler 1,xml_set_start_namespace_decl_handler 1,xml_set_unparsed_entity_decl_handler 1,
        yaml_parse 3,yaml_parse_file 3,yaml_parse_url 3';

    /** Methods of any class. */
    const METHODS = 'uasort 0,uksort 0,createfunction 1,createaggregate 1 2,createcollation 1,sqlitecreatefunction 1,
        sqlitecreateaggregate 1 2,sqlitecreatecollation 1,fromcallable 0,setcreatecallback 0,setclientcallback 0,setauthorizer 0,
        setnoticecallback 0,registerphpfunctionns 2,webphar 4,registerprogresscallback 1,registercancelcallback 0,setfailurecallback 0,
        setprogressmonitor 0,setflushcallback 0,enumcharnames 2,enumchartypes 0,consumerhandler 0,tokenhandler 0,timestampnoncehandler 0,psubscribe 1';

    const CONSTRUCTORS = 'callbackfilteriterator 1,recursivecallbackfilteriterator 1,fiber 0,evtimer 2,evio 2,evsignal 1,evperiodic 3,
        evchild 2,evidle 0,evprepare 0,evcheck 0,evstat 2,event 3,eventbufferevent 3 4 5,eventlistener 1,memcached 1,zmqsocket 3';

    /** Arguments that name classes whose objects PHP makes. */
    const CLASSES = 'mysqli_fetch_object 1,pg_fetch_object 2,simplexml_load_string 1,simplexml_load_file 1,simplexml_import_dom 1,
        stomp_read_frame 1,stream_wrapper_register 1,stream_register_wrapper 1,stream_filter_register 1';

    const CLASS_METHODS = 'fetch_object 0,fetchobject 0,registernodeclass 1,getfileinfo 0,getpathinfo 0,setfileclass 0,setinfoclass 0,
        setiteratorclass 0,transformtodoc 1,readframe 0';

    const CLASS_CONSTRUCTORS = 'arrayobject 2';

    /** Arguments that name classes which PHP loads, and does nothing else with. */
    const LOADED = 'class_alias 0,class_exists 0,class_implements 0,class_parents 0,class_uses 0,constant 0,defined 0,enum_exists 0,
        get_class_methods 0,get_class_vars 0,get_parent_class 0,interface_exists 0,is_callable 0,is_subclass_of 0,method_exists 0,
        property_exists 0,spl_autoload 0,spl_autoload_call 0,trait_exists 0';

    /** Functions that make objects of classes which their data names. */
    const DATA = 'apc_fetch,apcu_fetch,igbinary_unserialize,msg_receive,msgpack_unpack,msgpack_unserialize,session_decode,session_reset,
        session_start,shm_get_var,unserialize,wddx_deserialize,wddx_unserialize,yaml_parse,yaml_parse_file,yaml_parse_url';

    /** Classes of PHP's whose heirs PHP itself makes, by the class of another object, or by a name that is no argument. */
    const MADE = 'splfileinfo,pdostatement,recursivearrayiterator,recursivefilteriterator,recursivecallbackfilteriterator,
        recursiveregexiterator,parentiterator,recursivecachingiterator';

    private static $tables = [];

    public static function of($table, $name)
    {
        if (!isset(self::$tables[$table])) {
            self::$tables[$table] = [];
            foreach (explode(',', constant(__CLASS__ . '::' . $table)) as $entry) {
                $positions = explode(' ', trim($entry));
                $function = array_shift($positions);
                self::$tables[$table][$function] = array_map('intval', $positions);
            }
        }
        return isset(self::$tables[$table][$name]) ? self::$tables[$table][$name] : [];
    }

    /** Reports whether a list without positions has a name. */
    public static function lists($table, $name)
    {
        if (!isset(self::$tables[$table])) {
            self::$tables[$table] = array_flip(preg_split('/,\s*/', constant(__CLASS__ . '::' . $table)));
        }
        return isset(self::$tables[$table][$name]);
    }

    /** Reports whether a function, which need not exist, calls or makes what its arguments name. */
    public static function takes($function)
    {
        return self::of('FUNCTIONS', $function) !== [] || self::of('CLASSES', $function) !== [] || self::lists('DATA', $function)
            || isset(Options::FUNCTIONS[$function]);
    }
}
