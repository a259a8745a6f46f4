#!/usr/bin/env bash
# Join images of several architectures under one tag, and print the digest of the whole.
#
# Usage: join.sh IMAGE TAG DIGEST... The digest depends on the images alone, so that another tag of them has the same.
set -euo pipefail

image=$1 tag=$2
shift 2
options=()
# Only a test's registry is on this machine, and it has no certificate.
[[ $image != 127.0.0.1:* ]] || options=(--insecure)

# What an earlier attempt on this machine left would be joined, too.
docker manifest rm "$image:$tag" >/dev/null 2>&1 || true
docker manifest create "${options[@]}" "$image:$tag" "${@/#/$image@}" >&2
docker manifest push --purge "${options[@]}" "$image:$tag" | grep --extended-regexp '^sha256:[0-9a-f]{64}$'
