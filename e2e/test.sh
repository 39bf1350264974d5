#!/usr/bin/env bash
# Everything, tier by tier, with the time of each. Ends with what was skipped; under CI=true a skipped test is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."

# A checkout that is built once gains nothing from what helps the next build, and that is several gigabytes.
if [[ ${CI:-} == true ]]; then
    export CARGO_INCREMENTAL=0
fi

mkdir -p target
skipped=$PWD/target/skipped.txt
: >"$skipped"
export SLUICE_SKIPPED=$skipped
counts=$PWD/target/oracle.txt
: >"$counts"
export SLUICE_ORACLE_COUNTS=$counts
times=()

tier() {
    local name=$1 start=$SECONDS
    shift
    echo "== $name: $*"
    "$@"
    times+=("$(printf '%-28s %4d s' "$name" $((SECONDS - start)))")
}

tier format cargo fmt --all --check
tier lints cargo clippy --workspace --all-targets -- --deny warnings
tier build cargo build --workspace --all-targets
tier tests cargo test --workspace
# Optimised a little, in this tier alone: half the time for the runs, a few seconds for the build.
tier simulation env SLUICE_SEEDS=100000 cargo test --config 'profile.dev.package.sluice-herder.opt-level=1' \
    -p sluice-herder --lib -- groups_keep_their_promises

echo
echo "tiers:"
printf '  %s\n' "${times[@]}"
echo "cases that Kafka Connect's classes answered as well:"
sort "$counts" | sed 's/^/  /'
if [[ -s $skipped ]]; then
    echo "skipped:"
    sort "$skipped" | sed 's/^/  /'
    [[ ${CI:-} != true ]] || exit 1
else
    echo "skipped: none"
fi
