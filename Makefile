# Needs Go and make. What else a target needs it installs with apt, once, and says so first.
.PHONY: demo test php build package bench lint fuzz soak survival

# A chat at http://127.0.0.1:8080/. Options: make demo ARGS="--listen 127.0.0.1:9090 --workers 2"
demo:
	.ci/install demo
	$(MAKE) --no-print-directory build
	bin/wsbridge demo $(ARGS)

# Every test, with the race detector, a real php-fpm and a real browser.
test:
	.ci/install test
	.ci/test

# What depends on PHP, with other versions of it, which come from other releases of Debian. VERSIONS="8.5 8.6" for the newest.
VERSIONS = 7.4 8.4
php:
	.ci/php $(VERSIONS)

build:
	@echo 'build: bin/wsbridge; the first time Go fetches modules and compiles all of them, which takes a minute or two'
	CGO_ENABLED=0 go build -v -trimpath -ldflags "-X 'main.built=$$(deploy/version)'" -o bin/ ./cmd/wsbridge

# A deb and an rpm in bin/, made with nfpm, whose modules Go downloads once. VERSION=1.2.3 names the version, GOARCH another architecture.
package:
	deploy/package/build

# Ratios measured in one run; the numbers are this machine's. ARGS="-parts others" compares with other programs, ARGS="-parts
# targets" with what was wanted, ARGS="-parts versus -against COMMIT" with wsbridge as it was, ARGS="-parts resident" resident workers with all.
bench:
	.ci/install demo
	$(if $(or $(findstring others,$(ARGS)),$(findstring resident,$(ARGS))),.ci/install others)
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

# The server killed under load ROUNDS times, and upgraded UPGRADES times in a row while CLIENTS clients talk: what was acknowledged is accounted
# for, and nothing may be lost, repeated or closed.
ROUNDS = 200
UPGRADES = 50
CLIENTS = 2000
survival:
	.ci/install test
	CGO_ENABLED=1 go test -race -v -timeout 60m ./tests/journal -run TestKilledUnderLoad -rounds=$(ROUNDS)
	CGO_ENABLED=1 go test -race -v -timeout 60m ./tests/handover -run TestNothingIsLostUnderLoad -clients=$(CLIENTS) -upgrades=$(UPGRADES)

# The server under churn, traffic, reloads, killed workers, new code and new configuration; what was sent, run, acknowledged and kept is
# counted. For MINUTES each: with resident workers, with events beside them, with a request per event. MODE=resident, beside or off runs one.
MINUTES = 10
MODE =
soak:
	.ci/install test
	CGO_ENABLED=1 go test -race -v -timeout $$((3 * $(MINUTES) + 10))m ./tests/soak -run 'TestSoak/$(MODE)' -for=$(MINUTES)m
