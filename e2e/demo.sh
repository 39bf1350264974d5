#!/usr/bin/env bash
# Runs the quickstart of deploy/samples in dev mode: a text file goes through a topic into another file, generated orders
# run beside it. `demo.sh 20s` ends by itself.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-target}/release
arguments=(dev -f deploy/samples/quickstart --worker-binary "$target/sluice-worker")
if [[ -n ${1:-} ]]; then
    arguments+=(--for "$1")
fi
exec "$target/sluice" "${arguments[@]}"
