#!/usr/bin/env bash
# Join images of several architectures under one tag, and print the digest of the whole.
#
# Usage: join.sh IMAGE VERSION DIGEST...
set -euo pipefail

image=$1 version=$2
shift 2
options=()
# Only a test's registry is on this machine, and it has no certificate.
[[ $image != 127.0.0.1:* ]] || options=(--insecure)

# What an earlier attempt on this machine left would be joined, too.
docker manifest rm "$image:$version" >/dev/null 2>&1 || true
docker manifest create "${options[@]}" "$image:$version" "${@/#/$image@}" >&2
docker manifest push --purge "${options[@]}" "$image:$version" | grep --extended-regexp '^sha256:[0-9a-f]{64}$'
