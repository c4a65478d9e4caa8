<?php
/* Files of a folder. */

if (Wsbridge\Helpers::wanted('load_files')) {
    /**
     * The trimmed content of each file below $path by its name relative to $root, which is $path if empty. $ext, without
     * its dot, leaves other files out; $trim_ext takes the extension off the names.
     */
    function load_files($path, $root = '', $ext = '', $trim_ext = true)
    {
        $path = rtrim($path, '/') . '/';
        $root = $root === '' ? $path : rtrim($root, '/') . '/';
        $files = [];
        foreach (scandir($path) ?: [] as $entry) {
            if (in_array($entry, ['.', '..', '.git'], true)) {
                continue;
            }
            if (is_dir($path . $entry)) {
                $files += load_files($path . $entry, $root, $ext, $trim_ext);
                continue;
            }
            $extension = pathinfo($entry, PATHINFO_EXTENSION);
            if ($ext !== '' && $ext !== $extension) {
                continue;
            }
            $name = substr($path . $entry, strlen($root));
            if ($trim_ext && $extension !== '') {
                $name = substr($name, 0, -1 - strlen($extension));
            }
            $files[$name] = trim(file_get_contents($path . $entry));
        }
        return $files;
    }
}
