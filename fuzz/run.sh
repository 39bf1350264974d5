#!/usr/bin/env bash
# Runs each target for so many seconds: run.sh SECONDS [TARGET…]. What breaks one is kept in fuzz/artifacts.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=$1
shift
command -v cargo-fuzz >/dev/null || cargo install --locked --version 0.13.2 cargo-fuzz
# The pinned compiler knows how to instrument, but only says so when asked like this. There is no unsafe code to watch
# but the Kafka client's, which no target reaches: no sanitizer, which would halve the speed.
export RUSTC_BOOTSTRAP=1
fuzz=(--sanitizer none --target-dir "${CARGO_TARGET_DIR:-target}/fuzz")
if (($# == 0)); then
    mapfile -t targets < <(cargo fuzz list)
    set -- "${targets[@]}"
fi
cargo fuzz build "${fuzz[@]}"
for target in "$@"; do
    echo "== $target"
    seeds=(fuzz/corpus/"$target")
    mkdir -p "${seeds[0]}"
    if [[ -d fuzz/seeds/$target ]]; then
        seeds+=(fuzz/seeds/"$target")
    fi
    cargo fuzz run "${fuzz[@]}" "$target" "${seeds[@]}" -- -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
        -max_len=65536 -print_final_stats=1
done
