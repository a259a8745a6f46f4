#!/usr/bin/env bash
# Make sure that Debian's Chromium is installed, for the tests that look at pages. Needs root only to install it.
set -euo pipefail

[[ -x /usr/bin/chromium ]] && exit 0
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends chromium fonts-dejavu-core >/dev/null
