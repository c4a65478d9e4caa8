#!/bin/bash
# gofast v0.8.0, a FastCGI client for Go: an answer that is cut off in the middle counts as a success.
#
# If the connection to php-fpm ends before the answer does, for instance because the worker was terminated, gofast
# reports nothing: no error from Client.Do, nothing on the stderr stream. Its HTTP handler ends the response properly,
# so the HTTP client takes half a page for the whole one, with status 200.
. "$(dirname "$0")/lib/phpfpm.sh"

install_fpm
echo 'gofast v0.8.0, Go module github.com/yookoala/gofast'
echo '<?php echo str_repeat("x", 20000); flush(); sleep(20); echo "the end";' >"$dir/page.php"
start <<CONF
$(pool www "$dir/socket")
request_terminate_timeout = 2
CONF

mkdir "$dir/program"
cat >"$dir/program/main.go" <<'GO'
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/yookoala/gofast"
)

func main() {
	dial := gofast.SimpleConnFactory("unix", os.Args[1])
	endpoint := gofast.NewFileEndpoint(os.Args[2])(gofast.BasicSession)
	server := httptest.NewServer(gofast.NewHandler(endpoint, gofast.SimpleClientFactory(dial)))
	client := http.Client{Timeout: 30 * time.Second}
	response, err := client.Get(server.URL)
	if err != nil {
		log.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	fmt.Printf("status: %d\nbytes: %d\nerror: %v\n", response.StatusCode, len(body), err)
}
GO
(
	cd "$dir/program"
	export GOMODCACHE="$dir/modules" GOFLAGS=-modcacherw GOWORK=off
	go mod init program && go get github.com/yookoala/gofast@v0.8.0 && go build -o program .
) >"$dir/go.log" 2>&1 || { cat "$dir/go.log" >&2; exit 2; }
seen=$(timeout 60 "$dir/program/program" "$dir/socket" "$dir/page.php" 2>"$dir/stderr") || { cat "$dir/stderr" >&2; exit 2; }

expect "workers ended in the middle of an answer" "$(grep -c 'page.php.* execution timed out .* terminating' "$dir/log" || true)" 1
expect "HTTP status" "$(field status <<<"$seen")" 200
expect "bytes, of 20007" "$(field bytes <<<"$seen")" 20000
expect "error of the HTTP client" "$(field error <<<"$seen")" "<nil>"
expect "lines that gofast logged" "$(wc -l <"$dir/stderr" | tr -d ' ')" 0
