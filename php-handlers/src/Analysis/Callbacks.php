<?php
namespace Wsbridge\Analysis;

/** Lists which arguments of PHP's own functions and methods PHP calls, by position. Negative positions count from the end. */
final class Callbacks
{
    const FUNCTIONS = 'array_all 1,array_any 1,array_diff_uassoc -1,array_diff_ukey -1,array_filter 1,array_find 1,array_find_key 1,
        array_intersect_uassoc -1,array_intersect_ukey -1,array_map 0,array_reduce 1,array_udiff -1,array_udiff_assoc -1,
        array_udiff_uassoc -1 -2,array_uintersect -1,array_uintersect_assoc -1,array_uintersect_uassoc -1 -2,array_walk 1,
        array_walk_recursive 1,assert_options 1,call_user_func 0,call_user_func_array 0,forward_static_call 0,
        forward_static_call_array 0,header_register_callback 0,iterator_apply 1,ldap_set_rebind_proc 1,preg_replace_callback_array 99,
        libxml_set_external_entity_loader 0,mb_ereg_replace_callback 1,mysqli_set_local_infile_handler 1,ob_start 0,
        oci_register_taf_callback 1,pcntl_signal 1,preg_replace_callback 1,readline_callback_handler_install 1,
        readline_completion_function 0,register_shutdown_function 0,session_set_save_handler 0 1 2 3 4 5 6 7 8,
        set_error_handler 0,set_exception_handler 0,spl_autoload_register 0,sqlite_create_aggregate 2 3,
        sqlite_create_function 2,uasort 1,uksort 1,usort 1,xml_set_character_data_handler 1,xml_set_default_handler 1,
        xml_set_element_handler 1 2,xml_set_end_namespace_decl_handler 1,xml_set_external_entity_ref_handler 1,
        xml_set_notation_decl_handler 1,xml_set_processing_instruction_handler 1,xml_set_start_namespace_decl_handler 1,
        xml_set_unparsed_entity_decl_handler 1';

    /** Methods of any class. */
    const METHODS = 'uasort 0,uksort 0,createfunction 1,createaggregate 1 2,createcollation 1,sqlitecreatefunction 1,
        sqlitecreateaggregate 1 2,sqlitecreatecollation 1,fromcallable 0,setcreatecallback 0,setclientcallback 0';

    const CONSTRUCTORS = 'callbackfilteriterator 1,recursivecallbackfilteriterator 1,fiber 0,evtimer 2,evio 2';

    /** Arguments that name classes whose objects PHP makes. */
    const CLASSES = 'mysqli_fetch_object 1,pg_fetch_object 2,simplexml_load_string 1,simplexml_load_file 1,spl_autoload_call 0,
        stream_wrapper_register 1,stream_register_wrapper 1,stream_filter_register 1,class_exists 0,interface_exists 0,
        trait_exists 0,enum_exists 0';

    const CLASS_METHODS = 'fetch_object 0,fetchobject 0,registernodeclass 1';

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
}
