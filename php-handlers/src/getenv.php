<?php
namespace Wsbridge;

/** Stands for PHP's getenv() where disable_functions has it. It knows no variables of the process. */
function getenv($name, $ofProcess = false)
{
    return !$ofProcess && isset($_SERVER[$name]) ? $_SERVER[$name] : false;
}
