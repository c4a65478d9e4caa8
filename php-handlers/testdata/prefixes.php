<?php
/*
 * Inspects a file, the first argument, cut off before a token and without that token, for each token whose number the second argument
 * divides. The analysis must cope with code that PHP would not accept, or does not know yet. Prints the errors.
 */
error_reporting(-1);
set_error_handler(function ($level, $message, $file, $line) {
    throw new ErrorException($message, 0, $level, $file, $line);
});
foreach (['Parameters', 'Value', 'Handlers', 'Application', 'Process', 'Helpers', 'Description', 'Inspection'] as $name) {
    require __DIR__ . '/../src/' . $name . '.php';
}
foreach (preg_split('/,\s*/', Wsbridge\Description::ANALYSIS . ',' . Wsbridge\Inspection::ANALYSIS) as $name) {
    require __DIR__ . '/../src/Analysis/' . $name . '.php';
}

Wsbridge\Parameters::$options = [Wsbridge\Parameters::INITIALIZE => 'every'] + array_fill(0, 10, '');
$texts = array_map(function ($token) {
    return is_array($token) ? $token[1] : $token;
}, token_get_all(file_get_contents($argv[1])));
$file = tempnam(sys_get_temp_dir(), 'wsbridge');
foreach (array_keys($texts) as $at) {
    if ($at % (int) $argv[2] !== 0) {
        continue;
    }
    $without = $texts;
    unset($without[$at]);
    foreach ([array_slice($texts, 0, $at), $without] as $code) {
        file_put_contents($file, implode('', $code));
        try {
            Wsbridge\Inspection::findings(Wsbridge\Analysis\Overview::of($file));
        } catch (Throwable $e) {
            echo $at, ' ', $texts[$at], ': ', $e->getMessage(), ' at ', basename($e->getFile()), ':', $e->getLine(), "\n";
        }
    }
}
unlink($file);
