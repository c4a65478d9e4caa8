<?php
/* Templates: @@name@@ includes another one, $$NAME$$ is a constant, %%name%% a value of $params. */

if (Wsbridge\Helpers::wanted('template_fill')) {
    /**
     * Templates come from $custom_templates, or else from the global $templates. $tracking holds the names of those being
     * filled, to stop one that includes itself.
     */
    function template_fill($template_key, $params = false, $tracking = [], $custom_templates = false)
    {
        $templates = $custom_templates === false && isset($GLOBALS['templates']) ? $GLOBALS['templates'] : $custom_templates;
        if (!isset($templates[$template_key])) {
            show_message('template "' . $template_key . '" not found');
            return '';
        }
        if (in_array($template_key, $tracking, true)) {
            show_message('circular reference to template "' . $template_key . '"');
            return '';
        }
        $tracking[] = $template_key;
        $text = $templates[$template_key];
        foreach (array_keys($templates) as $name) {
            if (strpos($text, '@@' . $name . '@@') !== false) {
                $text = str_replace('@@' . $name . '@@', template_fill($name, false, $tracking, $templates), $text);
            }
        }
        if (strpos($text, '$$') !== false) {
            $constants = get_defined_constants(true);
            foreach (isset($constants['user']) ? $constants['user'] : [] as $name => $value) {
                if (is_scalar($value)) {
                    $text = str_replace('$$' . $name . '$$', $value, $text);
                }
            }
        }
        foreach (is_array($params) ? $params : [] as $name => $value) {
            if (!is_array($value)) {
                $text = str_replace('%%' . $name . '%%', (string) $value, $text);
            }
        }
        return $text;
    }
}
