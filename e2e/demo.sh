#!/usr/bin/env bash
# Runs a sample in dev mode: without another name deploy/samples/orders-sqlite, where orders go from one database to another,
# without what is private, and what is no order is set apart. `demo.sh orders-sqlite 20s` ends by itself.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-target}/release
arguments=(dev -f "deploy/samples/${1:-orders-sqlite}" --worker-binary "$target/sluice-worker")
if [[ -n ${2:-} ]]; then
    arguments+=(--for "$2")
fi
exec "$target/sluice" "${arguments[@]}"
