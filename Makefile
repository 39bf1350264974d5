# One obvious command each; every recipe also runs without make.
FOR ?=
SAMPLE ?= orders-sqlite
CARGO_FLAGS ?=
ARGS ?=
CASES ?= 100000
SEED ?= 1
TIME ?= 60
SOAK ?= 600
TARGETS ?=
SKIPPED := $(CURDIR)/target/skipped.txt

.PHONY: demo setup check test e2e soak oracle fuzz bench gen

## Runs SAMPLE (orders-sqlite, or quickstart) in dev mode until Ctrl-C; `make demo FOR=20s` ends by itself.
demo: setup
	cargo build $(CARGO_FLAGS) --release -p sluice-worker -p sluice-operator
	e2e/demo.sh $(SAMPLE) $(FOR)

## Installs the Debian packages that builds and tests need, or names them in one line.
setup:
	e2e/setup.sh

## Format, lints and every test that needs no server.
check: setup
	cargo fmt --all --check
	cargo clippy $(CARGO_FLAGS) --workspace --all-targets -- --deny warnings
	cargo test $(CARGO_FLAGS) --workspace --lib --bins
	cargo test $(CARGO_FLAGS) -p sluice-e2e --test tidy

## Everything: real Kafka, real Java Connect, real Kubernetes.
test: setup
	e2e/test.sh

## The cluster tests alone.
e2e: setup
	cargo build $(CARGO_FLAGS) -p sluice-worker -p sluice-operator -p sluice-hanging-worker
	cargo test $(CARGO_FLAGS) -p sluice-e2e

## What only time shows, of which `make test` has a short form: rest for ten minutes, an operator killed at every single
## write, an API server away for five minutes; a sync by Flux, whose build takes minutes; and fifty kills on the way of orders
## from one database to another.
soak: setup
	SLUICE_SOAK_SECONDS=$(SOAK) cargo test $(CARGO_FLAGS) -p sluice-operator --test it -- applied:: crashes:: gitops:: outages::
	cargo build $(CARGO_FLAGS) -p sluice-worker
	SLUICE_KILLS=50 cargo test $(CARGO_FLAGS) -p sluice-e2e --test it -- --nocapture worker::orders::kills

## Measures Sluice beside Kafka Connect and writes e2e/bench/RESULTS.md; `ARGS="--only density"` does one section, `ARGS=--quick` only prints.
bench: setup
	cargo build $(CARGO_FLAGS) --release -p sluice-worker -p sluice-operator -p sluice-bench
	cargo run $(CARGO_FLAGS) --release -p sluice-bench -- $(ARGS)

## Asks Kafka Connect's own classes and ours the same: `make oracle CASES=1000000 SEED=7`.
oracle: setup
	SLUICE_ORACLE_CASES=$(CASES) SLUICE_ORACLE_SEED=$(SEED) cargo test $(CARGO_FLAGS) -p sluice-e2e --test it -- --nocapture oracle::

## Puts any bytes through each parser: `make fuzz`, or `make fuzz TARGETS="values properties" TIME=600`.
fuzz: setup
	fuzz/run.sh $(TIME) $(TARGETS)

## Writes the files that are generated: custom resource definitions (in crds/, chart and bundle), docs, the bundle for OLM.
gen:
	UPDATE=1 cargo test $(CARGO_FLAGS) -p sluice-crds -p sluice-catalog -p sluice-herder --lib
	UPDATE=1 cargo test $(CARGO_FLAGS) -p sluice-operator --test it -- bundle::
