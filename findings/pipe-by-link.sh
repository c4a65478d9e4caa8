#!/bin/bash
# PHP 8.2.36: fopen() cannot open a pipe by its link in /proc or /dev, although open(2) can.
#
# /dev/stdin, /dev/fd/N and /proc/PID/fd/N are links that the kernel follows by itself: their text, "pipe:[12345]", is no
# path. PHP resolves links before it opens a file, takes the text for a relative name, and reports that there is no such
# file. Where standard input is a file, the same code works, so a script that reads /dev/stdin breaks once it is run in a
# pipeline. It also means that a process cannot take over the pipe of another one by that link, as a shell can.
. "$(dirname "$0")/lib/phpfpm.sh"

install_fpm

# reader LINK reads standard input by a link.
reader() {
	timeout 20 "$dir/root/usr/bin/php8.2" -n -r 'echo @file_get_contents($argv[1]) === "text\n" ? "read" : error_get_last()["message"];' "$1"
}

echo text >"$dir/text"
for link in /dev/stdin /dev/fd/0 /proc/self/fd/0; do
	expect "$link of a file, PHP" "$(reader "$link" <"$dir/text")" "read"
	expect "$link of a pipe, cat" "$(echo text | cat "$link")" "text"
	expect "$link of a pipe, PHP" "$(echo text | reader "$link")" \
		"file_get_contents($link): Failed to open stream: No such file or directory"
done
