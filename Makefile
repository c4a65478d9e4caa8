# Needs Go and make. What else a target needs it installs with apt, once, and says so first.
.PHONY: demo test build package bench lint fuzz soak

# A chat at http://127.0.0.1:8080/. Options: make demo ARGS="--listen 127.0.0.1:9090 --workers 2"
demo:
	.ci/install demo
	$(MAKE) --no-print-directory build
	bin/wsbridge demo $(ARGS)

# Every test, with the race detector, a real php-fpm and a real browser.
test:
	.ci/install test
	.ci/test

build:
	@echo 'build: bin/wsbridge; the first time Go fetches modules and compiles all of them, which takes a minute or two'
	CGO_ENABLED=0 go build -v -trimpath -o bin/ ./cmd/wsbridge

# A deb and an rpm in bin/. VERSION=1.2.3 names the version, GOARCH another architecture.
package:
	deploy/package/build

# Ratios measured in one run; the numbers are this machine's. ARGS="-parts others" compares with other programs, ARGS="-parts
# targets" with what was wanted, ARGS="-parts versus -against COMMIT" with wsbridge as it was.
bench:
	.ci/install demo
	$(if $(findstring others,$(ARGS)),.ci/install others)
	$(MAKE) --no-print-directory build
	go run ./tests/bench $(ARGS)
	$(if $(ARGS),,go test -run '^$$' -bench . -benchtime 3s -timeout 30m ./...)

lint:
	.ci/install lint
	.ci/lint

# Each fuzz target for SECONDS.
SECONDS = 60
fuzz:
	.ci/fuzz $(SECONDS)

# The server under churn, traffic, reloads, killed workers and new code for MINUTES; what was sent, run and acknowledged is counted.
MINUTES = 10
soak:
	.ci/install test
	CGO_ENABLED=1 go test -race -v -timeout $$(($(MINUTES) + 5))m ./tests/soak -for=$(MINUTES)m
