<?php
/*
 * Changes tables at random, as handlers do, and prints where Changes finds other keys than a plain loop. The argument is the seed.
 */
error_reporting(-1);
require __DIR__ . '/../src/Changes.php';
mt_srand((int) $argv[1]);
$handler = function ($level, $message) {
    echo $message, "\n";
};
set_error_handler($handler);

function plain(array $before, array $after)
{
    $keys = [];
    foreach ($before + $after as $key => $row) {
        if (!array_key_exists($key, $before) || !array_key_exists($key, $after) || $before[$key] !== $after[$key]) {
            $keys[] = $key;
        }
    }
    sort($keys);
    return $keys;
}

function compare($what, array $want, array $got)
{
    sort($got);
    if ($got !== $want) {
        echo $what, ': got ', json_encode($got), ', want ', json_encode($want), "\n";
    }
}

function row($n)
{
    return ['name' => 'client ' . $n, 'state' => 'OPEN', 'buffer' => [], 'ping_time' => false, 'score' => $n, 'tags' => ['a', 'b']];
}

/** Does one thing with the table that a handler may do. Returns what the handler keeps. */
function act(array &$rows, $next)
{
    $keys = array_keys($rows);
    $key = $keys === [] ? 0 : $keys[mt_rand(0, count($keys) - 1)];
    switch ($keys === [] ? 4 : mt_rand(0, 12)) {
        case 0:
            $rows[$key]['score'] = mt_rand(0, 3);
            break;
        case 1:
            $rows[$key] = $rows[$key]; // the same
            break;
        case 2:
            $rows[$key] = (array) unserialize(serialize($rows[$key])); // equal
            break;
        case 3:
            unset($rows[$key]);
            break;
        case 4:
            $rows[$next] = mt_rand(0, 5) === 0 ? null : row($next);
            break;
        case 5:
            uasort($rows, function ($a, $b) {
                return strcmp(md5(json_encode($a)), md5(json_encode($b)));
            });
            break;
        case 6:
            foreach ($rows as &$row) {
                if (mt_rand(0, 9) === 0) {
                    $row['touched'] = mt_rand(0, 1);
                }
            }
            break;
        case 7:
            $rows[$key] = null;
            break;
        case 8:
            return [&$rows[$key]]; // the row stays a reference
        case 9:
            $row = $rows[$key];
            unset($rows[$key]);
            $rows[$key] = $row; // goes to the end
            break;
        case 10:
            $rows['word'] = row(mt_rand(0, 3));
            break;
    }
    return [];
}

for ($run = 0; $run < 60; $run++) {
    $next = [1, 50000][$run % 2];
    $rows = $kept = [];
    for ($i = mt_rand(0, 60); $i > 0; $i--) {
        $rows[++$next] = row($next);
    }
    $copy = Wsbridge\Changes::copy($rows);
    $before = unserialize(serialize($rows)); // shares nothing
    for ($event = 0; $event < 40; $event++) {
        for ($i = mt_rand(0, 3); $i > 0; $i--) {
            $kept[] = act($rows, ++$next);
        }
        if ($kept !== [] && mt_rand(0, 3) === 0) {
            foreach ($kept[mt_rand(0, count($kept) - 1)] as &$row) {
                $row = ['changed' => 'through a reference', 'n' => mt_rand(0, 99)];
            }
            unset($row);
        }
        $want = plain($before, $rows);
        compare('changedKeys', $want, Wsbridge\Changes::changedKeys($copy, $rows));
        $likely = array_merge([$next, 0], array_slice($want, 0, mt_rand(0, 2)));
        compare('update', $want, array_keys(Wsbridge\Changes::update($copy, $rows, $likely)));
        compare('update again', [], array_keys(Wsbridge\Changes::update($copy, $rows, $likely)));
        if ($copy !== $rows) {
            echo "the copy is not up to date\n";
        }
        $before = unserialize(serialize($rows));
    }
}
if (set_error_handler($handler) !== $handler) {
    echo "the error handler is another\n";
}
