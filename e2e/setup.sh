#!/usr/bin/env bash
# Installs the Debian packages that builds and tests need. Without root it names in one line what is missing.
set -euo pipefail

# Headers and tools of librdkafka's build; then what the node tier, the test of dashboards and those of connectors run.
wanted=(build-essential pkg-config perl libssl-dev zlib1g-dev
    git containerd runc containernetworking-plugins nftables iproute2 iptables util-linux ca-certificates tzdata curl
    prometheus postgresql mariadb-server)
# What fetches Confluent's jars, which no other registry has.
python3 -m pip --version >/dev/null 2>&1 || wanted+=(python3-pip)
missing=()
for package in "${wanted[@]}"; do
    status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
    [[ $status == *"ok installed"* ]] || missing+=("$package")
done
for tool in cargo:rustup go:Go javac:"JDK 17" mvn:Maven; do
    command -v "${tool%%:*}" >/dev/null || echo "missing: ${tool#*:}; tests that need it are skipped" >&2
done
if ((${#missing[@]} == 0)); then
    exit 0
fi
if ((EUID != 0)); then
    echo "missing packages, install them as root: apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 0
fi
echo "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
# A service manager that is not there must not fail the install, and nothing has to be started.
apt-get -qq install --yes --no-install-recommends "${missing[@]}" >/dev/null
