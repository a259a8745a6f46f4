#!/usr/bin/env bash
# Make sure that Debian's image registry is installed, for the tests of the release. Needs root only to install it.
set -euo pipefail

[[ -x /usr/bin/docker-registry ]] && exit 0
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends docker-registry >/dev/null
