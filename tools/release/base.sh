#!/usr/bin/env bash
# Print the Dockerfile's base image by digest, so that all architectures of a release are built on the same one. On main
# it has a tag alone, since a base made by tools/base-image.sh has no digest.
set -euo pipefail

name=$(sed -n 's/^FROM \([^ ]*\).*/\1/p' Dockerfile | sort --unique)
[[ $name == *:* && $name != *$'\n'* ]] || { echo "The Dockerfile must have one base, by tag: '$name'" >&2; exit 1; }
docker pull --quiet "$name" >&2
docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$name" | grep --max-count 1 "^${name%:*}@sha256:"
